"""(c) From a deadline to its alert, with many open clocks: idle, and with new events at a share of the worker's rate.

The delay is what a consumer that reads committed sees, so that its own few milliseconds are in it. Stream time is that
of a worker in service: the partition's, once all is read, with no grace.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Self

from aiokafka import AIOKafkaConsumer

from bench import desk
from bench.place import ROOT, Place
from bench.results import Measure
from bench.worker import Worker, environment

SECONDS = 15.0  # of alerts
WARM_UP = 3.0  # of load before
DEADLINES = 50  # a second, at most; every clock passes three thresholds of its first response
RESPONSE = 15  # minutes: the promise of the profile for P1, by the clock
THRESHOLDS = (0.5, 0.8, 1.0)
SETTLE = 1.0  # seconds until the window begins
TAIL = 2.0  # seconds that are listened for after it
CLOCKS = 2  # of each ticket: first response and resolution
AHEAD = 40  # seconds from making the events until the measurement is done, with those for the worker to read them


def measure(place: Place, rate: float) -> list[Measure]:
    """The 99th percentile of the delay; a full run has the profile's largest number of clocks too."""
    of = place.profile["standing"]
    numbers = of["clocks"] if place.full else of["clocks"][1:2]
    measures = []
    for clocks in numbers:
        measures += _with(place, clocks, rate, of["load"])
    if not place.full:
        measures[-1].note += f"; a full run has {of['clocks'][0]:,} and {of['clocks'][-1]:,} clocks too"
    return measures


def _with(place: Place, clocks: int, rate: float, share: float) -> list[Measure]:
    limits = {1_000: (None, None), 100_000: (100.0, None), 1_000_000: (None, 50.0)}.get(clocks, (None, None))
    idle = Measure("c", f"delay p99, {clocks:,} clocks, idle", "ms", [], *limits, lower=True)
    busy_limit = 1_000.0 if clocks == 100_000 else None
    busy = Measure("c", f"delay p99, {clocks:,} clocks, {share:.0%} load", "ms", [], busy_limit, None, lower=True)
    busy.note = f"load of {rate * share:,.0f} events/s, {share:.0%} of (b)"
    tickets = clocks // CLOCKS
    minutes = max(2, tickets // (DEADLINES * 60))
    for _ in range(place.turns):
        topic, group = place.name("clocks"), place.name("worker")
        # The tickets were opened so long ago that each instant of the measurement is the end of somebody's promise.
        reading = tickets // 1_000
        start = int((time.time() + reading + AHEAD * 2) * 1000) - (RESPONSE + minutes) * desk.MINUTE
        events = desk.standing(place.desk, tickets, 1, priority="P1", start=start, minutes=minutes)
        asyncio.run(desk.preload(place.brokers, topic, place.partitions, events))
        opened = [start + minutes * desk.MINUTE * number // tickets for number in range(tickets)]
        dues = sorted(at + int(share * RESPONSE * desk.MINUTE) for at in opened for share in THRESHOLDS)
        more = {"STREAM_TIME": "caught_up", "BREACHES": f"{topic}-breaches", "WARNINGS": f"{topic}-warnings"}
        settings = environment(place.brokers, place.agreements, group, topic, place.partitions, **more)
        with Worker(settings, place.folder / "clocks.log") as worker:
            worker.watching(tickets)
            worker.settled(DEADLINES * 6)
            _take(place, idle, asyncio.run(_alerts(place.brokers, more, dues)))
            with _Load(place, topic, rate * share) as load:
                time.sleep(WARM_UP)
                _take(place, busy, asyncio.run(_alerts(place.brokers, more, dues)))
            busy.details.setdefault("load", []).append({"events_per_second": round(load.sent / load.seconds)})
    return [idle, busy]


class _Load:
    """New events in a program of their own, as a help desk is another machine; `sent` is known at the end."""

    def __init__(self, place: Place, topic: str, rate: float) -> None:
        self.sent = 0
        self.seconds = WARM_UP + SETTLE + SECONDS + TAIL
        command = [sys.executable, "-m", "bench.load", "--brokers", place.brokers, "--topic", topic]
        command += ["--rate", str(rate), "--seconds", str(self.seconds)]
        self._program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(ROOT))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is not None:
            self._program.kill()
        said, _ = self._program.communicate()
        self.sent = int(said or 0)


async def _alerts(brokers: str, topics: dict[str, str], dues: list[int]) -> list[float]:
    """The delays, in ms, of the deadlines among `dues` that lie in the window, which begins in a moment.

    A deadline without an alert counts as if its alert had come at the end of the time that is listened for.
    """
    consumer = AIOKafkaConsumer(
        topics["BREACHES"],
        topics["WARNINGS"],
        bootstrap_servers=brokers,
        isolation_level="read_committed",
        auto_offset_reset="latest",
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    delays = []
    try:
        await consumer.seek_to_end()
        begin = (time.time() + SETTLE) * 1000
        close = begin + SECONDS * 1000
        end = close + TAIL * 1000
        while time.time() * 1000 < end:
            found = await consumer.getmany(timeout_ms=100)
            now = time.time() * 1000
            for records in found.values():
                for record in records:
                    happened = datetime.fromisoformat(json.loads(record.value)["happened_at"])
                    if begin <= (due := happened.timestamp() * 1000) < close:
                        delays.append(now - due)
    finally:
        await consumer.stop()
    expected = sum(begin <= due < close for due in dues)
    return sorted(delays + [end - begin] * (expected - len(delays)))


def _take(place: Place, measured: Measure, delays: list[float]) -> None:
    if len(delays) < 20:
        raise SystemExit(f"{measured.what}: only {len(delays)} alerts came, which says nothing")
    of = {share: round(delays[min(len(delays) - 1, int(len(delays) * share / 100))], 1) for share in (50, 99)}
    measured.values.append(of[99])
    turn = {"alerts": len(delays), "p50_ms": of[50], "p99_ms": of[99], "max_ms": round(delays[-1], 1)}
    measured.details.setdefault("turns", []).append(turn)
    place.say(f"{measured.what}: {turn}")
