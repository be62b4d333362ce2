"""Monitoring events from bytes to core values."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from slawatch.core.fact import NO_VERSION
from slawatch.core.periods.status import Fact, Status
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import rfc3339, to_ms
from slawatch.messages.reading import against, fields_of, outside, traceparent_of, unfit
from slawatch.messages.shapes import MonitoringEventData
from slawatch.process import Readable, Reason, Rejection


class MonitoringEvent(NamedTuple):
    """A decoded monitoring event. `traceparent` is passed on to the alerts that it causes."""

    key: bytes
    service: str
    fact: Fact
    traceparent: bytes | None = None


_decode = msgspec.json.Decoder(MonitoringEventData).decode
_STATUSES = {status.name.lower(): status for status in Status}
_INSTANTS = ("at", "planned_from", "planned_until")


def read_monitoring_event(record: Readable) -> MonitoringEvent | Rejection:
    """The event in a record whose value is not null; its key must be the service's id."""
    event = decode_monitoring_event(record.value or b"")
    if isinstance(event, Rejection):
        return event
    rejection = against(record, event.key, event.fact.at, "service")
    return rejection or event._replace(traceparent=traceparent_of(record.headers))


def decode_monitoring_event(value: bytes) -> MonitoringEvent | Rejection:
    """The event in a value, its key being what the key of its record ought to be."""
    data = fields_of(_decode, value, _INSTANTS)
    if isinstance(data, Rejection):
        return data
    at, version = to_ms(data["at"]), data.get("version")
    if not EARLIEST <= at < LATEST:
        return outside("at")
    if version is None:
        version = NO_VERSION
    elif not NO_VERSION < version < 2**63:
        return unfit(version)
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
            return outside(name)
    if until < start:
        return Rejection(
            Reason.INVALID, f"{rfc3339(until)} is before planned_from, {rfc3339(start)} - at `$.planned_until`"
        )
    return start, until
