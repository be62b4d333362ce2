"""When the clocks of a metric begin, stand, stop and begin again: one machine, with a metric's conditions filled in.

`step` takes one moment of a ticket; `follow` takes many and honours what a change of the promise does to what went
before. Both know moments and promises only, not facts, events or alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from slawatch.core.agreement import Metric, Offer, OnChange, OnReopen, Promise, Slot, Target
from slawatch.core.clock import PAUSED, STILL, Broken, Clock, Span
from slawatch.core.ticket import BY_AGENT, BY_CUSTOMER, GONE, Phase


class Moment(NamedTuple):
    """What counts for clocks at one instant: the ticket after a fact, and who replied in it, if that counts."""

    at: int
    phase: Phase
    assigned: bool
    reply: int | None
    offer: Offer


class Begin(Enum):
    """What begins a round."""

    OPENING = "the ticket's opening"
    CUSTOMER = "a customer's reply after an agent's"
    AGENT = "an agent's reply"


@dataclass(frozen=True, slots=True)
class Rule:
    """The conditions of a metric: what begins a round, what answers it, which phases cut it off or make it stand."""

    begin: Begin
    answered_by_reply: bool = False
    answered_by_assignee: bool = False
    answered_in: frozenset[Phase] = frozenset()
    cut_off_in: frozenset[Phase] = frozenset()
    still_in: frozenset[Phase] = frozenset()


_OVER = frozenset({Phase.RESOLVED, Phase.CLOSED})
_CLOSED = frozenset({Phase.CLOSED})
_RESOLVED = frozenset({Phase.RESOLVED})
RULES = {
    Metric.FIRST_RESPONSE: Rule(Begin.OPENING, answered_by_reply=True, cut_off_in=_CLOSED, still_in=_RESOLVED),
    Metric.NEXT_RESPONSE: Rule(Begin.CUSTOMER, answered_by_reply=True, cut_off_in=_OVER),
    Metric.UPDATE: Rule(Begin.AGENT, answered_by_reply=True, cut_off_in=_OVER),
    Metric.ASSIGNMENT: Rule(Begin.OPENING, answered_by_assignee=True, cut_off_in=_OVER),
    Metric.RESOLUTION: Rule(Begin.OPENING, answered_in=_OVER),
    Metric.CLOSURE: Rule(Begin.OPENING, answered_in=_CLOSED),
}
_UNPROMISED = Target(Metric.RESOLUTION, {})
"""How rounds go on where nothing is promised: the defaults of a target."""


class Rounds:
    """The rounds of one slot on one ticket.

    `number` is the present round (0: none yet), `since` its start, `active` whether it has not ended, `clock` its clock
    (None: nothing is promised). `left` are ended clocks: of agreements that the present round has left, and of earlier
    rounds until somebody files them. `spoken`: an agent has replied. `waiting`: a customer has, while it was resolved.
    """

    __slots__ = ("active", "clock", "left", "number", "rule", "since", "slot", "spoken", "waiting")

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.rule = RULES[slot[0]]
        self.number = 0
        self.since = 0
        self.active = False
        self.spoken = False
        self.waiting = False
        self.clock: Clock | None = None
        self.left: list[Clock] = []

    def copy(self) -> Rounds:
        """Other rounds that stand the same."""
        other = Rounds(self.slot)
        other.number, other.since, other.active = self.number, self.since, self.active
        other.spoken, other.waiting = self.spoken, self.waiting
        other.clock = None if self.clock is None else self.clock.copy()
        other.left = [clock.copy() for clock in self.left]
        return other

    def clocks(self) -> list[Clock]:
        """The present clock and those that were left."""
        return self.left if self.clock is None else [self.clock, *self.left]

    @property
    def target(self) -> Target:
        """The target in force, which decides how the round goes on."""
        return self.clock.promise.target if self.clock is not None else _UNPROMISED

    def reopens(self, phase: Phase) -> bool:
        """Whether a ticket in this phase reopens an ended round of resolution or closure."""
        return (
            not self.active
            and self.number > 0
            and bool(self.rule.answered_in)
            and phase is not GONE
            and phase not in self.rule.answered_in
            and self.target.on_reopen is not OnReopen.IGNORE
        )

    def begin(self, moment: Moment) -> None:
        """Begin the next round; the promise is the one that applies now."""
        if self.clock is not None:
            self.left.append(self.clock)
        self.number += 1
        self.since = moment.at
        self.active = True
        self.waiting = False
        promise = moment.offer.promise(self.slot, moment.at)
        self.clock = None if promise is None else Clock(promise, self.number, moment.at)
        self.settle(moment)

    def settle(self, moment: Moment) -> None:
        """Let the clock run or stand as the phase wants it."""
        if self.clock is None:
            return
        if moment.phase is GONE:
            self.clock.stand(moment.at, STILL)
        elif moment.phase in self.target.pause:
            self.clock.stand(moment.at, PAUSED)
        elif moment.phase in self.rule.still_in:
            self.clock.stand(moment.at, STILL)
        else:
            self.clock.run(moment.at)

    def end(self, at: int, answered: bool) -> None:
        """End the round."""
        self.active = False
        if self.clock is not None:
            self.clock.end(at, answered)

    def change(self, at: int, promise: Promise | None) -> None:
        """Leave the promise in force and begin a new budget at `at` (`from_now`)."""
        old, new = self.clock, None if promise is None else Clock(promise, self.number, at)
        if old is not None and (new is None or new.promise.agreement is not old.promise.agreement):
            old.end(at, answered=False)
            self.left.append(old)
        if new is not None:
            for earlier in (old, *self.left):
                if earlier is not None and earlier.identity == new.identity:
                    new.broken, new.begun = _broken(earlier, at), earlier.begun
                    new.trail = earlier.trail
            self.left = [clock for clock in self.left if clock.identity != new.identity]
        self.clock = new


def _broken(clock: Clock, at: int) -> Broken | None:
    if clock.broken is None:
        clock.stand(at, STILL)
        if clock.exceeded:
            due = clock.due_at()
            deadline = clock.crossings[clock.promise.breach]
            return Broken(deadline, deadline if due is None else due, clock.promise.budget, clock.started_at)
    return clock.broken


def step(rounds: Rounds, moment: Moment) -> None:
    """Take one moment: stop what it answers or cuts off, begin what it begins, let the rest run or stand."""
    rule, phase = rounds.rule, moment.phase
    if phase is GONE:
        if rounds.active:
            rounds.settle(moment)
        return
    if rule.begin is Begin.OPENING and rounds.number == 0:
        rounds.begin(moment)
    if rounds.active:
        if _answers(rounds, moment):
            rounds.end(moment.at, answered=True)
        elif phase in rule.cut_off_in:
            rounds.end(moment.at, answered=False)
    elif rounds.reopens(phase):
        if rounds.target.on_reopen is OnReopen.NEW_ROUND:
            rounds.begin(moment)
        else:
            rounds.active = True
    if rule.begin is not Begin.OPENING:
        _replied(rounds, moment)
    if rounds.active:
        rounds.settle(moment)


def _answers(rounds: Rounds, moment: Moment) -> bool:
    rule = rounds.rule
    if rule.answered_by_reply:
        if moment.reply == BY_AGENT:
            return True
        # first_response only: with `resolved_counts` resolving is an answer.
        return moment.phase is Phase.RESOLVED and rounds.target.resolved_counts
    return (rule.answered_by_assignee and moment.assigned) or moment.phase in rule.answered_in


def _replied(rounds: Rounds, moment: Moment) -> None:
    over = moment.phase in rounds.rule.cut_off_in
    if moment.reply == BY_AGENT:
        rounds.spoken, rounds.waiting = True, False
    if rounds.active or not rounds.spoken:
        return
    if rounds.rule.begin is Begin.CUSTOMER:
        rounds.waiting = rounds.waiting or moment.reply == BY_CUSTOMER
        if rounds.waiting and not over:
            rounds.begin(moment)
    elif not over:
        rounds.begin(moment)


class Start(NamedTuple):
    """A round as it began, to go through it again under another promise; `carried` is its clock if it was folded."""

    position: int
    moment: Moment
    number: int
    since: int
    spoken: bool
    waiting: bool
    left: int
    carried: Clock | None


def follow(rounds: Rounds, moments: Sequence[Moment], origin: Moment | None = None) -> Rounds:
    """The rounds after all moments, from `rounds` as they were before them.

    `origin` is the moment at which `rounds` was folded, if they began before these moments.
    """
    start = None if origin is None or rounds.number == 0 else _start(rounds, -1, origin, rounds.clock)
    return _follow(rounds, moments, 0, len(moments), start, pinned=0)[0]


def _follow(
    rounds: Rounds, moments: Sequence[Moment], first: int, stop: int, start: Start | None, pinned: int
) -> tuple[Rounds, Start | None]:
    """Go through `moments[first:stop]`; the round `pinned` is held to its promise whatever changes."""
    # A retroactive change asks for the whole round by the new promise. Where both promises let the round go the same
    # way, that is put off (`held`) until the round ends, so that a ticket whose priority flips a thousand times is
    # gone through twice and not a thousand times.
    held: Promise | None = None
    for position in range(first, stop):
        moment = moments[position]
        if start is not None and rounds.number != pinned and _may_change(rounds, moment):
            current = held or (rounds.clock.promise if rounds.clock is not None else None)
            offered = moment.offer.promise(rounds.slot, rounds.since)
            if offered is not current:
                way = _way(rounds, current)
                if way is OnChange.FROM_NOW:
                    rounds.change(moment.at, offered)
                elif way is OnChange.RETROACTIVE and _same_course(current, offered):
                    held = offered
                elif way is OnChange.RETROACTIVE:
                    rounds, start = _again(rounds, moments, position, start, offered)
                    held = None
        number = rounds.number
        step(rounds, moment)
        _keep_trail(rounds)
        if held is not None and start is not None and (not rounds.active or rounds.number != number):
            rounds, start = _again(rounds, moments, position + 1, start, held)
            held = None
        elif rounds.number != number:
            start = _start(rounds, position, moment)
    if held is not None and start is not None:
        rounds, start = _again(rounds, moments, stop, start, held)
    return rounds, start


def _again(
    rounds: Rounds, moments: Sequence[Moment], stop: int, start: Start, promise: Promise | None
) -> tuple[Rounds, Start | None]:
    """The same round once more, from its start until `stop`, held to `promise` all the time."""
    again = Rounds(rounds.slot)
    again.number, again.since, again.spoken, again.waiting = start.number, start.since, start.spoken, start.waiting
    again.left = rounds.left[: start.left]
    again.active = start.carried is None or start.carried.ended_at is None
    if promise is not None and start.carried is not None:
        again.clock = start.carried.carried(promise, start.moment.at)
    elif promise is not None:
        # Of a round that was folded while nothing was promised only what comes after the fold is known.
        again.clock = Clock(promise, start.number, start.since if start.position >= 0 else start.moment.at)
        again.clock.trail = []
    if again.active:
        again.settle(start.moment)
    return _follow(again, moments, start.position + 1, stop, start, pinned=start.number)


def _start(rounds: Rounds, position: int, moment: Moment, carried: Clock | None = None) -> Start:
    number, since, spoken, waiting = rounds.number, rounds.since, rounds.spoken, rounds.waiting
    return Start(position, moment, number, since, spoken, waiting, len(rounds.left), carried)


def _may_change(rounds: Rounds, moment: Moment) -> bool:
    """Whether the promise of the present round may change now; a new round looks for its own when it begins."""
    if rounds.active:
        return True
    return rounds.reopens(moment.phase) and rounds.target.on_reopen is OnReopen.RESUME


def _way(rounds: Rounds, current: Promise | None) -> OnChange:
    """What a change does: the target in force before it decides. Where nothing applied yet, the whole round counts."""
    if current is not None:
        return current.target.on_change
    left = any(clock.round == rounds.number for clock in rounds.left)
    return OnChange.FROM_NOW if left else OnChange.RETROACTIVE


def _same_course(one: Promise | None, other: Promise | None) -> bool:
    """Whether rounds begin, end and reopen at the same moments under both promises."""
    if one is None or other is None:
        return False
    a, b = one.target, other.target
    return a.on_reopen is b.on_reopen and a.resolved_counts == b.resolved_counts


def _keep_trail(rounds: Rounds) -> None:
    clock = rounds.clock
    if clock is not None and clock.trail is None:
        clock.trail = [Span(clock.started_at, clock.stance, 0)]
