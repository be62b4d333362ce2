"""(d) and (e): how fast a worker that comes back is ready, and what an open ticket costs in its memory."""

from __future__ import annotations

import asyncio

from bench import desk, timing
from bench.place import Place
from bench.results import Measure
from bench.worker import Worker, environment


def measure(place: Place, memory: bool) -> list[Measure]:
    """One worker with many open tickets, started again for each turn; with `memory` also one with few."""
    of = place.profile["standing"]
    few, many = place.scaled(of["few"]), place.scaled(of["many"])
    note = "" if place.full else f"with {many:,} open tickets; a full run has {of['many']:,}"
    whole = Measure("d", "restore, start of the process to ready", "states/s", [], 100_000, 250_000, note=note)
    alone = Measure("d", "restore, assignment to ready", "states/s", [], 100_000, 250_000)
    after = Measure("e", "memory per open ticket, events read", "bytes", [], 1_500, 1_000, lower=True, note="one turn")
    again = Measure("e", "memory per open ticket, restored", "bytes", [], 1_500, 1_000, lower=True)
    high, restored = _read(place, many), [0, 0]
    for turn in range(place.runs):
        with Worker(high[1], place.folder / "standing.log") as worker:
            seconds = worker.ready()
            assert worker.metric("slawatch_restored_states") == many
            restored[0] = worker.resident()
            whole.values.append(many / seconds)
            alone.values.append(many / worker.metric("slawatch_restore_seconds"))
            place.say(f"restore {turn + 1}: {many:,} states, ready after {seconds:.2f} s")
    if memory:
        low = _read(place, few)
        with Worker(low[1], place.folder / "standing.log") as worker:
            worker.ready()
            restored[1] = worker.resident()
        after.values.append((high[0] - low[0]) / (many - few))
        again.values.append((restored[0] - restored[1]) / (many - few))
        after.details = {"tickets": [few, many], "resident": [low[0], high[0]]}
        again.details = {"tickets": [few, many], "resident": [restored[1], restored[0]]}
    return [whole, alone, after, again]


def _read(place: Place, tickets: int) -> tuple[int, dict[str, str]]:
    """Let a worker read the events of so many open tickets; its memory then, and how to start it again."""
    facts = place.profile["standing"]["facts"]
    topic, group = place.name("standing"), place.name("worker")
    place.say(f"reading {tickets:,} open tickets of {facts} facts")
    asyncio.run(desk.preload(place.brokers, topic, place.partitions, desk.standing(place.desk, tickets, facts)))
    settings = environment(place.brokers, place.agreements, group, topic, place.partitions)
    with Worker(settings, place.folder / "standing.log") as worker:
        asyncio.run(timing.watch(place.brokers, topic, group, still=120.0, alive=worker.alive))
        worker.watching(tickets)
        return worker.resident(), settings
