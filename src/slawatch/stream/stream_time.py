"""Stream time: the instant up to which a partition is known to have been read completely.

Records move it while there are records that were not read; the wall clock moves it when everything was read. It is
never later than the wall clock and never goes back. Instants are ms since the epoch.

*Caught up* has one sound recipe. Take `t0 = now`, then ask a consumer of its own for the end of the partition
(read_committed). Whoever has read up to that end, be it later, has read all that was written until `t0`: such a pair is
a `Mark`. An empty fetch, the high watermark or the last stable offset of a fetch say it too, and are wrong by seconds.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from slawatch.settings import StreamTime

LOG_APPEND_TIME: Final = 1
"""`timestamp_type` of a record whose timestamp is the broker's; a producer's clock may lie."""


class Mark(NamedTuple):
    """All that was written until `taken_at` lies before the offset `end`."""

    taken_at: int
    end: int


class StreamClock:
    """The stream time `at` of one partition."""

    __slots__ = ("at", "grace", "mode")

    def __init__(self, mode: StreamTime, grace: int, at: int = 0) -> None:
        self.mode = mode
        self.grace = grace
        self.at = at

    def moved_by(self, timestamp_type: int | None) -> bool:
        """Whether a record with such a timestamp moves stream time."""
        return self.mode is StreamTime.RECORDS or (self.mode is StreamTime.AUTO and timestamp_type == LOG_APPEND_TIME)

    def record(self, timestamp: int, now: int) -> None:
        """A record that moves stream time was read."""
        at = min(timestamp - self.grace, now)
        if at > self.at:
            self.at = at

    def caught_up(self, mark: Mark, position: int) -> bool:
        """Whether the mark was reached; if so, and unless only records count, it moves stream time."""
        if position < mark.end:
            return False
        if self.mode is not StreamTime.RECORDS:
            self.at = max(self.at, mark.taken_at - self.grace)
        return True

    def wants_mark(self, due: int | None, now: int) -> bool:
        """Whether something due could fire if only the partition were known to be read completely."""
        return due is not None and self.mode is not StreamTime.RECORDS and self.at <= due < now - self.grace

    def wait(self, due: int | None, now: int, longest: int) -> int:
        """How many ms an idle partition may sleep until `due` can fire; at most `longest`."""
        if due is None or self.mode is StreamTime.RECORDS:
            return longest
        return max(1, min(longest, due + self.grace + 1 - now))
