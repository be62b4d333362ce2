"""What is known of a period beside its report, where the events are at hand: stretches of time, late tickets, the fee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from slawatch.messages.reports import TargetEntry


class Kind(StrEnum):
    """What a stretch of time was for a promise; of stretches that overlap the later here lies above."""

    CLOSED = "closed"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    DOWN = "down"
    PLANNED = "planned"
    AGREED = "agreed"


class Stretch(NamedTuple):
    """`[start, end)` in ms, and what it was. What is not covered by a stretch was up."""

    start: int
    end: int
    kind: Kind


class LateTicket(NamedTuple):
    """The clock of a ticket that broke its promise. Instants in ms, `ended_at` None while it runs; times in ms of work."""

    ticket: str
    priority: str | None
    started_at: int | None
    due_at: int | None
    ended_at: int | None
    budget: int
    spent: int


Key = tuple[str, str]
"""Tells the targets of a report apart: the name, or else the metric, and the subject."""


def key_of(entry: TargetEntry) -> Key:
    """The key of a target of a report."""
    return entry.name or entry.metric, entry.subject


class Terms(NamedTuple):
    """What is paid for a period, and which share of it credits can't exceed."""

    fee: Decimal
    currency: str
    cap: Fraction


@dataclass(frozen=True, slots=True)
class Evidence:
    """By target of the report; empty where only the report itself is known."""

    stretches: Mapping[Key, Sequence[Stretch]] = field(default_factory=dict)
    late: Mapping[Key, Sequence[LateTicket]] = field(default_factory=dict)
    terms: Terms | None = None
