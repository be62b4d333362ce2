"""The figures of one target of one period: what the verdict rests on, exact, for the report and for credits."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple


class Verdict(StrEnum):
    """Whether the promise of a period was kept."""

    MET = "met"
    MISSED = "missed"


class Reason(StrEnum):
    """Why there is no verdict."""

    NO_DATA = "no_data"
    TOO_FEW = "too_few"


LISTED = 100
"""Lists in figures hold at most so many, the first ones."""


class Outage(NamedTuple):
    """An outage as it counts: from its first counted instant; `until` is None while it lasts; `counted` ms of it."""

    start: int
    until: int | None
    counted: int


class ServiceFigures(NamedTuple):
    """Of a service. Times in ms of agreed time; `budget` is that of downtime, of an outage or the number of outages.

    `ratio` is that of availability (None for other metrics and where nothing was measured).
    """

    verdict: Verdict | None
    reason: Reason | None
    breached_at: int | None
    ratio: Fraction | None
    agreed: int
    excluded: int
    unknown: int
    down: int
    degraded: int
    budget: Fraction
    outages: int
    longest: int
    outage_list: tuple[Outage, ...]

    @property
    def measured(self) -> int:
        return self.agreed - self.excluded - self.unknown


class ShareFigures(NamedTuple):
    """Of tickets in time or of ratings. `ratio` is the share, or the mean of the ratings.

    `met` and `missed` count tickets, or good and other ratings (None where there is no `good`); `open_overdue` are
    missed ones that have not ended; `missed_tickets` the first of them by the instant of their verdict.
    """

    verdict: Verdict | None
    reason: Reason | None
    breached_at: int | None
    ratio: Fraction | None
    met: int | None
    missed: int | None
    sample: int
    open_overdue: int = 0
    missed_tickets: tuple[str, ...] = ()


Figures = ServiceFigures | ShareFigures
