"""A ticket under watch: its fields, the rounds of every clock, and the history from which both can be derived again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from slawatch.core.clock import Clock
from slawatch.core.fact import (
    ASSIGNEE,
    BY_AGENT,
    BY_CUSTOMER,
    DELETED,
    GONE,
    MERGED_INTO,
    OPENED_AT,
    REPLY,
    STATUS,
    Fact,
    Fields,
    Order,
    Phase,
    no_fields,
    observe,
)
from slawatch.core.follow import follow
from slawatch.core.history import Base, History
from slawatch.core.promise import Agreements, Offer
from slawatch.core.rating import Rated
from slawatch.core.rounds import Moment, Rounds

_UNKNOWN: Final = Phase.OPEN


class Ticket:
    """A ticket. `order` is that of its newest fact, `folded` that of the newest folded one.

    `opened_at` is the last observed one, `opening` the instant at which its clocks began (None: it was never open).
    `offer` is what is promised to it as it is, and `phase` that of its last moment, where that has been looked up.
    `deadline` is the soonest of its running clocks; `rated` is None until it is rated.
    """

    __slots__ = (
        "deadline", "fields", "first_at", "folded", "history", "id", "offer", "opened_at", "opening", "order", "phase",
        "rated", "rounds",
    )  # fmt: skip

    def __init__(self, name: str, history: History) -> None:
        self.id = name
        self.history = history
        self.order: Order | None = None
        self.folded: Order | None = None
        self.first_at = 0
        self.opened_at: int | None = None
        self.opening: int | None = None
        self.fields: Fields = no_fields()
        self.offer: Offer | None = None
        self.phase: Phase | None = None
        self.deadline: int | None = None
        self.rounds: list[Rounds] = []
        self.rated: Rated | None = None

    def clocks(self) -> Iterator[Clock]:
        """All clocks that are not filed."""
        for rounds in self.rounds:
            yield from rounds.clocks()

    def aim(self) -> None:
        """Look up the soonest deadline; whoever has moved a clock does."""
        soonest = None
        for rounds in self.rounds:
            clock = rounds.clock
            if clock is not None and clock.deadline is not None and (soonest is None or clock.deadline < soonest):
                soonest = clock.deadline
        self.deadline = soonest


def phase_of(fields: Fields, agreements: Agreements) -> Phase:
    """The phase that the fields put a ticket in."""
    if fields[MERGED_INTO] is not None or fields[DELETED]:
        return GONE
    return agreements.phases.get(fields[STATUS], _UNKNOWN)


def opens(fields: Fields, agreements: Agreements) -> bool:
    """Whether the status lets a ticket be opened."""
    return agreements.phase(fields[STATUS]) in (Phase.OPEN, Phase.PENDING)


def reply_of(fact: Fact, opening: int) -> int | None:
    """Who replied, if it counts: a reply at the opening is the description."""
    reply: int | None = fact.observed.get(REPLY)
    return reply if reply in (BY_AGENT, BY_CUSTOMER) and fact.at != opening else None


class Story(NamedTuple):
    """What the facts of a ticket come to; `moments` begin at its opening, or after the base."""

    fields: Fields
    first_at: int
    opened_at: int | None
    opening: int | None
    moments: list[Moment]
    origin: Moment | None


def story(facts: Sequence[Fact], base: Base | None, agreements: Agreements) -> Story:
    """Go through the facts in their order.

    A ticket opens at the earlier of the last observed `opened_at` and the first fact; in between it counts as open and
    unassigned, with the first fact's fields. First seen resolved, closed or cancelled, it opens when it is open; but if it
    was observed to be opened at that very instant (help desks write minutes), it was open then, if for no time.
    """
    fields = no_fields() if base is None else base.fields
    first_at = facts[0].at if base is None else base.first_at
    opened_at = None if base is None else base.opened_at
    for fact in facts:
        opened_at = fact.observed.get(OPENED_AT, opened_at)
    opening = None if base is None else base.opening
    origin = None
    if base is not None and opening is not None:
        origin = _moment(base.order[0], fields, None, agreements)
    moments: list[Moment] = []
    for fact in facts:
        observe(fields, fact.observed)
        if opening is None and opened_at is not None and _opened_before(opened_at, first_at, fields, agreements):
            opening = opened_at
            moments.append(Moment(opening, Phase.OPEN, False, None, agreements.offer(fields)))
        if opening is None:
            if not opens(fields, agreements):
                continue
            opening = fact.at
        moments.append(_moment(fact.at, fields, reply_of(fact, opening), agreements))
    return Story(fields, first_at, opened_at, opening, moments, origin)


def _opened_before(opened_at: int, first_at: int, fields: Fields, agreements: Agreements) -> bool:
    """Whether a ticket was open before what was first seen of it."""
    return opened_at < first_at or (opened_at == first_at and not opens(fields, agreements))


def _moment(at: int, fields: Fields, reply: int | None, agreements: Agreements) -> Moment:
    assigned = fields[ASSIGNEE] is not None
    return Moment(at, phase_of(fields, agreements), assigned, reply, agreements.offer(fields))


def derive(told: Story, base: Base | None) -> list[Rounds]:
    """All rounds, from nothing but the facts and the base."""
    folded = {} if base is None else {rounds.slot: rounds for rounds in base.rounds}
    slots = dict.fromkeys(folded)
    for moment in told.moments:
        slots.update(dict.fromkeys(moment.offer.terms))
    return [follow(slot, told.moments, folded.get(slot), told.origin) for slot in slots]
