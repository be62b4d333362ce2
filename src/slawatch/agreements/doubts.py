"""What is allowed but hardly meant in promises about periods: hours, warnings and credits that mean something else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from slawatch.agreements.build import Calendars, used
from slawatch.agreements.contracts import cap_of, exact, hours_of
from slawatch.agreements.durations import Duration
from slawatch.agreements.models import AgreementPart, TargetPart
from slawatch.agreements.owed import PerMissPart, TierPart
from slawatch.agreements.periods import (
    AvailabilityPart,
    CompliancePart,
    OutagePart,
    OutagesPart,
    SatisfactionPart,
    ServicePart,
    ServiceTargetPart,
)
from slawatch.agreements.problem import Path
from slawatch.agreements.together import named, period_targets
from slawatch.core.agreement import ROUND_THE_CLOCK
from slawatch.core.interval import DAY, HOUR
from slawatch.core.periods.period import Per

WarningPart = ServicePart | CompliancePart
_LONGEST = {
    Per.DAY: DAY + HOUR,
    Per.WEEK: 7 * DAY + HOUR,
    Per.MONTH: 31 * DAY + HOUR,
    Per.QUARTER: 92 * DAY + HOUR,
    Per.YEAR: 366 * DAY + HOUR,
}
"""In ms; clocks that are put back make an hour more, at most."""

Doubt = tuple[Path, str]
"""The way from the agreement to what is in doubt, and why it is."""


def doubts(part: AgreementPart, calendars: Calendars) -> Iterator[Doubt]:
    """All of them, of an agreement without mistakes."""
    yield from _hours(part, calendars)
    for i, target in enumerate(part.targets):
        if isinstance(target, AvailabilityPart | OutagePart | OutagesPart | CompliancePart):
            yield from ((("targets", i, "warn", j), text) for j, text in _silent(target, part, calendars))
    yield from _credits(part)
    if part.exclude and not any(isinstance(target, ServiceTargetPart) for target in part.targets):
        yield ("exclude",), "excludes nothing: no target of this agreement is about a service"


def _hours(part: AgreementPart, calendars: Calendars) -> Iterator[Doubt]:
    """Support hours that become service hours because nobody said otherwise."""
    own = calendars[part.calendar or ROUND_THE_CLOCK.name]
    of_tickets = (target for target in part.targets if isinstance(target, TargetPart))
    if own.calendar is None or not any(
        calendar is own for target in of_tickets for calendar in used(target, own, calendars)
    ):
        return
    for i, target in enumerate(part.targets):
        if isinstance(target, ServiceTargetPart) and target.calendar is None:
            text = (
                f"is judged in `{part.calendar}`, the hours in which tickets are worked on: "
                f"write `calendar: 24x7`, or `calendar: {part.calendar}` if that is meant"
            )
            yield ("targets", i), text


def _silent(target: WarningPart, part: AgreementPart, calendars: Calendars) -> Iterator[tuple[int, str]]:
    """The warnings, by position, that never come."""
    day = hours_of(target, part, calendars).day if isinstance(target, ServiceTargetPart) else DAY
    budget, promised = _budget(target, day)
    for j, warn in enumerate(target.warn):
        if not budget:
            yield j, f"never comes: `{promised}` leaves nothing to warn of"
        elif isinstance(warn, Duration) and warn.ms(day) >= budget:
            yield j, f"never comes: `{promised}` never leaves more than {warn.text}"


def _budget(target: WarningPart, day: int) -> tuple[Fraction, str]:
    """What a promise leaves at most, in ms, outages or as a share, and how it was written."""
    match target:
        case OutagePart():
            return Fraction(target.at_most.ms(day)), f"at_most: {target.at_most.text}"
        case OutagesPart():
            return Fraction(target.at_most), f"at_most: {target.at_most}"
        case AvailabilityPart() | CompliancePart():
            return (1 - target.at_least.share) * _LONGEST[target.per], f"at_least: {target.at_least.text}"


def _credits(part: AgreementPart) -> Iterator[Doubt]:
    if not part.credits:
        return
    customers = (part.match and part.match.customer) or ()
    pers = list(dict.fromkeys(target.per.value for target in period_targets(part)))
    if len(set(customers)) > 1 and part.each is None:
        yield ("credits",), "are due to which of several customers? Write `each: customer`, or an agreement for each"
    if len(pers) > 1:
        listed = " and ".join(f"`{per}`" for per in pers)
        yield ("credits",), f"are shares of what? The targets have {listed}: make one agreement for each"
    if not pers:
        yield ("credits",), "are never due: no target of this agreement is judged by a period"
    cap = cap_of(part)
    tiers = [credit for credit in part.credits if isinstance(credit, TierPart)]
    for i, credit in enumerate(part.credits):
        if not isinstance(credit, PerMissPart) and credit.credit > cap:
            yield ("credits", i, "credit"), f"is never paid in full: `credit_cap` is {_percent(cap)}"
        if isinstance(credit, PerMissPart):
            if part.fee is None:
                yield (
                    ("credits", i, "each_miss"),
                    "is money of no currency: give the agreement a `fee`, or it is not added",
                )
        elif isinstance(credit, TierPart):
            yield from ((("credits", i, field), text) for field, text in _tier(credit, tiers, part))


def _tier(tier: TierPart, tiers: list[TierPart], part: AgreementPart) -> Iterator[tuple[str, str]]:
    """What is odd about one of them, by field."""
    above = next((other for other in tiers if other is not tier and _outdoes(other, tier)), None)
    if above is not None:
        when = "whenever missed" if above.below is None else f"below {above.below.text}"
        yield (
            "credit",
            f"makes no difference: {when}, {_percent(above.credit)} is due; of several tiers the highest counts",
        )
    if tier.below is not None:
        promised = [
            target.at_least
            for target in named(part, tier.metric)
            if isinstance(target, AvailabilityPart | CompliancePart | SatisfactionPart)
        ]
        limit = max(promised, key=exact)
        if exact(tier.below) > exact(limit):
            yield "below", f"is above what is promised, {limit.text}: nothing is owed before that is missed"


def _outdoes(other: TierPart, tier: TierPart) -> bool:
    """Whether another one is due whenever this one is, and is not less."""
    if other.metric != tier.metric or other.credit < tier.credit:
        return False
    if other.service is not None and (tier.service is None or not set(tier.service) <= set(other.service)):
        return False
    if other.below is None:
        return tier.below is not None or other.credit > tier.credit
    return type(tier.below) is type(other.below) and exact(tier.below) < exact(other.below)


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):g}%"
