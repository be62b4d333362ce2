"""Tickets through the worker: what a replay says, at its second, exactly once, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

from lane_desk import Desk, eventually
from slawatch.agreements import loads
from slawatch.core.promise import Agreements
from slawatch.instants import from_ms, rfc3339, to_ms
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay
from slawatch.stream.app import Worker
from slawatch.stream.wall_clock import now_ms

FILE = """
calendars:
  office: {timezone: Europe/Moscow, hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}}
agreements:
  - id: gold
    match: {customer: [ACME]}
    calendar: office
    targets:
      - {metric: first_response, within: {P1: {time: 15m, calendar: 24x7}, default: 2h}, warn: [50%, 80%]}
      - {metric: resolution, within: {P1: 4h, default: 2d}, pause: [pending], warn: [75%], overdue: [150%]}
  - id: rest
    targets:
      - {metric: resolution, within: 8h, on_reopen: new_round, warn: [50%]}
      - {metric: next_response, within: 1h}
"""
SECONDS = """
agreements:
  - {id: quick, targets: [{metric: resolution, within: 4s, warn: [50%]}]}
"""


def process(file: str = FILE, agreements: Agreements | None = None) -> TicketProcess:
    return TicketProcess(agreements or loads(file).agreements, "/slawatch/test")


def history(tickets: int, start: int) -> list[dict[str, Any]]:
    """The events of some tickets in order of time, a few of them late."""
    dice = random.Random(7)
    found: list[tuple[int, dict[str, Any]]] = []
    for number in range(tickets):
        name, at = f"INC-{number}", start + dice.randrange(14 * 86_400_000)
        steps: list[dict[str, Any]] = [
            {"status": "open", "priority": dice.choice(["P1", "P3"]), "customer": dice.choice(["ACME", "Beta"])},
            {"reply": {"by": "agent", "public": True}},
            {"status": "pending"},
            {"status": "open", "reply": {"by": "customer", "public": True}},
            {"reply": {"by": "agent", "public": True}},
            {"status": "resolved"},
        ]
        for step, fields in enumerate(steps):
            arrival = at + (3_600_000 if dice.random() < 0.05 else 0)
            event = {"id": f"{name}-{step}", "ticket": name, "at": rfc3339(at), **fields}
            found.append((arrival, event))
            at += dice.randrange(6 * 3_600_000)
    found.sort(key=lambda one: one[0])
    return [event for _, event in found]


def instant(event: dict[str, Any]) -> int:
    from datetime import datetime

    return to_ms(datetime.fromisoformat(event["at"]))


def replayed(events: list[dict[str, Any]], file: str = FILE) -> list[dict[str, Any]]:
    lines = [json.dumps(event).encode() for event in events]
    return [json.loads(said) for said in Replay(process(file)).run(lines)]


def partition_of(event: dict[str, Any]) -> int:
    """Where the producer puts it: each partition has a stream time of its own, so what is late is decided there."""
    return int(DefaultPartitioner()(event["ticket"].encode(), list(range(4)), list(range(4))))


async def send(desk: Desk, events: list[dict[str, Any]], partition: int | None = None) -> None:
    """Each event under its ticket, the record's timestamp being its `at`."""
    for event in events:
        pair = (event["ticket"].encode(), json.dumps(event).encode())
        await desk.produce_raw([pair], partition, instant(event))


def alerts(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


def without_detected(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in alert.items() if name != "detected_at"} for alert in found]


