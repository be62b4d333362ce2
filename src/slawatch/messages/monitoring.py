"""Monitoring events from bytes to core values."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from slawatch.core.fact import NO_VERSION
from slawatch.core.interval import MINUTE
from slawatch.core.periods.status import Fact, Status
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import rfc3339, to_ms
from slawatch.messages.shapes import MonitoringEventData
from slawatch.process import Reason, Record, Rejection

MAX_AHEAD = 5 * MINUTE
"""An event further ahead of its record's timestamp comes from a clock that can't be trusted."""


class MonitoringEvent(NamedTuple):
    """A decoded monitoring event. `traceparent` is passed on to the alerts that it causes."""

    key: bytes
    service: str
    fact: Fact
    traceparent: bytes | None = None


_decode = msgspec.json.Decoder(MonitoringEventData).decode
_LONG_FRACTION = re.compile(rb"(\.\d{6})\d+(?=[Zz+-])")
_STATUSES = {status.name.lower(): status for status in Status}
_INSTANTS = ("at", "planned_from", "planned_until")


def read_monitoring_event(record: Record) -> MonitoringEvent | Rejection:
    """The event in a record whose value is not null; its key must be the service's id."""
    key, value, timestamp, headers = record
    event = decode_monitoring_event(value or b"")
    if event.__class__ is Rejection:
        return event
    assert isinstance(event, MonitoringEvent)
    if key != event.key:
        if key is None:
            return Rejection(Reason.NO_KEY, f"the record has no key; it should be the service id {event.service!r}")
        return Rejection(Reason.KEY_MISMATCH, f"the key {key!r} is not the service id {event.service!r}")
    at = event.fact.at
    if at > timestamp + MAX_AHEAD:
        ahead = (at - timestamp) / 1000
        return Rejection(
            Reason.FROM_THE_FUTURE, f"at is {rfc3339(at)}, {ahead:.3f} s ahead of its record; at most 300 s are taken"
        )
    if headers:
        traceparent = next((value for name, value in headers if name == "traceparent"), None)
        if traceparent is not None:
            return event._replace(traceparent=traceparent)
    return event


def decode_monitoring_event(value: bytes) -> MonitoringEvent | Rejection:
    """The event in a value, its key being what the key of its record ought to be."""
    try:
        data: dict[str, Any] = _decode(value)  # type: ignore[assignment]  # a TypedDict that is taken apart
    except msgspec.ValidationError as error:
        return Rejection(Reason.INVALID, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejection(Reason.NOT_JSON, str(error))
    except RecursionError:
        return Rejection(Reason.INVALID, "nested too deeply")
    if _LONG_FRACTION.search(value) is not None:
        # The decoder rounds what is finer than a microsecond, and 59.9999999 is not yet the next second.
        exact: dict[str, Any] = _decode(_LONG_FRACTION.sub(rb"\1", value))  # type: ignore[assignment]  # as above
        data |= {name: exact[name] for name in _INSTANTS if name in exact}
    at = to_ms(data["at"])
    if not EARLIEST <= at < LATEST:
        return Rejection(Reason.INVALID, "not between 1970 and 2200 - at `$.at`")
    version = data.get("version")
    if version is None:
        version = NO_VERSION
    elif not NO_VERSION < version < 2**63:
        return Rejection(Reason.INVALID, f"version {version} does not fit 64 bits - at `$.version`")
    service: str = data["service"]
    status = _STATUSES[data["status"]]
    fact = Fact(at, version, data["id"], data.get("check") or "", data.get("customer") or None, status)
    if status is Status.MAINTENANCE and data.get("planned_until") is not None:
        planned = _planned(data, at)
        if isinstance(planned, Rejection):
            return planned
        fact = fact._replace(planned_from=planned[0], planned_until=planned[1])
    return MonitoringEvent(service.encode(), service, fact)


def _planned(data: dict[str, Any], at: int) -> tuple[int, int] | Rejection:
    start = at if data.get("planned_from") is None else to_ms(data["planned_from"])
    until = to_ms(data["planned_until"])
    for name, instant in (("planned_from", start), ("planned_until", until)):
        if not EARLIEST <= instant < LATEST:
            return Rejection(Reason.INVALID, f"not between 1970 and 2200 - at `$.{name}`")
    if until < start:
        return Rejection(
            Reason.INVALID, f"{rfc3339(until)} is before planned_from, {rfc3339(start)} - at `$.planned_until`"
        )
    return start, until
