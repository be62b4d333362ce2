"""The states of one partition, and what they include: a dict, or RocksDB (`rocks.py`).

A table is only ever changed by a batch that Kafka has committed, or by its changelog. It also keeps the tallies of its
states, so that the gauges cost nothing to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from slawatch.stream.position import Position

Tally = Callable[[bytes], bytes]


class Table(Protocol):
    """States by key; `changelog_offset` is the next changelog offset that it doesn't include."""

    position: Position | None
    changelog_offset: int
    tallies: Counter[bytes]

    def get(self, key: bytes) -> bytes | None: ...

    def __len__(self) -> int: ...

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key with its state; the table must not change while they are walked."""
        ...

    def load(self, states: Mapping[bytes, bytes | None], position: Position | None, changelog_offset: int) -> None:
        """Take over a part of the changelog in one step; a position of None leaves it as it was.

        `tallies` are not kept meanwhile: whoever walks the restored table counts them.
        """
        ...

    def apply(self, states: Mapping[bytes, bytes | None], position: Position, changelog_offset: int) -> None:
        """Put the states of a committed batch in or (None) take them out, and move on, in one step."""
        ...

    def clear(self) -> None:
        """Forget everything, to be built anew from the changelog's start."""
        ...

    def close(self) -> None: ...


def recount(
    tallies: Counter[bytes], tally: Tally, get: Callable[[bytes], bytes | None], states: Mapping[bytes, bytes | None]
) -> None:
    """Move each changed state from its old tally to its new one; `get` still gives the old states."""
    for key, new in states.items():
        old = get(key)
        before = None if old is None else tally(old)
        after = None if new is None else tally(new)
        if before == after:
            continue
        if before is not None:
            tallies[before] -= 1
            if not tallies[before]:
                del tallies[before]
        if after is not None:
            tallies[after] += 1


class MemoryTable:
    """A dict; what the garbage collector need not look at: bytes to bytes."""

    def __init__(self, tally: Tally) -> None:
        self._states: dict[bytes, bytes] = {}
        self._tally = tally
        self.get: Callable[[bytes], bytes | None] = self._states.get
        self.position: Position | None = None
        self.changelog_offset = 0
        self.tallies: Counter[bytes] = Counter()

    def __len__(self) -> int:
        return len(self._states)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._states.items())

    def load(self, states: Mapping[bytes, bytes | None], position: Position | None, changelog_offset: int) -> None:
        held = self._states
        for key, new in states.items():
            if new is None:
                held.pop(key, None)
            else:
                held[key] = new
        if position is not None:
            self.position = position
        self.changelog_offset = changelog_offset

    def apply(self, states: Mapping[bytes, bytes | None], position: Position, changelog_offset: int) -> None:
        recount(self.tallies, self._tally, self.get, states)
        self.load(states, position, changelog_offset)

    def clear(self) -> None:
        self._states.clear()
        self.tallies.clear()
        self.position = None
        self.changelog_offset = 0

    def close(self) -> None:
        """Nothing is held open."""
