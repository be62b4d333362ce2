"""Where the verdicts of a ticket's clocks lie now, for whoever counts them by instants and fields.

An alert is said once: not again when a late fact moves a verdict that stays what it is, nor when a clock that had ended
goes on, or ends a second time. And it tells the fields of the ticket as they were when it was said; here they are those
of the verdict's own instant. So what is counted depends on what is known, not on the order in which it came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from slawatch.core import alert
from slawatch.core.agreement import Metric
from slawatch.core.alert import Alert
from slawatch.core.clock import MET, MISSED, Clock
from slawatch.core.fact import PRIORITY, TEAM, Fact, Fields, no_fields, observe
from slawatch.core.history import Base
from slawatch.core.promise import BREACHED, Agreements
from slawatch.core.rule import ENDED
from slawatch.core.ticket import Ticket, derive, story


class Moved(NamedTuple):
    """Of a clock: the due instant of its breach, and when it ended with a verdict; None where there is none.

    `fields` are priority, customer, service, kind and team.
    """

    clock: Clock
    due: int | None
    ended: int | None
    fields: tuple[str | None, ...]


_VERDICTS: Final = frozenset((BREACHED, alert.MET, alert.MISSED))
Counted = Collection[tuple[str, Metric]]
"""The agreements and metrics of which somebody counts the verdicts."""


def moved(
    ticket: Ticket, agreements: Agreements, counted: Counted, judged: int,
    new: Fact | None = None, alerts: Sequence[Alert] = (),
) -> list[Moved]:  # fmt: skip
    """All clocks of which a breach or an outcome was ever said, as they are at `judged`; of earlier rounds too.

    Where they are so because of the fact `new`, only those that are not as they were without it, or of which something
    was said: with the fields as they are now.
    """
    facts, base = ticket.history.facts(), ticket.history.base()
    if not facts or not counted:
        return []
    said = {filed.identity for filed in ticket.history.filed() if _VERDICTS & filed.said.keys()}
    said |= {clock.identity for clock in ticket.clocks() if _VERDICTS & clock.said.keys()}
    if not said:
        return []
    now = [one for one in _all(facts, base, agreements, counted, judged) if one.clock.identity in said]
    before = [fact for fact in facts if new is None or fact.id != new.id]
    if new is None or not before:
        return now
    was = {one.clock.identity: one[1:] for one in _all(before, ticket.history.base(), agreements, counted, judged)}
    return [
        one
        for one in now
        if was.get(one.clock.identity) != one[1:] or any(_is_about(one.clock, told) for told in alerts)
    ]


def _all(
    facts: list[Fact], base: Base | None, agreements: Agreements, counted: Counted, judged: int
) -> Iterator[Moved]:
    for rounds in derive(story(facts, base, agreements), base):
        for clock in rounds.clocks():
            if _is_counted(clock, counted):
                clock.advance(judged)
                due, ended_at = _due(clock), _ended(clock)
                at = ended_at if ended_at is not None else _breached(clock, judged)
                yield Moved(clock, due, ended_at, _told(_fields_at(facts, base, at)))


def ended(ticket: Ticket) -> list[Clock]:
    """The clocks that have ended with a verdict, so might go on."""
    return [clock for rounds in ticket.rounds if (clock := rounds.clock) is not None and clock.verdict in (MET, MISSED)]


def gone_on(
    ticket: Ticket, before: Iterable[Clock], at: int, alerts: Sequence[Alert], counted: Counted
) -> Iterator[Moved]:
    """The clocks that had ended `before` and go on, and those that end at `at` as they had ended: nothing is said of either."""
    for clock in before:
        if clock.ended_at is None and _is_counted(clock, counted):
            yield Moved(clock, _due(clock), None, _told(_fields_of(ticket, clock)))
    outcomes = [said for said in alerts if said.what in (alert.MET, alert.MISSED)]
    for clock in ended(ticket):
        if clock.ended_at == at and _is_counted(clock, counted) and not any(_is_about(clock, one) for one in outcomes):
            yield Moved(clock, _due(clock), at, _told(ticket.fields))


def _fields_of(ticket: Ticket, clock: Clock) -> Fields:
    """The fields that count for a clock that runs: those at its breach, or the present ones."""
    if not clock.exceeded:
        return ticket.fields
    history = ticket.history
    return _fields_at(history.facts(), history.base(), _breached(clock, 0))


def _is_counted(clock: Clock, counted: Counted) -> bool:
    return (clock.promise.agreement.id, clock.promise.target.metric) in counted


def _is_about(clock: Clock, said: Alert) -> bool:
    promise = clock.promise
    clock_of = (promise.agreement.id, promise.target.metric, clock.round)
    return (said.agreement, said.metric, said.round) == clock_of


def _ended(clock: Clock) -> int | None:
    return clock.ended_at if clock.stance == ENDED and clock.verdict in (MET, MISSED) else None


def _due(clock: Clock) -> int | None:
    if not clock.exceeded:
        return None
    return clock.due_at() if clock.broken is None else clock.broken.due


def _breached(clock: Clock, judged: int) -> int:
    """The last instant at which a breach was none; of one that is none, now."""
    if clock.broken is not None:
        return clock.broken.deadline
    return clock.crossings[clock.promise.breach] if clock.exceeded else judged


def _told(fields: Fields) -> tuple[str | None, ...]:
    return tuple(fields[PRIORITY : TEAM + 1])


def _fields_at(facts: list[Fact], base: Base | None, at: int) -> Fields:
    """The fields at an instant; before the first fact they are those that it brought."""
    fields = no_fields() if base is None else list(base.fields)
    for number, fact in enumerate(facts):
        if fact.at > at and (number or base is not None):
            break
        observe(fields, fact.observed)
    return fields
