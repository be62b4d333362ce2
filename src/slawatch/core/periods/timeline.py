"""The status of a service over time, as the checks that count say it: derived from the facts, whatever order they came in."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from slawatch.core.interval import Interval
from slawatch.core.periods.contract import ServiceRule
from slawatch.core.periods.status import Announcement, Check, Fact, Status, Work, announce, status_of


def statuses(facts: Iterable[Fact], rule: ServiceRule, until: int) -> list[tuple[int, Status]]:
    """The status from each instant on at which it changes, as known at `until`; nothing is known before the first.

    `facts` are in their order, so of those of one check at one instant the highest is the one that stays. A check that
    becomes stale at `until` itself is not yet: an event at that very instant comes first.
    """
    said: dict[Check, Status] = {}
    last: dict[Check, int] = {}
    counts = [0] * len(Status)
    stale: list[tuple[int, str, Check]] = []
    changes: list[tuple[int, Status]] = []

    def put(check: Check, status: Status, at: int) -> None:
        if check in said:
            counts[said[check]] -= 1
        said[check] = status
        counts[status] += 1
        _note(changes, at, status_of(counts, rule.down_when))

    def expire(before: int) -> None:
        assert rule.stale_after is not None
        while stale and stale[0][0] < before:
            at, _, check = heapq.heappop(stale)
            if last[check] + rule.stale_after == at:
                put(check, Status.UNKNOWN, at)

    for fact in facts:
        if fact.planned_until is not None or fact.at > until:
            continue
        if rule.stale_after is not None:
            expire(fact.at)
            heapq.heappush(stale, (fact.at + rule.stale_after, repr(fact.name), fact.name))
        last[fact.name] = fact.at
        put(fact.name, fact.status, fact.at)
    if rule.stale_after is not None:
        expire(until)
    return changes


def _note(changes: list[tuple[int, Status]], at: int, status: Status) -> None:
    if changes and changes[-1][0] == at:
        changes.pop()
    if status is not (changes[-1][1] if changes else Status.UNKNOWN):
        changes.append((at, status))


def works(facts: Iterable[Fact]) -> dict[Work, list[Announcement]]:
    """The planned work that was announced."""
    found: dict[Work, list[Announcement]] = {}
    for fact in facts:
        if fact.planned_until is not None:
            found[fact.work] = announce(found.get(fact.work, ()), fact)
    return found


def stretches(
    changes: Iterable[tuple[int, Status]], spans: Iterable[Interval], until: int
) -> list[tuple[int, Status, bool]]:
    """From each instant on: the status, and whether planned work is excused; `until` included."""
    edges: dict[int, list[tuple[Status | None, bool | None]]] = {}
    for at, status in changes:
        edges.setdefault(at, []).append((status, None))
    for start, end in spans:
        edges.setdefault(start, []).append((None, True))
        edges.setdefault(end, []).append((None, False))
    found = []
    now, work = Status.UNKNOWN, False
    for at in sorted(edges):
        if at > until:
            break
        for changed, begun in edges[at]:
            now = now if changed is None else changed
            work = work if begun is None else begun
        found.append((at, now, work))
    return found


def planned(spans: Mapping[int, list[Interval]], notice: int, at: int) -> bool:
    """Whether planned work of that notice is excused at an instant."""
    return any(start <= at < end for start, end in spans.get(notice, ()))
