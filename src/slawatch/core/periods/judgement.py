"""What is said of compliance and satisfaction is what is true minus what was said: the truth table of one page.

A warning that is outranked when it becomes true stands without having been said.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from slawatch.core.alert import MET, MISSED, RETRACTED
from slawatch.core.periods.alert import PeriodAlert
from slawatch.core.periods.contract import ComplianceTarget, Contract, PeriodMetric, PeriodTarget, ServiceTarget
from slawatch.core.periods.figures import Figures, ServiceFigures, ShareFigures, Verdict
from slawatch.core.periods.period import Period
from slawatch.core.periods.tally import Shares
from slawatch.core.promise import BREACHED, WARNED
from slawatch.core.said import STANDS, Said, again, correction


class _Level(NamedTuple):
    """A warning: so many missed, times `per`, must exceed `share` times the tickets so far."""

    label: str
    text: str
    share: int
    per: int


@lru_cache(maxsize=4_096)
def _levels(target: ComplianceTarget) -> tuple[_Level, ...]:
    """The warnings of a target, the highest last; where no miss is allowed there are none."""
    if target.at_least == 1:
        return ()
    exact = [(level.share * (1 - target.at_least), level.text) for level in target.warn]
    return tuple(_Level(f"{WARNED}-{text}", text, *share.as_integer_ratio()) for share, text in sorted(exact))


def warn(
    contract: Contract, target: ComplianceTarget, period: Period, shares: Shares, said: Said, cause: int
) -> Iterator[PeriodAlert]:
    """Of an open period: the highest warning that became true by what happened at `cause`, unless it was said.

    Exceeded is a share of the misses that the tickets so far allow.
    """
    missed, sample = shares.missed, shares.sample
    fresh = []
    for level in _levels(target):
        stands = said.get(level.label, 0) & STANDS
        if missed * level.per > level.share * sample and sample >= target.min_sample:
            if not stands:
                fresh.append(level)
        elif stands:
            said[level.label] &= ~STANDS
    if not fresh:
        return
    highest = fresh.pop()
    for level in fresh:
        said[level.label] = said.get(level.label, 0) | STANDS
    nth = again(said, highest.label)
    figures = ShareFigures(None, None, None, Fraction(shares.met, sample), shares.met, missed, sample)
    yield _alert(WARNED, nth, contract, target, None, period, cause, figures, highest.text)


def conclude(
    contract: Contract, target: PeriodTarget, service: str | None, period: Period, figures: Figures, said: Said,
    cause: int,
) -> Iterator[PeriodAlert]:  # fmt: skip
    """Of a closed period: its verdict where it is new, a breach that is none any more by what happened at `cause`."""
    verdict = figures.verdict
    missed = verdict is Verdict.MISSED
    if not missed and said.get(BREACHED, 0) & STANDS:
        said[BREACHED] ^= STANDS
        yield _alert(RETRACTED, correction(said, RETRACTED), contract, target, service, period, cause, figures)
    if missed and not said.get(BREACHED, 0) & STANDS:
        breached_at = period.end if figures.breached_at is None else figures.breached_at
        yield _alert(BREACHED, again(said, BREACHED), contract, target, service, period, breached_at, figures)
    if verdict is None or not said.get(verdict.value, 0) & STANDS:
        for outcome in (MET, MISSED):
            if outcome in said:
                said[outcome] &= ~STANDS
        if verdict is not None:
            nth = again(said, verdict.value)
            yield _alert(verdict.value, nth, contract, target, service, period, period.end, figures)


def _alert(
    what: str, nth: int, contract: Contract, target: PeriodTarget, service: str | None, period: Period, at: int,
    figures: Figures, threshold: str | None = None,
) -> PeriodAlert:  # fmt: skip
    alert = PeriodAlert(what, nth, contract, target, service, period, threshold, at)
    if isinstance(figures, ServiceFigures):
        return _of_service(alert, figures)
    ratio = figures.ratio
    return alert._replace(ratio=ratio, met=figures.met, missed=figures.missed, sample=figures.sample)


def _of_service(alert: PeriodAlert, figures: ServiceFigures) -> PeriodAlert:
    target = alert.target
    assert isinstance(target, ServiceTarget)
    if target.metric is PeriodMetric.OUTAGES:
        return alert._replace(used=figures.outages, limit=target.at_most)
    if target.metric is PeriodMetric.OUTAGE:
        used, budget = Fraction(figures.longest), Fraction(target.at_most)
    else:
        used, budget = figures.down + target.degraded * figures.degraded, figures.budget
    return alert._replace(ratio=figures.ratio, budget=budget, elapsed=budget if alert.what == BREACHED else used)
