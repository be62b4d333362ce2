"""(f) What an event costs, in process: against the length of its ticket's past, and against how many tickets are open.

It runs as a program of its own (`python -m bench.costs NAME ...`), so that nothing else is in its memory.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from bench import desk
from bench.place import ROOT, Place
from bench.results import Measure
from slawatch.agreements import loads
from slawatch.core.promise import Agreements
from slawatch.messages.events import TicketEvent, decode_ticket_event
from slawatch.process import Rejection
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay

FACTS = 2_000
EARLY = range(90, 110)  # about the hundredth fact
LAST = range(FACTS - 20, FACTS)
TICKETS = 20  # of that length
FEW, MANY, SOME = 10_000, 1_000_000, 200_000
SAMPLE = 8_000
SOURCE = "/slawatch/bench"


def measure(place: Place) -> list[Measure]:
    """Two kinds of past (the ticket in hand, and unpacked from its bytes), and two crowds of tickets."""
    many = MANY if place.full else SOME
    hot = Measure("f", f"fact {FACTS} / fact 100, ticket in hand", "x", [], 10, lower=True)
    cold = Measure("f", f"fact {FACTS} / fact 100, from its bytes", "x", [], 10, lower=True)
    crowd = Measure("f", f"an event with {many:,} / {FEW:,} open tickets", "x", [], 1.5, 1.2, lower=True)
    if not place.full:
        crowd.note = f"a full run has {MANY:,} open tickets"
    for _ in range(place.runs):
        for measured, keep in ((hot, "keep"), (cold, "drop")):
            _take(measured, _run("past", keep))
        few, lots = (_run("crowd", str(tickets))["us"] for tickets in (FEW, many))
        _take(crowd, {"ratio": lots / few, "few_us": few, "many_us": lots})
        place.say(f"{crowd.what}: {few:.1f} us, then {lots:.1f} us")
    return [hot, cold, crowd]


def _take(measured: Measure, said: dict[str, float]) -> None:
    measured.values.append(said["ratio"])
    measured.details.setdefault("turns", []).append({name: round(value, 2) for name, value in said.items()})


def _run(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.costs", *arguments]
    return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout))


def past(agreements: Agreements, of: desk.Desk, keep: bool) -> dict[str, float]:
    """Microseconds of an early and of a late fact of long tickets: the medians.

    Without `keep` each of them meets a process that has not seen the ticket, and has to unpack its state.
    """
    taken: dict[str, list[float]] = {"early": [], "last": []}
    for number in range(TICKETS):
        process, states = TicketProcess(agreements, SOURCE), dict[bytes, bytes]()
        before = 0
        for step, value in enumerate(_long(number, of)):
            event = _decoded(value)
            span = "early" if step in EARLY else "last" if step in LAST else None
            if span and not keep:
                process = TicketProcess(agreements, SOURCE)
            began = time.perf_counter()
            turn = process.on_event(event, states.get, before, event.fact.at)
            spent = time.perf_counter() - began
            before = event.fact.at
            assert turn.rejection is None, turn.rejection
            states.update({key: state for key, state in turn.states.items() if state is not None})
            if span:
                taken[span].append(spent * 1e6)
    early, last = (statistics.median(values) for values in taken.values())
    return {"ratio": last / early, "early_us": early, "last_us": last}


def crowd(agreements: Agreements, of: desk.Desk, tickets: int) -> dict[str, float]:
    """Microseconds of the second event of tickets chosen at random, when so many have had their first."""
    replay = Replay(TicketProcess(agreements, SOURCE))
    events = desk.standing(of, tickets, 2, minutes=60)
    first = (event.value.encode() for event, _ in zip(events, range(tickets), strict=False))
    for _ in replay.run(first):
        pass
    later = Random(of.seed).sample(range(tickets), SAMPLE)
    begin = of.start + 10 * desk.HOUR
    lines = []
    for place, number in enumerate(later):
        said = desk.steps("P3", f"customer-{number % of.customers:02d}", f"agent-{number % desk.AGENTS:02d}")[1]
        lines.append(desk.as_json(f"OPEN-{number:07d}", 2, begin + place, said).encode())
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)  # as the worker and the command have it
    began = time.process_time()  # not that of the clock on the wall: there is only one run of it
    for _ in replay.run(lines):
        pass
    spent = (time.process_time() - began) * 1e6 / SAMPLE
    assert replay.tickets == tickets
    assert not replay.bad_lines
    return {"us": spent}


def _long(number: int, of: desk.Desk) -> Iterator[bytes]:
    """One ticket that goes back and forth between agent and customer, a fact in ten minutes."""
    said = desk.steps("P3", f"customer-{number:02d}", f"agent-{number:02d}")
    for step in range(FACTS):
        at = of.start + 9 * desk.HOUR + step * 10 * desk.MINUTE
        yield desk.as_json(f"LONG-{number:07d}", step, at, said[0 if step == 0 else 1 + step % 4]).encode()


def _decoded(value: bytes) -> TicketEvent:
    event = decode_ticket_event(value)
    if isinstance(event, Rejection):
        raise SystemExit(f"{event.reason}: {event.error}")
    return event


def main() -> None:
    what, argument = sys.argv[1:]
    profile = desk.load()
    agreements = loads(desk.agreements(profile), "bench").agreements
    of = desk.Desk.of(profile)
    said: dict[str, Any] = past(agreements, of, argument == "keep") if what == "past" else {}
    if what == "crowd":
        said = crowd(agreements, of, int(argument))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
