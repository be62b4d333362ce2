"""The periods of one zone and length one after the other, looked up rather than computed: many outcomes ask for each."""

from __future__ import annotations

from bisect import bisect_right
from datetime import tzinfo

from slawatch.core.periods.period import Per, Period, period_at


class PeriodCalendar:
    """Periods by instant, O(log n) in the number of those that were ever asked for."""

    __slots__ = ("_known", "_last", "_starts", "per", "zone")

    def __init__(self, per: Per, zone: tzinfo) -> None:
        self.per, self.zone = per, zone
        self._starts: list[int] = []
        self._known: list[Period] = []
        self._last = Period("", 0, 0)

    def at(self, instant: int) -> Period:
        """The period in which an instant lies."""
        last = self._last
        if last.start <= instant < last.end:  # nearly always: outcomes come one after the other
            return last
        index = bisect_right(self._starts, instant)
        if not index or instant >= self._known[index - 1].end:
            period = period_at(self.per, instant, self.zone)
            self._starts.insert(index, period.start)
            self._known.insert(index, period)
            index += 1
        self._last = self._known[index - 1]
        return self._last

    def after(self, period: Period) -> Period:
        """The one that follows."""
        return self.at(period.end)
