"""Agreed time as an axis: service hours of an agreement while it is in force, without what was excluded afterwards."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from slawatch.core.interval import Interval, union
from slawatch.core.worktime import EARLIEST, LATEST, WorkTime


class Agreed(WorkTime):
    """The axis `hours` with spans cut out of it."""

    __slots__ = ("_at", "_cut", "_ends", "_hours", "_starts")

    def __init__(self, hours: WorkTime, spans: Iterable[Interval]) -> None:
        self._hours = hours
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._cut = [0]  # working time that was cut out before each span, and before the end of it all
        self._at: list[int] = []  # agreed time at each span
        for start, end in spans:
            opens, closes = hours.work(start), hours.work(end)
            if opens < closes:
                self._starts.append(start)
                self._ends.append(end)
                self._at.append(opens - self._cut[-1])
                self._cut.append(self._cut[-1] + closes - opens)

    def work(self, at: int) -> int:
        i = bisect_right(self._starts, at)
        if i and at < self._ends[i - 1]:
            return self._at[i - 1]
        return self._hours.work(at) - self._cut[i]

    def first(self, amount: int) -> int:
        return self._hours.first(amount + self._cut[bisect_left(self._at, amount)])

    def last(self, amount: int) -> int:
        return self._hours.last(amount + self._cut[bisect_right(self._at, amount)])


def agreed_time(hours: WorkTime, since: int | None, until: int | None, excluded: Iterable[Interval]) -> WorkTime:
    """The axis of what was agreed within `[since, until)`."""
    spans = [*excluded]
    if since is not None:
        spans.append(Interval(EARLIEST, since))
    if until is not None:
        spans.append(Interval(until, LATEST))
    return Agreed(hours, union(sorted(spans))) if spans else hours
