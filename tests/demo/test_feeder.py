"""The feeder's story: in the present, in order, and new in each turn."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice, pairwise

from slawatch.demo.desk import CUSTOMERS, LENGTH, simulate
from slawatch.demo.feeder import SPEED, tell
from slawatch.instants import to_ms
from slawatch.messages.events import TicketEvent, decode_ticket_event

BEGAN = 1_790_000_000_000
STORY = len(simulate())
ALL = list(islice(tell(BEGAN), 3 * STORY))
SENT = [sending for sending in ALL if sending.role == "tickets"][: 2 * STORY]
WATCHED = [sending for sending in ALL if sending.role == "monitoring"]


def test_it_is_told_in_order_and_faster_than_life() -> None:
    assert all(before.instant <= after.instant for before, after in pairwise(ALL))
    length = LENGTH.total_seconds() * 1000 / SPEED
    assert BEGAN <= SENT[0].instant < SENT[-1].instant <= BEGAN + 2 * length
    assert SENT[STORY].instant >= BEGAN + length


def test_nothing_is_told_before_it_happened() -> None:
    """The worker refuses events from the future; some are told late."""
    delays = [sending.instant - to_ms(datetime.fromisoformat(json.loads(sending.value)["at"])) for sending in ALL]
    assert min(delays) >= 0
    assert max(delays) > 1_000


def test_each_turn_has_tickets_of_its_own() -> None:
    first, second = ({sending.key for sending in turn} for turn in (SENT[:STORY], SENT[STORY:]))
    assert len(first) == len(second)
    assert first & second == set()


def test_some_events_come_twice_and_all_are_ticket_events() -> None:
    events = [decode_ticket_event(sending.value) for sending in SENT[:STORY]]
    taken = [event for event in events if isinstance(event, TicketEvent)]
    assert [event.ticket for event in taken] == [sending.key for sending in SENT[:STORY]]
    assert len({event.fact.id for event in taken}) < len(taken)


def test_services_fail_and_recover() -> None:
    for service in {service for customer in CUSTOMERS for service in customer.services}:
        seen = [json.loads(sending.value)["status"] for sending in WATCHED if sending.key == service]
        assert seen[:4] == ["up", "down", "up", "down"]
    assert len({json.loads(sending.value)["id"] for sending in WATCHED}) == len(WATCHED)
