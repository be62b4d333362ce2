"""Counts of one promise in one period, kept as outcomes and ratings come and go; each step costs O(log n)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from fractions import Fraction
from heapq import heappop, heappush

from slawatch.core.periods.figures import LISTED, Verdict
from slawatch.core.periods.outcome import Outcome

_HEAD = 2 * LISTED
"""So many of the first are kept in order; beyond that only who comes next when there are fewer than are listed."""


class First:
    """The first of many names by instant, while some come and others go."""

    __slots__ = ("_gone", "_head", "_tail")

    def __init__(self) -> None:
        self._head: list[bytes] = []
        self._tail: list[bytes] = []
        self._gone: Counter[bytes] = Counter()

    def add(self, at: int, name: str) -> None:
        """Another one."""
        entry = _entry(at, name)
        if self._gone.get(entry):  # it lies in the tail still
            self._forgive(entry)
        elif not self._tail or (self._head and entry < self._head[-1]):
            insort(self._head, entry)
            if len(self._head) > _HEAD:
                heappush(self._tail, self._head.pop())
        else:
            heappush(self._tail, entry)

    def remove(self, at: int, name: str) -> None:
        """One that was added."""
        entry = _entry(at, name)
        index = bisect_left(self._head, entry)
        if index < len(self._head) and self._head[index] == entry:
            del self._head[index]
        else:
            self._gone[entry] += 1
        while len(self._head) < LISTED and self._tail:
            following = heappop(self._tail)
            if self._gone.get(following):
                self._forgive(following)
            else:
                self._head.append(following)

    def names(self) -> tuple[str, ...]:
        """The first ones, in order; one that was added several times is there once."""
        return tuple(dict.fromkeys(entry[6:].decode() for entry in self._head))[:LISTED]

    def _forgive(self, entry: bytes) -> None:
        self._gone[entry] -= 1
        if not self._gone[entry]:
            del self._gone[entry]


def _entry(at: int, name: str) -> bytes:
    """Sorted by instant and name; half as large as a tuple of the two."""
    return at.to_bytes(6) + name.encode()


class Shares:
    """How many tickets met and missed a target; `open_overdue` of the latter have not ended."""

    __slots__ = ("first", "met", "missed", "open_overdue")

    def __init__(self) -> None:
        self.met = self.missed = self.open_overdue = 0
        self.first = First()

    def add(self, outcome: Outcome, at: int, ticket: str) -> None:
        """An outcome whose instant is `at`."""
        if outcome.verdict is Verdict.MET:
            self.met += 1
        else:
            self.missed += 1
            self.open_overdue += outcome.open_overdue
            self.first.add(at, ticket)

    def remove(self, outcome: Outcome, at: int, ticket: str) -> None:
        """One that was added."""
        if outcome.verdict is Verdict.MET:
            self.met -= 1
        else:
            self.missed -= 1
            self.open_overdue -= outcome.open_overdue
            self.first.remove(at, ticket)

    @property
    def sample(self) -> int:
        return self.met + self.missed


class Scores:
    """Ratings: how many, their exact sum, and how many of them are good."""

    __slots__ = ("good", "sample", "total")

    def __init__(self) -> None:
        self.sample = self.good = 0
        self.total = Fraction(0)

    def add(self, rating: Fraction, good: bool, sign: int = 1) -> None:
        """A rating, or (-1) one that is no longer."""
        self.sample += sign
        self.good += sign * good
        self.total += sign * rating
