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
`_extend` takes one step from the clocks as they stand, where no fact but the newest can have a say (`_extends`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from slawatch.core.agreement import Agreements, OnReopen
from slawatch.core.alert import Alert, in_order
from slawatch.core.clock import PAUSED, RUNNING, Clock
from slawatch.core.fact import ASSIGNEE, OPENED_AT, REPLY, STATUS, Fact, Phase, observe
from slawatch.core.history import Base, Filed, Identity
from slawatch.core.rounds import Moment, Rounds, step
from slawatch.core.say import speak, stands, take_back, take_back_all
from slawatch.core.ticket import Story, Ticket, derive, opens, phase_of, reply_of, story

MAX_FACTS = 2_000
"""Beyond that the older half of a ticket's facts is folded."""
MAX_ROUNDS = 300
"""Beyond that finished rounds of a metric are folded, all but the newest `KEPT_ROUNDS`; apart, so that it is seldom."""
KEPT_ROUNDS = 200
_ROUNDS_CHECK = 50


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


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a ticket is kept after its last fact, ms: `retention` as it is, `forget` as a stub. None: for ever."""

    retention: int | None = None
    forget: int | None = None


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
    if not late and _extends(ticket, fact, agreements):
        step_alerts = _extend(ticket, fact, agreements, judged)
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
        deadline = next_deadline(ticket)
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


def next_deadline(ticket: Ticket) -> int | None:
    """The soonest deadline of a running clock."""
    soonest = None
    for rounds in ticket.rounds:
        clock = rounds.clock
        if clock is not None and clock.deadline is not None and (soonest is None or clock.deadline < soonest):
            soonest = clock.deadline
    return soonest


def next_wake_up(ticket: Ticket, bounds: Bounds) -> int | None:
    """The instant after which a ticket must be looked at again, whatever happens."""
    return _sooner(next_deadline(ticket), _idle_until(ticket, bounds))


def tidy(ticket: Ticket, agreements: Agreements, bounds: Bounds, now: int) -> bool:
    """Fold a ticket that has been idle for too long; False: not even a stub of it need be kept any more."""
    idle_until = _idle_until(ticket, bounds)
    if idle_until is None or now <= idle_until:
        return True
    if len(ticket.history) == 0:
        return False
    fold(ticket, agreements, len(ticket.history))
    return True


def fold(ticket: Ticket, agreements: Agreements, count: int) -> None:
    """Fold the oldest `count` facts into the base: what they led to stands, and nothing older is taken any more."""
    facts, base = ticket.history.facts(), ticket.history.base()
    told = story(facts[:count], base, agreements)
    folded = derive(told, base)
    order = facts[count - 1].order
    for rounds in folded:
        rounds.left = [clock for clock in rounds.left if clock.round == rounds.number]
        if rounds.active and rounds.clock is not None and rounds.clock.stance == RUNNING:
            rounds.clock.stand(order[0], PAUSED)
    ticket.history.rebase(Base(order, told.first_at, told.opened_at, told.opening, told.fields, folded))
    ticket.history.replace(facts[count:])
    ticket.folded = order
    present = {rounds.slot[0]: rounds.number for rounds in folded}
    ticket.history.refile([said for said in ticket.history.filed() if said.round >= present.get(said.metric, 0)])


def overfull(ticket: Ticket, agreements: Agreements) -> int:
    """How many of the oldest facts are to be folded because there are too many of them, or of finished rounds."""
    kept = len(ticket.history)
    if kept > MAX_FACTS:
        return kept // 2
    filed = ticket.history.filings()
    # What is kept is kept of each metric: less than that of all together is no reason to look closer.
    if filed <= MAX_ROUNDS * sum(rounds.number > 1 for rounds in ticket.rounds) or filed % _ROUNDS_CHECK:
        return 0
    return _facts_beyond(ticket, agreements)


def _facts_beyond(ticket: Ticket, agreements: Agreements) -> int:
    """How many facts belong to rounds beyond the newest `KEPT_ROUNDS` of every metric that has rounds at all."""
    facts, base = ticket.history.facts(), ticket.history.base()
    ends = []
    for rounds in derive(story(facts, base, agreements), base):
        old = [clock for clock in rounds.left if clock.round <= rounds.number - KEPT_ROUNDS]
        if old and old[-1].ended_at is not None:
            ends.append(old[-1].ended_at)
    return sum(fact.at <= max(ends) for fact in facts) if ends else 0


def _idle_until(ticket: Ticket, bounds: Bounds) -> int | None:
    """When a ticket without a running or paused clock is to be folded or forgotten."""
    patience = bounds.retention if len(ticket.history) else bounds.forget
    if patience is None or ticket.order is None:
        return None
    for rounds in ticket.rounds:
        if rounds.clock is not None and rounds.clock.stance in (RUNNING, PAUSED):
            return None
    return ticket.order[0] + patience


def _sooner(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _extends(ticket: Ticket, fact: Fact, agreements: Agreements) -> bool:
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


def _extend(ticket: Ticket, fact: Fact, agreements: Agreements, judged: int) -> list[Alert]:
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
