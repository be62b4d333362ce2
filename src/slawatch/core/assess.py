"""When something is said of a ticket, and why it can't be wrong.

A ticket's clocks are derived from its facts; nothing else decides. Three things ask for a judgement:

- an event (`apply`): first every deadline of this ticket that lies before the event fires (`fire`), then the event is
  put where it belongs among the facts and the ticket is judged at the later of the event and stream time;
- a deadline that stream time has passed (`fire`): judged at the deadline + 1 ms, one deadline at a time;
- a change of the agreements (`rejudge`): everything is derived again and judged at stream time.

Each judgement is the same subtraction: what is true of every clock minus what was said of it (`say`). Truth depends on
the set of facts and on the instant alone; so duplicates, late events, restarts and replays cannot make it differ.
A deadline equal to the instant of judgement has not passed: exceeding means spending more than the budget.

`apply` has two ways to the same truth. `_derive` goes through all facts from the base on: it is the definition.
`extend` takes one step from the clocks as they stand, where no fact but the newest can have a say (`extends`).
"""

from __future__ import annotations

from enum import Enum

from slawatch.core.alert import Alert, in_order
from slawatch.core.clock import Clock
from slawatch.core.extend import extend, extends
from slawatch.core.fact import Fact
from slawatch.core.history import Base, Filed, Identity
from slawatch.core.promise import Agreements
from slawatch.core.say import speak, stands, take_back, take_back_all
from slawatch.core.ticket import Story, Ticket, derive, story


class Use(Enum):
    """What became of a fact."""

    IN_ORDER = "in order"
    LATE = "late"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    TOO_LATE = "too late"


def apply(ticket: Ticket, fact: Fact, agreements: Agreements, stream_time: int) -> tuple[list[Alert], Use]:
    """Take a fact, `stream_time` being how far everything was known before it; what is said, and what became of it."""
    at, name, observed = fact.at, fact.id, fact.observed
    order, folded, deadline = ticket.order, ticket.folded, ticket.deadline
    if folded is not None and fact.order <= folded:
        return [], Use.TOO_LATE
    if not observed:
        return [], Use.EMPTY
    if ticket.history.knows(name):
        return [], Use.DUPLICATE
    alerts = fire(ticket, at) if deadline is not None and deadline < at else []
    judged = at if at > stream_time else stream_time
    if order is not None and at <= order[0] and fact.order < order:
        return alerts + _insert(ticket, fact, agreements, judged), Use.LATE
    if extends(ticket, fact, agreements):
        said = extend(ticket, fact, agreements, judged)
    else:
        facts = ticket.history.facts()
        facts.append(fact)
        ticket.history.append(fact)
        said = _derive(ticket, facts, agreements, judged, at, fact)
    if said:
        alerts += in_order(said)
    return alerts, Use.IN_ORDER


def _insert(ticket: Ticket, fact: Fact, agreements: Agreements, judged: int) -> list[Alert]:
    """A late fact, put where it belongs."""
    facts = ticket.history.facts()
    facts.append(fact)
    facts.sort(key=lambda known: known.order)
    ticket.history.replace(facts)
    return in_order(_derive(ticket, facts, agreements, max(judged, facts[-1].at), fact.at, fact))


def fire(ticket: Ticket, before: int) -> list[Alert]:
    """Let every deadline that lies before an instant pass, one at a time, each judged at its own."""
    alerts: list[Alert] = []
    while (deadline := ticket.deadline) is not None and deadline < before:
        said: list[Alert] = []
        for rounds in ticket.rounds:
            clock = rounds.clock
            if clock is not None and clock.deadline == deadline:
                rounds.packed = None
                clock.advance(deadline + 1)
                said += speak(ticket, clock, arrived=False)
        ticket.aim()
        alerts += in_order(said)
    return alerts


def rejudge(ticket: Ticket, agreements: Agreements, stream_time: int) -> list[Alert]:
    """Judge a ticket again under agreements that have changed; what no longer holds ceased to at `stream_time`."""
    facts = ticket.history.facts()
    if not facts:
        return []  # folded: its verdicts stand under the agreements that were in force then
    judged = max(stream_time, facts[-1].at)
    return in_order(_derive(ticket, facts, agreements, judged, stream_time))


def _derive(
    ticket: Ticket, facts: list[Fact], agreements: Agreements, judged: int, cause: int, new: Fact | None = None
) -> list[Alert]:
    """Everything from the facts: judge every clock there is, take back what was said of those that are no more."""
    heard = {filed.identity: filed.said for filed in ticket.history.filed()}
    heard.update((clock.identity, clock.said) for clock in ticket.clocks())
    base = ticket.history.base()
    told = story(facts, base, agreements)
    _retell(ticket, told, facts)
    ticket.rounds = derive(told, base)
    alerts: list[Alert] = []
    filed: list[Filed] = []
    for rounds in ticket.rounds:
        for clock in rounds.clocks():
            known = heard.pop(clock.identity, None)
            if known is not None:
                clock.said = known
            clock.advance(judged)
            alerts += take_back(ticket, clock, cause)
            alerts += speak(ticket, clock, arrived=known is None)
            if clock.round < rounds.number:
                filed.append(Filed(*clock.identity, clock.said))
        rounds.left = [clock for clock in rounds.left if clock.round == rounds.number]
    gone = [Filed(*identity, said) for identity, said in heard.items()]
    was = _without(facts, new, ticket.history.base(), agreements) if any(map(stands, gone)) else {}
    for vanished in gone:
        alerts += take_back_all(ticket, vanished, was.get(vanished.identity), cause)
    ticket.history.refile(filed + gone)
    ticket.aim()
    return alerts


def _without(facts: list[Fact], new: Fact | None, base: Base | None, agreements: Agreements) -> dict[Identity, Clock]:
    """The clocks as they were before the fact `new`: what a clock that no longer exists had to say of itself."""
    known = [fact for fact in facts if fact is not new]
    if new is None or not known:
        return {}
    return {
        clock.identity: clock for rounds in derive(story(known, base, agreements), base) for clock in rounds.clocks()
    }


def _retell(ticket: Ticket, told: Story, facts: list[Fact]) -> None:
    ticket.order, ticket.offer, ticket.phase = facts[-1].order, None, None
    ticket.fields, ticket.first_at, ticket.opened_at, ticket.opening = told[:4]
