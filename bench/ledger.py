"""(h) The ledger: outcomes a second through the worker, memory for each, a restart, and a report over all of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import desk
from bench.against import take, watched
from bench.place import ROOT, Place
from bench.results import Measure
from bench.worker import COMMAND, Worker, environment
from slawatch.agreements import loads
from slawatch.process import Output, Record, Rejection
from slawatch.processes.ledger import LedgerProcess

AGREEMENT = "ledger"
PERIOD = "2025-10"
BEGIN = 1_759_266_000_000  # of that month in Moscow
DAYS = 31
PROMISES = f"""\
agreements:
  - id: {AGREEMENT}
    from: 2025-10-01
    timezone: Europe/Moscow
    targets:
      - {{metric: resolution, within: 8h}}
      - {{metric: compliance, of: resolution, at_least: 90%, per: month}}
      - {{metric: compliance, name: p1, of: resolution, match: {{priority: [P1]}}, at_least: 90%, per: month}}
"""


def measure(place: Place) -> list[Measure]:
    """All of one agreement, as the largest customers have it."""
    of = place.profile["ledger"]
    few, many = place.scaled(of["few"]), place.scaled(of["many"])
    note = f"with {many:,} outcomes of one agreement in a month"
    note += "" if place.full else f"; a full run has {of['many']:,}"
    rate = Measure("h", "worker, outcomes", "outcomes/s", [], note=note)
    memory = Measure("h", "memory per outcome, restored", "bytes", [], 300, lower=True)
    restore = Measure("h", "restore of the ledger, start to ready", "states/s", [])
    report = Measure("h", "report at the end of the month", "s", [], 10, lower=True)
    promises = place.folder / "ledger.yaml"
    promises.write_text(PROMISES)
    resident = []
    for outcomes in (few, many):
        topic = place.name("outcomes")
        place.say(f"filling {topic} with {outcomes:,} outcomes")
        asyncio.run(desk.preload(place.brokers, topic, place.partitions, history(outcomes)))
        for _ in range(place.runs if outcomes == many else 1):
            group = place.name("ledger")
            more = {"OUTCOMES": topic}
            settings = environment(place.brokers, promises, group, f"{group}-tickets", place.partitions, **more)
            timed = watched(place, topic, group, COMMAND, settings)
            if outcomes == many:
                take(place, rate, timed)
        with Worker(settings, place.folder / "ledger.log") as worker:
            seconds = worker.ready()
            resident.append(worker.resident())
            restored = worker.metric("slawatch_restored_states")
            assert restored >= outcomes, restored
            if outcomes == many:
                restore.values.append(restored / seconds)
                restore.cpu.append(restored / worker.metric("process_cpu_seconds_total"))
    memory.values.append((resident[1] - resident[0]) / (many - few))
    memory.details = {"outcomes": [few, many], "resident": resident}
    command = [sys.executable, "-m", "bench.ledger", str(many)]
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout)
    report.values.append(said["report_seconds"])
    report.details = said
    return [rate, memory, restore, report]


def history(outcomes: int) -> Iterator[desk.Event]:
    """Tickets that were resolved over the month, one in twenty too late, as the worker says it."""
    for number in range(outcomes):
        at = BEGIN + desk.HOUR + (DAYS - 1) * desk.DAY * number // outcomes
        missed = number % 20 == 0
        what, due = ("missed", at - desk.HOUR) if missed else ("met", at + desk.HOUR)
        ticket = f"INC-{number:07d}"
        data = {
            "id": f"{AGREEMENT}/resolution/{ticket}/1/{what}",
            "what": what,
            "agreement": AGREEMENT,
            "metric": "resolution",
            "round": 1,
            "ticket": ticket,
            "threshold": None,
            "customer": f"customer-{number % 50:02d}",
            "priority": f"P{1 + number % 3}",
            "service": None,
            "team": "second line",
            "kind": "incident",
            "started_at": desk.written(at - 8 * desk.HOUR),
            "due_at": desk.written(due),
            "happened_at": desk.written(at),
            "detected_at": desk.written(at),
            "budget_seconds": 28_800,
            "elapsed_seconds": 28_800 + (3_600 if missed else -3_600),
            "on_arrival": False,
        }
        yield desk.Event(at, AGREEMENT, json.dumps(data, separators=(",", ":")))


def report(outcomes: int) -> dict[str, Any]:
    """Seconds from the mark behind so many outcomes to the report, in process."""
    contracts = loads(PROMISES, "bench").contracts
    process = LedgerProcess(contracts, ["tickets"], "/slawatch/bench", None)
    states: dict[bytes, bytes | None] = {}

    def hear(value: str, key: str, at: int) -> list[bytes]:
        event = process.read(Record(key.encode(), value.encode(), at))
        assert event is not None, value
        assert not isinstance(event, Rejection), event
        turn = process.on_event(event, states.get, at, at)
        assert turn.rejection is None, turn.rejection
        states.update(turn.states)
        return [message.value for message in turn.messages if message.output is Output.REPORTS]

    def mark(passed: int) -> list[bytes]:
        data = {"what": "passed", "topic": "tickets", "partition": 0, "passed": desk.written(passed)}
        return hear(json.dumps(data), "tickets/0", passed)

    states.update(process.on_start(states.get, 0, 0).states)
    said = mark(BEGIN)
    began = time.perf_counter()
    for at, key, value in history(outcomes):
        said += hear(value, key, at)
    heard = time.perf_counter() - began
    assert not said, said
    began = time.perf_counter()
    said = mark(BEGIN + (DAYS + 2) * desk.DAY)
    seconds = time.perf_counter() - began
    [closed] = [found for found in map(json.loads, said) if found["period"] == PERIOD]
    assert closed["targets"][0]["sample"] == outcomes, closed
    return {"outcomes": outcomes, "report_seconds": seconds, "outcomes_per_second_in_process": outcomes / heard}


if __name__ == "__main__":
    print(json.dumps(report(int(sys.argv[1]))))
