"""From figures to the report of a period: every target's part, and what is owed with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from slawatch.core.agreement import Metric
from slawatch.core.interval import DAY, HOUR, MINUTE, SECOND
from slawatch.core.periods.alert import subject_of
from slawatch.core.periods.contract import Contract, PeriodTarget, PerMiss, ServiceTarget, Tier
from slawatch.core.periods.credit import Due, Judged, decimals, half_up, owed
from slawatch.core.periods.figures import Verdict
from slawatch.core.periods.period import Period
from slawatch.instants import rfc3339
from slawatch.messages.reports import CreditEntry, Report, TargetEntry

Status = Literal["open", "closed", "final"]
_encode = msgspec.json.Encoder().encode
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))
_MILLION = 10**6


class Part(NamedTuple):
    """A target of the report about one service (None: about tickets); `ratio` is exact where the entry's is cut."""

    target: PeriodTarget
    service: str | None
    entry: TargetEntry
    ratio: Fraction | None


def service_part(target: ServiceTarget, service: str, entry: TargetEntry) -> Part:
    """The part of a service; the exact ratio is that of the times in its entry."""
    downtime, measured = _downtime(target, entry), _ms(entry.measured_seconds)
    ratio = None if entry.ratio is None or not measured else 1 - downtime / measured
    return Part(target, service, entry, ratio)


def report_of(
    contract: Contract, period: Period, parts: Iterable[Part], misses: Mapping[Metric, int],
    status: Status, revision: int, complete_until: int | None,
) -> Report:  # fmt: skip
    """The report. Of an open period credits are what would be due: of promises that are broken already."""
    parts = list(parts)
    due = owed(contract, [_judged(part) for part in parts], misses)
    return Report(
        agreement=contract.agreement,
        customer=contract.customer,
        period=period.label,
        start=rfc3339(period.start),
        until=rfc3339(period.end),
        timezone=contract.zone_name,
        status=status,
        revision=revision,
        closed_at=None if status == "open" else rfc3339(period.end + contract.settle),
        complete_until=None if complete_until is None else rfc3339(complete_until),
        targets=[part.entry for part in parts],
        credits=[_credit(one) for one in due.dues],
        credit_percent=percent(due.share),
        credit_amount=None if due.amount is None else f"{due.amount:f}",
        currency=None if contract.fee is None else contract.fee.currency,
        capped=due.capped,
    )


def content_of(report: Report) -> bytes:
    """What of a report makes a new revision when it changes."""
    return _encode((
        report.customer, report.timezone, report.targets, report.credits, report.credit_percent, report.credit_amount,
        report.currency, report.capped,
    ))  # fmt: skip


def percent(share: Fraction) -> str:
    """A share in percent, without zeros at its end; what has no end is cut after six decimals."""
    whole, rest = divmod(int(share * 100 * _MILLION), _MILLION)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _judged(part: Part) -> Judged:
    target, entry = part.target, part.entry
    verdict = None if entry.verdict is None else Verdict(entry.verdict)
    if not isinstance(target, ServiceTarget):
        return Judged(target, part.service, verdict, part.ratio)
    if verdict is None and entry.reason is None and entry.breached_at is not None:
        verdict = Verdict.MISSED  # the period is open, and what is exceeded stays exceeded
    return Judged(target, part.service, verdict, part.ratio, _downtime(target, entry))


def _downtime(target: ServiceTarget, entry: TargetEntry) -> Fraction:
    """Downtime in ms, degraded time by its weight."""
    return _ms(entry.down_seconds) + target.degraded * _ms(entry.degraded_seconds)


def _ms(seconds: float | msgspec.UnsetType) -> Fraction:
    # Written with milliseconds, so the nearest one is the very number that was measured.
    return Fraction(0) if isinstance(seconds, msgspec.UnsetType) else Fraction(round(seconds * 1000))


def _credit(due: Due) -> CreditEntry:
    rule, judged = due.rule, due.judged
    if isinstance(rule, PerMiss):
        assert due.amount is not None
        amount = half_up(due.amount, decimals(rule.amount))
        return CreditEntry(metric=rule.metric.value, subject=None, count=due.times or 0, amount=f"{amount:f}")
    assert judged is not None
    assert due.share is not None
    subject, share = subject_of(judged.target, judged.service), percent(due.share)
    if isinstance(rule, Tier):
        below = UNSET if rule.below is None else rule.text or f"{percent(rule.below)}%"
        return CreditEntry(metric=rule.metric, subject=subject, percent=share, below=below)
    each, count = _duration(rule.each), UNSET if due.times is None else due.times
    return CreditEntry(metric=rule.metric, subject=subject, percent=share, each=each, count=count)


def _duration(ms: int) -> str:
    """As it may be written in an agreements file: `1h30m`."""
    found = ""
    for unit, letter in _UNITS:
        count, ms = divmod(ms, unit)
        found += f"{count}{letter}" if count else ""
    return found
