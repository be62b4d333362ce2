"""The wake-ups of a partition: which key is due when, soonest first.

A heap of `(due, key)` beside the due instant in force for each key, which is never earlier than its entry: most move
on, and an entry is put right when it surfaces. The heap is made anew when most of it no longer holds. Rebuilt from the
table, never stored.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

_SLACK: Final = 1_024  # a heap so small need not be made anew


class Wakes:
    """Due instants in ms by key."""

    __slots__ = ("dues", "heap")

    def __init__(self, dues: Iterable[tuple[bytes, int]] = ()) -> None:
        self.dues: dict[bytes, int] = dict(dues)
        self.heap: list[tuple[int, bytes]] = [(due, key) for key, due in self.dues.items()]
        heapq.heapify(self.heap)

    def __len__(self) -> int:
        return len(self.dues)

    def set(self, key: bytes, due: int | None) -> None:
        """Wake `key` at `due` and no longer at another instant; None: not at all."""
        if due is None:
            self.dues.pop(key, None)
            return
        known = self.dues.get(key)
        self.dues[key] = due
        if known is None or due < known:
            heapq.heappush(self.heap, (due, key))
            if len(self.heap) > 2 * len(self.dues) + _SLACK:
                self.heap = [(at, name) for name, at in self.dues.items()]
                heapq.heapify(self.heap)

    def soonest(self) -> int | None:
        """The earliest due instant."""
        heap, dues = self.heap, self.dues
        while heap:
            due, key = heap[0]
            holds = dues.get(key)
            if holds == due:
                return due
            if holds is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (holds, key))
        return None

    def pop(self, before: int) -> tuple[int, bytes] | None:
        """Take out the first wake-up in order of (due, key) that is due earlier than `before`."""
        due = self.soonest()
        if due is None or due >= before:
            return None
        first = heapq.heappop(self.heap)
        del self.dues[first[1]]
        return first
