"""Half-open stretches of time `[start, end)` in integer milliseconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Interval(NamedTuple):
    """From `start` (included) to `end` (not included)."""

    start: int
    end: int


def union(ordered: Iterable[Interval]) -> Iterator[Interval]:
    """Disjoint, separated intervals that cover the same instants.

    `ordered` is sorted by start; empty ones vanish, overlapping and touching ones become one.
    """
    open_from = open_until = None
    for start, end in ordered:
        if end <= start:
            continue
        if open_until is None or start > open_until:
            if open_from is not None and open_until is not None:
                yield Interval(open_from, open_until)
            open_from, open_until = start, end
        elif end > open_until:
            open_until = end
    if open_from is not None and open_until is not None:
        yield Interval(open_from, open_until)
