"""How far a partition has come: marks behind the outcomes, at the instants at which periods are closed or final."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from slawatch.agreements import loads
from slawatch.core.agreement import Metric
from slawatch.core.interval import DAY, HOUR
from slawatch.core.periods.boundary import Boundaries
from slawatch.core.periods.contract import ComplianceTarget, Contract, Contracts
from slawatch.core.periods.period import Per
from slawatch.core.schedule import Wakes
from slawatch.instants import rfc3339, to_ms
from slawatch.process import Message, Output, Place
from slawatch.processes.marks import MARK_KEY, Marks
from slawatch.processes.tickets import TicketProcess

AGREEMENTS = loads("agreements: [{id: a, targets: [{metric: resolution, within: 4h}]}]", "a.yaml").agreements


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).astimezone(UTC))


def contract(name: str = "a", per: Per = Per.MONTH, **rest: object) -> Contract:
    share = ComplianceTarget(Metric.RESOLUTION, per, Fraction(95, 100), "95%")
    return Contract(name, name, (share,), **rest)  # type: ignore[arg-type]


def marks(*contracts: Contract, retention: int | None = 30 * DAY) -> Marks:
    return Marks(Contracts(contracts), retention, Place("tickets", 2, 3), "/slawatch/test")


def passed(messages: Iterable[Message]) -> list[str]:
    return [json.loads(message.value)["passed"] for message in messages if message.partition == 0]


def run(found: Marks, start: int, *times: int) -> list[str]:
    """What is passed while stream time goes from `start` to one instant after the other."""
    said, wakes = [], Wakes()
    for key, due in found.on_start(start).wake_ups.items():
        wakes.set(key, due)
    for time in (start, *times):
        while (woken := wakes.pop(time)) is not None:
            turn = found.on_wake_up(woken[0], time, time)
            said += passed(turn.messages)
            for key, due in turn.wake_ups.items():
                wakes.set(key, due)
    return said


def test_one_copy_to_every_partition_with_the_bytes_of_the_contract() -> None:
    found = marks(contract())
    now = at("2026-05-02T00:00:03Z")
    turn = found.on_wake_up(at("2026-05-02T00:00:00Z"), at("2026-05-02T00:00:02.5Z"), now)
    assert [message.partition for message in turn.messages] == [0, 1, 2]
    (message,) = {message._replace(partition=None) for message in turn.messages}
    assert message.output is Output.OUTCOMES
    assert message.key == b"tickets/2"
    assert message.value == b'{"what":"passed","topic":"tickets","partition":2,"passed":"2026-05-02T00:00:02.500Z"}'
    assert message.labels is None
    assert message.headers == (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", b"/slawatch/test"),
        ("ce_id", b"tickets/2/passed/2026-05-02T00:00:02.500Z"),
        ("ce_type", b"slawatch.passed.v1"),
        ("ce_subject", b"tickets/2"),
        ("ce_time", b"2026-05-02T00:00:03Z"),
    )


def test_at_a_start_how_far_it_was_and_then_at_every_boundary() -> None:
    start = at("2026-04-10T12:00:00Z")
    assert run(marks(contract()), start, at("2026-05-02T00:00:00Z")) == ["2026-04-10T12:00:00Z"], (
        "a deadline equal to stream time has not passed"
    )
    assert run(marks(contract()), start, at("2026-05-02T00:00:00.001Z")) == [
        "2026-04-10T12:00:00Z",
        "2026-05-02T00:00:00.001Z",
    ]


def test_a_mark_does_not_claim_what_is_due_between_two_boundaries() -> None:
    # Over three months at once: what is due in May is written after the mark for April, and before that for May.
    found = run(marks(contract()), at("2026-04-10T12:00:00Z"), at("2026-07-01T00:00:00Z"))
    assert found == [
        "2026-04-10T12:00:00Z",
        "2026-06-01T00:00:00Z",  # from 2 May (April is closed) to April's being final
        "2026-06-02T00:00:00Z",  # from there to May's closing
        "2026-07-01T00:00:00Z",
    ]


def test_what_was_never_read_is_not_passed_boundary_by_boundary() -> None:
    found = marks(contract(per=Per.DAY))
    assert run(found, 0, at("2026-04-10T12:00:00Z")) == ["2026-04-10T12:00:00Z"]


def test_a_stream_time_that_is_not_known_yet_says_nothing() -> None:
    assert run(marks(contract()), 0) == []
    assert run(marks(contract()), -(2**63)) == []


def test_without_contracts_there_are_none() -> None:
    found = marks()
    assert found.on_start(at("2026-04-10T12:00:00Z")).wake_ups == {}


def test_the_key_is_later_than_that_of_every_ticket_and_service() -> None:
    assert "\U0010ffff".encode() * 9 < MARK_KEY
    with pytest.raises(UnicodeDecodeError):
        MARK_KEY.decode()


MOSCOW = ZoneInfo("Europe/Moscow")
APRIL = {"since": at("2026-04-01T00:00:00Z"), "until": at("2026-05-01T00:00:00Z")}


@pytest.mark.parametrize(
    ("contracts", "retention", "after", "expected"),
    [
        ([contract(settle=0)], None, "2026-04-30T23:59:59.999Z", "2026-05-01T00:00:00Z"),
        ([contract(settle=0)], None, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ([contract()], None, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
        ([contract(settle=HOUR)], 2 * HOUR, "2026-05-01T01:00:00Z", "2026-05-01T03:00:00Z"),
        ([contract(settle=HOUR)], 2 * HOUR, "2026-05-01T03:00:00Z", "2026-06-01T01:00:00Z"),
        ([contract(zone=MOSCOW, settle=0)], None, "2026-04-30T12:00:00Z", "2026-04-30T21:00:00Z"),
        ([contract(), contract("b", zone=MOSCOW)], None, "2026-05-01T00:00:00Z", "2026-05-01T21:00:00Z"),
        ([contract(), contract("b", Per.WEEK)], None, "2026-04-15T00:00:00Z", "2026-04-21T00:00:00Z"),
        ([contract(**APRIL)], None, "2026-01-10T00:00:00Z", "2026-05-02T00:00:00Z"),
        ([contract(**APRIL)], None, "2026-05-02T00:00:00Z", None),
        ([contract(**APRIL)], 30 * DAY, "2026-05-02T00:00:00Z", "2026-06-01T00:00:00Z"),
        ([contract(**APRIL), contract("b", settle=0)], None, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ([contract(since=at("2026-04-10T00:00:00Z"))], None, "2026-01-10T00:00:00Z", "2026-05-02T00:00:00Z"),
        ([], None, "2026-01-10T00:00:00Z", None),
    ],
)
def test_boundaries(contracts: list[Contract], retention: int | None, after: str, expected: str | None) -> None:
    found = Boundaries(contracts, retention).after(at(after))
    assert (None if found is None else rfc3339(found)) == expected


def test_the_process_of_tickets_sets_out_with_them() -> None:
    process = TicketProcess(AGREEMENTS, "/slawatch/test", None, Contracts((contract(),)))
    placed = process.placed(Place("tickets", 0, 1))
    start = at("2026-04-10T12:00:00Z")
    (wake,) = placed.on_start(dict[bytes, bytes]().get, start, start).wake_ups.items()
    assert wake == (MARK_KEY, start - 1)
    turn = placed.on_wake_up(MARK_KEY, start - 1, dict[bytes, bytes]().get, start, start)
    assert passed(turn.messages) == ["2026-04-10T12:00:00Z"]
    assert turn.wake_ups == {MARK_KEY: at("2026-05-02T00:00:00Z")}
