"""When work is done: local opening hours of a zone, turned into one ordered stream of disjoint intervals in UTC.

The only module in which local time exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from slawatch.core.interval import Interval, union

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY = timedelta(days=1)


class Hours(NamedTuple):
    """One stretch of a day, in minutes since its local midnight; `closes` beyond 1440 lies on the next day."""

    opens: int
    closes: int


def no_holidays(year: int) -> Collection[date]:
    """The holidays of a calendar without any."""
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Opening hours by weekday (Monday first), and the dates on which others apply.

    A date in `open` has those hours whatever else is said of it; a date in `closed`, a yearly (month, day) in
    `closed_yearly` and a date among `holidays(year)` has none. Hours belong to the date on which they begin.
    """

    name: str
    zone: tzinfo
    weekly: tuple[tuple[Hours, ...], ...]
    open: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    closed: frozenset[date] = frozenset()
    closed_yearly: frozenset[tuple[int, int]] = frozenset()
    holidays: Callable[[int], Collection[date]] = no_holidays

    def hours(self, day: date) -> tuple[Hours, ...]:
        """The hours that begin on a local date."""
        special = self.open.get(day)
        if special is not None:
            return special
        if day in self.closed or (day.month, day.day) in self.closed_yearly or day in self.holidays(day.year):
            return ()
        return self.weekly[day.weekday()]

    def intervals(self, first: date, until: date) -> Iterator[Interval]:
        """The open intervals of the hours that begin on local dates in `[first, until)`: ordered and disjoint."""
        return union(sorted(self._raw(first, until)))

    def _raw(self, first: date, until: date) -> Iterator[Interval]:
        day = first
        while day < until:
            for hours in self.hours(day):
                opens, closes = (instant(day, minute, self.zone) for minute in hours)
                yield Interval(opens, closes)
            day += _DAY


def instant(day: date, minute: int, zone: tzinfo) -> int:
    """The instant (ms since the epoch) of a local time, `minute` minutes of the clock after the local midnight of `day`.

    A time that a gap skips is the first existing instant after it; of a time that comes twice the first is meant.
    """
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    local = naive.replace(tzinfo=zone)
    before = local.astimezone(UTC)
    if before.astimezone(zone).replace(tzinfo=None) == naive:
        return (before - EPOCH) // _MS
    # In a gap PEP 495 reads fold=0 with the offset before it and fold=1 with the one after: the change lies between.
    return _change(local.replace(fold=1).astimezone(UTC), before, zone)


def _change(low: datetime, high: datetime, zone: tzinfo) -> int:
    """The instant in `(low, high]` at which the zone takes the offset that it has at `high`; to the second."""
    offset = high.astimezone(zone).utcoffset()
    left, right = int((low - EPOCH).total_seconds()), int((high - EPOCH).total_seconds())
    while right - left > 1:
        middle = (left + right) // 2
        if (EPOCH + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            right = middle
        else:
            left = middle
    return right * 1000


def local_date(at: int, zone: tzinfo) -> date:
    """The local date at an instant."""
    return (EPOCH + timedelta(milliseconds=at)).astimezone(zone).date()


def midnight(day: date, zone: tzinfo) -> int:
    """The instant at which a local date begins."""
    return instant(day, 0, zone)
