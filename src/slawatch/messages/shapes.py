"""The typed shapes of what goes over Kafka: decoders check events against them, and the JSON Schemas are made from them.

What is said of a field here is what a consumer reads in the contract; nothing else knows how a field is to be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Required, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
from msgspec import UNSET, Meta, UnsetType

from slawatch.core.agreement import METRICS
from slawatch.core.alert import MET, MISSED, RETRACTED, WITHDRAWN
from slawatch.core.promise import BREACHED, OVERDUE, WARNED

Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1)]
InstantText = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339 in UTC with `Z`, milliseconds where they are not zero."""
Seconds = int | float
"""Whole ones as an integer."""


def one_of(*values: str) -> Meta:
    """A text that is one of these; an encoder need not look at it."""
    return Meta(extra_json_schema={"enum": list(values)})


class Reply(TypedDict, total=False):
    """Who wrote to whom; public unless said otherwise."""

    by: Required[Annotated[Literal["agent", "customer", "bot"], Meta(description="Who wrote.")]]
    public: Annotated[bool, Meta(description="Whether the customer can read it; an internal note is not.")]


class TicketEventData(TypedDict, total=False):
    """A ticket event: an observation. A field that is absent was not observed, null means cleared."""

    id: Required[Annotated[Name, Meta(description="Identity of the event: the same id twice is the same event.")]]
    ticket: Required[Annotated[Name, Meta(description="The ticket's id, equal to the record's key.")]]
    at: Required[Annotated[Instant, Meta(description="When it happened, with an offset.")]]
    version: Annotated[int | None, Meta(description="Orders events with the same `at`; absent is lowest, then by id.")]
    opened_at: Annotated[
        Instant | None, Meta(description="When the customer's clock began, if before the first event.")
    ]
    status: Annotated[str | None, Meta(description="The help desk's own word; the agreements file maps it.")]
    priority: Annotated[str | None, Meta(description="As the agreements file names it.")]
    customer: Annotated[str | None, Meta(description="Whose ticket it is.")]
    service: Annotated[str | None, Meta(description="The service concerned.")]
    kind: Annotated[str | None, Meta(description="Incident, request and so on.")]
    team: Annotated[str | None, Meta(description="The team that works on it.")]
    assignee: Annotated[str | None, Meta(description="Who works on it; set, it ends the assignment clock.")]
    attributes: Annotated[
        dict[str, str | None] | None,
        Meta(description="Further fields that agreements may match on, merged one by one."),
    ]
    reply: Annotated[Reply | None, Meta(description="Somebody wrote in the ticket.")]
    rating: Annotated[float | None, Meta(description="Satisfaction score.")]
    merged_into: Annotated[
        str | None, Meta(description="The ticket that goes on in its place; its own clocks stand still.")
    ]
    deleted: Annotated[bool | None, Meta(description="Whether it was deleted; its clocks stand still.")]


class MonitoringEventData(TypedDict, total=False):
    """A monitoring event: a check's status of a service, or the announcement of planned work."""

    id: Required[Annotated[Name, Meta(description="Identity of the event: the same id twice is the same event.")]]
    service: Required[Annotated[Name, Meta(description="The service's id, equal to the record's key.")]]
    at: Required[Annotated[Instant, Meta(description="When it happened, or was announced, with an offset.")]]
    status: Required[
        Annotated[
            Literal["up", "degraded", "down", "unknown", "maintenance"],
            Meta(description="What the check says; `maintenance` with `planned_until` announces planned work."),
        ]
    ]
    check: Annotated[str | None, Meta(description="Which of several checks, or the name of planned work.")]
    version: Annotated[int | None, Meta(description="Orders events with the same `at`; absent is lowest, then by id.")]
    customer: Annotated[str | None, Meta(description="For whom alone it counts; absent: for all.")]
    planned_from: Annotated[Instant | None, Meta(description="When planned work begins; absent: at `at`.")]
    planned_until: Annotated[
        Instant | None, Meta(description="When it ends; the last says until when, equal to its start: it is cancelled.")
    ]


