"""The ledger of one contract: counts of its targets by period, derived from one small record an outcome and a rating.

It keeps no record. Whoever does tells it what came and what went, so that the counts are at every time what a recount of
all records would give. What belongs to a final period is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from slawatch.core.agreement import Metric
from slawatch.core.periods.calendar import PeriodCalendar
from slawatch.core.periods.contract import (
    Basis,
    ComplianceTarget,
    Contract,
    Contracts,
    LedgerTarget,
    PerMiss,
    SatisfactionTarget,
    ServiceTarget,
)
from slawatch.core.periods.figures import Reason, ShareFigures, Verdict
from slawatch.core.periods.outcome import Outcome
from slawatch.core.periods.period import Per, Period
from slawatch.core.periods.tally import Scores, Shares


class Line(NamedTuple):
    """What is counted: the outcomes of a ticket metric that fit; `target` is None for credits by missed clock."""

    metric: Metric
    per: Per
    match: Mapping[int, frozenset[str]]
    basis: Basis
    target: ComplianceTarget | None

    def takes(self, outcome: Outcome) -> bool:
        """Whether the last known fields are those that count."""
        return all(outcome.fields[number - 1] in accepted for number, accepted in self.match.items())


Page = tuple[Per, int]
"""One period of a contract: its length and its start."""


class Time:
    """How far time has come for all books; None until that is known."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at: int | None = None


