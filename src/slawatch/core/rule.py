"""The conditions of each metric: what begins a round, what answers it, and what the phases of a ticket do to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from slawatch.core.agreement import Metric
from slawatch.core.fact import Phase


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
