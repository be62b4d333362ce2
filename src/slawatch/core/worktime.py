"""Working time as one axis: how much of it has passed at an instant, and at which instants an amount has.

All instants are ms since the epoch and all amounts ms of working time, counted from an origin that never moves.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from itertools import accumulate
from typing import Protocol

from slawatch.core.calendar import Calendar, local_date, midnight

EARLIEST = 0
"""1970-01-01: no event can be older."""
LATEST = 7_258_118_400_000
"""2200-01-01: no event can be later, and a deadline beyond it never comes."""
NEVER = LATEST
_ORIGIN = date(2020, 1, 1)
_YEARS = (1969, 2203)


class WorkTime(Protocol):
    """The axis. `work` does not fall; `first` and `last` are its inverses from the left and from the right."""

    def work(self, at: int) -> int:
        """Working time from the origin to `at`; negative before the origin."""
        ...

    def first(self, amount: int) -> int:
        """The first instant at which `work` is `amount`: closing time where the amount is used up there."""
        ...

    def last(self, amount: int) -> int:
        """The last instant at which `work` is still `amount`: the next opening where it is used up at closing time."""
        ...


class AlwaysOpen:
    """Round the clock: working time is time."""

    def work(self, at: int) -> int:
        return at

    def first(self, amount: int) -> int:
        return amount

    def last(self, amount: int) -> int:
        return amount


class OpenHours:
    """The axis of a calendar: prefix sums over its intervals, O(log n) an answer.

    Years are laid out when first asked for, forwards and backwards, so an axis costs what is used of it.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._lay(_ORIGIN.year, _ORIGIN.year + 8)

    def work(self, at: int) -> int:
        if not self._from <= at < self._until:
            self._reach(at)
        i = bisect_right(self._starts, at) - 1
        if i < 0:
            return self._sums[0]
        return self._sums[i] + min(at, self._ends[i]) - self._starts[i]

    def first(self, amount: int) -> int:
        while not self._sums[0] < amount <= self._sums[-1]:
            if not self._extend(forwards=amount > self._sums[0]):
                return NEVER if amount > self._sums[0] else EARLIEST
        i = bisect_left(self._sums, amount) - 1
        return self._starts[i] + amount - self._sums[i]

    def last(self, amount: int) -> int:
        while not self._sums[0] <= amount < self._sums[-1]:
            if not self._extend(forwards=amount >= self._sums[0]):
                return NEVER if amount >= self._sums[0] else EARLIEST
        i = bisect_right(self._sums, amount) - 1
        return self._starts[i] + amount - self._sums[i]

    def _reach(self, at: int) -> None:
        year = local_date(min(max(at, EARLIEST), LATEST), self._calendar.zone).year
        # A night shift of the last day of a year runs on into the next: one day more on either side.
        self._lay(min(self._first_year, year - 1), max(self._until_year, year + 2))

    def _extend(self, forwards: bool) -> bool:
        span = self._until_year - self._first_year
        if forwards and self._until_year < _YEARS[1]:
            self._lay(self._first_year, self._until_year + span)
        elif not forwards and self._first_year > _YEARS[0]:
            self._lay(self._first_year - span, self._until_year)
        else:
            return False
        return True

    def _lay(self, first_year: int, until_year: int) -> None:
        first_year, until_year = max(first_year, _YEARS[0]), min(until_year, _YEARS[1])
        intervals = list(self._calendar.intervals(date(first_year, 1, 1), date(until_year, 1, 1)))
        self._first_year, self._until_year = first_year, until_year
        self._starts = [start for start, _ in intervals]
        self._ends = [end for _, end in intervals]
        self._sums = list(accumulate((end - start for start, end in intervals), initial=0))
        # A night shift of a neighbouring year may reach over the border: two days there are not claimed as laid out.
        self._from = midnight(date(first_year, 1, 3), self._calendar.zone)
        self._until = midnight(date(until_year - 1, 12, 30), self._calendar.zone)
        offset = self.work(midnight(_ORIGIN, self._calendar.zone))
        self._sums = [amount - offset for amount in self._sums]
