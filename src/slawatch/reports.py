"""The report of an agreement for one period, as it stands on `sla-reports`: figures to JSON and back.

Exact figures become text here and nowhere before: ratios are cut downwards, so a missed target never prints as its target.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from slawatch.core.periods.alert import subject_of
from slawatch.core.periods.contract import ComplianceTarget, PeriodMetric, PeriodTarget
from slawatch.core.periods.figures import Figures, Outage, ServiceFigures
from slawatch.instants import rfc3339

_DECIMALS = 10**6


class OutageEntry(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """An outage; `until` is null while it lasts, `seconds` is what of it counts."""

    start: str
    until: str | None
    seconds: int | float


class TargetEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One target of the report about one subject: a service, a ticket metric, or `ratings`.

    Fields that the metric does not have are absent. Times are seconds of agreed time, instants RFC 3339 in UTC.
    """

    metric: str
    subject: str
    target: str
    verdict: Literal["met", "missed"] | None
    reason: Literal["no_data", "too_few"] | None
    breached_at: str | None
    ratio: str | None
    name: str | None = None
    agreed_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    measured_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    excluded_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    unknown_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    down_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    degraded_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    budget_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    outages: int | msgspec.UnsetType = msgspec.UNSET
    longest_seconds: int | float | msgspec.UnsetType = msgspec.UNSET
    outage_list: list[OutageEntry] | msgspec.UnsetType = msgspec.UNSET
    met: int | msgspec.UnsetType = msgspec.UNSET
    missed: int | msgspec.UnsetType = msgspec.UNSET
    sample: int | msgspec.UnsetType = msgspec.UNSET
    open_overdue: int | msgspec.UnsetType = msgspec.UNSET
    missed_tickets: list[str] | msgspec.UnsetType = msgspec.UNSET


class CreditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credit that is due: which promise, by which rule, how much; `amount` where it is money and not a share."""

    metric: str
    subject: str | None
    percent: str | None = None
    below: str | msgspec.UnsetType | None = msgspec.UNSET
    each: str | msgspec.UnsetType = msgspec.UNSET
    count: int | msgspec.UnsetType = msgspec.UNSET
    amount: str | None = None


class Report(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """What an agreement promised for a period and how it was kept.

    `status` is `open`, `closed` or `final`; `revision` counts from 1 and rises when a closed report changes;
    `complete_until` is how far the data of all sources reached when it was made.
    """

    agreement: str
    customer: str | None
    period: str
    start: str
    until: str
    timezone: str
    status: Literal["open", "closed", "final"]
    revision: int
    closed_at: str | None
    complete_until: str | None
    targets: list[TargetEntry]
    credits: list[CreditEntry]
    credit_percent: str
    credit_amount: str | None
    currency: str | None
    capped: bool


def ratio_text(ratio: Fraction | None) -> str | None:
    """Six decimals, cut downwards."""
    if ratio is None:
        return None
    whole, rest = divmod(ratio.numerator * _DECIMALS // ratio.denominator, _DECIMALS)
    return f"{whole}.{rest:06d}"


def seconds_of(ms: int | Fraction) -> int | float:
    """Milliseconds as seconds: whole ones as an integer."""
    seconds = Fraction(ms) / 1000
    return int(seconds) if seconds.denominator == 1 else float(seconds)


def entry(target: PeriodTarget, service: str | None, figures: Figures) -> TargetEntry:
    """A target's part of a report."""
    head = TargetEntry(
        metric=target.metric.value,
        subject=subject_of(target, service),
        target=target.text,
        verdict=None if figures.verdict is None else figures.verdict.value,
        reason=None if figures.reason is None else figures.reason.value,
        breached_at=None if figures.breached_at is None else rfc3339(figures.breached_at),
        ratio=ratio_text(figures.ratio),
        name=target.name or None,
    )
    if isinstance(figures, ServiceFigures):
        return msgspec.structs.replace(
            head,
            agreed_seconds=seconds_of(figures.agreed),
            measured_seconds=seconds_of(figures.measured),
            excluded_seconds=seconds_of(figures.excluded),
            unknown_seconds=seconds_of(figures.unknown),
            down_seconds=seconds_of(figures.down),
            degraded_seconds=seconds_of(figures.degraded),
            budget_seconds=msgspec.UNSET if target.metric is PeriodMetric.OUTAGES else seconds_of(figures.budget),
            outages=figures.outages,
            longest_seconds=seconds_of(figures.longest),
            outage_list=[_outage(outage) for outage in figures.outage_list],
        )
    unset, tickets = msgspec.UNSET, isinstance(target, ComplianceTarget)
    return msgspec.structs.replace(
        head,
        met=unset if figures.met is None else figures.met,
        missed=unset if figures.missed is None else figures.missed,
        sample=figures.sample,
        open_overdue=figures.open_overdue if tickets else unset,
        missed_tickets=list(figures.missed_tickets) if tickets else unset,
    )


def _outage(outage: Outage) -> OutageEntry:
    until = None if outage.until is None else rfc3339(outage.until)
    return OutageEntry(rfc3339(outage.start), until, seconds_of(outage.counted))
