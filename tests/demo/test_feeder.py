"""The feeder's story: in the present, in order, and new in each turn."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice, pairwise

from slawatch.demo.desk import LENGTH, simulate
from slawatch.demo.feeder import SPEED, tell
from slawatch.events import TicketEvent, decode_ticket_event
from slawatch.instants import to_ms

BEGAN = 1_790_000_000_000
STORY = len(simulate())
SENT = list(islice(tell(BEGAN), 2 * STORY))


def test_it_is_told_in_order_and_faster_than_life() -> None:
    instants = [instant for instant, _, _ in SENT]
    assert all(before <= after for before, after in pairwise(instants))
    length = LENGTH.total_seconds() * 1000 / SPEED
    assert BEGAN <= instants[0] < instants[-1] <= BEGAN + 2 * length
    assert instants[STORY] >= BEGAN + length


def test_nothing_is_told_before_it_happened() -> None:
    """The worker refuses events from the future; some are told late, and those stay in it."""
    delays = [instant - to_ms(datetime.fromisoformat(json.loads(value)["at"])) for instant, _, value in SENT]
    assert min(delays) >= 0
    assert max(delays) > 1_000


def test_each_turn_has_tickets_of_its_own() -> None:
    first, second = ({key for _, key, _ in turn} for turn in (SENT[:STORY], SENT[STORY:]))
    assert len(first) == len(second)
    assert first & second == set()


def test_some_events_come_twice_and_all_are_ticket_events() -> None:
    events = [decode_ticket_event(value) for _, _, value in SENT[:STORY]]
    taken = [event for event in events if isinstance(event, TicketEvent)]
    assert [event.ticket for event in taken] == [key for _, key, _ in SENT[:STORY]]
    assert len({event.fact.id for event in taken}) < len(taken)
