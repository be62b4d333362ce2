"""What was written down: agreements with their targets, limits and thresholds, as the file has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Final

from slawatch.core.fact import ATTRIBUTES, Fields, Phase
from slawatch.core.slug import escaped
from slawatch.core.worktime import AlwaysOpen, WorkTime


class Metric(StrEnum):
    """What a clock of a ticket measures. The order is that of the stored numbers: append only."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    UPDATE = "update"
    ASSIGNMENT = "assignment"
    RESOLUTION = "resolution"
    CLOSURE = "closure"

    __hash__ = str.__hash__  # that of an enumeration is a function in Python, and rounds are looked up by metric


METRICS: Final = tuple(Metric)
NAMES: Final = {metric: metric.value for metric in Metric}
"""What each is called; an enumeration's own `value` is a function in Python."""


class OnReopen(Enum):
    """What a reopened ticket does to a resolution or closure clock that has ended."""

    RESUME = "resume"
    NEW_ROUND = "new_round"
    IGNORE = "ignore"


class OnChange(Enum):
    """What another agreement, limit or calendar does to a clock in flight."""

    RETROACTIVE = "retroactive"
    FROM_NOW = "from_now"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Percent:
    """A threshold as a share of the budget; `text` is as written (`75%`)."""

    text: str
    share: Fraction

    def amount(self, budget: int) -> int:
        # Working time is whole ms, so exceeding the exact share and exceeding its floor are the same.
        return int(self.share * budget)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """A threshold as working time left in the budget, ms; `text` is as written (`30m`)."""

    text: str
    left: int

    def amount(self, budget: int) -> int:
        return budget - self.left


Warn = Percent | TimeLeft


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """A named axis of working time; identity is the name within one agreements file."""

    name: str
    axis: WorkTime
    zone: tzinfo = UTC


ROUND_THE_CLOCK: Final = Hours("24x7", AlwaysOpen())


@dataclass(frozen=True, slots=True)
class Limit:
    """The budget of a promise, in ms of working time (more than 0), and the hours in which it is spent."""

    budget: int
    hours: Hours


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One promise of an agreement about tickets. `where` is `file:line`, for people."""

    metric: Metric
    limits: Mapping[str, Limit]
    default: Limit | None = None
    warn: Sequence[Warn] = ()
    overdue: Sequence[Percent] = ()
    pause: frozenset[Phase] = frozenset()
    on_reopen: OnReopen = OnReopen.RESUME
    on_change: OnChange = OnChange.RETROACTIVE
    resolved_counts: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """A contract. `since` (included) and `until` (not included) are instants in ms, compared with the start of a round.

    `match` and `attributes` give the accepted values by field number and attribute name: all of them must match.
    `slug` is the id as it stands in ids of alerts: escaped, unless it was made of several names.
    """

    id: str
    targets: Sequence[Target]
    match: Mapping[int, frozenset[str]] = field(default_factory=dict)
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    since: int | None = None
    until: int | None = None
    also: bool = False
    zone: tzinfo = UTC
    where: str = ""
    slug: str = ""

    def __post_init__(self) -> None:
        if not self.slug:
            object.__setattr__(self, "slug", escaped(self.id))

    def covers(self, fields: Fields) -> bool:
        """Whether a ticket with these fields is matched; a field that is absent matches nothing."""
        if any(fields[number] not in accepted for number, accepted in self.match.items()):
            return False
        if not self.attributes:
            return True
        given = fields[ATTRIBUTES] or {}
        return all(given.get(name) in accepted for name, accepted in self.attributes.items())
