"""What the ledger has to do at which instant of its own time, and which records it may drop then."""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush
from typing import NamedTuple

from slawatch.core.periods.book import Book, Page
from slawatch.core.periods.period import Per, Period

_PERS = tuple(Per)


class Task(IntEnum):
    """What is to be done with a period. At one instant in this order."""

    CLOSE = 0
    FINISH = 1
    PURGE = 2


class Item(NamedTuple):
    """A task, due once time is past `due`."""

    due: int
    task: Task
    agreement: str
    page: Page


class Agenda:
    """Tasks in the order in which they are due; each is there once."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Task, str, int, int]] = []
        self._known: set[tuple[Task, str, int, int]] = set()

    def put(self, book: Book, task: Task, per: Per, period: Period) -> None:
        """Add a task, unless it is there."""
        known = (task, book.contract.agreement, _PERS.index(per), period.start)
        if known not in self._known:
            due = book.closes_at(period)
            if task is not Task.CLOSE:
                # What is final is known to be so for as long as the instant of that may have to be gone through again.
                due += (book.retention or 0) + (task is Task.PURGE)
            self._known.add(known)
            heappush(self._heap, (due, *known))

    def soonest(self) -> int | None:
        """When the first is due."""
        return self._heap[0][0] if self._heap else None

    def pop(self, before: int) -> Item | None:
        """Take out the first that is due earlier than `before`."""
        if not self._heap or self._heap[0][0] >= before:
            return None
        due, task, agreement, per, start = heappop(self._heap)
        self._known.discard((task, agreement, per, start))
        return Item(due, task, agreement, (_PERS[per], start))


class Expiring:
    """Keys of records by the instant at which they may be dropped; a key that was moved is under its former one too."""

    def __init__(self) -> None:
        self._keys: dict[int, list[bytes]] = {}
        self._heap: list[int] = []

    def note(self, key: bytes, expiry: int) -> None:
        """Another record."""
        keys = self._keys.get(expiry)
        if keys is None:
            keys = self._keys[expiry] = []
            heappush(self._heap, expiry)
        keys.append(key)

    def soonest(self) -> int | None:
        """The first instant at which there is something to drop."""
        return self._heap[0] if self._heap else None

    def pop(self, before: int) -> tuple[int, bytes] | None:
        """Take out a key whose instant is earlier than `before`, with that instant."""
        while self._heap and self._heap[0] < before:
            expiry = self._heap[0]
            keys = self._keys[expiry]
            if keys:
                return expiry, keys.pop()
            del self._keys[expiry]
            heappop(self._heap)
        return None
