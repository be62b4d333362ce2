"""Tickets held open within a batch: what they say and store is what the process says that packs them each time."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from judge import instant
from test_batch import Input

from desk import random_desk
from needs import uncompiled
from slawatch.agreements import loads
from slawatch.core.fold import Bounds
from slawatch.core.schedule import Wakes
from slawatch.process import Message, Output
from slawatch.processes import tickets
from slawatch.processes.held import HeldTicket, HeldTickets
from slawatch.processes.tickets import TicketProcess
from slawatch.settings import StreamTime
from slawatch.stream.batch import Batch, Limits
from slawatch.stream.dead_letters import DeadLetter
from slawatch.stream.position import Position
from slawatch.stream.stream_time import StreamClock
from slawatch.stream.table import MemoryTable

NOW = 2_000_000_000_000
DAY = 86_400_000
LARGEST = 1_060
"""Bytes that an alert may have, so that some have more."""
Outcome = tuple[dict[bytes, bytes], list[Message], list[DeadLetter]]


def records(events: list[dict[str, Any]]) -> Iterator[Input]:
    for offset, event in enumerate(events):
        yield Input(event["ticket"].encode(), json.dumps(event).encode(), offset, instant(event["at"]))


def outcome(
    process: TicketProcess, events: list[dict[str, Any]], turns: int, largest: int = 1_000_000, state: int = 1_000_000
) -> Outcome:
    """The table, the messages and the dead letters after batches of so many turns."""
    table, wakes, clock = MemoryTable(process.tally), Wakes(), StreamClock(StreamTime.RECORDS, 0)
    limits = Limits(dict.fromkeys(Output, largest), state, turns, 60.0)
    waiting, index = list(records(events)), 0
    messages: list[Message] = []
    letters: list[DeadLetter] = []
    while True:
        batch = Batch(process, table, wakes, clock, index, limits)
        while not batch.full and batch.fire(NOW, 60.0) and index < len(waiting):
            index = batch.take(waiting, index, NOW, 60.0)
        if not batch.changed:
            return dict(table.items()), messages, letters
        messages += batch.messages
        letters += batch.letters
        table.apply(batch.states, Position(batch.offset, clock.at, 1, 1), 0)


def both(seed: int, profile: str, turns: int, largest: int = 1_000_000) -> tuple[Outcome, Outcome]:
    desk = random_desk(seed, profile, 80)
    agreements = loads(yaml.safe_dump(desk.file)).agreements
    bounds = Bounds(30 * DAY, 400 * DAY)
    one, other = (kind(agreements, "/slawatch/test", bounds) for kind in (TicketProcess, HeldTickets))
    return outcome(one, desk.events, turns, largest), outcome(other, desk.events, turns, largest)


@pytest.mark.parametrize("turns", [1, 7, 5_000])
@pytest.mark.parametrize("profile", ["late", "mixed"])
def test_the_same_is_said_and_stored(profile: str, turns: int) -> None:
    packed, held = both(7 if profile == "late" else 3, profile, turns)
    assert held == packed
    assert held[0]
    assert held[1]
    assert not held[2]


@uncompiled
@pytest.mark.parametrize("turns", [7, 5_000])
def test_a_turn_that_raises_leaves_a_held_ticket_as_it_was(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tickets.apply

    def raises(ticket: Any, fact: Any, *others: Any) -> Any:
        said = taken(ticket, fact, *others)
        if int(fact.id[1:]) % 4 == 0:
            raise ValueError("after everything was changed")
        return said

    monkeypatch.setattr(tickets, "apply", raises)
    packed, held = both(3, "mixed", turns)
    assert held == packed
    assert held[0]
    assert 3 < len(held[2]) < 30
    assert {letter.reason for letter in held[2]} == {"bug"}


@pytest.mark.parametrize("turns", [7, 5_000])
def test_a_turn_that_is_refused_leaves_a_held_ticket_as_it_was(turns: int) -> None:
    packed, held = both(3, "mixed", turns, largest=LARGEST)
    assert held == packed
    assert held[1]
    assert {letter.reason for letter in held[2]} == {"too_large"}


FILE = "agreements: [{id: desk, targets: [{metric: resolution, within: 4h}]}]"


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "ticket": "T", "at": f"2026-07-01T00:00:0{number}Z", "status": "open"} | fields


def held_outcome(events: list[dict[str, Any]], file: str = FILE, state: int = 1_000_000) -> tuple[Outcome, Outcome]:
    agreements = loads(file).agreements
    one, other = (kind(agreements, "/slawatch/test") for kind in (TicketProcess, HeldTickets))
    return outcome(one, events, 5_000, state=state), outcome(other, events, 5_000, state=state)


@pytest.mark.parametrize("before", [0, 2])
def test_an_event_that_makes_the_state_too_large_is_refused_at_once(before: int) -> None:
    events = [event(number) for number in range(before)] + [event(9, attributes={"log": "x" * 700_000})]
    packed, held = held_outcome(events)
    assert held == packed
    assert [letter.reason for letter in held[2]] == ["state_too_large"]


def test_a_state_is_a_record_with_a_key() -> None:
    packed, _ = held_outcome([event(1)])
    size = len(packed[0][b"T"])
    packed, held = held_outcome([event(1)], state=size)
    assert held == packed
    assert [letter.reason for letter in held[2]] == ["state_too_large"]


def test_a_ticket_with_more_clocks_than_a_tally_holds() -> None:
    target = "{metric: resolution, within: 4h}"
    file = f"agreements: [{', '.join(f'{{id: a{n}, also: true, targets: [{target}]}}' for n in range(300))}]"
    packed, held = held_outcome([event(1)], file)
    assert held == packed
    assert not held[2]
    assert list(held[0]) == [b"T"]


@uncompiled
def test_an_event_that_can_not_be_read_leaves_the_turn_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = tickets.read_ticket_event

    def raises(record: Any) -> Any:
        if b"unreadable" in record.value:
            raise ValueError("before anything was changed")
        return read(record)

    monkeypatch.setattr(tickets, "read_ticket_event", raises)
    packed, held = held_outcome([event(1), event(2, priority="high"), event(3, team="unreadable")])
    assert held == packed
    assert [letter.reason for letter in held[2]] == ["bug"]


def test_what_was_held_is_gone_with_its_batch() -> None:
    agreements = loads(FILE).agreements
    gc.collect()
    gc.disable()
    try:
        outcome(HeldTickets(agreements, "/slawatch/test"), [event(number) for number in range(4)], 5_000)
        left = [found for found in gc.get_objects() if isinstance(found, HeldTicket)]
    finally:
        gc.enable()
    assert not left
