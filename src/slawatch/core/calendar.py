"""When work is done: local opening hours of a zone, turned into one ordered stream of disjoint intervals in UTC.

The only module in which local time exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from slawatch.core.interval import DAY, HOUR, MINUTE, SECOND, Interval, union

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = EPOCH.toordinal()
_MS = timedelta(milliseconds=1)
_MINUTES = 24 * 60


class Hours(NamedTuple):
    """One stretch of a day, in minutes since its local midnight; `closes` beyond 1440 lies on the next day."""

    opens: int
    closes: int


def no_holidays(_year: int) -> Collection[date]:
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
        for ordinal in range(first.toordinal(), until.toordinal()):
            day = date.fromordinal(ordinal)
            for opens, closes in self.hours(day):
                yield Interval(instant(day, opens, self.zone), instant(day, closes, self.zone))


def instant(day: date, minute: int, zone: tzinfo) -> int:
    """The instant (ms since the epoch) of a local time: so many minutes of the clock after the local midnight of `day`.

    A time that a gap skips is the first existing instant after it; of a time that comes twice the first is meant.
    """
    days, minute = divmod(minute, _MINUTES)
    if days:
        day += timedelta(days)
    hour, minute = divmod(minute, 60)
    before = _offset(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))
    after = _offset(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=1))
    utc = (day.toordinal() - _EPOCH_DAY) * DAY + hour * HOUR + minute * MINUTE
    # PEP 495: in a gap fold=0 reads with the offset before it, which is the lesser; in a fold it reads the first time.
    if before >= after:
        return utc - before // _MS
    return _change(utc - after // _MS, utc - before // _MS, zone)


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset


def _change(low: int, high: int, zone: tzinfo) -> int:
    """The first instant in `(low, high]` with the offset that the zone has at `high`; changes are at full seconds."""
    offset = _offset_at(high, zone)
    while high - low > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        if _offset_at(middle, zone) == offset:
            high = middle
        else:
            low = middle
    return high


def _offset_at(at: int, zone: tzinfo) -> timedelta:
    return _offset((EPOCH + timedelta(milliseconds=at)).astimezone(zone))


def midnight(day: date, zone: tzinfo) -> int:
    """The instant at which a local date begins."""
    return instant(day, 0, zone)
