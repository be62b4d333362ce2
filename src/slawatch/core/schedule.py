"""The wake-ups of a partition: which key is due when, soonest first.

Most wake-ups move on before they are due, so they are put in order late: those of an hour are a list until that hour
is reached, and then a heap of `(due, key)`. The due instant in force is kept beside for each key; it is never earlier
than an entry of the key, and an entry is put right when it surfaces. Everything is laid out anew when most entries no
longer hold. Rebuilt from the table, never stored.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from slawatch.core.interval import HOUR

_SLACK: Final = 1_024  # so few entries need not be laid out anew


class Wakes:
    """Due instants in ms by key."""

    __slots__ = ("_entries", "_far", "_horizon", "_hours", "_near", "dues")

    def __init__(self, dues: Iterable[tuple[bytes, int]] = ()) -> None:
        self.dues: dict[bytes, int] = dict(dues)
        self._near: list[tuple[int, bytes]] = []
        """A heap of what is before the horizon."""
        self._horizon = 0
        self._far: dict[int, list[bytes]] = {}
        """Keys by the hour, counted from the epoch, that they may be due in."""
        self._hours: list[int] = []
        """A heap of these hours."""
        self._entries = 0
        self._lay_out()

    def __len__(self) -> int:
        return len(self.dues)

    @property
    def entries(self) -> int:
        """How many there are, those that no longer hold counted too."""
        return self._entries

    def set(self, key: bytes, due: int | None) -> None:
        """Wake `key` at `due` and no longer at another instant; None: not at all."""
        if due is None:
            self.dues.pop(key, None)
            return
        known = self.dues.get(key)
        self.dues[key] = due
        if known is None or due < known:
            self._put(key, due)
            if self._entries > 2 * len(self.dues) + _SLACK:
                self._lay_out()

    def may_be_due(self, before: int) -> bool:
        """False only if nothing is due earlier than `before`; cheap enough to be asked before every record."""
        if self._near:
            return self._near[0][0] < before
        return bool(self._hours) and self._hours[0] * HOUR < before

    def soonest(self) -> int | None:
        """The earliest due instant."""
        dues, near = self.dues, self._near
        while near or self._hours:
            if not near:
                self._reach()
                continue
            due, key = near[0]
            holds = dues.get(key)
            if holds == due:
                return due
            if holds is not None and holds < self._horizon:
                heapq.heapreplace(near, (holds, key))
                continue
            heapq.heappop(near)
            self._entries -= 1
            if holds is not None:
                self._put(key, holds)
        return None

    def pop(self, before: int) -> tuple[int, bytes] | None:
        """Take out the first wake-up in order of (due, key) that is due earlier than `before`."""
        due = self.soonest()
        if due is None or due >= before:
            return None
        first = heapq.heappop(self._near)
        self._entries -= 1
        del self.dues[first[1]]
        return first

    def _put(self, key: bytes, due: int) -> None:
        """An entry where it belongs."""
        self._entries += 1
        if due < self._horizon:
            heapq.heappush(self._near, (due, key))
            return
        hour = due // HOUR
        keys = self._far.get(hour)
        if keys is None:
            self._far[hour] = [key]
            heapq.heappush(self._hours, hour)
        else:
            keys.append(key)

    def _reach(self) -> None:
        """Move the horizon behind the first hour that has entries, with nothing before it."""
        hour = heapq.heappop(self._hours)
        keys = self._far.pop(hour)
        self._horizon = (hour + 1) * HOUR
        self._entries -= len(keys)
        for key in keys:
            due = self.dues.get(key)
            if due is not None:
                self._put(key, due)

    def _lay_out(self) -> None:
        """One entry for each key."""
        self._near.clear()
        self._far.clear()
        self._hours.clear()
        self._entries = 0
        for key, due in self.dues.items():
            self._put(key, due)
