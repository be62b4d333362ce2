"""What consumers read: every alert as bytes and headers, its topic and its key."""

import json
from typing import Any

import pytest

from slawatch.agreements import loads
from slawatch.core.agreement import Agreement, Metric
from slawatch.core.alert import Alert
from slawatch.core.slug import escaped, unescaped
from slawatch.messages.events import Publisher, decode_ticket_event
from slawatch.process import Message, Output, Rejection
from slawatch.processes.tickets import TicketProcess

AT = 1_767_600_000_000
"""2026-01-05T08:00:00Z."""
HOUR = 3_600_000
DECIDED = AT + 2 * HOUR + 7
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def alert(what: str, **more: Any) -> Alert:
    told = {
        "what": what, "nth": 1, "agreement": "acme-gold", "slug": "acme-gold", "metric": Metric.RESOLUTION,
        "ticket": "INC-7", "round": 1, "threshold": None, "customer": "ACME", "priority": "P1", "service": "crm",
        "team": "net", "kind": "incident", "started_at": AT, "due_at": AT + HOUR, "happened_at": AT + HOUR,
        "budget": HOUR, "elapsed": HOUR, "on_arrival": False,
    }  # fmt: skip
    return Alert(**told | more)


def published(told: Alert, traceparent: bytes | None = None) -> list[Message]:
    return Publisher("/slawatch/prod").messages([told], DECIDED, traceparent)


GOLDEN = (
    '{"id":"acme-gold/resolution/INC-7/1/%s","what":"%s","agreement":"acme-gold","metric":"resolution","round":1,'
    '"ticket":"INC-7","threshold":%s,"customer":"ACME","priority":"P1","service":"crm","team":"net","kind":"incident",'
    '"started_at":"2026-01-05T08:00:00Z","due_at":"2026-01-05T09:00:00Z","happened_at":"2026-01-05T09:00:00Z",'
    '"detected_at":"2026-01-05T10:00:00.007Z","budget_seconds":3600,"elapsed_seconds":3600,"on_arrival":false}'
)


@pytest.mark.parametrize(
    ("what", "threshold", "last", "outputs"),
    [
        ("warned", "75%", "warned-75%", [Output.WARNINGS]),
        ("warned", "30m", "warned-30m", [Output.WARNINGS]),
        ("breached", None, "breached", [Output.BREACHES, Output.OUTCOMES]),
        ("overdue", "150%", "overdue-150%", [Output.BREACHES]),
        ("retracted", None, "retracted", [Output.BREACHES, Output.OUTCOMES]),
        ("met", None, "met", [Output.OUTCOMES]),
        ("missed", None, "missed", [Output.OUTCOMES]),
        ("withdrawn", None, "withdrawn", [Output.OUTCOMES]),
    ],
)
def test_golden(what: str, threshold: str | None, last: str, outputs: list[Output]) -> None:
    messages = published(alert(what, threshold=threshold), TRACE)
    assert [message.output for message in messages] == outputs
    for message in messages:
        assert message.value.decode() == GOLDEN % (last, what, json.dumps(threshold))
        assert message.key == (b"acme-gold" if message.output is Output.OUTCOMES else b"INC-7")
        assert message.partition is None
        assert sorted(message.headers) == [
            ("ce_id", f"acme-gold/resolution/INC-7/1/{last}".encode()),
            ("ce_source", b"/slawatch/prod"),
            ("ce_specversion", b"1.0"),
            ("ce_subject", b"INC-7"),
            ("ce_time", b"2026-01-05T10:00:00.007Z"),
            ("ce_type", f"slawatch.clock.{what}.v1".encode()),
            ("content-type", b"application/json"),
            ("traceparent", TRACE),
        ]


@pytest.mark.parametrize("what", ["breached", "retracted"])
def test_a_copy_is_counted_once(what: str) -> None:
    assert [message.labels for message in published(alert(what))] == [(what, "resolution"), None]


