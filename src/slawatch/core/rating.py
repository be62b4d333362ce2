"""How content a customer was with a ticket: the last rating counts, for the first agreement that asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slawatch.core.agreement import Agreement
from slawatch.core.fact import RATING, Fact, Fields, Order


class Rated(NamedTuple):
    """The last rating of a ticket (an exact decimal as text; None: cleared) and which agreement was last told of one."""

    order: Order
    rating: str | None
    told: str | None = None


class Telling(NamedTuple):
    """What an agreement is told: the rating of a ticket at an instant, or that there is none for it (any more)."""

    agreement: Agreement
    rating: str | None
    at: int


class Ratings:
    """Who is told: `agreements`, in the order of the file, are those that promise satisfaction."""

    def __init__(self, agreements: Iterable[Agreement]) -> None:
        self._agreements = {agreement.id: agreement for agreement in agreements}

    def __bool__(self) -> bool:
        return bool(self._agreements)

    def last(self, facts: Iterable[Fact], known: Rated | None) -> Rated | None:
        """The last rating, by the order in which facts happened and not in which they came."""
        for fact in facts:
            if RATING in fact.observed and (known is None or fact.order > known.order):
                rating = fact.observed[RATING]
                known = Rated(
                    fact.order, None if rating is None else str(rating), None if known is None else known.told
                )
        return known

    def judge(self, was: Rated | None, now: Rated, fields: Fields) -> tuple[Rated, list[Telling]]:
        """What is to be told of a ticket with these fields, `was` being what its rating was before, and what is told then."""
        at, told = now.order[0], now.told
        meant = None if now.rating is None else self._meant(fields, at)
        tellings = []
        if told is not None and (meant is None or meant.id != told) and told in self._agreements:
            tellings.append(Telling(self._agreements[told], None, at))
        if meant is not None and (meant.id != told or was is None or was[:2] != now[:2]):
            tellings.append(Telling(meant, now.rating, at))
        return now._replace(told=None if meant is None else meant.id), tellings

    def _meant(self, fields: Fields, at: int) -> Agreement | None:
        for agreement in self._agreements.values():
            since, until = agreement.since, agreement.until
            if (since is None or since <= at) and (until is None or at < until) and agreement.covers(fields):
                return agreement
        return None
