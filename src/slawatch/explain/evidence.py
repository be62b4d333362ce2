"""What the events tell beside a report: how each stretch counted, the clocks of late tickets, and what is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import UNSET

from slawatch.core.agreement import Metric
from slawatch.core.clock import Clock
from slawatch.core.fact import PRIORITY
from slawatch.core.periods.contract import Basis, ComplianceTarget, Contract, Contracts, ServiceTarget
from slawatch.core.periods.measure import EXCLUDED
from slawatch.core.periods.period import Per, Period
from slawatch.core.periods.status import Fact, Status
from slawatch.core.promise import Agreements
from slawatch.core.ticket import Ticket, derive, story
from slawatch.explain.followed import Followed, closed_time, follow
from slawatch.messages.reports import Report, TargetEntry
from slawatch.sheet.evidence import Evidence, Key, Kind, LateTicket, Stretch, Terms, key_of

_KINDS = {
    Status.DOWN: Kind.DOWN, Status.DEGRADED: Kind.DEGRADED, Status.UNKNOWN: Kind.UNKNOWN, EXCLUDED: Kind.PLANNED,
}  # fmt: skip
_WITH_HOURS = (Per.DAY, Per.WEEK, Per.MONTH)
"""In longer periods nights are too narrow to be seen."""


def evidence(
    report: Report,
    contract: Contract,
    period: Period,
    contracts: Contracts,
    facts: Callable[[str], Iterable[Fact]],
    ticket: Callable[[str], Ticket | None],
    agreements: Agreements,
    now: int,
) -> Evidence:
    """All there is for one report; `facts` are those of a service, each once, `now` is how far time came."""
    targets = {_key(target, subject): target for target in contract.targets for subject in _subjects(target)}
    stretches: dict[Key, Sequence[Stretch]] = {}
    late: dict[Key, Sequence[LateTicket]] = {}
    for entry in report.targets:
        target = targets.get(key_of(entry))
        if isinstance(target, ServiceTarget):
            service = entry.subject
            followed = follow(contract, target, service, facts(service), contracts.rule(service), now)
            if followed is not None:
                stretches[key_of(entry)] = tuple(_stretches(followed, period))
        elif isinstance(target, ComplianceTarget):
            found = _late(entry, contract, target, period, ticket, agreements, now)
            late[key_of(entry)] = sorted(found, key=lambda each: each.due_at or 0)
    fee = contract.fee
    return Evidence(stretches, late, None if fee is None else Terms(fee.amount, fee.currency, contract.credit_cap))


def _subjects(target: object) -> tuple[str, ...]:
    if isinstance(target, ServiceTarget):
        return target.services
    return (target.of.value,) if isinstance(target, ComplianceTarget) else ()


def _key(target: object, subject: str) -> Key:
    assert isinstance(target, ServiceTarget | ComplianceTarget)
    return target.name or target.metric.value, subject


def _stretches(followed: Followed, period: Period) -> Iterator[Stretch]:
    if followed.target.per in _WITH_HOURS:
        end = min(period.end, followed.meter.at)
        for start, stop in closed_time(followed.target.hours.axis, period.start, end):
            yield Stretch(start, stop, Kind.CLOSED)
    for piece in followed.pieces(period):
        kind = Kind.AGREED if piece.without else _KINDS.get(piece.kind)
        if kind is not None and not piece.blip:
            yield Stretch(piece.start, piece.end, kind)


def _late(
    entry: TargetEntry,
    contract: Contract,
    target: ComplianceTarget,
    period: Period,
    ticket: Callable[[str], Ticket | None],
    agreements: Agreements,
    now: int,
) -> Iterator[LateTicket]:
    """The clocks that were missed in the period, of the tickets that the report names."""
    for name in () if entry.missed_tickets is UNSET else dict.fromkeys(entry.missed_tickets):
        known = ticket(name)
        if known is None or not known.history.facts():
            continue
        for clock in _clocks(known, contract.agreement, target.of, agreements):
            clock.advance(now)
            due = clock.broken.due if clock.broken is not None else clock.due_at()
            counted = due if target.basis is Basis.VERDICT else clock.ended_at
            if clock.exceeded and counted is not None and period.start <= counted < period.end:
                yield _told(clock, known, due, now)


def _clocks(ticket: Ticket, agreement: str, metric: Metric, agreements: Agreements) -> Iterator[Clock]:
    base = ticket.history.base()
    for rounds in derive(story(ticket.history.facts(), base, agreements), base):
        for clock in rounds.clocks():
            if clock.promise.agreement.id == agreement and clock.promise.target.metric is metric:
                yield clock


def _told(clock: Clock, ticket: Ticket, due: int | None, now: int) -> LateTicket:
    spent, budget = clock.spent(now), clock.promise.budget
    if clock.broken is not None:  # an earlier budget was exceeded: what was spent of that one
        spent, budget = max([spent, *(span.spent for span in clock.trail or ())]), clock.broken.budget
    return LateTicket(ticket.id, ticket.fields[PRIORITY], clock.started_at, due, clock.ended_at, budget, spent)
