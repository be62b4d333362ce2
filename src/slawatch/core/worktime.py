"""Working time as one axis: how much of it has passed at an instant, and at which instants an amount has.

All instants are ms since the epoch and all amounts ms of working time, counted from an origin that never moves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from datetime import date
from itertools import accumulate
from typing import Final

from slawatch.core.calendar import Calendar, midnight

EARLIEST: Final = 0
"""1970-01-01: no event can be older."""
LATEST: Final = 7_258_118_400_000
"""2200-01-01: no event can be later, and a deadline beyond it never comes."""
NEVER: Final = LATEST
_ORIGIN_YEAR: Final = 2024
_FIRST_YEAR: Final = 1969  # whatever the zone, the two instants above are in these years
_LAST_YEAR: Final = 2200


class WorkTime(ABC):
    """The axis. `work` does not fall; `first` and `last` are its inverses from the left and from the right."""

    __slots__ = ()

    @abstractmethod
    def work(self, at: int) -> int:
        """Working time from the origin to `at`; negative before the origin."""

    @abstractmethod
    def first(self, amount: int) -> int:
        """The first instant at which `work` is `amount`: closing time where the amount is used up there."""

    @abstractmethod
    def last(self, amount: int) -> int:
        """The last instant at which `work` is still `amount`: the next opening where it is used up at closing time."""


class AlwaysOpen(WorkTime):
    """Round the clock: working time is time."""

    __slots__ = ()

    def work(self, at: int) -> int:
        return at

    def first(self, amount: int) -> int:
        return amount

    def last(self, amount: int) -> int:
        return amount


class OpenHours(WorkTime):
    """The axis of a calendar: sums over its intervals, O(log n) an answer.

    Local years are laid out when first asked for, forwards and backwards from the origin, so an axis costs what is
    used of it. What lies beyond `EARLIEST` and `LATEST` is closed.
    """

    __slots__ = ("_calendar", "_ends", "_from", "_last", "_next_year", "_shifts", "_starts", "_sums", "_until", "_year")

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        # Laid out are the local years from `_year` until `_next_year`, which are the instants in `[_from, _until)`.
        self._year = self._next_year = _ORIGIN_YEAR
        self._from = self._until = self._new_year(_ORIGIN_YEAR)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._sums = [0]  # working time at each start, and at the end of it all
        self._shifts: list[int] = []  # within an interval, an instant and this make its working time
        self._last = 0  # the interval that was last asked for: events come in time order, and many on one day

    def work(self, at: int) -> int:
        starts, i = self._starts, self._last
        if not (i + 1 < len(starts) and starts[i] <= at < starts[i + 1]):
            if not self._from <= at < self._until:
                self._reach(at)
            i = bisect_right(self._starts, at) - 1
            if i < 0:
                return self._sums[0]
            self._last = i
        end = self._ends[i]
        return (at if at < end else end) + self._shifts[i]

    def first(self, amount: int) -> int:
        if not self._sums[0] < amount <= self._sums[-1]:
            while amount > self._sums[-1]:
                if not self._append():
                    return NEVER
            while amount <= self._sums[0]:
                if not self._prepend():
                    return EARLIEST
        return amount - self._shifts[bisect_left(self._sums, amount) - 1]

    def last(self, amount: int) -> int:
        if not self._sums[0] <= amount < self._sums[-1]:
            while amount >= self._sums[-1]:
                if not self._append():
                    return NEVER
            while amount < self._sums[0]:
                if not self._prepend():
                    return EARLIEST
        return amount - self._shifts[bisect_right(self._sums, amount) - 1]

    def _reach(self, at: int) -> None:
        while at >= self._until and self._append():
            pass
        while at < self._from and self._prepend():
            pass

    def _append(self) -> bool:
        if self._next_year > _LAST_YEAR:
            return False
        until = self._new_year(self._next_year + 1)
        starts, ends = self._lay(self._next_year, self._until, until)
        sums = _sums(starts, ends, self._sums[-1])
        self._starts += starts
        self._ends += ends
        self._shifts += map(int.__sub__, sums, starts)
        self._sums[-1:] = sums
        self._next_year, self._until = self._next_year + 1, until
        return True

    def _prepend(self) -> bool:
        if self._year <= _FIRST_YEAR:
            return False
        start = self._new_year(self._year - 1)
        starts, ends = self._lay(self._year - 1, start, self._from)
        sums = _sums(starts, ends, self._sums[0] - (sum(ends) - sum(starts)))
        self._starts = starts + self._starts
        self._ends = ends + self._ends
        self._shifts = [*map(int.__sub__, sums, starts), *self._shifts]
        self._sums = sums[:-1] + self._sums
        self._year, self._from = self._year - 1, start
        return True

    def _lay(self, year: int, start: int, until: int) -> tuple[list[int], list[int]]:
        """Starts and ends of the open intervals in a local year, cut at its borders.

        A night shift of the last day of the year before runs into it; the day before that is for zones that skip one.
        Where one is cut, the next year has the rest: intervals may touch there, which changes no answer.
        """
        start, until = max(start, EARLIEST), min(until, LATEST)
        starts, ends = [], []
        for opens, closes in self._calendar.intervals(date(year - 1, 12, 30), date(year + 1, 1, 1)):
            if closes > start and opens < until:
                starts.append(max(opens, start))
                ends.append(min(closes, until))
        return starts, ends

    def _new_year(self, year: int) -> int:
        return midnight(date(year, 1, 1), self._calendar.zone)


def _sums(starts: list[int], ends: list[int], origin: int) -> list[int]:
    return list(accumulate(map(int.__sub__, ends, starts), initial=origin))
