"""One clock: the working time that one promise has spent on one round of a ticket, and the thresholds it has crossed.

A clock is told when it runs, stands and ends; it knows nothing of tickets or of what was said about it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from slawatch.core.agreement import Metric
from slawatch.core.fact import Phase
from slawatch.core.promise import Promise
from slawatch.core.rule import ENDED, RUNNING, STILL
from slawatch.core.worktime import NEVER

# How a clock ended. Stored: append only.
MET: Final = 1
MISSED: Final = 2
NO_VERDICT: Final = 3


class Broken(NamedTuple):
    """An earlier budget of the same round and agreement that was exceeded (after a change `from_now`)."""

    deadline: int
    due: int
    budget: int
    started_at: int


class Span(NamedTuple):
    """From `at` on the clock did this, having spent so much; kept only where somebody asks for the story."""

    at: int
    stance: int
    spent: int


class Clock:
    """The clock of a round under a promise.

    `mark` is, while running, the point of the working-time axis at which nothing was spent; otherwise the time spent.
    `crossings` are the deadlines of the thresholds exceeded so far, lowest first; `deadline` is that of the next, None
    while it does not run or none is left. `due` is known once the budget was reached in an earlier stretch. `begun`:
    it ran, if only for an instant. `said` says what was said of it (see `say`), `trail` its spans where they are kept.
    """

    __slots__ = (
        "answered",
        "begun",
        "broken",
        "crossings",
        "deadline",
        "due",
        "ended_at",
        "mark",
        "promise",
        "round",
        "said",
        "stance",
        "started_at",
        "trail",
        "verdict",
    )

    def __init__(self, promise: Promise, number: int, started_at: int) -> None:
        self.promise = promise
        self.round = number
        self.started_at = started_at
        self.stance = STILL
        self.begun = False
        self.mark = 0
        self.deadline: int | None = None
        self.crossings: list[int] = []
        self.due: int | None = None
        self.ended_at: int | None = None
        self.answered = False
        self.verdict: int | None = None
        self.broken: Broken | None = None
        self.said: dict[str, int] = {}
        self.trail: list[Span] | None = None

    @property
    def identity(self) -> tuple[str, Metric, int]:
        """Agreement, metric, round: what an alert is about."""
        return (self.promise.agreement.slug, self.promise.target.metric, self.round)

    @property
    def exceeded(self) -> bool:
        """Whether this budget, or an earlier one of the round, was exceeded."""
        return len(self.crossings) > self.promise.breach or self.broken is not None

    def settle(self, at: int, phase: Phase) -> None:
        """Run or stand from `at` on, as the phase of the ticket wants it."""
        stance = self.promise.stances[phase]
        if stance == RUNNING:
            self.run(at)
        else:
            self.stand(at, stance)

    def run(self, at: int) -> None:
        """Spend working time from `at` on; an ended clock goes on."""
        self.ended_at = self.verdict = None
        if self.stance == RUNNING:
            return
        if self.trail is not None:
            self.trail.append(Span(at, RUNNING, self.mark))
        self.stance = RUNNING
        self.begun = True
        self.mark = self.promise.axis.work(at) - self.mark
        self._aim()

    def stand(self, at: int, stance: int) -> None:
        """Spend nothing from `at` on."""
        self.ended_at = self.verdict = None
        self._stop(at)
        if self.trail is not None and self.stance != stance:
            self.trail.append(Span(at, stance, self.mark))
        self.stance = stance

    def end(self, at: int, answered: bool) -> None:
        """End at `at`: met or missed if it was answered; if it was only cut off, missed or nothing."""
        self._stop(at)
        if self.trail is not None:
            self.trail.append(Span(at, ENDED, self.mark))
        self.stance = ENDED
        self.ended_at = at
        self.answered = answered
        self.conclude()

    def conclude(self) -> None:
        """Reach the verdict of an ended clock; one that never ran has none."""
        if not self.begun:
            self.verdict = NO_VERDICT
        elif self.exceeded:
            self.verdict = MISSED
        else:
            self.verdict = MET if self.answered else NO_VERDICT

    def advance(self, to: int) -> None:
        """Cross every threshold whose deadline lies before `to`; one at `to` itself is not exceeded yet."""
        while self.deadline is not None and self.deadline < to:
            self.crossings.append(self.deadline)
            self._aim()

    def spent(self, at: int) -> int:
        """Working time spent at `at`, which is not before the last thing that the clock was told."""
        return self.promise.axis.work(at) - self.mark if self.stance == RUNNING else self.mark

    def spent_then(self, at: int) -> int:
        """Working time spent at any instant, by the trail."""
        spent = 0
        for span in self.trail or ():
            if span.at > at:
                break
            spent = span.spent
            if span.stance == RUNNING:
                spent += self.promise.axis.work(at) - self.promise.axis.work(span.at)
        return spent

    def due_at(self) -> int | None:
        """When the budget is spent, at first; of an ended clock as if it had run on; None while a stand hides it."""
        axis, budget = self.promise.axis, self.promise.budget
        if self.due is not None:
            due = self.due
        elif self.stance == RUNNING:
            due = axis.first(self.mark + budget)
        elif self.ended_at is not None:
            due = axis.first(axis.work(self.ended_at) - self.mark + budget)
        else:
            return None
        return due if due < NEVER else None

    def carried(self, promise: Promise, at: int) -> Clock:
        """This clock under another promise, the time spent until `at` standing as it is."""
        clock = Clock(promise, self.round, self.started_at)
        clock.mark = self.spent(at)
        clock.begun, clock.broken = self.begun, self.broken
        clock.crossings = [at for rung in promise.ladder if rung.amount < clock.mark]
        if clock.mark >= promise.budget:
            clock.due = self.due if self.due is not None else at
        clock.trail = [Span(at, STILL, clock.mark)]
        if self.stance == RUNNING:
            clock.run(at)
        else:
            clock.stance, clock.ended_at = self.stance, self.ended_at
            clock.answered, clock.verdict = self.answered, self.verdict
        return clock

    def _stop(self, at: int) -> None:
        if self.stance == RUNNING:
            if self.deadline is not None and self.deadline < at:
                self.advance(at)
            promise, began = self.promise, self.mark
            self.mark = promise.axis.work(at) - began
            if self.due is None and self.mark >= promise.budget:
                self.due = promise.axis.first(began + promise.budget)
            self.deadline = None

    def _aim(self) -> None:
        crossed, promise = len(self.crossings), self.promise
        if crossed < len(promise.amounts):
            deadline = promise.axis.last(self.mark + promise.amounts[crossed])
            self.deadline = deadline if deadline < NEVER else None
        else:
            self.deadline = None
