"""Ratings: the last one of a ticket, at its own instant, for the first agreement that matches and promises satisfaction."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from slawatch.agreements import loads
from slawatch.core.agreement import Metric
from slawatch.core.fact import RATING
from slawatch.core.periods.contract import ComplianceTarget, Contract, Contracts, SatisfactionTarget
from slawatch.core.periods.period import Per
from slawatch.instants import to_ms
from slawatch.messages.envelope import MORE
from slawatch.messages.events import decode_ticket_event
from slawatch.process import Message, Output, Reason, Rejection, Turn
from slawatch.processes.tickets import TicketProcess

FILE = """
agreements:
  - id: gold
    match: {customer: [ACME]}
    until: 2026-05-01
    targets: [{metric: resolution, within: 4h}]
  - id: silver
    match: {customer: [ACME, BETA]}
    targets: [{metric: first_response, within: 4h}]
  - id: rest
    targets: [{metric: closure, within: 4h}]
"""
AGREEMENTS = loads(FILE, "a.yaml").agreements
CONTENT = SatisfactionTarget(Per.MONTH, Fraction(9, 2), "4.5")
SHARE = ComplianceTarget(Metric.RESOLUTION, Per.MONTH, Fraction(9, 10), "90%")
CONTRACTS = Contracts((Contract("silver", "silver", (CONTENT,)), Contract("gold", "gold", (SHARE, CONTENT))))


class Desk:
    """The process of tickets over events as they come."""

    def __init__(self, contracts: Contracts = CONTRACTS) -> None:
        self.process = TicketProcess(AGREEMENTS, "/slawatch/test", contracts=contracts)
        self.states: dict[bytes, bytes] = {}
        self.numbers = iter(range(1, 100))

    def take(self, at: str, **fields: Any) -> list[Message]:
        fields = {"id": f"e{next(self.numbers)}", "ticket": "T1", "at": f"2026-{at}:00:00Z"} | fields
        event = decode_ticket_event(json.dumps(fields).encode())
        assert not isinstance(event, Rejection), event
        now = to_ms(datetime(2026, 4, 20, tzinfo=UTC))
        return self.keep(self.process.on_event(event, self.states.get, event.fact.at, now))

    def keep(self, turn: Turn) -> list[Message]:
        self.states.update({key: state for key, state in turn.states.items() if state is not None})
        return list(turn.messages)


def told(messages: list[Message]) -> list[tuple[str, float | None, str]]:
    found = [json.loads(message.value) for message in messages if b'"rated"' in message.value]
    return [(data["agreement"], data["rating"], data["at"][8:13]) for data in found]


def test_bytes() -> None:
    desk = Desk()
    (message,) = desk.take("04-10T08", customer="BETA", status="closed", rating=4, team="net", priority="P1")
    assert (message.output, message.key, message.labels, message.partition) == (Output.OUTCOMES, b"silver", None, None)
    assert message.value == (
        b'{"what":"rated","agreement":"silver","ticket":"T1","rating":4,"at":"2026-04-10T08:00:00Z",'
        b'"customer":"BETA","priority":"P1","service":null,"team":"net","kind":null}'
    )
    assert dict(message.headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_source": b"/slawatch/test",
        "ce_id": b"silver/rated/T1/2026-04-10T08:00:00Z/4",
        "ce_type": b"slawatch.rated.v1",
        "ce_subject": b"T1",
        "ce_time": b"2026-04-20T00:00:00Z",
    }


@pytest.mark.parametrize("written", ["4.1", "4.35", "0.1", "-2", "4.10", "1234567890.123456789", "0"])
def test_a_rating_is_the_decimal_that_was_written(written: str) -> None:
    desk = Desk()
    line = f'{{"id": "e", "ticket": "T1", "at": "2026-04-10T08:00:00Z", "customer": "ACME", "rating": {written}}}'
    event = decode_ticket_event(line.encode())
    assert not isinstance(event, Rejection)
    (message,) = desk.keep(desk.process.on_event(event, desk.states.get, 0, event.fact.at))
    assert f'"rating":{written},'.encode() in message.value


def test_of_two_ratings_in_one_event_the_last_counts() -> None:
    line = b'{"id": "e", "ticket": "T1", "at": "2026-04-10T08:00:00Z", "rating": null, "rating": 4}'
    event = decode_ticket_event(line)
    assert not isinstance(event, Rejection)
    assert event.fact.observed[RATING] == "4"


@pytest.mark.parametrize("written", ["1e-400", "1" * 31, "0." + "1" * 31, "1e200"])
def test_a_number_without_bound_is_no_rating(written: str) -> None:
    line = f'{{"id": "e", "ticket": "T1", "at": "2026-04-10T08:00:00Z", "rating": {written}}}'
    assert decode_ticket_event(line.encode()) == Rejection(
        Reason.INVALID, "a number has at most 30 digits - at `$.rating`"
    )


def test_the_first_that_matches_and_promises_satisfaction() -> None:
    assert told(Desk().take("04-10T08", customer="ACME", rating=5)) == [("gold", 5, "10T08")]
    assert told(Desk().take("04-10T08", customer="BETA", rating=5)) == [("silver", 5, "10T08")]
    assert told(Desk().take("04-10T08", rating=5)) == [], "the agreement `rest` promises no satisfaction"
    assert told(Desk(Contracts()).take("04-10T08", customer="ACME", rating=5)) == []
    assert told(Desk().take("05-01T00", customer="ACME", rating=5)) == [("silver", 5, "01T00")], "gold is over by then"


def test_a_rating_again_takes_the_place_of_the_former_and_null_clears() -> None:
    desk = Desk()
    assert told(desk.take("04-10T08", customer="ACME", status="open")) == []
    assert told(desk.take("04-10T09", rating=3)) == [("gold", 3, "10T09")]
    assert told(desk.take("04-10T10", status="closed")) == [], "nothing new"
    assert told(desk.take("04-10T11", rating=5)) == [("gold", 5, "10T11")]
    assert told(desk.take("04-10T10", rating=1)) == [], "late, and not the last"
    assert told(desk.take("04-10T12", rating=None)) == [("gold", None, "10T12")]
    assert told(desk.take("04-10T13", team="net")) == []
    assert told(desk.take("04-10T14", rating=2)) == [("gold", 2, "10T14")]


def test_another_agreement_and_the_old_one_hears_that_there_is_none() -> None:
    desk = Desk()
    assert told(desk.take("04-10T08", customer="ACME", rating=3)) == [("gold", 3, "10T08")]
    assert told(desk.take("04-10T09", customer="BETA")) == [("gold", None, "10T08"), ("silver", 3, "10T08")]
    assert told(desk.take("04-10T10", customer=None)) == [("silver", None, "10T08")]
    assert told(desk.take("04-10T11", customer="BETA")) == [("silver", 3, "10T08")]


def test_the_same_event_again_tells_nothing() -> None:
    desk = Desk()
    desk.take("04-10T08", id="x", customer="ACME", rating=3)
    assert desk.take("04-10T08", id="x", customer="ACME", rating=3) == []


def test_in_whatever_order_they_come_the_same_is_known_in_the_end() -> None:
    events: list[tuple[str, dict[str, Any]]] = [
        ("04-10T08", {"customer": "ACME", "status": "open"}),
        ("04-10T09", {"rating": 3}),
        ("04-10T10", {"rating": None}),
        ("04-10T11", {"rating": 4, "customer": "BETA"}),
        ("04-10T12", {"status": "closed"}),
    ]
    for order in permutations(events):
        desk, known = Desk(), dict[str, tuple[float, str]]()
        for at, fields in order:
            for agreement, rating, rated_at in told(desk.take(at, id=f"e{at}", **fields)):
                if rating is None:
                    known.pop(agreement, None)
                else:
                    known[agreement] = (rating, rated_at)
        assert known == {"silver": (4, "10T11")}


def test_a_ticket_without_a_rating_pays_nothing_and_a_former_state_can_be_read() -> None:
    rated, unrated = Desk(), Desk(Contracts())
    for desk in (rated, unrated):
        desk.take("04-10T08", customer="ACME", status="open")
    assert rated.states == unrated.states


def test_under_a_changed_file_it_is_told_anew() -> None:
    desk = Desk(Contracts())
    assert told(desk.take("04-10T08", customer="ACME", rating=3)) == []
    desk.process = TicketProcess(AGREEMENTS, "/slawatch/test", contracts=CONTRACTS)
    now = to_ms(datetime(2026, 4, 20, tzinfo=UTC))
    assert told(desk.keep(desk.process.on_change(b"T1", desk.states.get, now, now))) == [("gold", 3, "10T08")]
    assert told(desk.keep(desk.process.on_change(b"T1", desk.states.get, now, now))) == []
    fewer = replace(CONTRACTS, contracts=CONTRACTS.contracts[:1])
    desk.process = TicketProcess(AGREEMENTS, "/slawatch/test", contracts=fewer)
    assert told(desk.keep(desk.process.on_change(b"T1", desk.states.get, now, now))) == [("silver", 3, "10T08")]


def test_messages_of_one_cause_are_linked_per_agreement() -> None:
    desk = Desk()
    messages = [
        message
        for message in desk.take(
            "04-10T14", opened_at="2026-04-10T08:00:00Z", customer="ACME", status="closed", rating=1
        )
        if message.output is Output.OUTCOMES
    ]
    links = [(json.loads(message.value)["what"], message.key.decode(), MORE in message.headers) for message in messages]
    assert ("rated", "gold", True) in links
    for agreement in ("gold", "silver"):
        flags = [more for _, key, more in links if key == agreement]
        assert flags == [True] * (len(flags) - 1) + [False]
    assert sum(more for *_, more in links) >= 2
