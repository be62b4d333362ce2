"""What stands on which topic: the catalogue that the contracts and `slawatch topics --describe` are made from.

It knows shapes, not topics' names: those are settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, is_typeddict

import msgspec

from slawatch.messages.moves import MovedData
from slawatch.messages.passed import Passed
from slawatch.messages.period_alerts import Measured, PeriodAlertData
from slawatch.messages.ratings import RatedData
from slawatch.messages.reports import Report
from slawatch.messages.shapes import ClockAlert, MonitoringEventData, TicketEventData
from slawatch.process import Output, Reason


class Direction(StrEnum):
    """Whether slawatch reads a topic or writes it."""

    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message: its shape (None: any bytes), and what a CloudEvents consumer tells it by."""

    name: str
    title: str
    shape: Any
    whats: tuple[str, ...] = ()
    """The values of `what` on this topic, where it has that field."""
    types: str = ""
    """`ce_type` with `{what}` in it, where it is a CloudEvent."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A topic by its role in the settings."""

    role: str
    direction: Direction
    title: str
    key: str
    cleanup: str
    kinds: tuple[Kind, ...]


def _clocks(*whats: str) -> Kind:
    return Kind("clock-alert", "an alert about a ticket's clock", ClockAlert, whats, "slawatch.clock.{what}.v1")


def _periods(*whats: str) -> Kind:
    return Kind("period-alert", "an alert about a period", PeriodAlertData, whats, "slawatch.period.{what}.v1")


_SUBJECT = "the ticket or service; of compliance and satisfaction the agreement's id"
CHANNELS = (
    Channel(
        "tickets", Direction.READS, "what happened to tickets", "the ticket's id", "delete",
        (Kind("ticket-event", "an observation of a ticket", TicketEventData),),
    ),
    Channel(
        "monitoring", Direction.READS, "what happened to services", "the service's id", "delete",
        (Kind("monitoring-event", "what a check says of a service, or planned work", MonitoringEventData),),
    ),
    Channel(
        Output.WARNINGS.value, Direction.WRITES, "promises about to be broken", _SUBJECT, "delete",
        (_clocks("warned"), _periods("warned")),
    ),
    Channel(
        Output.BREACHES.value, Direction.WRITES, "broken promises, and those taken back", _SUBJECT, "delete",
        (_clocks("breached", "overdue", "retracted"), _periods("breached", "overdue", "retracted")),
    ),
    Channel(
        Output.OUTCOMES.value, Direction.WRITES, "how clocks and periods ended, and what the ledger counts",
        "the agreement's id; of a mark the partition that has passed", "delete",
        (
            _clocks("met", "missed", "withdrawn", "breached", "retracted"),
            _periods("met", "missed"),
            Kind("rated", "a ticket's last rating", RatedData, ("rated",), "slawatch.rated.v1"),
            Kind("moved", "where a clock's verdict lies now", MovedData, ("moved",), "slawatch.clock.moved.v1"),
            Kind("measured", "figures of a closed period", Measured, ("measured",), "slawatch.period.measured.v1"),
            Kind("passed", "how far a partition has come", Passed, ("passed",), "slawatch.passed.v1"),
        ),
    ),
    Channel(
        Output.REPORTS.value, Direction.WRITES, "reports of closed periods; a revision replaces the one before",
        "`<agreement>/<period>`", "compact", (Kind("report", "what was promised and how it was kept", Report),),
    ),
    Channel(
        "dead_letters", Direction.WRITES, "records that could not be used", "the record's own", "delete",
        (Kind("dead-letter", "the original bytes; its headers say why and where from", None),),
    ),
)  # fmt: skip

CLOUD_EVENT_HEADERS = {
    "content-type": "application/json",
    "ce_specversion": "1.0",
    "ce_id": "the same each time it is said",
    "ce_source": "/slawatch/<group>",
    "ce_type": "what it is, with its version",
    "ce_subject": "the ticket, the service or the agreement",
    "ce_time": "when it was decided",
}
DEAD_LETTER_HEADERS = {
    "reason": "one of " + ", ".join(reason.value for reason in Reason),
    "error": "a sentence",
    "source-topic": "where it stood",
    "source-partition": "a number",
    "source-offset": "a number; of a wake-up the next offset of the input",
    "source-timestamp": "ms since the epoch",
}


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind's data, whole in itself."""
    (root,), parts = msgspec.json.schema_components([kind.shape], ref_template="#/$defs/{name}")
    name = root["$ref"].removeprefix("#/$defs/")
    found = dict(parts.pop(name))
    found.pop("title")
    if is_typeddict(kind.shape):  # whose fields come by the alphabet
        fields = found["properties"]
        found["properties"] = {field: fields[field] for field in kind.shape.__annotations__}
        found["required"] = [field for field in found["properties"] if field in found["required"]]
    found, parts = _numbers(found), _numbers(parts)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.title}
    return {**head, **found, **({"$defs": parts} if parts else {})}


def _numbers(part: Any) -> Any:
    """Exact decimals are written as numbers, not as the texts that they would be by default."""
    if part == {"type": "string", "format": "decimal"}:
        return {"type": "number"}
    if isinstance(part, dict):
        return {name: _numbers(value) for name, value in part.items()}
    return [_numbers(value) for value in part] if isinstance(part, list) else part
