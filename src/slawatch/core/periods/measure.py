"""How a service is measured for a promise: what counts as what, and the thresholds as whole numbers.

Amounts are multiples of 1/`scale` ms (of 1/`scale` outages), chosen so that every threshold, budget and weight is whole:
exact, and as quick as integers are. Promises that measure alike share one `Measure`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from slawatch.core.agreement import Percent
from slawatch.core.interval import Interval
from slawatch.core.periods.agreed import agreed_time
from slawatch.core.periods.contract import Contract, Contracts, PeriodMetric, ServiceTarget, Unknown
from slawatch.core.periods.period import Per, Period, period_at
from slawatch.core.periods.status import Status
from slawatch.core.promise import BREACHED, OVERDUE, WARNED
from slawatch.core.worktime import WorkTime


class Rung(NamedTuple):
    """One threshold: crossed when what is used exceeds `share` times what is measured (ms), minus `less`."""

    what: str
    threshold: str | None
    share: int
    less: int

    @property
    def label(self) -> str:
        return self.what if self.threshold is None else f"{self.what}-{self.threshold}"


EXCLUDED = 5
"""What a stretch counts as, beside the statuses: excused maintenance."""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """What all promises that are measured alike have in common. Durations in ms; `first` is the first period's start.

    `beneath` says by status what it counts as where maintenance is not excused.
    """

    metric: PeriodMetric
    per: Per
    zone: tzinfo
    axis: WorkTime
    settle: int
    until: int | None
    first: int | None
    beneath: tuple[Status, ...]
    excused: bool
    cap: int | None
    notice: int
    min_outage: int
    scale: int
    weight: int
    budget: int
    fixed: int
    rungs: tuple[Rung, ...]
    breach: int
    where: str

    def period(self, at: int) -> Period:
        """The period that an instant lies in."""
        return period_at(self.per, at, self.zone)


Identity = tuple[str, str, str, str]
"""Agreement, metric, name, kind of period."""


class Seat(NamedTuple):
    """A promise that is measured: whose it is."""

    contract: Contract
    target: ServiceTarget

    @property
    def label(self) -> str:
        """What it is called in ids and metrics."""
        return self.target.name or self.target.metric.value

    @property
    def identity(self) -> Identity:
        """What tells it from all others also under a changed agreements file."""
        target = self.target
        return (self.contract.agreement, target.metric.value, target.name, target.per.value)


class Table:
    """The promises about one service, those that are measured alike side by side."""

    def __init__(self, contracts: Contracts, service: str) -> None:
        self.rule = contracts.rule(service)
        self.measures: list[Measure] = []
        self.seats: list[tuple[int, Seat]] = []
        """With the index of its measure, in the order of the file."""
        self.places: dict[Identity, int] = {}
        """Where each promise is among the seats."""
        self.labelled: dict[tuple[str, str], Identity] = {}
        """The first promise of an agreement that goes by a label."""
        self.counted: dict[str, Identity] = {}
        """The promise of an agreement whose time metrics count: the first about availability, else the first."""
        self.customers: frozenset[str] = frozenset()
        """Those who see other events than the rest."""
        known: dict[Hashable, int] = {}
        for contract, target in contracts.of_service(service):
            excluded = tuple(
                exclusion.span
                for exclusion in contract.exclusions
                if not exclusion.services or service in exclusion.services
            )
            alike = _alike(contract, target, excluded)
            index = known.setdefault(alike, len(self.measures))
            if index == len(self.measures):
                self.measures.append(measure(contract, target, excluded))
            seat = Seat(contract, target)
            self.places[seat.identity] = len(self.seats)
            self.labelled.setdefault((contract.agreement, seat.label), seat.identity)
            counted = self.counted.setdefault(contract.agreement, seat.identity)
            if counted[1] != PeriodMetric.AVAILABILITY and target.metric is PeriodMetric.AVAILABILITY:
                self.counted[contract.agreement] = seat.identity
            self.seats.append((index, seat))
            self.customers |= contract.customers or frozenset()


def _alike(contract: Contract, target: ServiceTarget, excluded: Sequence[Interval]) -> Hashable:
    return (
        target.metric, target.per, target.at_least, target.at_most, target.hours, tuple(target.warn),
        tuple(target.overdue), target.unknown, target.degraded, target.min_outage, target.maintenance,
        contract.zone, contract.since, contract.until, contract.settle, excluded,
    )  # fmt: skip


def measure(contract: Contract, target: ServiceTarget, excluded: Sequence[Interval]) -> Measure:
    """How a service is measured for a target of a contract, `excluded` being spans that do not count."""
    allowed = 1 - target.at_least if target.metric is PeriodMetric.AVAILABILITY else Fraction(0)
    fixed = 0 if target.metric is PeriodMetric.AVAILABILITY else target.at_most
    levels = [rung for rung in (*target.warn, *target.overdue) if isinstance(rung, Percent)]
    scale = lcm(
        target.degraded.denominator, allowed.denominator, *((allowed * level.share).denominator for level in levels),
        *((fixed * level.share).denominator for level in levels),
    )  # fmt: skip
    rungs = []
    for warn in target.warn:
        if isinstance(warn, Percent):
            rungs.append(Rung(WARNED, warn.text, int(allowed * warn.share * scale), -int(fixed * warn.share * scale)))
        elif allowed or warn.left < fixed:
            rungs.append(Rung(WARNED, warn.text, int(allowed * scale), (warn.left - fixed) * scale))
    if not allowed and not fixed:
        rungs = []
    breach = len(rungs)
    rungs.append(Rung(BREACHED, None, int(allowed * scale), -fixed * scale))
    rungs += [
        Rung(OVERDUE, level.text, int(allowed * level.share * scale), -int(fixed * level.share * scale))
        for level in target.overdue
    ]
    beneath = [Status.UP, Status.DEGRADED, Status.DOWN, Status.DOWN, Status.UNKNOWN]
    if target.unknown is not Unknown.EXCLUDE:
        beneath[Status.UNKNOWN] = Status.UP if target.unknown is Unknown.UP else Status.DOWN
    since, maintenance = contract.since, target.maintenance
    return Measure(
        metric=target.metric,
        per=target.per,
        zone=contract.zone,
        axis=agreed_time(target.hours.axis, since, contract.until, excluded),
        settle=contract.settle,
        until=contract.until,
        first=None if since is None else period_at(target.per, since, contract.zone).start,
        beneath=tuple(beneath),
        excused=maintenance.excused and maintenance.cap != 0,
        cap=maintenance.cap,
        notice=maintenance.notice,
        min_outage=target.min_outage,
        scale=scale,
        weight=int(target.degraded * scale) if target.metric is PeriodMetric.AVAILABILITY else 0,
        budget=int(allowed * scale),
        fixed=fixed,
        rungs=tuple(rungs),
        breach=breach,
        where=target.where,
    )
