"""Monitoring events from bytes, and every kind of record that can't be used: its reason, and the sentence with it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.core.fact import NO_VERSION
from slawatch.core.periods.status import Fact, Status
from slawatch.messages.monitoring import MonitoringEvent, decode_monitoring_event, read_monitoring_event
from slawatch.process import Reason, Record, Rejection

AT = 1_767_600_000_000
"""2026-01-05T08:00:00Z."""
HOUR = 3_600_000
GOOD = {"id": "e1", "service": "crm", "at": "2026-01-05T08:00:00Z", "status": "up"}


def event(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


def read(value: bytes, key: bytes | None = b"crm", timestamp: int = AT) -> MonitoringEvent | Rejection:
    found = read_monitoring_event(Record(key, value, timestamp))
    assert found is not None
    return found


def taken(**fields: Any) -> Fact:
    found = read(event(**fields))
    assert isinstance(found, MonitoringEvent), found
    return found.fact


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_understood(status: Status) -> None:
    assert taken(status=status.name.lower()) == Fact(AT, NO_VERSION, "e1", "", None, status)


def test_check_customer_and_version_are_optional_and_null_is_none() -> None:
    assert taken(check="http", customer="ACME", version=3) == Fact(AT, 3, "e1", "http", "ACME", Status.UP)
    assert taken(check=None, customer=None, version=None, planned_from=None, planned_until=None) == taken()
    assert taken(check="", customer="", host="db7", severity={"level": 5}) == taken()


def test_planned_work_begins_when_it_was_announced_unless_it_says_when() -> None:
    fact = taken(status="maintenance", planned_until="2026-01-05T10:00:00Z")
    assert (fact.planned_from, fact.planned_until) == (AT, AT + 2 * HOUR)
    fact = taken(status="maintenance", planned_from="2026-01-05T12:00:00+03:00", planned_until="2026-01-05T09:00:00Z")
    assert (fact.planned_from, fact.planned_until) == (AT + HOUR, AT + HOUR)


def test_a_window_means_nothing_for_another_status() -> None:
    assert taken(status="down", planned_until="2026-01-05T10:00:00Z") == taken(status="down")


def test_what_is_finer_than_a_millisecond_is_cut_off() -> None:
    assert taken(at="2026-01-05T07:59:59.9999999Z").at == AT - 1


def test_work_in_the_future_was_announced_now() -> None:
    window = {"planned_from": "2027-01-05T08:00:00Z", "planned_until": "2027-01-05T09:00:00Z"}
    assert taken(status="maintenance", **window).at == AT


@pytest.mark.parametrize(
    ("value", "reason", "sentence"),
    [
        pytest.param(b"{", Reason.NOT_JSON, "truncated", id="cut off"),
        pytest.param(b"\xff", Reason.NOT_JSON, "invalid", id="no UTF-8"),
        pytest.param(b"[" * 5000, Reason.INVALID, "", id="deep"),
        pytest.param(b"[]", Reason.INVALID, "Expected `object`", id="a list"),
        pytest.param(event(id=""), Reason.INVALID, "length >= 1", id="empty id"),
        pytest.param(event(id=7), Reason.INVALID, "Expected `str`", id="a number as id"),
        pytest.param(event(status="UP"), Reason.INVALID, "write up or degraded or down or ", id="another word"),
        pytest.param(event(status=None), Reason.INVALID, "`$.status`", id="no status"),
        pytest.param(event(at="2026-01-05T08:00:00"), Reason.INVALID, "`$.at`", id="no offset"),
        pytest.param(event(at=AT), Reason.INVALID, "`$.at`", id="a number as instant"),
        pytest.param(event(at="1969-12-31T23:59:59Z"), Reason.INVALID, "between 1970 and 2200", id="too early"),
        pytest.param(event(version=2**63), Reason.INVALID, "64 bits", id="a large version"),
        pytest.param(event(version="1"), Reason.INVALID, "`$.version`", id="a text as version"),
        pytest.param(
            event(status="maintenance", planned_until="2026-01-05T07:00:00Z"),
            Reason.INVALID,
            "2026-01-05T07:00:00Z is before planned_from, 2026-01-05T08:00:00Z",
            id="a window that ends before it begins",
        ),
        pytest.param(
            event(status="maintenance", planned_until="2201-01-01T00:00:00Z"),
            Reason.INVALID,
            "`$.planned_until`",
            id="a window that ends too late",
        ),
    ],
)
def test_what_can_not_be_used(value: bytes, reason: Reason, sentence: str) -> None:
    found = read(value)
    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert sentence in found.error


def test_the_key_is_the_service() -> None:
    none, other = read(event(), None), read(event(), b"erp")
    assert isinstance(none, Rejection)
    assert (none.reason, none.error) == (Reason.NO_KEY, "the record has no key; it should be the service id 'crm'")
    assert isinstance(other, Rejection)
    assert (other.reason, other.error) == (Reason.KEY_MISMATCH, "the key b'erp' is not the service id 'crm'")


def test_an_event_more_than_five_minutes_ahead_of_its_record_is_from_the_future() -> None:
    assert isinstance(read(event(), timestamp=AT - 300_000), MonitoringEvent)
    found = read(event(), timestamp=AT - 300_001)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.FROM_THE_FUTURE


def test_a_traceparent_is_kept() -> None:
    found = read_monitoring_event(Record(b"crm", event(), AT, [("other", b"1"), ("traceparent", b"00-abc")]))
    assert isinstance(found, MonitoringEvent)
    assert found.traceparent == b"00-abc"


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.dictionaries(st.sampled_from(list(GOOD)), st.text()).map(lambda more: json.dumps(GOOD | more).encode())
)
def test_whatever_comes_is_an_event_or_refused(value: bytes) -> None:
    assert isinstance(decode_monitoring_event(value), MonitoringEvent | Rejection)
