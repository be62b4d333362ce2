"""The newest fact of a ticket as one step from its clocks as they stand, where no other fact can have a say.

A short cut and nothing else: wherever `extends` holds, `extend` leads to what `assess` derives from all the facts. Most
facts leave most rounds as they are; what may stir the rounds of a metric its rule says (`Rule.stirred_by`).
"""

from __future__ import annotations

from slawatch.core.agreement import OnReopen
from slawatch.core.alert import Alert
from slawatch.core.fact import ASSIGNEE, OPENED_AT, REPLY, STATUS, Fact, Fields, Observed, Phase, observe
from slawatch.core.history import Filed
from slawatch.core.promise import Agreements, Offer
from slawatch.core.rounds import Moment, Rounds, step
from slawatch.core.rule import ASSIGNEE as BY_ASSIGNEE
from slawatch.core.rule import PHASE as BY_PHASE
from slawatch.core.rule import REPLY as BY_REPLY
from slawatch.core.say import speak
from slawatch.core.ticket import Ticket, opens, phase_of, reply_of


def extends(ticket: Ticket, fact: Fact, agreements: Agreements) -> bool:
    """Whether the clocks as they stand and this newest fact are all that matters.

    So no threshold was crossed at or after it, the ticket opens when it did, and what is promised is the same: also to
    an ended round that reopens, with a clock or none, for which changes after its end begin to matter then.
    """
    observed, now = fact.observed, ticket.fields
    if ticket.order is None:
        return _opens_now(fact, agreements)
    if ticket.opening is None or (OPENED_AT in observed and observed[OPENED_AT] != ticket.opened_at):
        return False
    offer = ticket.offer
    if offer is None:
        offer = ticket.offer = agreements.offer(now)
    for number in agreements.mentioned:
        if number in observed and observed[number] != now[number] and _changes(now, observed, agreements):
            return False
    return all(_goes_on(rounds, fact.at, offer) for rounds in ticket.rounds)


def _goes_on(rounds: Rounds, at: int, offer: Offer) -> bool:
    """Whether nothing that was before `at` has to be looked at again for these rounds, also where they reopen."""
    clock = rounds.clock
    if clock is not None and clock.crossings and clock.crossings[-1] >= at:
        return False
    if rounds.active or not rounds.number or not rounds.rule.answered_in:
        return True
    if clock is None:
        return offer.promise(rounds.slot, rounds.since) is None
    return (
        clock.promise.target.on_reopen is not OnReopen.RESUME
        or offer.promise(rounds.slot, rounds.since) is clock.promise
    )


def _changes(now: Fields, observed: Observed, agreements: Agreements) -> bool:
    """Whether something else is promised after a fact."""
    fields = list(now)
    observe(fields, observed)
    return agreements.offer(fields) is not agreements.offer(now)


def _opens_now(first: Fact, agreements: Agreements) -> bool:
    """Whether the first fact of a ticket says of nothing before it."""
    opened_at = first.observed.get(OPENED_AT)
    if opened_at is None or opened_at > first.at:
        return True
    return bool(opened_at == first.at) and agreements.phase(first.observed.get(STATUS)) in (Phase.OPEN, Phase.PENDING)


def extend(ticket: Ticket, fact: Fact, agreements: Agreements, judged: int) -> list[Alert]:
    """The newest fact, taken as one step from the clocks as they stand."""
    ticket.history.append(fact)
    at, observed = fact.at, fact.observed
    first = ticket.order is None
    ticket.order = fact.order
    fields = ticket.fields
    was, was_assigned = ticket.phase, fields[ASSIGNEE] is not None
    observe(fields, observed)
    offer = ticket.offer
    if offer is None:
        offer = ticket.offer = agreements.offer(fields)
    if first:
        ticket.first_at = at
        ticket.opened_at = observed.get(OPENED_AT)
        if not opens(fields, agreements):
            return []
        ticket.opening = at
        ticket.rounds = [Rounds(slot) for slot in offer.terms]
    assert ticket.opening is not None
    phase = ticket.phase = phase_of(fields, agreements)
    assigned = fields[ASSIGNEE] is not None
    reply = reply_of(fact, ticket.opening) if REPLY in observed else None
    stirred = BY_PHASE if phase is not was else 0
    if reply is not None:
        stirred |= BY_REPLY
    if assigned is not was_assigned:
        stirred |= BY_ASSIGNEE
    alerts: list[Alert] = []
    if stirred:
        moment = Moment(at, phase, assigned, reply, offer)
        for rounds in ticket.rounds:
            rule = rounds.rule
            if rule.stirred_by & stirred and (rounds.active or first or not rule.once):
                alerts += _stirred(ticket, rounds, moment, judged)
        ticket.aim()
    if ticket.deadline is not None and ticket.deadline < judged:
        for rounds in ticket.rounds:
            clock = rounds.clock
            if clock is not None and clock.deadline is not None and clock.deadline < judged:
                rounds.packed = None
                clock.advance(judged)
                alerts += speak(ticket, clock, arrived=False)
        ticket.aim()
    return alerts


def _stirred(ticket: Ticket, rounds: Rounds, moment: Moment, judged: int) -> list[Alert]:
    """What is said when rounds have taken a moment that may make a difference to them."""
    rounds.packed = None
    number, before = rounds.number, rounds.clock
    was = None if before is None else before.verdict
    step(rounds, moment)
    clock, begun = rounds.clock, rounds.number != number
    arrived = begun and clock is not before
    if arrived and clock is not None:
        # A late fact may have taken such a round away.
        known = ticket.history.unfile(clock.identity)
        if known is not None:
            clock.said, arrived = known, False
    alerts = _file(ticket, rounds) if begun and rounds.left else []
    if clock is not None and (clock is not before or clock.verdict != was):
        if clock.deadline is not None and clock.deadline < judged:
            clock.advance(judged)
        alerts += speak(ticket, clock, arrived)
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
