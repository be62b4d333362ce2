"""What of a ticket's past is kept, and for how long: the rest is folded into a base that stands as it is.

Nothing that was true ceases to be by folding; only facts older than the base can no longer be taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slawatch.core.fact import Fact
from slawatch.core.history import Base
from slawatch.core.promise import Agreements
from slawatch.core.rule import PAUSED, RUNNING
from slawatch.core.ticket import Ticket, derive, story

MAX_FACTS: Final = 2_000
"""Beyond that the older half of a ticket's facts is folded."""
MAX_ROUNDS: Final = 300
"""Beyond that finished rounds of a metric are folded, all but the newest `KEPT_ROUNDS`; apart, so that it is seldom."""
KEPT_ROUNDS: Final = 200
_ROUNDS_CHECK: Final = 50


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a ticket is kept after its last fact, ms: `retention` as it is, `forget` as a stub. None: for ever."""

    retention: int | None = None
    forget: int | None = None

    def until(self, last: int, *, folded: bool) -> int | None:
        """The instant until which a ticket is kept as it is whose last fact was at `last`."""
        patience = self.forget if folded else self.retention
        return None if patience is None else last + patience


def next_wake_up(ticket: Ticket, bounds: Bounds) -> int | None:
    """The instant after which a ticket must be looked at again, whatever happens."""
    # A ticket with a deadline has a running clock: it is neither folded nor forgotten.
    return ticket.deadline if ticket.deadline is not None else _idle_until(ticket, bounds)


def tidy(ticket: Ticket, bounds: Bounds, now: int) -> bool:
    """Fold a ticket that has been idle for too long; False: not even a stub of it need be kept any more."""
    idle_until = _idle_until(ticket, bounds)
    if idle_until is None or now <= idle_until:
        return True
    if len(ticket.history) == 0:
        return False
    fold_all(ticket)
    return True


def fold_all(ticket: Ticket) -> None:
    """Fold all facts of a ticket of which no clock runs: what they led to is what it is."""
    assert ticket.order is not None
    base = Base(
        ticket.order, ticket.first_at, ticket.opened_at, ticket.opening, list(ticket.fields), list(ticket.rounds)
    )
    _stand_on(ticket, base, ())


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
    base = Base(order, told.first_at, told.opened_at, told.opening, told.fields, folded)
    _stand_on(ticket, base, facts[count:])


def _stand_on(ticket: Ticket, base: Base, facts: Sequence[Fact]) -> None:
    """Keep the base, the facts after it, and what was said of rounds that may still change."""
    history = ticket.history
    history.rebase(base)
    history.replace(facts)
    ticket.folded = base.order
    present = {rounds.slot[0]: rounds.number for rounds in base.rounds}
    history.refile([said for said in history.filed() if said.round >= present.get(said.metric, 0)])


def overfull(ticket: Ticket, agreements: Agreements) -> int:
    """How many of the oldest facts are to be folded because there are too many of them, or of finished rounds."""
    kept = len(ticket.history)
    if kept < _ROUNDS_CHECK:  # no round is without a fact
        return 0
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
    if ticket.order is None:
        return None
    until = bounds.until(ticket.order[0], folded=len(ticket.history) == 0)
    if until is None:
        return None
    for rounds in ticket.rounds:
        if rounds.clock is not None and rounds.clock.stance in (RUNNING, PAUSED):
            return None
    return until
