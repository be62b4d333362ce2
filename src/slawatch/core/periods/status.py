"""What is observed of a service: facts of its checks and of planned work, and the one status that they come to.

Which facts count depends on who asks: an event with a customer counts only for promises that cover this customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from slawatch.core.fact import Order
from slawatch.core.interval import Interval, union


class Status(IntEnum):
    """What a check, or all of them together, says of a service. Stored: append only."""

    UP = 0
    DEGRADED = 1
    MAINTENANCE = 2
    DOWN = 3
    UNKNOWN = 4

    __hash__ = int.__hash__


STATUSES = tuple(Status)
Check = tuple[str, str | None]
"""The name of a check (empty: the one without a name), and the customer of whom it tells (None: of all)."""
Work = tuple[str, str | None, int]
"""Planned work: its name, the customer whom it concerns, and the instant from which it was planned."""


class Fact(NamedTuple):
    """A monitoring event. With `planned_until` it announces planned work, else it is a status of its check."""

    at: int
    version: int
    id: str
    check: str
    customer: str | None
    status: Status
    planned_from: int = 0
    planned_until: int | None = None

    @property
    def order(self) -> Order:
        return self[:3]

    @property
    def name(self) -> Check:
        return self[3:5]

    @property
    def work(self) -> Work:
        return (self.check, self.customer, self.planned_from)


def status_of(counts: Sequence[int], down_when: int) -> Status:
    """The status of a service of which so many checks have each status; `down_when` 0: all that are not unknown."""
    up, degraded, maintenance, down, _ = counts
    known = up + degraded + maintenance + down
    if not known:
        return Status.UNKNOWN
    needed = down_when or known
    if down >= needed:
        return Status.DOWN
    if down + maintenance >= needed:
        return Status.MAINTENANCE
    if down + maintenance + degraded >= needed:
        return Status.DEGRADED
    return Status.UP


class Announcement(NamedTuple):
    """It was said at `at` that planned work lasts until `until`; not after its start: that it is cancelled."""

    at: int
    version: int
    id: str
    until: int


def announce(said: Sequence[Announcement], fact: Fact) -> list[Announcement]:
    """All announcements of one piece of work in their order; of those at one instant only the highest happened."""
    assert fact.planned_until is not None
    ordered = sorted((*said, Announcement(*fact.order, fact.planned_until)))
    return [
        one
        for one, following in zip(ordered, [*ordered[1:], None], strict=True)
        if following is None or following.at != one.at
    ]


def excused(
    works: Mapping[Work, Sequence[Announcement]] | Iterable[tuple[Work, Sequence[Announcement]]], notice: int
) -> list[Interval]:
    """The spans that are excused as planned work: disjoint, in order.

    An announcement excuses nothing before `notice` ms have passed, and only as much as no later one has taken back.
    """
    spans = []
    for (_, _, start), said in works.items() if isinstance(works, Mapping) else works:
        until = said[-1].until
        for one in reversed(said):
            until = min(until, one.until)
            spans.append(Interval(max(start, one.at + notice), until))
    return list(union(sorted(spans)))