def command(desk: Desk, tmp_path: Path, file: str, **overrides: str) -> subprocess.Popen[bytes]:
    """A `slawatch worker` in a process of its own, set up as a user would."""
    path = tmp_path / "agreements.yaml"
    path.write_text(file)
    settings = desk.settings()
    environment = {
        "SLAWATCH_BROKERS": desk.brokers, "SLAWATCH_AGREEMENTS": str(path), "SLAWATCH_GROUP": settings.group,
        "SLAWATCH_TICKETS": settings.tickets, "SLAWATCH_WARNINGS": settings.warnings,
        "SLAWATCH_BREACHES": settings.breaches, "SLAWATCH_OUTCOMES": settings.outcomes,
        "SLAWATCH_DEAD_LETTERS": settings.dead_letters, "SLAWATCH_REPORTS": settings.reports,
        "SLAWATCH_MONITORING": settings.monitoring, "SLAWATCH_PARTITIONS": "4", "SLAWATCH_GRACE": "0s",
        "SLAWATCH_SESSION_TIMEOUT": "6s", "SLAWATCH_WEB_PORT": "0", **overrides,
    }  # fmt: skip
    with (tmp_path / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "slawatch", "worker"], env=os.environ | environment, stdout=log, stderr=log
        )


async def test_a_worker_says_what_a_replay_says(desk: Desk) -> None:
    """One partition, the same record timestamps, `records`, no grace: field for field, in the same order."""
    events = history(60, 1_767_600_000_000)
    want = replayed(events)
    options = {"partitions": 1, "stream_time": "records"}
    settings = await desk.create_topics(**options)
    async with Worker(settings, [process()]):
        await send(desk, events, 0)
        for role, kinds in (
            ("warnings", {"warned"}),
            ("breaches", {"breached", "overdue", "retracted"}),
            ("outcomes", {"met", "missed", "withdrawn", "breached", "retracted"}),
        ):
            expected = without_detected([alert for alert in want if alert["what"] in kinds])
            assert expected, f"the history says nothing on {role}"
            assert without_detected(alerts(await desk.read(role, len(expected)))) == expected


async def test_a_worker_killed_in_mid_stream_loses_and_repeats_nothing(desk: Desk, tmp_path: Path) -> None:
    events = history(400, 1_767_600_000_000)
    # The last word of every partition: stream time everywhere passes all that is due.
    end = max(map(instant, events)) + 60 * 86_400_000
    closing = [{"id": f"end-{n}", "ticket": f"END-{n}", "at": rfc3339(end), "kind": "marker"} for n in range(40)]
    want = {
        alert["id"]
        for partition in range(4)
        for alert in replayed([event for event in (*events, *closing) if partition_of(event) == partition])
    }
    await desk.create_topics(stream_time="records")
    producing = asyncio.create_task(send(desk, [*events, *closing]))
    for _ in range(2):
        worker = command(desk, tmp_path, FILE, SLAWATCH_STREAM_TIME="records", SLAWATCH_BATCH_RECORDS="20")
        try:
            before = sum([await desk.committed(partition) or 0 for partition in range(4)])
            log = tmp_path / "worker.log"
            for _ in range(2_000):
                if sum([await desk.committed(partition) or 0 for partition in range(4)]) > before:
                    break
                assert worker.poll() is None, log.read_text()
        finally:
            worker.kill()
            worker.wait()
    await producing
    worker = command(desk, tmp_path, FILE, SLAWATCH_STREAM_TIME="records")
    try:
        said = [alert["id"] for role in ("warnings", "breaches") for alert in alerts(await all_of(desk, role, want))]
        said += [
            alert["id"]
            for alert in alerts(await all_of(desk, "outcomes", want))
            if alert["what"] in ("met", "missed", "withdrawn")
        ]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(12) == 0, (tmp_path / "worker.log").read_text()
    finally:
        worker.kill()
        worker.wait()
    assert len(said) == len(set(said)), "an alert was repeated"
    assert set(said) == want


async def all_of(desk: Desk, role: str, want: set[str]) -> list[ConsumerRecord]:
    kinds = {
        "warnings": ("warned",), "breaches": ("breached", "overdue", "retracted"),
        "outcomes": ("met", "missed", "withdrawn", "breached", "retracted"),
    }[role]  # fmt: skip
    count = sum(name.rsplit("/", 1)[1].split("-")[0].split("~")[0] in kinds for name in want)
    return await desk.read(role, count, 60)


