"""What the parts of an agreement do not say together, though each of them is valid by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slawatch.agreements.amounts import Number
from slawatch.agreements.build import Calendars, used, zones
from slawatch.agreements.contracts import hours_of
from slawatch.agreements.durations import Duration
from slawatch.agreements.models import AgreementPart, TargetPart
from slawatch.agreements.owed import HourlyPart, PerMissPart, TierPart
from slawatch.agreements.periods import (
    METRICS,
    AvailabilityPart,
    CompliancePart,
    PeriodPart,
    PeriodTargetPart,
    SatisfactionPart,
    ServiceTargetPart,
)
from slawatch.agreements.problem import Mistake, hint
from slawatch.core.agreement import ROUND_THE_CLOCK, Metric, Percent
from slawatch.core.periods.contract import PeriodMetric, Unknown


def conflicts(part: AgreementPart, calendars: Calendars) -> Iterator[Mistake]:
    """All of them; `calendars` has all that the agreement names."""
    yield from _zone(part, calendars)
    yield from _days(part, calendars)
    yield from _targets(part)
    yield from _ids(part)
    yield from _owed(part)
    for i, credit in enumerate(part.credits):
        found = _miss(part, credit) if isinstance(credit, PerMissPart) else _tier(part, credit, calendars)
        for mistake in found:
            yield Mistake(str(mistake), "credits", i, *mistake.below)
    services = _services(period_targets(part))
    for i, excluded in enumerate(part.exclude):
        for mistake in _unknown_services(excluded.service or (), services):
            yield Mistake(str(mistake), "exclude", i, *mistake.below)


def period_targets(part: AgreementPart) -> list[PeriodPart]:
    """The promises about periods."""
    return [target for target in part.targets if isinstance(target, PeriodTargetPart)]


def named(part: AgreementPart, word: str) -> list[PeriodPart]:
    """The promises that a credit means: those of a metric, or those with a name."""
    return [target for target in period_targets(part) if word in (target.metric, target.name)]


def _zone(part: AgreementPart, calendars: Calendars) -> Iterator[Mistake]:
    found = zones(part, calendars)
    if len(found) < 2:
        return
    several = f"in which zone? Its calendars have {' and '.join(found)}: add a `timezone`"
    if part.start or part.until:
        yield Mistake(f"midnight {several}", "from" if part.start else "until")
    for i, target in enumerate(part.targets):
        if isinstance(target, PeriodTargetPart):
            yield Mistake(f"a {target.per} {several}", "targets", i, "per")
            return


def _days(part: AgreementPart, calendars: Calendars) -> Iterator[Mistake]:
    own = calendars[part.calendar or ROUND_THE_CLOCK.name]
    for i, target in enumerate(part.targets):
        if not isinstance(target, TargetPart):
            continue
        days = {calendar.day for calendar in used(target, own, calendars)}
        for j, threshold in enumerate(target.warn):
            if isinstance(threshold, Duration) and threshold.days and len(days) > 1:
                text = f"how long is `{threshold.text}`? The calendars of the limits have different days: write hours"
                yield Mistake(text, "targets", i, "warn", j)


def _ticket_metrics(part: AgreementPart) -> list[Metric]:
    return [target.metric for target in part.targets if isinstance(target, TargetPart)]


def _targets(part: AgreementPart) -> Iterator[Mistake]:
    metrics = _ticket_metrics(part)
    for i, target in enumerate(part.targets):
        if isinstance(target, CompliancePart) and target.of not in metrics:
            tip = hint(target.of, metrics) if metrics else f"add a target `metric: {target.of}`"
            yield Mistake(f"this agreement promises no `{target.of}`: {tip}", "targets", i, "of")
        if isinstance(target, ServiceTargetPart) and target.unknown is Unknown.DOWN and part.start is None:
            text = "`down` needs a `from` in the agreement: else all time before the first event would be an outage"
            yield Mistake(text, "targets", i, "unknown")
    if part.each and not (part.match and part.match.customer):
        yield Mistake("one for each of which customers? List them in `match: {customer: [...]}`", "each")


def subject(target: PeriodPart) -> Sequence[str]:
    """What a target is about, as it stands in ids."""
    if isinstance(target, CompliancePart):
        return (target.of,)
    return ("ratings",) if isinstance(target, SatisfactionPart) else target.service


def _ids(part: AgreementPart) -> Iterator[Mistake]:
    taken: set[tuple[str, str, str]] = set()
    for i, target in enumerate(part.targets):
        if not isinstance(target, PeriodTargetPart):
            continue
        name = target.name or target.metric
        keys = {(name, about, target.per.value) for about in subject(target)}
        both = sorted(taken & keys)
        if both:
            shared = f"`{part.id}/{name}/{both[0][1]}` is the id of another target of each {target.per} too"
            tip = "give one of them another `name`" if target.name else "give one of them a `name`"
            yield Mistake(f"{shared}: {tip}", "targets", i, "name" if target.name else "metric")
        taken |= keys


def _owed(part: AgreementPart) -> Iterator[Mistake]:
    pers = list(dict.fromkeys(target.per.value for target in period_targets(part)))
    if part.fee and len(pers) > 1:
        listed = " and ".join(f"`{per}`" for per in pers)
        yield Mistake(f"is for one period, but the targets have {listed}: make one agreement for each", "fee")


def _miss(part: AgreementPart, credit: PerMissPart) -> Iterator[Mistake]:
    metrics = _ticket_metrics(part)
    if credit.metric not in metrics:
        tip = hint(credit.metric, metrics) if metrics else f"add a target `metric: {credit.metric}`"
        yield Mistake(f"this agreement promises no `{credit.metric}`: {tip}", "metric")


def _tier(part: AgreementPart, credit: TierPart | HourlyPart, calendars: Calendars) -> Iterator[Mistake]:
    targets = named(part, credit.metric)
    if not targets:
        yield Mistake(_nothing_named(part, credit.metric), "metric")
        return
    yield from _unknown_services(credit.service or (), _services(targets))
    if isinstance(credit, TierPart):
        if credit.below is not None:
            yield from _below(credit, targets)
    elif not all(isinstance(target, AvailabilityPart) for target in targets):
        yield Mistake(f"is for availability: of {targets[0].metric} write a credit without it", "each")
    elif credit.each.days:
        days = {hours_of(target, part, calendars).day for target in targets if isinstance(target, ServiceTargetPart)}
        if len(days) > 1:
            text = f"how long is `{credit.each.text}`? The calendars of the targets have different days: write hours"
            yield Mistake(text, "each")


def _nothing_named(part: AgreementPart, word: str) -> str:
    if word in tuple(Metric):
        return f"`{word}` is a metric of tickets: write `each_miss`, or name a compliance target"
    known = [name for target in period_targets(part) for name in (target.metric.value, target.name) if name]
    if not known:
        return f"this agreement promises no `{word}`: add a target with it"
    what = (
        f"this agreement promises no `{word}`" if word in METRICS else f"`{word}` is no metric and no name of a target"
    )
    return f"{what}: {hint(word, dict.fromkeys(known))}"


def _below(credit: TierPart, targets: Iterable[PeriodPart]) -> Iterator[Mistake]:
    for target in targets:
        if target.metric in (PeriodMetric.OUTAGE, PeriodMetric.OUTAGES):
            yield Mistake(f"does not apply to {target.metric}, which is no share: take it out", "below")
            return
        mean = isinstance(target, SatisfactionPart) and isinstance(target.at_least, Number)
        if mean and isinstance(credit.below, Percent):
            yield Mistake(f"`{credit.below.text}` is a share, but the target is a mean: write for example 4.5", "below")
            return
        if not mean and isinstance(credit.below, Number):
            yield Mistake(f"`{credit.below.text}` is no share: write for example 99.5%", "below")
            return


def _services(targets: Iterable[PeriodPart]) -> list[str]:
    watched = (target for target in targets if isinstance(target, ServiceTargetPart))
    return list(dict.fromkeys(service for target in watched for service in target.service))


def _unknown_services(words: Iterable[str], known: list[str]) -> Iterator[Mistake]:
    for i, word in enumerate(words):
        if word not in known:
            tip = hint(word, known) if known else "take it out, no service is meant here"
            yield Mistake(f"no target here is about the service `{word}`: {tip}", "service", i)
