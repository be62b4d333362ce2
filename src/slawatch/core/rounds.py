"""When the clocks of a metric begin, stand, stop and begin again: one machine, with a metric's `Rule` filled in.

`step` takes one moment of a ticket. It knows moments and promises only, not facts, events or alerts.
"""

from __future__ import annotations

from typing import Final

from slawatch.core.agreement import OnReopen
from slawatch.core.clock import Clock
from slawatch.core.fact import BY_AGENT, BY_CUSTOMER, GONE, Phase
from slawatch.core.promise import NOTHING, Offer, Promise, Slot
from slawatch.core.rule import RULES, Begin

_OPENING: Final = Begin.OPENING


class Moment:
    """What counts for clocks at one instant: the ticket after a fact, and who replied in it, if that counts."""

    __slots__ = ("assigned", "at", "offer", "phase", "reply")

    def __init__(self, at: int, phase: Phase, assigned: bool, reply: int | None, offer: Offer) -> None:
        self.at = at
        self.phase = phase
        self.assigned = assigned
        self.reply = reply
        self.offer = offer


class Rounds:
    """The rounds of one slot on one ticket.

    `number` is the present round (0: none yet), `since` its start, `active` whether it has not ended, `clock` its clock
    (None: nothing is promised). `left` are ended clocks: of agreements that the present round has left, and of earlier
    rounds until somebody files them. `spoken`: an agent has replied. `waiting`: a customer has, while it was resolved.
    `packed` is for whoever stores tickets: what they made of these rounds; whoever changes them sets it to None.
    """

    __slots__ = ("active", "clock", "left", "number", "packed", "rule", "since", "slot", "spoken", "waiting")

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
        self.packed: object = None

    def clocks(self) -> list[Clock]:
        """The present clock and those that were left."""
        return self.left if self.clock is None else [self.clock, *self.left]

    @property
    def promise(self) -> Promise:
        """The promise in force, which decides how the round goes on."""
        return self.clock.promise if self.clock is not None else NOTHING[self.slot[0]]

    def reopens(self, phase: Phase) -> bool:
        """Whether a ticket in this phase reopens an ended round of resolution or closure."""
        return (
            not self.active
            and self.number > 0
            and bool(self.rule.answered_in)
            and phase is not GONE
            and phase not in self.rule.answered_in
            and self.promise.target.on_reopen is not OnReopen.IGNORE
        )

    def begin(self, moment: Moment) -> None:
        """Begin the next round; the promise is the one that applies now."""
        if self.clock is not None:
            self.left.append(self.clock)
        self.number += 1
        self.since = moment.at
        self.active = True
        self.waiting = False
        self.clock = self.held_to(moment.offer.promise(self.slot, moment.at), moment.at)
        self.settle(moment)

    def held_to(self, promise: Promise | None, at: int) -> Clock | None:
        """A clock of the present round that begins at `at`."""
        return None if promise is None else Clock(promise, self.number, at)

    def settle(self, moment: Moment) -> None:
        """Let the clock run or stand as the phase wants it."""
        if self.clock is not None:
            self.clock.settle(moment.at, moment.phase)

    def end(self, at: int, answered: bool) -> None:
        """End the round."""
        self.active = False
        if self.clock is not None:
            self.clock.end(at, answered)


def step(rounds: Rounds, moment: Moment) -> None:
    """Take one moment: stop what it answers or cuts off, begin what it begins, let the rest run or stand."""
    rule, phase = rounds.rule, moment.phase
    if rounds.number == 0 and rule.begin is _OPENING:
        rounds.begin(moment)
    if phase is GONE:
        if rounds.active:
            rounds.settle(moment)
        return
    if rounds.active:
        answered = rounds.promise.ends[phase]
        if (rule.answered_by_reply and moment.reply == BY_AGENT) or (rule.answered_by_assignee and moment.assigned):
            answered = True
        if answered is not None:
            rounds.end(moment.at, answered)
    elif rounds.reopens(phase):
        if rounds.promise.target.on_reopen is OnReopen.NEW_ROUND:
            rounds.begin(moment)
        else:
            rounds.active = True
    if rule.begin is not _OPENING:
        _replied(rounds, moment)
    if rounds.active:
        rounds.settle(moment)


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
