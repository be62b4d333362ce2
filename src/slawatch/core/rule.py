"""The conditions of each metric: what begins a round, what answers it, and what the phases of a ticket do to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from slawatch.core.agreement import Metric, Target
from slawatch.core.fact import GONE, Phase

# What a clock does. Stored: append only.
RUNNING: Final = 0
PAUSED: Final = 1
STILL: Final = 2
"""Stands without being paused (resolved, merged, deleted, cancelled): such a ticket may be forgotten."""
ENDED: Final = 3

# What may stir rounds: another phase, a reply that counts, somebody to whom the ticket is assigned.
PHASE: Final = 1
REPLY: Final = 2
ASSIGNEE: Final = 4


class Begin(Enum):
    """What begins a round."""

    OPENING = "the ticket's opening"
    CUSTOMER = "a customer's reply after an agent's"
    AGENT = "an agent's reply"


@dataclass(frozen=True, slots=True)
class Rule:
    """The conditions of a metric: what begins a round, what answers it, which phases cut it off or make it stand.

    `once`: there is one round, which does not come back. `stirred_by`: what can make a difference to rounds that have
    begun; a moment with nothing of it leaves them as they are.
    """

    begin: Begin
    answered_by_reply: bool = False
    answered_by_assignee: bool = False
    answered_in: frozenset[Phase] = frozenset()
    cut_off_in: frozenset[Phase] = frozenset()
    still_in: frozenset[Phase] = frozenset()
    once: bool = field(init=False)
    stirred_by: int = field(init=False)

    def __post_init__(self) -> None:
        opening = self.begin is Begin.OPENING
        replies = self.answered_by_reply or not opening
        object.__setattr__(self, "once", opening and not self.answered_in)
        object.__setattr__(self, "stirred_by", PHASE | replies * REPLY | self.answered_by_assignee * ASSIGNEE)

    def stances(self, target: Target) -> tuple[int, ...]:
        """What a clock that has not ended does, by phase."""
        return tuple(self._stance(phase, target) for phase in Phase)

    def ends(self, target: Target) -> tuple[bool | None, ...]:
        """Whether a phase ends a round, by phase: True if it answers it, False if it cuts it off, None if neither."""
        return tuple(self._end(phase, target) for phase in Phase)

    def _stance(self, phase: Phase, target: Target) -> int:
        if phase is GONE:
            return STILL
        if phase in target.pause:
            return PAUSED
        return STILL if phase in self.still_in else RUNNING

    def _end(self, phase: Phase, target: Target) -> bool | None:
        if phase is GONE:
            return None
        # first_response only: with `resolved_counts` resolving is an answer.
        counts = self.answered_by_reply and target.resolved_counts and phase is Phase.RESOLVED
        if counts or phase in self.answered_in:
            return True
        return False if phase in self.cut_off_in else None


_OVER: Final = frozenset({Phase.RESOLVED, Phase.CLOSED})
_CLOSED: Final = frozenset({Phase.CLOSED})
_RESOLVED: Final = frozenset({Phase.RESOLVED})
RULES: Final = {
    Metric.FIRST_RESPONSE: Rule(Begin.OPENING, answered_by_reply=True, cut_off_in=_CLOSED, still_in=_RESOLVED),
    Metric.NEXT_RESPONSE: Rule(Begin.CUSTOMER, answered_by_reply=True, cut_off_in=_OVER),
    Metric.UPDATE: Rule(Begin.AGENT, answered_by_reply=True, cut_off_in=_OVER),
    Metric.ASSIGNMENT: Rule(Begin.OPENING, answered_by_assignee=True, cut_off_in=_OVER),
    Metric.RESOLUTION: Rule(Begin.OPENING, answered_in=_OVER),
    Metric.CLOSURE: Rule(Begin.OPENING, answered_in=_CLOSED),
}
