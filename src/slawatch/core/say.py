"""Alerts are what is true minus what was said: the truth table of one clock.

A threshold that is outranked when it becomes true stands without having been said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slawatch.core.alert import MET, MISSED, RETRACTED, WITHDRAWN, Alert
from slawatch.core.clock import MET as ENDED_MET
from slawatch.core.clock import MISSED as ENDED_MISSED
from slawatch.core.clock import Clock
from slawatch.core.fact import CUSTOMER, KIND, PRIORITY, SERVICE, TEAM
from slawatch.core.history import Filed
from slawatch.core.promise import BREACHED
from slawatch.core.rule import ENDED, RUNNING
from slawatch.core.said import OUTCOMES, STANDS, again, correction, forget_outcome
from slawatch.core.slug import unescaped
from slawatch.core.ticket import Ticket

_VERDICTS: Final[Mapping[int | None, str]] = {ENDED_MET: MET, ENDED_MISSED: MISSED}


def speak(ticket: Ticket, clock: Clock, arrived: bool) -> Sequence[Alert]:
    """What became true of a clock and was not said; `arrived`: it is judged for the first time."""
    crossed = len(clock.crossings)
    if not crossed and clock.verdict is None and clock.broken is None:
        return ()
    alerts: list[Alert] = []
    said, promise = clock.said, clock.promise
    breach, exceeded = promise.breach, clock.exceeded
    late = arrived and exceeded
    if exceeded and not said.get(BREACHED, 0) & STANDS:
        alerts.append(_breached(ticket, clock, late))
    if clock.stance != ENDED:
        fresh = [i for i in range(crossed) if i != breach and not said.get(promise.labels[i], 0) & STANDS]
        for i in fresh:
            label = promise.labels[i]
            # Of warnings and of overdue levels only the highest is said, of warnings none beside the breach.
            highest = i == fresh[-1] if i > breach else crossed <= breach and i == fresh[-1]
            if not highest:
                said[label] = said.get(label, 0) | STANDS
                continue
            rung = promise.ladder[i]
            alerts.append(_alert(
                ticket, clock, rung.what, again(said, label), rung.threshold,
                clock.crossings[i], clock.due_at(), promise.budget, rung.amount, late,
            ))  # fmt: skip
    elif (verdict := _VERDICTS.get(clock.verdict)) is not None and not said.get(verdict, 0) & STANDS:
        alerts.append(_outcome(ticket, clock, verdict, late))
    return alerts


def take_back(ticket: Ticket, clock: Clock, cause: int) -> Iterator[Alert]:
    """What was said of a clock and is no longer true, by an event that happened at `cause`."""
    said = clock.said
    if not said:
        return
    if said.get(BREACHED, 0) & STANDS and not clock.exceeded:
        said[BREACHED] ^= STANDS
        yield _corrected(ticket, clock, RETRACTED, cause)
    true = {*clock.promise.labels[: len(clock.crossings)], BREACHED, *OUTCOMES}
    for label in said.keys() - true:
        said[label] &= ~STANDS
    if clock.stance == ENDED and clock.verdict not in _VERDICTS and forget_outcome(said):
        yield _corrected(ticket, clock, WITHDRAWN, cause)


def stands(filed: Filed) -> bool:
    """Whether anything that was said of a clock would have to be taken back."""
    return any(filed.said.get(label, 0) & STANDS for label in (BREACHED, *OUTCOMES))


def take_back_all(ticket: Ticket, filed: Filed, clock: Clock | None, cause: int) -> Iterator[Alert]:
    """What was said of a clock that no longer exists; `clock` is what it was, where that is known."""
    said = filed.said
    breached, outcome = bool(said.get(BREACHED, 0) & STANDS), forget_outcome(said)
    for label in said:
        said[label] &= ~STANDS
    for stood, what in ((breached, RETRACTED), (outcome, WITHDRAWN)):
        if stood:
            yield _gone(ticket, filed, clock, what, cause)


def _breached(ticket: Ticket, clock: Clock, late: bool) -> Alert:
    nth = again(clock.said, BREACHED)
    broken = clock.broken
    if broken is None:
        at, budget = clock.crossings[clock.promise.breach], clock.promise.budget
        return _alert(ticket, clock, BREACHED, nth, None, at, clock.due_at(), budget, budget, late)
    alert = _alert(ticket, clock, BREACHED, nth, None, broken.deadline, broken.due, broken.budget, broken.budget, late)
    alert.started_at = broken.started_at
    return alert


def _outcome(ticket: Ticket, clock: Clock, verdict: str, late: bool) -> Alert:
    said = clock.said
    forget_outcome(said)
    assert clock.ended_at is not None
    return _alert(
        ticket, clock, verdict, again(said, verdict), None,
        clock.ended_at, clock.due_at(), clock.promise.budget, clock.mark, late,
    )  # fmt: skip


def _corrected(ticket: Ticket, clock: Clock, what: str, cause: int) -> Alert:
    nth, budget = correction(clock.said, what), clock.promise.budget
    return _alert(ticket, clock, what, nth, None, cause, clock.due_at(), budget, clock.spent_then(cause), False)


def _gone(ticket: Ticket, filed: Filed, clock: Clock | None, what: str, cause: int) -> Alert:
    # There is no clock that could tell what it has spent now: the figures are those of what is taken back.
    nth = correction(filed.said, what)
    if clock is not None and what == RETRACTED:
        broken, budget = clock.broken, clock.promise.budget
        if broken is not None:
            alert = _alert(ticket, clock, what, nth, None, cause, broken.due, broken.budget, broken.budget, False)
            alert.started_at = broken.started_at
            return alert
        return _alert(ticket, clock, what, nth, None, cause, clock.due_at(), budget, budget, False)
    if clock is not None:
        spent = clock.spent_then(cause) if clock.stance == RUNNING else clock.mark
        return _alert(ticket, clock, what, nth, None, cause, clock.due_at(), clock.promise.budget, spent, False)
    fields = ticket.fields
    return Alert(
        what, nth, unescaped(filed.slug), filed.slug, filed.metric, ticket.id, filed.round, None,
        fields[CUSTOMER], fields[PRIORITY], fields[SERVICE], fields[TEAM], fields[KIND],
        None, None, cause, None, None, False,
    )  # fmt: skip


def _alert(
    ticket: Ticket, clock: Clock, what: str, nth: int, threshold: str | None,
    happened_at: int, due_at: int | None, budget: int, elapsed: int, on_arrival: bool,
) -> Alert:  # fmt: skip
    fields, promise = ticket.fields, clock.promise
    return Alert(
        what, nth, promise.agreement.id, promise.agreement.slug, promise.target.metric, ticket.id, clock.round, threshold,
        fields[CUSTOMER], fields[PRIORITY], fields[SERVICE], fields[TEAM], fields[KIND],
        clock.started_at, due_at, happened_at, budget, elapsed, on_arrival,
    )  # fmt: skip
