"""(d) and (e): how fast a worker that comes back is ready, and what an open ticket costs in its memory.

A worker that has just read all events of all tickets leaves a changelog of several records a ticket. In service the
broker has compacted that long ago, but for the end; so it is given the time to do so before the restore that counts.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from bench import desk, timing
from bench.place import Place
from bench.results import Measure
from bench.worker import Worker, environment

COMPACT_SECONDS = 90.0  # at most; it is over when the files have not changed for a while
STILL_SECONDS = 5.0


def measure(place: Place, memory: bool) -> list[Measure]:
    """One worker with many open tickets, started again for each turn; with `memory` also one with few."""
    of = place.profile["standing"]
    few, many = place.scaled(of["few"]), place.scaled(of["many"])
    note = f"with {many:,} open tickets" + ("" if place.full else f"; a full run has {of['many']:,}")
    fresh = Measure("d", f"restore of {of['facts']} records a ticket, start to ready", "states/s", [], note="one turn")
    whole = Measure("d", "restore, start of the process to ready", "states/s", [], 100_000, 250_000, note=note)
    alone = Measure("d", "restore, assignment to ready", "states/s", [], 100_000, 250_000)
    after = Measure("e", "memory per open ticket, events read", "bytes", [], 1_500, 1_000, lower=True, note="one turn")
    again = Measure("e", "memory per open ticket, restored", "bytes", [], 1_500, 1_000, lower=True)
    high, restored = _read(place, many), [0, 0]
    _restore(place, many, high.settings, fresh)
    fresh.details["changelog_bytes"] = place.stored(high.changelog)
    compacted(place, high.changelog)
    whole.details["changelog_bytes"] = place.stored(high.changelog)
    for _ in range(place.runs):
        restored[0] = _restore(place, many, high.settings, whole, alone)
    if memory:
        low = _read(place, few)
        compacted(place, low.changelog)
        restored[1] = _restore(place, few, low.settings)
        after.values.append((high.resident - low.resident) / (many - few))
        again.values.append((restored[0] - restored[1]) / (many - few))
        after.details = {"tickets": [few, many], "resident": [low.resident, high.resident]}
        again.details = {"tickets": [few, many], "resident": [restored[1], restored[0]]}
    return [fresh, whole, alone, after, again]


def compacted(place: Place, topic: str) -> None:
    """Wait until the broker has done what it can for a changelog."""
    place.say(f"waiting for the broker to compact {topic}")
    deadline, size, since = time.monotonic() + COMPACT_SECONDS, -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < STILL_SECONDS:
        if (now := place.stored(topic)) != size:
            size, since = now, time.monotonic()
        time.sleep(0.5)


def _restore(place: Place, tickets: int, settings: dict[str, str], *measures: Measure) -> int:
    """Start a worker again; its memory when it is ready, and what the measures ask for: from its start, from assignment."""
    with Worker(settings, place.folder / "standing.log") as worker:
        seconds = worker.ready()
        cpu = worker.metric("process_cpu_seconds_total")
        assert worker.metric("slawatch_restored_states") == tickets
        spans = (seconds, worker.metric("slawatch_restore_seconds"))
        for measured, span in zip(measures, spans, strict=False):
            measured.values.append(tickets / span)
        if measures:
            measures[0].cpu.append(tickets / cpu)
            place.say(f"restore: {tickets:,} states, ready after {seconds:.2f} s, {cpu:.2f} s of processor time")
        return worker.resident()


class _Standing(NamedTuple):
    """A worker's memory when it had read everything, how to start it again, and its changelog."""

    resident: int
    settings: dict[str, str]
    changelog: str


def _read(place: Place, tickets: int) -> _Standing:
    """Let a worker read the events of so many open tickets."""
    facts = place.profile["standing"]["facts"]
    topic, group = place.name("standing"), place.name("worker")
    place.say(f"reading {tickets:,} open tickets of {facts} facts")
    asyncio.run(desk.preload(place.brokers, topic, place.partitions, desk.standing(place.desk, tickets, facts)))
    settings = environment(place.brokers, place.agreements, group, topic, place.partitions)
    with Worker(settings, place.folder / "standing.log") as worker:
        asyncio.run(timing.watch(place.brokers, topic, group, still=120.0, alive=worker.alive))
        worker.watching(tickets)
        return _Standing(worker.resident(), settings, f"{group}-{topic}-changelog")