class Book:
    """Counts of one contract; `retention` ms after a period was closed it is final (None: never).

    `first` is the start of the first period of each length: that of the contract, else of what is known.
    """

    def __init__(self, contract: Contract, retention: int | None, time: Time) -> None:
        self.contract = contract
        self.retention = retention
        self._time = time
        self.calendars = {per: PeriodCalendar(per, contract.zone) for per in contract.pers()}
        self.lines = tuple(_lines(contract))
        self.metrics = frozenset(line.metric for line in self.lines)
        self.warned = tuple(line.target for line in self.lines if line.target is not None and line.target.warn)
        """The targets that warn before their period is over."""
        self._number = {line.target: number for number, line in enumerate(self.lines)}
        self.satisfaction = tuple(target for target in contract.targets if isinstance(target, SatisfactionTarget))
        self._shares: dict[tuple[int, int], Shares] = {}
        self._scores: dict[tuple[int, int], Scores] = {}
        self.first: dict[Per, int] = {}
        if contract.since is not None:
            self.first = {per: calendar.at(contract.since).start for per, calendar in self.calendars.items()}

    def parts(self, per: Per) -> int:
        """How many parts a report of this length has."""
        targets = (target for target in self.contract.targets if target.per is per)
        return sum(len(target.services) if isinstance(target, ServiceTarget) else 1 for target in targets)

    def closes_at(self, period: Period) -> int:
        """The instant after which a period is closed."""
        return period.end + self.contract.settle

    def is_final(self, period: Period) -> bool:
        """Whether a period is not judged again."""
        at = self._time.at
        if at is None or self.retention is None:
            return False
        return self.closes_at(period) + self.retention < at

    def expiry(self, last: int) -> int | None:
        """When all periods in which an instant lies are final, and what is known of it may be dropped."""
        if self.retention is None:
            return None
        end = 0
        for calendar in self.calendars.values():
            end = max(end, calendar.at(last).end)
        return end + self.contract.settle + self.retention

    def note(self, metric: Metric, ticket: str, outcome: Outcome, sign: int = 1) -> Iterator[Page]:
        """Count an outcome, or (-1) no longer, while the pages on which it counts are gone through."""
        if outcome.verdict is None:
            return
        for number, line in enumerate(self.lines):
            at = outcome.instant(line.basis)
            if line.metric is not metric or at is None or not self._judges(at) or not line.takes(outcome):
                continue
            period = self.calendars[line.per].at(at)
            if self.is_final(period):
                continue
            shares = self._shares.get((number, period.start))
            if shares is None:
                shares = self._shares[number, period.start] = Shares()
            if sign > 0:
                shares.add(outcome, at, ticket)
                self.begin(line.per, period.start)
            else:
                shares.remove(outcome, at, ticket)
            yield line.per, period.start

    def rate(self, at: int, rating: Fraction, sign: int = 1) -> Iterator[Page]:
        """Count a rating, or (-1) no longer, while the pages on which it counts are gone through."""
        if not self._judges(at):
            return
        for number, target in enumerate(self.satisfaction):
            period = self.calendars[target.per].at(at)
            if self.is_final(period):
                continue
            scores = self._scores.get((number, period.start))
            if scores is None:
                scores = self._scores[number, period.start] = Scores()
            scores.add(rating, target.good is not None and rating >= target.good, sign)
            if sign > 0:
                self.begin(target.per, period.start)
            yield target.per, period.start

    def has(self, period: Period) -> bool:
        """Whether any of a period lies between the contract's first and last instant."""
        since, until = self.contract.since, self.contract.until
        return (since is None or since < period.end) and (until is None or period.start < until)

    def begin(self, per: Per, start: int) -> None:
        """Something is known of the period that starts then."""
        known = self.first.get(per)
        if known is None or (start < known and self.contract.since is None):
            self.first[per] = start

    def forget(self, per: Per, start: int) -> None:
        """Let go of the counts of a period that is not judged again."""
        for number, line in enumerate(self.lines):
            if line.per is per:
                self._shares.pop((number, start), None)
        for number, target in enumerate(self.satisfaction):
            if target.per is per:
                self._scores.pop((number, start), None)

    def figures(self, target: LedgerTarget, period: Period, closed: bool) -> ShareFigures:
        """Those of a target; a verdict only once the period is closed."""
        overdue, names = 0, tuple[str, ...]()
        met: int | None
        missed: int | None
        if isinstance(target, ComplianceTarget):
            shares = self.shares(target, period.start)
            met, missed, sample = shares.met, shares.missed, shares.sample
            ratio = Fraction(met, sample) if sample else None
            overdue, names = shares.open_overdue, shares.first.names()
        else:
            scores = self._scores.get((self.satisfaction.index(target), period.start)) or Scores()
            sample, good = scores.sample, target.good is not None
            met, missed = (scores.good, sample - scores.good) if good else (None, None)
            ratio = (Fraction(scores.good, sample) if good else scores.total / sample) if sample else None
        verdict: Verdict | None = None
        reason: Reason | None = None
        if closed and (ratio is None or sample < target.min_sample):
            reason = Reason.TOO_FEW
        elif closed and ratio is not None:
            verdict = Verdict.MET if ratio >= target.at_least else Verdict.MISSED
        breached_at = period.end if verdict is Verdict.MISSED else None
        return ShareFigures(verdict, reason, breached_at, ratio, met, missed, sample, overdue, names)

    def shares(self, target: ComplianceTarget, start: int) -> Shares:
        """The counts of a target in the period that starts then."""
        return self._shares.get((self._number[target], start)) or Shares()

    def misses(self, start: int) -> dict[Metric, int]:
        """The missed clocks in a period for which money is owed, by ticket metric."""
        return {
            line.metric: shares.missed
            for number, line in enumerate(self.lines)
            if line.target is None and (shares := self._shares.get((number, start))) is not None
        }

    def _judges(self, at: int) -> bool:
        since, until = self.contract.since, self.contract.until
        return (since is None or since <= at) and (until is None or at < until)


def counted(contracts: Contracts) -> frozenset[tuple[str, Metric]]:
    """The agreements and ticket metrics whose outcomes are counted."""
    return frozenset((contract.agreement, line.metric) for contract in contracts.contracts for line in _lines(contract))


def _lines(contract: Contract) -> Iterator[Line]:
    for target in contract.targets:
        if isinstance(target, ComplianceTarget):
            yield Line(target.of, target.per, target.match, target.basis, target)
    for metric in dict.fromkeys(credit.metric for credit in contract.credits if isinstance(credit, PerMiss)):
        for per in contract.pers():
            yield Line(metric, per, {}, Basis.VERDICT, None)
