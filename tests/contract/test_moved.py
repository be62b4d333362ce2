"""What the ledger hears of a verdict that no alert tells: it lies elsewhere now, goes on, or is reached again."""

import json
from datetime import UTC, datetime
from typing import Any

from slawatch.agreements import loads
from slawatch.instants import to_ms
from slawatch.messages.events import decode_ticket_event
from slawatch.process import Message, Output, Rejection
from slawatch.processes.tickets import TicketProcess

FILE = """
agreements:
  - id: gold
    targets:
      - {metric: resolution, within: {P1: 2h, default: 4h}}
      - {metric: first_response, within: 1h}
      - {metric: compliance, of: resolution, at_least: 90%, per: month, match: {priority: [P1]}}
"""


class Desk:
    def __init__(self, file: str = FILE) -> None:
        made = loads(file, "a.yaml")
        self.process = TicketProcess(made.agreements, "/slawatch/test", contracts=made.contracts)
        self.states: dict[bytes, bytes] = {}
        self.numbers = iter(range(1, 100))

    def take(self, at: str, **fields: Any) -> list[Message]:
        fields = {"id": f"e{next(self.numbers)}", "ticket": "T1", "at": f"2026-04-{at}:00Z"} | fields
        event = decode_ticket_event(json.dumps(fields).encode())
        assert not isinstance(event, Rejection), event
        turn = self.process.on_event(event, self.states.get, event.fact.at, to_ms(datetime(2026, 4, 20, tzinfo=UTC)))
        self.states.update({key: state for key, state in turn.states.items() if state is not None})
        return [message for message in turn.messages if message.output is Output.OUTCOMES]


def told(messages: list[Message]) -> list[tuple[str, str | None, str | None]]:
    found = [json.loads(message.value) for message in messages]
    return [
        (data["what"], data["due_at"] and data["due_at"][8:16], data["happened_at"] and data["happened_at"][8:16])
        for data in found
        if data["metric"] == "resolution"
    ]


def test_bytes() -> None:
    desk = Desk()
    desk.take("10T08:00", status="open", priority="P1", team="net")
    desk.take("10T09:30", status="resolved")
    (message,) = desk.take("10T09:15", status="resolved", customer="ACME")
    assert (message.key, message.labels, message.partition) == (b"gold", None, None)
    assert message.value == (
        b'{"what":"moved","agreement":"gold","metric":"resolution","round":1,"ticket":"T1",'
        b'"at":"2026-04-10T09:15:00Z","customer":"ACME","priority":"P1","service":null,"team":"net","kind":null,'
        b'"due_at":null,"happened_at":"2026-04-10T09:15:00Z"}'
    )
    headers = dict(message.headers)
    assert headers["ce_id"] == b"gold/resolution/T1/1/moved/none/2026-04-10T09:15:00Z"
    assert (headers["ce_type"], headers["ce_subject"]) == (b"slawatch.clock.moved.v1", b"T1")


def test_a_breach_that_was_due_earlier_after_all() -> None:
    desk = Desk()
    desk.take("10T08:00", status="open")
    assert told(desk.take("10T13:00", team="net")) == [("breached", "10T12:00", "10T12:00")]
    assert told(desk.take("10T08:30", priority="P1")) == [("moved", "10T10:00", None)]


def test_the_fields_are_those_of_the_verdict() -> None:
    desk = Desk()
    desk.take("10T08:00", status="open", priority="P2")
    desk.take("10T09:00", status="resolved")
    desk.take("11T09:00", priority="P1")
    (message,) = desk.take("10T08:30", team="db")
    assert (json.loads(message.value)["priority"], json.loads(message.value)["team"]) == ("P2", "db")


def test_a_clock_that_goes_on_and_one_that_ends_as_it_had_ended() -> None:
    desk = Desk()
    desk.take("10T08:00", status="open")
    assert told(desk.take("10T09:00", status="resolved")) == [("met", "10T12:00", "10T09:00")]
    assert told(desk.take("10T10:00", status="open")) == [("moved", None, None)]
    assert told(desk.take("10T11:00", team="db")) == []
    assert told(desk.take("10T12:00", status="resolved")) == [("moved", None, "10T12:00")]
    assert told(desk.take("11T10:00", status="open")) == [("moved", None, None)]
    assert told(desk.take("11T13:00", status="resolved")) == [
        ("breached", "11T11:00", "11T11:00"),
        ("missed", "11T11:00", "11T13:00"),
    ]
    assert told(desk.take("11T14:00", status="open")) == [("moved", "11T11:00", None)]


def test_nothing_of_what_nobody_counts() -> None:
    desk = Desk(FILE.replace("compliance, of: resolution", "compliance, of: first_response"))
    desk.take("10T08:00", status="open")
    desk.take("10T09:00", status="resolved")
    assert told(desk.take("10T10:00", status="open")) == []
    assert told(desk.take("10T08:30", priority="P1")) == []
