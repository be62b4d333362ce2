"""The report of an agreement for one period, as it stands on `sla-reports`: figures to JSON and back.

Exact figures become text here and nowhere before: ratios are cut downwards, so a missed target never prints as its target.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slawatch.core.periods.alert import subject_of
from slawatch.core.periods.contract import ComplianceTarget, PeriodMetric, PeriodTarget
from slawatch.core.periods.figures import Figures, Outage, ServiceFigures
from slawatch.instants import rfc3339
from slawatch.messages.shapes import InstantText, Seconds

_DECIMALS = 10**6
Span = Seconds | msgspec.UnsetType
Number = int | msgspec.UnsetType


class OutageEntry(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """An outage; `until` is null while it lasts, `seconds` is what of it counts."""

    start: Annotated[InstantText, Meta(description="Its first counted instant.")]
    until: Annotated[InstantText | None, Meta(description="Its end; null while it lasts.")]
    seconds: Annotated[Seconds, Meta(description="What of it counts.")]


class TargetEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One target of the report about one subject: a service, a ticket metric, or `ratings`.

    Fields that the metric does not have are absent. Times are seconds of agreed time, instants RFC 3339 in UTC.
    """

    metric: Annotated[str, Meta(description="What is judged.")]
    subject: Annotated[str, Meta(description="The service, the ticket metric of a compliance, or `ratings`.")]
    target: Annotated[str, Meta(description="The limit as written in the agreement.")]
    verdict: Annotated[
        Literal["met", "missed"] | None, Meta(description="Null while the period is open, or with a reason.")
    ]
    reason: Annotated[Literal["no_data", "too_few"] | None, Meta(description="Why there is no verdict.")]
    breached_at: Annotated[
        InstantText | None, Meta(description="The last instant at which the promise was not broken.")
    ]
    ratio: Annotated[str | None, Meta(description="Availability, share or mean, cut to six decimals.")]
    name: Annotated[str | None, Meta(description="The target's name, where it has one.")] = None
    agreed_seconds: Annotated[Span, Meta(description="Service hours of the whole period and agreement.")] = (
        msgspec.UNSET
    )
    measured_seconds: Annotated[Span, Meta(description="Agreed less excluded and unknown time.")] = msgspec.UNSET
    excluded_seconds: Annotated[Span, Meta(description="Excused maintenance.")] = msgspec.UNSET
    unknown_seconds: Annotated[Span, Meta(description="Time of which nothing is known.")] = msgspec.UNSET
    down_seconds: Annotated[Span, Meta(description="Downtime.")] = msgspec.UNSET
    degraded_seconds: Annotated[Span, Meta(description="Degraded time.")] = msgspec.UNSET
    budget_seconds: Annotated[Span, Meta(description="Downtime, or length of an outage, that is allowed.")] = (
        msgspec.UNSET
    )
    outages: Annotated[Number, Meta(description="How many outages belong to the period.")] = msgspec.UNSET
    longest_seconds: Annotated[Span, Meta(description="The longest of them.")] = msgspec.UNSET
    outage_list: Annotated[list[OutageEntry] | msgspec.UnsetType, Meta(description="The first hundred.")] = (
        msgspec.UNSET
    )
    met: Annotated[Number, Meta(description="Tickets in time, or good ratings.")] = msgspec.UNSET
    missed: Annotated[Number, Meta(description="The others.")] = msgspec.UNSET
    sample: Annotated[Number, Meta(description="All of them.")] = msgspec.UNSET
    open_overdue: Annotated[Number, Meta(description="Missed ones that have not ended.")] = msgspec.UNSET
    missed_tickets: Annotated[
        list[str] | msgspec.UnsetType, Meta(description="The first hundred by the instant of their verdict.")
    ] = msgspec.UNSET


class CreditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credit that is due: which promise, by which rule, how much; `amount` where it is money and not a share."""

    metric: Annotated[str, Meta(description="The metric, or the target's name, that was missed.")]
    subject: Annotated[str | None, Meta(description="The service, or what else it is about; null: tickets.")]
    percent: Annotated[str | None, Meta(description="Share of the fee.")] = None
    below: Annotated[str | msgspec.UnsetType | None, Meta(description="The tier that was reached; null: any.")] = (
        msgspec.UNSET
    )
    each: Annotated[str | msgspec.UnsetType, Meta(description="The full length of downtime that is paid for.")] = (
        msgspec.UNSET
    )
    count: Annotated[Number, Meta(description="How many of them, or how many missed clocks.")] = msgspec.UNSET
    amount: Annotated[str | None, Meta(description="Money, where it is no share.")] = None


class Report(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """What an agreement promised for a period and how it was kept.

    `status` is `open`, `closed` or `final`; `revision` counts from 1 and rises when a closed report changes;
    `complete_until` is how far the data of all sources reached when it was made.
    """

    agreement: Annotated[str, Meta(description="The agreement's id.")]
    customer: Annotated[str | None, Meta(description="To whom credits are due.")]
    period: Annotated[str, Meta(description="Its label.")]
    start: Annotated[InstantText, Meta(description="Where the period begins.")]
    until: Annotated[InstantText, Meta(description="Where it ends; not included.")]
    timezone: Annotated[str, Meta(description="Whose midnights these are.")]
    status: Annotated[Literal["open", "closed", "final"], Meta(description="A final report does not change any more.")]
    revision: Annotated[int, Meta(description="0 while open; it rises when a closed report changes.")]
    closed_at: Annotated[InstantText | None, Meta(description="When it was to be closed.")]
    complete_until: Annotated[InstantText | None, Meta(description="How far the data of all sources reached.")]
    targets: Annotated[list[TargetEntry], Meta(description="Each target with each of its subjects.")]
    credits: Annotated[list[CreditEntry], Meta(description="What is due, rule by rule.")]
    credit_percent: Annotated[str, Meta(description="Their sum, cut at the cap.")]
    credit_amount: Annotated[str | None, Meta(description="The same in money, where there is a fee.")]
    currency: Annotated[str | None, Meta(description="Of the amount.")]
    capped: Annotated[bool, Meta(description="Whether the cap was reached.")]


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
