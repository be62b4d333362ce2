"""From the valid parts of an agreement to its contract about periods, and from one template to many customers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from slawatch.agreements.amounts import Number
from slawatch.agreements.build import BuiltCalendar, Calendars, fields, warning, zone
from slawatch.agreements.document import Document
from slawatch.agreements.models import AgreementPart
from slawatch.agreements.owed import ExclusionPart, HourlyPart, PerMissPart, TierPart
from slawatch.agreements.periods import (
    AvailabilityPart,
    CompliancePart,
    MaintenancePart,
    NarrowPart,
    OutagePart,
    OutagesPart,
    PeriodPart,
    PeriodTargetPart,
    SatisfactionPart,
    ServicePart,
    ServiceTargetPart,
)
from slawatch.agreements.problem import Path
from slawatch.core.agreement import ROUND_THE_CLOCK, Agreement, Percent
from slawatch.core.fact import CUSTOMER
from slawatch.core.interval import DAY, Interval
from slawatch.core.periods.contract import (
    EXCUSED,
    ComplianceTarget,
    Contract,
    Credit,
    Exclusion,
    Fee,
    Hourly,
    Maintenance,
    PeriodTarget,
    PerMiss,
    SatisfactionTarget,
    ServiceTarget,
    Tier,
)
from slawatch.core.slug import escaped


def build_contract(
    part: AgreementPart, agreement: Agreement, calendars: Calendars, document: Document, path: Path
) -> Contract | None:
    """The contract, if anything is promised about periods or owed; `agreement` is the same about tickets."""
    targets = tuple(
        _target(target, part, calendars, document.place((*path, "targets", i)))
        for i, target in enumerate(part.targets)
        if isinstance(target, PeriodTargetPart)
    )
    if not targets and not part.credits:
        return None
    customers = agreement.match.get(CUSTOMER)
    return Contract(
        agreement=part.id,
        slug=escaped(part.id),
        targets=targets,
        zone=agreement.zone,
        zone_name=zone(part, calendars)[0],
        customers=customers,
        customer=next(iter(customers)) if customers and len(customers) == 1 else None,
        since=agreement.since,
        until=agreement.until,
        settle=part.settle.ms() if part.settle else DAY,
        credits=tuple(_credit(credit, part, calendars) for credit in part.credits),
        fee=Fee(part.fee.amount, part.fee.currency) if part.fee else None,
        credit_cap=cap_of(part),
        exclusions=tuple(_exclusion(excluded) for excluded in part.exclude),
        where=agreement.where,
    )


def own_id(template: str, customer: str) -> str:
    """The id of a customer's own agreement."""
    return f"{template}@{customer}"


def own_agreement(template: Agreement, customer: str) -> Agreement:
    """One customer's own agreement about tickets."""
    return replace(
        template,
        id=own_id(template.id, customer),
        slug=f"{escaped(template.id)}@{escaped(customer)}",
        match={**template.match, CUSTOMER: frozenset({customer})},
    )


def own_contract(template: Contract, customer: str) -> Contract:
    """One customer's own contract."""
    return replace(
        template,
        agreement=own_id(template.agreement, customer),
        slug=f"{escaped(template.agreement)}@{escaped(customer)}",
        customers=frozenset({customer}),
        customer=customer,
    )


def hours_of(target: ServiceTargetPart, part: AgreementPart, calendars: Calendars) -> BuiltCalendar:
    """The calendar in which a service is judged: the target's, else the agreement's."""
    return calendars[target.calendar or part.calendar or ROUND_THE_CLOCK.name]


def _target(target: PeriodPart, part: AgreementPart, calendars: Calendars, where: str) -> PeriodTarget:
    match target:
        case CompliancePart():
            return ComplianceTarget(
                of=target.of,
                per=target.per,
                at_least=target.at_least.share,
                text=target.at_least.text,
                match=fields(target.match or NarrowPart()),
                min_sample=target.min_sample,
                basis=target.by,
                warn=target.warn,
                name=target.name or "",
                where=where,
            )
        case SatisfactionPart():
            least = target.at_least
            return SatisfactionTarget(
                per=target.per,
                at_least=exact(least),
                text=least.text,
                good=target.good.value if target.good else None,
                min_sample=target.min_sample,
                name=target.name or "",
                where=where,
            )
        case _:
            return _service_target(target, hours_of(target, part, calendars), where)


def cap_of(part: AgreementPart) -> Fraction:
    """The most that is owed for a period, as a share of the fee."""
    return Fraction(1) if part.credit_cap is None else part.credit_cap


def exact(score: Percent | Number) -> Fraction:
    """The share or the mean that was written."""
    return score.share if isinstance(score, Percent) else score.value


def _service_target(target: ServicePart, calendar: BuiltCalendar, where: str) -> ServiceTarget:
    at_least, at_most, degraded = Fraction(1), 0, Fraction(0)
    match target:
        case AvailabilityPart():
            at_least, degraded, text = target.at_least.share, target.degraded, target.at_least.text
        case OutagePart():
            at_most, text = target.at_most.ms(calendar.day), target.at_most.text
        case OutagesPart():
            at_most, text = target.at_most, str(target.at_most)
    return ServiceTarget(
        metric=target.metric,
        services=target.service,
        per=target.per,
        text=text,
        at_least=at_least,
        at_most=at_most,
        hours=calendar.hours,
        warn=tuple(warning(threshold, calendar.day) for threshold in target.warn),
        overdue=target.overdue,
        unknown=target.unknown,
        degraded=degraded,
        min_outage=target.min_outage.ms() if target.min_outage else 0,  # by the clock, whatever the calendar
        maintenance=_maintenance(target.maintenance, calendar),
        name=target.name or "",
        where=where,
    )


def _maintenance(part: MaintenancePart | None, calendar: BuiltCalendar) -> Maintenance:
    if part is None:
        return EXCUSED
    cap = part.cap.ms(calendar.day) if part.cap else None
    return Maintenance(cap != 0, cap or None, part.notice.ms() if part.notice else 0)


def _credit(credit: TierPart | HourlyPart | PerMissPart, part: AgreementPart, calendars: Calendars) -> Credit:
    match credit:
        case TierPart():
            below, text = (None, "") if credit.below is None else (exact(credit.below), credit.below.text)
            return Tier(credit.metric, below, credit.credit, frozenset(credit.service or ()), text)
        case HourlyPart():
            # Its targets have days of one length, so the first tells.
            named = (
                target
                for target in part.targets
                if isinstance(target, AvailabilityPart) and credit.metric in (target.metric, target.name)
            )
            day = next((hours_of(target, part, calendars).day for target in named), DAY)
            return Hourly(credit.metric, credit.each.ms(day), credit.credit, frozenset(credit.service or ()))
        case PerMissPart():
            return PerMiss(credit.metric, credit.each_miss, credit.cap)


def _exclusion(part: ExclusionPart) -> Exclusion:
    return Exclusion(Interval(part.start, part.until), part.reason, frozenset(part.service or ()))
