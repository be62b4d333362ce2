"""Every kind of record that can't be used: the reason in its dead letter and the sentence that goes with it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.core.fact import (
    ASSIGNEE,
    ATTRIBUTES,
    BY_AGENT,
    BY_BOT,
    BY_CUSTOMER,
    INTERNAL,
    NO_VERSION,
    OPENED_AT,
    REPLY,
    STATUS,
)
from slawatch.messages.events import TicketEvent, decode_monitoring_at, read_ticket_event
from slawatch.process import Reason, Record, Rejection

AT = 1_767_600_000_000
"""2026-01-05T08:00:00Z."""
GOOD = {"id": "e1", "ticket": "T1", "at": "2026-01-05T08:00:00Z"}
PLAIN = json.dumps(GOOD).encode()


def event(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


def raw(more: bytes) -> bytes:
    """The good event with something behind its last field."""
    return PLAIN[:-1] + more + b"}"


def without(name: str) -> bytes:
    return json.dumps({field: value for field, value in GOOD.items() if field != name}).encode()


def read(value: bytes, key: bytes | None = b"T1", timestamp: int = AT) -> TicketEvent | Rejection:
    return read_ticket_event(Record(key, value, timestamp))


def taken(value: bytes) -> TicketEvent:
    found = read(value)
    assert isinstance(found, TicketEvent), found
    return found


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(b"", "Input data was truncated", id="empty"),
        pytest.param(b" \n", "Input data was truncated", id="blank"),
        pytest.param(PLAIN[:-1], "Input data was truncated", id="cut off"),
        pytest.param(b"hello", "invalid character (byte 0)", id="text"),
        pytest.param(b"\xff\xfe{\x00}\x00", "invalid character (byte 0)", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN, "invalid character (byte 0)", id="byte order mark"),
        pytest.param(PLAIN + b"x", "trailing characters (byte 59)", id="more behind it"),
        pytest.param(PLAIN + PLAIN, "trailing characters (byte 59)", id="two events"),
        pytest.param(b"NaN", "invalid character", id="NaN alone"),
        pytest.param(event(rating=float("nan")), "invalid character (byte 69)", id="NaN"),
        pytest.param(event(rating=float("inf")), "invalid character (byte 69)", id="infinity"),
        pytest.param(raw(b', "x": NaN'), "invalid character", id="NaN in an unknown field"),
        pytest.param(PLAIN.replace(b"T1", rb"\ud800"), "surrogate pair", id="high surrogate alone"),
        pytest.param(PLAIN.replace(b"e1", rb"\udc00"), "surrogate pair", id="low surrogate alone"),
        pytest.param(PLAIN.replace(b"e1", b"\xed\xa0\x80"), "'utf-8' codec can't decode", id="surrogate in UTF-8"),
        pytest.param(PLAIN.replace(b"e1", b"caf\xe9"), "'utf-8' codec can't decode", id="latin-1"),
    ],
)
def test_not_json(value: bytes, sentence: str) -> None:
    found = read(value)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.NOT_JSON
    assert sentence in found.error


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (b"null", "Expected `object`, got `null`"),
        (b"[]", "Expected `object`, got `array`"),
        (b"[" + PLAIN + b"]", "Expected `object`, got `array`"),
        (b'"T1"', "Expected `object`, got `str`"),
        (b"17", "Expected `object`, got `int`"),
        (b"{}", "Object missing required field `id`"),
        (without("id"), "Object missing required field `id`"),
        (without("ticket"), "Object missing required field `ticket`"),
        (without("at"), "Object missing required field `at`"),
        (event(id=""), "Expected `str` of length >= 1 - at `$.id`"),
        (event(id=None), "Expected `str`, got `null` - at `$.id`"),
        (event(id=1), "Expected `str`, got `int` - at `$.id`"),
        (event(ticket=""), "Expected `str` of length >= 1 - at `$.ticket`"),
        (event(ticket=7), "Expected `str`, got `int` - at `$.ticket`"),
        (event(at=None), "Expected `datetime`, got `null` - at `$.at`"),
        (event(at=1767600000), "Expected `datetime`, got `int` - at `$.at`"),
        (event(at="2026-01-05T08:00:00"), "Expected `datetime` with a timezone component - at `$.at`"),
        (event(at="yesterday"), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (event(at="2026-01-05"), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (event(at="2026-02-30T08:00:00Z"), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (event(at="2016-12-31T23:59:60Z"), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (event(at="0001-01-01T00:00:00Z"), "not between 1970 and 2200 - at `$.at`"),
        (event(at="0001-01-01T00:00:00+14:00"), "not between 1970 and 2200 - at `$.at`"),
        (event(at="9999-12-31T23:59:59Z"), "not between 1970 and 2200 - at `$.at`"),
        (event(at="9999-12-31T23:59:59-14:00"), "not between 1970 and 2200 - at `$.at`"),
        (event(at="1969-12-31T23:59:59.999Z"), "not between 1970 and 2200 - at `$.at`"),
        (event(at="2200-01-01T00:00:00Z"), "not between 1970 and 2200 - at `$.at`"),
        (event(opened_at="2026-01-05T08:00:00"), "Expected `datetime` with a timezone component - at `$.opened_at`"),
        (event(opened_at="0001-01-01T00:00:00Z"), "not between 1970 and 2200 - at `$.opened_at`"),
        (event(version="1"), "Expected `int | null`, got `str` - at `$.version`"),
        (event(version=1.5), "Expected `int | null`, got `float` - at `$.version`"),
        (event(version=True), "Expected `int | null`, got `bool` - at `$.version`"),
        (event(version=2**63), "version 9223372036854775808 does not fit 64 bits - at `$.version`"),
        (event(version=-(2**63)), "version -9223372036854775808 does not fit 64 bits - at `$.version`"),
        (raw(b', "version": 1' + b"0" * 5000), "Integer value out of range - at `$.version`"),
        (event(status=1), "Expected `str | null`, got `int` - at `$.status`"),
        (event(customer=["ACME"]), "Expected `str | null`, got `array` - at `$.customer`"),
        (event(assignee={"name": "ann"}), "Expected `str | null`, got `object` - at `$.assignee`"),
        (event(attributes=["EU"]), "Expected `object | null`, got `array` - at `$.attributes`"),
        (event(attributes={"tier": 1}), "Expected `str | null`, got `int` - at `$.attributes[...]`"),
        (event(reply="agent"), "Expected `object | null`, got `str` - at `$.reply`"),
        (event(reply={}), "Object missing required field `by` - at `$.reply`"),
        (event(reply={"by": "robot"}), "Invalid enum value 'robot': write agent or customer or bot - at `$.reply.by`"),
        (event(reply={"by": "agent", "public": "yes"}), "Expected `bool`, got `str` - at `$.reply.public`"),
        (event(rating="5"), "Expected `float | null`, got `str` - at `$.rating`"),
        (raw(b', "rating": 1' + b"0" * 5000), "Number out of range - at `$.rating`"),
        (event(deleted="yes"), "Expected `bool | null`, got `str` - at `$.deleted`"),
        (event(merged_into=False), "Expected `str | null`, got `bool` - at `$.merged_into`"),
        (raw(b', "at": 5'), "Expected `datetime`, got `int` - at `$.at`"),
    ],
    ids=lambda value: value[-60:].decode() if isinstance(value, bytes) else "",
)
def test_invalid(value: bytes, sentence: str) -> None:
    assert read(value) == Rejection(Reason.INVALID, sentence)


@pytest.mark.parametrize(
    "value",
    [raw(b', "x": ' + b"[" * 5_000 + b"]" * 5_000), b'{"a":' * 100_000],
    ids=["in an unknown field", "objects without end"],
)
def test_nested_too_deeply(value: bytes) -> None:
    assert isinstance(read(value), Rejection)
    assert decode_monitoring_at(value) is None


def test_arrays_without_end() -> None:
    assert isinstance(read(b"[" * 100_000), Rejection)


def test_no_key() -> None:
    assert read(PLAIN, key=None) == Rejection(Reason.NO_KEY, "the record has no key; it should be the ticket id 'T1'")


@pytest.mark.parametrize("key", [b"", b"T2", b"t1", b"T1 ", b"\xff"])
def test_key_mismatch(key: bytes) -> None:
    assert read(PLAIN, key=key) == Rejection(Reason.KEY_MISMATCH, f"the key {key!r} is not the ticket id 'T1'")


def test_a_key_in_utf_8() -> None:
    found = read(event(ticket="ЗАЯВКА-1"), key="ЗАЯВКА-1".encode())
    assert isinstance(found, TicketEvent)
    assert found.ticket == "ЗАЯВКА-1"


def test_from_the_future_begins_after_five_minutes() -> None:
    assert isinstance(read(PLAIN, timestamp=AT - 300_000), TicketEvent)
    assert read(PLAIN, timestamp=AT - 300_001) == Rejection(
        Reason.FROM_THE_FUTURE, "at is 2026-01-05T08:00:00Z, 300.001 s ahead of its record; at most 300 s are taken"
    )


def test_a_bad_value_is_named_before_a_bad_key() -> None:
    found = read(b"{", key=None)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "more", [b'"x": [1, {"y": null}]', b'"x": ' + b"9" * 5_000, b'"x": ' + b"[" * 100 + b"]" * 100]
)
def test_unknown_fields_are_ignored(more: bytes) -> None:
    assert taken(raw(b", " + more)) == taken(PLAIN)


def test_absent_is_not_observed_and_null_is_cleared() -> None:
    assert taken(PLAIN).fact.observed == {}
    cleared = taken(event(status=None, assignee=None, attributes=None, opened_at=None)).fact.observed
    assert cleared == {STATUS: None, ASSIGNEE: None, ATTRIBUTES: None, OPENED_AT: None}


def test_a_reply_cannot_be_cleared() -> None:
    assert taken(event(reply=None)).fact.observed == {}


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ({"by": "agent"}, BY_AGENT),
        ({"by": "agent", "public": True}, BY_AGENT),
        ({"by": "agent", "public": False}, INTERNAL),
        ({"by": "customer"}, BY_CUSTOMER),
        ({"by": "customer", "public": False}, BY_CUSTOMER),
        ({"by": "bot"}, BY_BOT),
        ({"by": "bot", "mood": "good"}, BY_BOT),
    ],
)
def test_replies(reply: dict[str, Any], meaning: int) -> None:
    assert taken(event(reply=reply)).fact.observed == {REPLY: meaning}


@pytest.mark.parametrize("version", [0, -1, -5, 1 - 2**63, 2**63 - 1])
def test_versions_that_fit(version: int) -> None:
    assert taken(event(version=version)).fact.version == version


@pytest.mark.parametrize("value", [PLAIN, event(version=None)])
def test_no_version_is_lower_than_any(value: bytes) -> None:
    assert taken(value).fact.version == NO_VERSION
    assert taken(value).fact.order < taken(event(version=1 - 2**63)).fact.order


@pytest.mark.parametrize(
    ("at", "ms"),
    [
        ("2026-01-05T09:00:00+01:00", AT),
        ("2026-01-05T00:00:00-08:00", AT),
        ("2026-01-05T08:00:00.123999Z", AT + 123),
        ("2026-01-05t08:00:00z", AT),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000999Z", 0),
    ],
)
def test_instants(at: str, ms: int) -> None:
    assert taken(event(at=at)).fact.at == ms


@pytest.mark.parametrize(("fraction", "ms"), [("1239999", 123), ("999999999", 999)])
def test_finer_than_a_microsecond_is_cut_off(fraction: str, ms: int) -> None:
    assert taken(event(at=f"2026-01-05T08:00:00.{fraction}Z")).fact.at == AT + ms


def test_traceparent_is_carried() -> None:
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    found = read_ticket_event(Record(b"T1", PLAIN, AT, [("x", b"1"), ("traceparent", trace)]))
    assert isinstance(found, TicketEvent)
    assert found.traceparent == trace


@given(st.binary(max_size=200), st.none() | st.binary(max_size=5), st.integers(-(2**63), 2**63 - 1))
def test_no_bytes_raise(value: bytes, key: bytes | None, timestamp: int) -> None:
    found = read_ticket_event(Record(key, value, timestamp))
    assert isinstance(found, TicketEvent) or (isinstance(found, Rejection) and found.error)
    decode_monitoring_at(value)


FULL = event(
    version=3, opened_at="2026-01-05T07:00:00+01:00", status="open", attributes={"tier": "1", "x": None},
    reply={"by": "agent", "public": False}, rating=4.5, merged_into=None, deleted=False,
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(0, len(FULL) - 1), st.integers(0, 3), st.binary(min_size=1, max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_no_damaged_event_raises(damages: list[tuple[int, int, bytes]]) -> None:
    value = FULL
    for place, cut, put in damages:
        value = value[:place] + put + value[place + cut :]
    found = read(value)
    assert isinstance(found, TicketEvent) or (isinstance(found, Rejection) and found.error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.datetimes().map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["by", "public", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*json.loads(FULL)]), json_values, max_size=4))
def test_no_field_of_any_type_raises(fields: dict[str, Any]) -> None:
    found = read(event(**fields))
    assert isinstance(found, TicketEvent) or (isinstance(found, Rejection) and found.error)