def test_no_traceparent_without_one() -> None:
    (message,) = published(alert("met"))
    assert "traceparent" not in dict(message.headers)


NAMES = [
    (Agreement("a/b@c", ()), "a%2Fb%40c"),
    (Agreement("silver@A/B", (), slug="silver@A%2FB"), "silver@A%2FB"),  # made of two names: what is between them stays
]


@pytest.mark.parametrize(("agreement", "written"), NAMES)
def test_names_in_an_id_are_percent_encoded(agreement: Agreement, written: str) -> None:
    (message,) = published(alert("met", agreement=agreement.id, slug=agreement.slug, ticket="50% ~x/1 Ж", nth=2))
    data = json.loads(message.value)
    assert data["id"] == f"{written}/resolution/50%25%20%7Ex%2F1%20Ж/1/met~2"
    assert (data["agreement"], data["ticket"]) == (agreement.id, "50% ~x/1 Ж")
    headers = dict(message.headers)
    assert headers["ce_id"] == data["id"].encode()
    assert headers["ce_subject"] == "50% ~x/1 Ж".encode()
    assert message.key == agreement.id.encode()


@pytest.mark.parametrize("name", ["a/b@c", "50%25 ~2F", "%2540"])
def test_a_name_can_be_read_from_an_id(name: str) -> None:
    assert unescaped(escaped(name)) == name


def test_said_again() -> None:
    first, _ = published(alert("breached"))
    again, _ = published(alert("breached", nth=3))
    assert json.loads(first.value)["id"].endswith("/1/breached")
    assert json.loads(again.value)["id"].endswith("/1/breached~3")
    assert json.loads(again.value)["what"] == "breached"


def test_milliseconds_where_they_are_not_zero() -> None:
    (message,) = published(alert("met", happened_at=AT + 50, elapsed=HOUR + 1, budget=1_500))
    data = json.loads(message.value)
    assert data["started_at"] == "2026-01-05T08:00:00Z"
    assert data["happened_at"] == "2026-01-05T08:00:00.050Z"
    assert (data["elapsed_seconds"], data["budget_seconds"]) == (3600.001, 1.5)


def test_what_no_clock_can_tell_is_null() -> None:
    unknown = dict.fromkeys(
        ("started_at", "due_at", "budget", "elapsed", "customer", "priority", "service", "team", "kind")
    )
    data = json.loads(published(alert("withdrawn", **unknown))[0].value)
    names = (
        "started_at",
        "due_at",
        "budget_seconds",
        "elapsed_seconds",
        "customer",
        "priority",
        "service",
        "team",
        "kind",
    )
    assert [data[name] for name in names] == [None] * 9


def test_from_event_to_message() -> None:
    text = "agreements: [{id: gold, targets: [{metric: resolution, within: 1h, warn: [50%]}]}]"
    process = TicketProcess(loads(text, "a.yaml").agreements, "/slawatch/prod")
    event = decode_ticket_event(
        b'{"id": "e1", "ticket": "T1", "at": "2026-01-05T08:00:00Z", "opened_at": "2026-01-05T06:00:00Z", "team": "net"}'
    )
    assert not isinstance(event, Rejection)
    turn = process.on_event(event._replace(traceparent=TRACE), lambda _: None, AT, DECIDED)
    assert [(message.output, message.key) for message in turn.messages] == [
        (Output.BREACHES, b"T1"),
        (Output.OUTCOMES, b"gold"),
    ]
    assert turn.messages[0].value == turn.messages[1].value
    data = json.loads(turn.messages[0].value)
    assert (data["id"], data["on_arrival"], data["team"]) == ("gold/resolution/T1/1/breached", True, "net")
    assert (data["happened_at"], data["detected_at"]) == ("2026-01-05T07:00:00Z", "2026-01-05T10:00:00.007Z")
    assert dict(turn.messages[0].headers)["traceparent"] == TRACE
