"""Ratings as messages: what a ticket tells the agreement that promises satisfaction, for the ledger to count."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slawatch.core.fact import CUSTOMER, KIND, PRIORITY, SERVICE, TEAM, Fields
from slawatch.core.rating import Telling
from slawatch.core.slug import escaped
from slawatch.instants import rfc3339
from slawatch.messages.envelope import Envelope
from slawatch.messages.shapes import InstantText
from slawatch.process import Message, Output


class RatedData(msgspec.Struct, frozen=True):
    """The last rating of a ticket, at its own instant; null: there is none for this agreement (any more)."""

    what: Annotated[Literal["rated"], Meta(description="It is no alert, but a count for the ledger.")]
    agreement: Annotated[str, Meta(description="The agreement that promises satisfaction.")]
    ticket: Annotated[str, Meta(description="The ticket's id.")]
    rating: Annotated[Decimal | None, Meta(description="The exact score, a number; null: none (any more).")]
    at: Annotated[InstantText, Meta(description="When it was given.")]
    customer: Annotated[str | None, Meta(description="Latest known when it was said, as are the next four.")]
    priority: str | None
    service: str | None
    team: str | None
    kind: str | None


_encode = msgspec.json.Encoder(decimal_format="number").encode


def rating_messages(
    envelope: Envelope, ticket: str, fields: Fields, tellings: Iterable[Telling], now: int, traceparent: bytes | None
) -> list[Message]:
    """Each on the outcomes' topic under its agreement; not counted as an alert."""
    found, time = [], rfc3339(now)
    for agreement, rating, at in tellings:
        exact = None if rating is None else Decimal(rating)
        value = _encode(RatedData(
            "rated", agreement.id, ticket, exact, rfc3339(at),
            fields[CUSTOMER], fields[PRIORITY], fields[SERVICE], fields[TEAM], fields[KIND],
        ))  # fmt: skip
        name = f"{escaped(agreement.id)}/rated/{escaped(ticket)}/{rfc3339(at)}/{rating or 'none'}"
        headers = envelope.headers(name, "slawatch.rated.v1", ticket, time, traceparent)
        found.append(Message(Output.OUTCOMES, agreement.id.encode(), value, headers))
    return found
