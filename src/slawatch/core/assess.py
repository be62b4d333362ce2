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
from typing import NamedTuple

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


class Step(NamedTuple):
    """What is said because of a fact, in order, and what became of it."""

    alerts: list[Alert]
    use: Use


def apply(ticket: Ticket, fact: Fact, agreements: Agreements, stream_time: int) -> Step:
    """Take a fact, `stream_time` being how far everything was known before it."""
    if ticket.folded is not None and fact[:3] <= ticket.folded:
        return Step([], Use.TOO_LATE)
    if not fact.observed:
        return Step([], Use.EMPTY)
    if ticket.history.knows(fact.id):
        return Step([], Use.DUPLICATE)
    alerts = fire(ticket, fact.at)
    judged = max(fact.at, stream_time)
    late = ticket.order is not None and fact[:3] < ticket.order
    if not late and extends(ticket, fact, agreements):
        step_alerts = extend(ticket, fact, agreements, judged)
    else:
        facts = ticket.history.facts()
        facts.append(fact)
        if late:
            facts.sort(key=lambda known: known[:3])
            ticket.history.replace(facts)
            judged = max(judged, facts[-1].at)
        else:
            ticket.history.append(fact)
        step_alerts = _derive(ticket, facts, agreements, judged, fact.at, fact)
    alerts += in_order(step_alerts)
    return Step(alerts, Use.LATE if late else Use.IN_ORDER)


def fire(ticket: Ticket, before: int) -> list[Alert]:
    """Let every deadline that lies before an instant pass, one at a time, each judged at its own."""
    alerts: list[Alert] = []
    while True:
        deadline = ticket.next_deadline()
        if deadline is None or deadline >= before:
            return alerts
        said: list[Alert] = []
        for rounds in ticket.rounds:
            clock = rounds.clock
            if clock is not None and clock.deadline == deadline:
                clock.advance(deadline + 1)
                said += speak(ticket, clock, arrived=False)
        alerts += in_order(said)


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
    ticket.order, ticket.offer = facts[-1].order, None
    ticket.fields, ticket.first_at, ticket.opened_at, ticket.opening = told[:4]