def _words(shape: type, place: str = "$") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where one of some words must stand, and which they are."""
    for name, hint in get_type_hints(shape).items():
        for part in (hint, *get_args(hint)):
            if get_origin(part) is Literal:
                yield f"`{place}.{name}`", get_args(part)
            elif is_typeddict(part):
                yield from _words(part, f"{place}.{name}")


_WORDS = dict((*_words(TicketEventData), *_words(MonitoringEventData)))


def advised(refusal: str) -> str:
    """What a decoder says of a value; of a word that is none of some, with these."""
    what, at, place = refusal.partition(" - at ")
    words = _WORDS.get(place)
    return f"{what}: write {' or '.join(words)}{at}{place}" if words and what.startswith("Invalid enum") else refusal


def flat(shape: type, names: Sequence[str], texts: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A typed dict's shape as a struct of these fields in this order, `UNSET` where they are not there.

    It takes and refuses what the typed dict does, in half the time, but leaves the `texts` (by their types) to the
    caller to be understood. The fields that must be there come first.
    """
    hints = get_type_hints(shape, include_extras=True)
    fields: list[Any] = []
    for name in names:
        hint = hints[name]
        if get_origin(hint) is Required:
            fields.append((name, texts.get(name, *get_args(hint))))
        else:
            fields.append((name, texts.get(name, hint) | UnsetType, UNSET))
    return msgspec.defstruct(shape.__name__, fields, gc=False)


class ExactRating(TypedDict):
    """A rating once more, exactly: seldom there, and a binary fraction is not what the customer gave.

    A name that is there twice may be null the first time.
    """

    rating: Decimal | None


class MonitoringEventHead(TypedDict):
    """What tells a monitoring event from others, and when it happened."""

    service: Name
    status: Literal["up", "degraded", "down", "unknown", "maintenance"]
    at: Instant


class ClockAlert(msgspec.Struct, frozen=True):
    """The data of an alert about a ticket's clock."""

    id: Annotated[
        str, Meta(description="`<agreement>/<metric>/<ticket>/<round>/<what>`; the n-th saying ends in `~n`.")
    ]
    what: Annotated[
        str,
        one_of(WARNED, BREACHED, OVERDUE, MET, MISSED, RETRACTED, WITHDRAWN),
        Meta(description="What is said; `retracted` takes back a breach, `withdrawn` an outcome."),
    ]
    agreement: Annotated[str, Meta(description="The agreement's id; `silver@ACME` with `each: customer`.")]
    metric: Annotated[str, one_of(*METRICS), Meta(description="What the clock measures.")]
    round: Annotated[int, Meta(ge=1, description="Which clock of the metric on this ticket, from 1.")]
    ticket: Annotated[str, Meta(description="The ticket's id.")]
    threshold: Annotated[str | None, Meta(description="As written in the agreement (`75%`, `30m`), else null.")]
    customer: Annotated[str | None, Meta(description="Latest known when it was said, as are the next four.")]
    priority: str | None
    service: str | None
    team: str | None
    kind: str | None
    started_at: Annotated[InstantText | None, Meta(description="When the clock, or its present budget, began.")]
    due_at: Annotated[
        InstantText | None,
        Meta(description="When the budget is spent, given what is known; null while a pause hides it."),
    ]
    happened_at: Annotated[
        InstantText,
        Meta(
            description="The threshold's deadline; the end of a met or missed clock; the event that caused a correction."
        ),
    ]
    detected_at: Annotated[InstantText, Meta(description="The wall clock when it was decided.")]
    budget_seconds: Annotated[Seconds | None, Meta(description="Working time that may be spent.")]
    elapsed_seconds: Annotated[Seconds | None, Meta(description="Working time spent at `happened_at`.")]
    on_arrival: Annotated[bool, Meta(description="The clock was past its budget already when it was first judged.")]
