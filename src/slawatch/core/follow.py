"""A ticket's rounds from all its moments at once, with what a change of the promise does to what went before.

When rounds begin and end is decided moment by moment, by the target in force. How much a clock has spent is not: a
retroactive change judges all of it by the new promise. So a clock is first written down as a script, which may still
change hands, and played when all is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slawatch.core.agreement import Metric, OnChange, OnReopen
from slawatch.core.clock import Broken, Clock, Span
from slawatch.core.fact import Phase
from slawatch.core.promise import NOTHING, Promise, Slot
from slawatch.core.rounds import Moment, Rounds, step


class Line(NamedTuple):
    """What a clock was told: to settle in a phase, or (None) to end, answered or not."""

    at: int
    phase: Phase | None
    answered: bool = False


class Script(Clock):
    """A clock that writes down what it is told; `before` is what it was when its past was folded."""

    __slots__ = ("before", "lines")

    def __init__(self, promise: Promise, number: int, started_at: int, before: Clock | None = None) -> None:
        super().__init__(promise, number, started_at)
        self.before = before
        self.lines: list[Line] = []

    def settle(self, at: int, phase: Phase) -> None:
        self.lines.append(Line(at, phase))

    def end(self, at: int, answered: bool) -> None:
        self.lines.append(Line(at, None, answered))

    def played(self) -> Clock:
        """The clock that was told all that."""
        if self.before is not None:
            clock = self.before.carried(self.promise, self.started_at)
        else:
            clock = Clock(self.promise, self.round, self.started_at)
            clock.trail = []
        for at, phase, answered in self.lines:
            if phase is None:
                clock.end(at, answered)
            else:
                clock.settle(at, phase)
        return clock


class _Followed(Rounds):
    """Rounds whose clocks are scripts. `nothing` is the promise of a script while nothing is promised.

    `way`: what a change does then, by the last target.
    """

    __slots__ = ("nothing", "way")

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot)
        self.nothing = NOTHING[slot[0]]
        self.way = OnChange.RETROACTIVE

    def begin(self, moment: Moment) -> None:
        self.way = OnChange.RETROACTIVE
        super().begin(moment)

    def held_to(self, promise: Promise | None, at: int) -> Clock:
        return Script(promise or self.nothing, self.number, at)

    def change(self, moment: Moment) -> None:
        """Honour what is promised now: the target in force before it decides."""
        clock = self.clock
        assert isinstance(clock, Script)
        offered = moment.offer.promise(self.slot, self.since) or self.nothing
        if offered is clock.promise:
            return
        if clock.promise is not self.nothing:
            self.way = clock.promise.target.on_change
        if self.way is OnChange.RETROACTIVE:
            clock.promise = offered
        elif self.way is OnChange.FROM_NOW:
            clock.end(moment.at, answered=False)
            self.left.append(clock)
            self.clock = new = Script(offered, self.number, moment.at)
            # The new budget begins as the ticket was until now: what this moment makes of it comes after.
            told = [line for line in clock.lines if line.phase is not None]
            if self.active and told:
                new.lines.append(Line(moment.at, told[-1].phase))


def follow(slot: Slot, moments: Sequence[Moment], folded: Rounds | None = None, origin: Moment | None = None) -> Rounds:
    """The rounds of a slot after all moments.

    `folded` are the rounds before them and `origin` the moment at which they were folded: the time that their clocks
    had spent stands.
    """
    rounds = _Followed(slot)
    if folded is not None and origin is not None:
        _take_up(rounds, folded, origin)
    for moment in moments:
        if not rounds.active and rounds.reopens(moment.phase) and rounds.promise.target.on_reopen is OnReopen.RESUME:
            rounds.active = True  # the target in force when it ended decides that, not the one that applies now
        # What has ended is not changed; a new round looks for its promise when it begins.
        if rounds.active:
            rounds.change(moment)
        step(rounds, moment)
    return _played(rounds)


def _take_up(rounds: _Followed, folded: Rounds, origin: Moment) -> None:
    rounds.number, rounds.since, rounds.active = folded.number, folded.since, folded.active
    rounds.spoken, rounds.waiting = folded.spoken, folded.waiting
    rounds.left = [Script(clock.promise, clock.round, origin.at, clock) for clock in folded.left]
    clock = folded.clock
    if clock is not None:
        rounds.clock = Script(clock.promise, clock.round, origin.at, clock)
    elif rounds.number:
        rounds.clock = Script(rounds.nothing, rounds.number, origin.at)
    if rounds.active:
        rounds.settle(origin)


def _played(rounds: _Followed) -> Rounds:
    done = Rounds(rounds.slot)
    done.number, done.since, done.active = rounds.number, rounds.since, rounds.active
    done.spoken, done.waiting = rounds.spoken, rounds.waiting
    played: dict[tuple[str, Metric, int], Clock] = {}
    for script in (*rounds.left, rounds.clock):
        if not isinstance(script, Script) or script.promise is rounds.nothing:
            continue
        clock, earlier = script.played(), played.pop(script.identity, None)
        if earlier is not None:
            _goes_on(clock, earlier)
        played[clock.identity] = clock
        if script is rounds.clock:
            done.clock = clock
    done.left = [clock for clock in played.values() if clock is not done.clock]
    return done


def _goes_on(clock: Clock, earlier: Clock) -> None:
    """A round is breached at most once per agreement, by the first of its budgets that was exceeded."""
    clock.broken = earlier.broken
    if earlier.broken is None and earlier.exceeded:
        due = earlier.due_at()
        deadline = earlier.crossings[earlier.promise.breach]
        clock.broken = Broken(deadline, deadline if due is None else due, earlier.promise.budget, earlier.started_at)
    clock.begun = clock.begun or earlier.begun
    clock.trail = [*(earlier.trail or ()), Span(clock.started_at, clock.stance, 0), *(clock.trail or ())]
    if clock.ended_at is not None:
        clock.conclude()
