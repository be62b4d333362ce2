"""One promise about a service, followed through its facts: what each stretch of time counted as, and why.

It feeds the same meter that judges, from its start, and keeps the meter's trail.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from slawatch.core.interval import Interval
from slawatch.core.periods.contract import Contract, ServiceRule, ServiceTarget
from slawatch.core.periods.measure import EXCLUDED, Measure, measure
from slawatch.core.periods.meter import Meter
from slawatch.core.periods.period import Period
from slawatch.core.periods.reading import Reading
from slawatch.core.periods.status import Fact, Status, excused
from slawatch.core.periods.timeline import statuses, stretches, works
from slawatch.core.worktime import WorkTime

T = TypeVar("T", bound=tuple[Any, ...])


class Piece(NamedTuple):
    """A stretch of one period in which nothing changes; instants and lengths in ms.

    `kind` is what it counts as (a `Status`, or `EXCLUDED`), `status` what the checks come to; `checks` are those that say
    something else than up. `blip`: an outage too short to count. `agreed` ms of it are agreed time, of which `counted`
    by its kind; `without` says which exclusion the rest falls to, where one does.
    """

    start: int
    end: int
    kind: int
    status: Status
    checks: tuple[tuple[str, str], ...]
    planned: str
    blip: bool
    agreed: int
    without: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A promise about a service, and all that was measured of it; None: nothing was heard and it never began."""

    contract: Contract
    target: ServiceTarget
    service: str
    measure: Measure
    facts: Sequence[Fact]
    rule: ServiceRule
    meter: Meter

    def reading(self, period: Period) -> Reading | None:
        """What was measured in a period."""
        return next((reading for reading in self.meter.readings if reading.period == period), None)

    def pieces(self, period: Period) -> Iterator[Piece]:
        """The period as far as it is known and the agreement is in force, in order."""
        found: Piece | None = None
        for piece in self._pieces(period):
            if found is not None and found[2:7] == piece[2:7] and found.without == piece.without:
                found = found._replace(end=piece.end, agreed=found.agreed + piece.agreed)
                continue
            if found is not None:
                yield found
            found = piece
        if found is not None:
            yield found

    def _pieces(self, period: Period) -> Iterator[Piece]:
        contract, until, axis = self.contract, self.meter.at, self.measure.axis
        start = period.start if contract.since is None else max(period.start, contract.since)
        end = min(period.end, until, until if contract.until is None else contract.until)
        trail = [stretch for stretch in self.meter.trail or () if stretch[0] < stretch[1]]
        changes, checks = statuses(self.facts, self.rule, until), self._checks()
        exclusions = [each for each in contract.exclusions if not each.services or self.service in each.services]
        edges = {start, end, *(edge for first, last, _ in trail for edge in (first, last))}
        edges.update(at for at, _ in changes)
        edges.update(at for at, _ in checks)
        edges.update(edge for each in exclusions for edge in each.span)
        ordered = sorted(edge for edge in edges if start <= edge <= end)
        blips = self._blips()
        for first, last in pairwise(ordered):
            stretch = _last(trail, first)
            if stretch is None or stretch[1] <= first:
                continue
            kind = stretch[2]
            status, said = _last(changes, first), _last(checks, first)
            yield Piece(
                first,
                last,
                kind,
                Status.UNKNOWN if status is None else status[1],
                () if said is None else said[1],
                self._planned(first) if kind == EXCLUDED else "",
                any(begin <= first < stop for begin, stop in blips),
                axis.work(last) - axis.work(first),
                next((each.reason for each in exclusions if each.span.start <= first < each.span.end), ""),
            )

    def _blips(self) -> list[Interval]:
        """The outages that were, or so far are, too short to count."""
        found: list[Interval] = []
        begun: int | None = None
        for first, _, kind in [*(self.meter.trail or ()), (self.meter.at, self.meter.at, int(Status.UP))]:
            if kind == Status.DOWN and begun is None:
                begun = first
            elif kind in (Status.UP, Status.DEGRADED) and begun is not None:
                if first - begun < self.measure.min_outage:
                    found.append(Interval(begun, first))
                begun = None
        return found

    def _checks(self) -> list[tuple[int, tuple[tuple[str, str], ...]]]:
        """From each instant on, the checks that do not say up, with what they say."""
        after = self.rule.stale_after
        heard: dict[tuple[str, str | None], Fact] = {}
        silent: deque[tuple[int, Fact]] = deque()
        said: dict[str, str] = {}
        found: list[tuple[int, tuple[tuple[str, str], ...]]] = []

        def note(at: int, name: str, word: str) -> None:
            if word == "up":
                said.pop(name, None)
            else:
                said[name] = word
            now = tuple(sorted(said.items()))
            if not found or found[-1][1] != now:
                found.append((at, now))

        for fact in [fact for fact in self.facts if fact.planned_until is None and fact.at <= self.meter.at]:
            while after is not None and silent and silent[0][0] < fact.at:
                at, last = silent.popleft()
                if heard[last.name] is last:
                    note(at, last.check, "silent")
            heard[fact.name] = fact
            note(fact.at, fact.check, fact.status.name.lower())
            if after is not None:
                silent.append((fact.at + after, fact))
        for at, last in silent:
            if heard[last.name] is last and at <= self.meter.at:
                note(at, last.check, "silent")
        return found

    def _planned(self, at: int) -> str:
        """The name of the planned work that excuses an instant."""
        for work, said in works(self.facts).items():
            if any(start <= at < end for start, end in excused({work: said}, self.measure.notice)):
                return work[0] or "planned work"
        return ""


def follow(
    contract: Contract, target: ServiceTarget, service: str, facts: Iterable[Fact], rule: ServiceRule, until: int
) -> Followed | None:
    """Follow a promise through the facts of a service (in any order, each once) until an instant."""
    customers = contract.customers
    seen = sorted(fact for fact in facts if fact.customer is None or customers is None or fact.customer in customers)
    excluded = tuple(each.span for each in contract.exclusions if not each.services or service in each.services)
    measured = measure(contract, target, excluded)
    if measured.first is None and not seen:
        return None
    first = measured.period(seen[0].at).start if measured.first is None else measured.first
    meter = Meter(measured, first if not seen else min(first, seen[0].at), first)
    meter.trail = []
    announced = works(seen)
    spans = excused(announced, measured.notice) if announced else ()
    for at, status, planned in stretches(statuses(seen, rule, until), spans, until):
        meter.advance(at)
        meter.turn(status, planned)
    meter.advance(until)
    return Followed(contract, target, service, measured, seen, rule, meter)


def closed_time(axis: WorkTime, start: int, end: int) -> Iterator[Interval]:
    """The spans of `[start, end)` in which no time is agreed."""
    at = start
    while at < end:
        opens = min(axis.last(axis.work(at)), end)
        if opens > at:
            yield Interval(at, opens)
        worked = axis.work(opens)
        # Open from here on: until it closes, time that passes is time agreed.
        low, high = opens, end
        while low < high:
            middle = (low + high + 1) // 2
            if axis.work(middle) - worked == middle - opens:
                low = middle
            else:
                high = middle - 1
        at = max(low, opens + 1)


def _last(ordered: Sequence[T], at: int) -> T | None:
    """Of tuples in the order of their first item, an instant, the last one not later than `at`."""
    i = bisect_right(ordered, at, key=lambda each: each[0])
    return ordered[i - 1] if i else None