async def test_no_false_breach_after_an_outage_and_true_ones_say_when(desk: Desk) -> None:
    """The worker was down over two deadlines; the event that meets one of them waits in Kafka."""
    settings = await desk.create_topics()
    opened = now_ms()
    for name in ("MET", "LOST"):
        await send(desk, [{"id": f"{name}-1", "ticket": name, "at": rfc3339(opened), "status": "open"}])
    async with Worker(settings, [process(SECONDS)]) as worker:
        await worker.ready()
        await desk.read("warnings", 2)
    await send(desk, [{"id": "MET-2", "ticket": "MET", "at": rfc3339(opened + 3_000), "status": "resolved"}])
    await eventually(lambda: now_ms() > opened + 6_000, 10)
    async with Worker(settings, [process(SECONDS)]):
        breaches = alerts(await desk.read("breaches", 1, settle=1.5))
        outcomes = alerts(await desk.read("outcomes", 2))
    assert [alert["id"] for alert in breaches] == ["quick/resolution/LOST/1/breached"]
    assert breaches[0]["happened_at"] == rfc3339(opened + 4_000)
    assert {alert["id"] for alert in outcomes} == {"quick/resolution/MET/1/met", "quick/resolution/LOST/1/breached"}


async def test_a_breach_comes_at_its_instant_without_any_traffic(desk: Desk) -> None:
    settings = await desk.create_topics()
    async with Worker(settings, [process(SECONDS)]) as worker:
        await worker.ready()
        opened = now_ms()
        await send(desk, [{"id": "1", "ticket": "T", "at": rfc3339(opened), "status": "open"}])
        (breach,) = alerts(await desk.read("breaches", 1))
    assert breach["happened_at"] == rfc3339(opened + 4_000)
    assert from_ms(opened + 4_000).isoformat() <= breach["detected_at"].replace("Z", "+00:00")


async def test_changed_agreements_take_back_what_no_longer_holds(desk: Desk) -> None:
    settings = await desk.create_topics()
    async with Worker(settings, [process(SECONDS)]):
        await send(desk, [{"id": "1", "ticket": "T", "at": rfc3339(now_ms() - 10_000), "status": "open"}])
        await desk.read("breaches", 1)
    async with Worker(settings, [process(SECONDS.replace("4s", "4h"))]):
        breach, retracted = alerts(await desk.read("breaches", 2))
    assert breach["what"] == "breached"
    assert (retracted["what"], retracted["budget_seconds"]) == ("retracted", 14_400)


async def test_bad_records_become_dead_letters_and_the_stream_goes_on(desk: Desk) -> None:
    settings = await desk.create_topics()
    at = rfc3339(now_ms())
    good = json.dumps({"id": "1", "ticket": "T", "at": at, "status": "open", "colour": "green"}).encode()
    bad = {
        "not_json": (b"T", b"\xff{"),
        "invalid": (b"T", b'{"id": 1, "ticket": "T", "at": "yesterday"}'),
        "no_key": (None, good),
        "key_mismatch": (b"U", good),
        "from_the_future": (b"T", good.replace(at.encode(), rfc3339(now_ms() + 3_600_000).encode())),
        "too_large": (b"T", good + b" " * 2_000_000),
    }
    async with Worker(settings, [process(SECONDS)]) as worker:
        await worker.ready()
        await desk.produce_raw([pair for name, pair in bad.items() if name != "too_large"], 0)
        await desk.produce_raw([(b"T", good), (b"T", None)], 0)
        await desk.read("breaches", 1)
        letters = await desk.read("dead_letters", len(bad) - 1)
    reasons = {dict(letter.headers)["reason"].decode(): letter for letter in letters}
    assert set(reasons) == set(bad) - {"too_large"}
    for reason, letter in reasons.items():
        assert (letter.key, letter.value) == bad[reason]
