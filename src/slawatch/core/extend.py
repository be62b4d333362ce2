"""The newest fact of a ticket as one step from its clocks as they stand, where no other fact can have a say.

A short cut, and nothing else: wherever `extends` holds, `extend` leads to what `assess` derives from all the facts.
"""

from __future__ import annotations

from slawatch.core.agreement import OnReopen
from slawatch.core.alert import Alert
from slawatch.core.fact import ASSIGNEE, OPENED_AT, REPLY, STATUS, Fact, Phase, observe
from slawatch.core.history import Filed
from slawatch.core.promise import Agreements
from slawatch.core.rounds import Moment, Rounds, step
from slawatch.core.say import speak
from slawatch.core.ticket import Ticket, opens, phase_of, reply_of


def extends(ticket: Ticket, fact: Fact, agreements: Agreements) -> bool:
    """Whether the clocks as they stand and this newest fact are all that matters.

    So no threshold was crossed at or after it, the ticket opens when it did, and what is promised is the same: also to
    an ended clock that reopens, for which changes after its end begin to matter then.
    """
    observed = fact.observed
    if ticket.order is None:
        return _opens_now(fact, agreements)
    if ticket.opening is None:
        return False
    if OPENED_AT in observed and observed[OPENED_AT] != ticket.opened_at:
        return False
    offer = ticket.offer
    if offer is None:
        offer = ticket.offer = agreements.offer(ticket.fields)
    now = ticket.fields
    if any(number in observed and observed[number] != now[number] for number in agreements.mentioned):
        fields = list(now)
        observe(fields, observed)
        if agreements.offer(fields) is not offer:
            return False
    for rounds in ticket.rounds:
        clock = rounds.clock
        if clock is None:
            continue
        if clock.crossings and clock.crossings[-1] >= fact.at:
            return False
        if not rounds.active and rounds.rule.answered_in and rounds.target.on_reopen is OnReopen.RESUME:
            if offer.promise(rounds.slot, rounds.since) is not clock.promise:
                return False
    return True


def _opens_now(first: Fact, agreements: Agreements) -> bool:
    """Whether the first fact of a ticket says of nothing before it."""
    opened_at = first.observed.get(OPENED_AT)
    if opened_at is None or opened_at > first.at:
        return True
    return bool(opened_at == first.at) and agreements.phase(first.observed.get(STATUS)) in (Phase.OPEN, Phase.PENDING)


def extend(ticket: Ticket, fact: Fact, agreements: Agreements, judged: int) -> list[Alert]:
    """The newest fact, taken as one step from the clocks as they stand."""
    ticket.history.append(fact)
    first = ticket.order is None
    ticket.order = fact[:3]
    fields = ticket.fields
    observe(fields, fact.observed)
    phase = phase_of(fields, agreements)
    offer = ticket.offer
    if offer is None:
        offer = ticket.offer = agreements.offer(fields)
    if first:
        ticket.first_at = fact.at
        ticket.opened_at = fact.observed.get(OPENED_AT)
        if not opens(fields, agreements):
            return []
        ticket.opening = fact.at
        ticket.rounds = [Rounds(slot) for slot in offer.terms]
    assert ticket.opening is not None
    reply = reply_of(fact, ticket.opening) if REPLY in fact.observed else None
    moment = Moment(fact.at, phase, fields[ASSIGNEE] is not None, reply, offer)
    alerts: list[Alert] = []
    for rounds in ticket.rounds:
        number, before = rounds.number, rounds.clock
        was = None if before is None else before.verdict
        step(rounds, moment)
        if rounds.number != number and rounds.left:
            alerts += _file(ticket, rounds)
        clock = rounds.clock
        if clock is None:
            continue
        if clock is not before:
            clock.advance(judged)
            alerts += speak(ticket, clock, arrived=rounds.number != number)
        elif clock.verdict != was or (clock.deadline is not None and clock.deadline < judged):
            clock.advance(judged)
            alerts += speak(ticket, clock, arrived=False)
    return alerts


def _file(ticket: Ticket, rounds: Rounds) -> list[Alert]:
    """Say the last of clocks whose round is over, and put away what was said of them."""
    alerts: list[Alert] = []
    for clock in rounds.left:
        if clock.round < rounds.number:
            alerts += speak(ticket, clock, arrived=False)
            ticket.history.file(Filed(*clock.identity, clock.said))
    rounds.left = [clock for clock in rounds.left if clock.round == rounds.number]
    return alerts
