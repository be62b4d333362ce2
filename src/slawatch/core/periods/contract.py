"""What was promised for periods: the contracts of the agreements file, their targets and what is owed when one is missed.

Values only. Working durations and instants are ms, shares are exact fractions, money is decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import NamedTuple

from slawatch.core.agreement import ROUND_THE_CLOCK, Hours, Metric, Percent, Warn
from slawatch.core.interval import DAY, Interval
from slawatch.core.periods.period import Per


class PeriodMetric(StrEnum):
    """What is judged of a period. The order is that of the stored numbers: append only."""

    AVAILABILITY = "availability"
    OUTAGE = "outage"
    OUTAGES = "outages"
    COMPLIANCE = "compliance"
    SATISFACTION = "satisfaction"


class Unknown(Enum):
    """What time counts as of which nothing is known."""

    EXCLUDE = "exclude"
    UP = "up"
    DOWN = "down"


class Basis(Enum):
    """Which instant puts an outcome into a period: that of its verdict, or that of its end."""

    VERDICT = "verdict"
    ENDED = "ended"


class Maintenance(NamedTuple):
    """Which maintenance is excused: none at all, or up to `cap` of agreed time a period, announced `notice` ahead."""

    excused: bool = True
    cap: int | None = None
    notice: int = 0


EXCUSED = Maintenance()


@dataclass(frozen=True, slots=True, eq=False)
class ServiceTarget:
    """A promise about services, each judged by itself.

    `at_least` (availability) or `at_most` (ms of an outage, number of outages) is the limit, `text` as it was written.
    `name` stands for the metric in ids where it is not empty; `where` is `file:line`.
    """

    metric: PeriodMetric
    services: tuple[str, ...]
    per: Per
    text: str
    at_least: Fraction = Fraction(1)
    at_most: int = 0
    hours: Hours = ROUND_THE_CLOCK
    warn: Sequence[Warn] = ()
    overdue: Sequence[Percent] = ()
    unknown: Unknown = Unknown.EXCLUDE
    degraded: Fraction = Fraction(0)
    min_outage: int = 0
    maintenance: Maintenance = EXCUSED
    name: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ComplianceTarget:
    """The share of tickets that met a ticket metric; `match` (by field number) narrows which tickets count."""

    of: Metric
    per: Per
    at_least: Fraction
    text: str
    match: Mapping[int, frozenset[str]] = field(default_factory=dict)
    min_sample: int = 1
    basis: Basis = Basis.VERDICT
    warn: Sequence[Percent] = ()
    name: str = ""
    where: str = ""
    metric: PeriodMetric = PeriodMetric.COMPLIANCE


@dataclass(frozen=True, slots=True, eq=False)
class SatisfactionTarget:
    """The mean of ratings, or with `good` the share of ratings of at least that."""

    per: Per
    at_least: Fraction
    text: str
    good: Fraction | None = None
    min_sample: int = 1
    name: str = ""
    where: str = ""
    metric: PeriodMetric = PeriodMetric.SATISFACTION


LedgerTarget = ComplianceTarget | SatisfactionTarget
PeriodTarget = ServiceTarget | LedgerTarget


class Tier(NamedTuple):
    """A share of the fee for a missed target whose exact figure is below `below` (None: whenever it is missed).

    `metric` is a period metric, which means all targets of it whether they have names or not, or the name of a target;
    `services` narrows it to these (empty: all). `text` is `below` as it was written.
    """

    metric: str
    below: Fraction | None
    credit: Fraction
    services: frozenset[str] = frozenset()
    text: str = ""


class Hourly(NamedTuple):
    """A share of the fee for every full `each` (ms) of downtime in a period whose availability was missed."""

    metric: str
    each: int
    credit: Fraction
    services: frozenset[str] = frozenset()


class PerMiss(NamedTuple):
    """An amount of money for every missed clock of a ticket metric, up to `cap` a period."""

    metric: Metric
    amount: Decimal
    cap: Decimal | None = None


Credit = Tier | Hourly | PerMiss


class Fee(NamedTuple):
    """What is paid for one period; credits are rounded half up to the decimals of `amount`."""

    amount: Decimal
    currency: str


class Exclusion(NamedTuple):
    """Time that was agreed afterwards not to count; `services` empty: of all."""

    span: Interval
    reason: str
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """The promises of one agreement about periods; with `each: customer` there is one for each customer.

    `slug` is the id as alerts write it in theirs. `customers` are those whose monitoring events count, besides events of
    no customer (None: everybody's); `customer` is to whom credits are due, where it is one. Judged is the part of each
    period within `[since, until)`; a period is closed `settle` ms after its end.
    """

    agreement: str
    slug: str
    targets: tuple[PeriodTarget, ...]
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    customers: frozenset[str] | None = None
    customer: str | None = None
    since: int | None = None
    until: int | None = None
    settle: int = DAY
    credits: tuple[Credit, ...] = ()
    fee: Fee | None = None
    credit_cap: Fraction = Fraction(1)
    exclusions: tuple[Exclusion, ...] = ()
    where: str = ""

    def pers(self) -> tuple[Per, ...]:
        """The kinds of period that it judges, the shortest first; each has reports of its own."""
        found = {target.per for target in self.targets}
        return tuple(per for per in Per if per in found)


class ServiceRule(NamedTuple):
    """How the checks of a service come to one status.

    It is down when `down_when` of them are (0: all that are not unknown); a check that has said nothing for
    `stale_after` ms is unknown.
    """

    down_when: int = 1
    stale_after: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """All promises about periods, in the order of the file. `fingerprint` is that of the agreements file."""

    contracts: tuple[Contract, ...] = ()
    rules: Mapping[str, ServiceRule] = field(default_factory=dict)
    fingerprint: bytes = bytes(8)

    def __bool__(self) -> bool:
        return bool(self.contracts)

    def rule(self, service: str) -> ServiceRule:
        """How the checks of a service are read."""
        return self.rules.get(service, ServiceRule())

    def of_service(self, service: str) -> Iterator[tuple[Contract, ServiceTarget]]:
        """The promises about a service: every agreement that names it has its own."""
        for contract in self.contracts:
            for target in contract.targets:
                if isinstance(target, ServiceTarget) and service in target.services:
                    yield contract, target
