"""Verdicts that lie elsewhere now, as messages: for the ledger, which counts them by instants and fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slawatch.core.moved import Moved
from slawatch.core.slug import escaped
from slawatch.instants import rfc3339
from slawatch.messages.envelope import Envelope
from slawatch.messages.shapes import InstantText
from slawatch.process import Message, Output


class MovedData(msgspec.Struct, frozen=True):
    """Where the verdict of a clock lies now, where an alert that was said once does not tell."""

    what: Annotated[Literal["moved"], Meta(description="It is no alert, but a correction of what the ledger counts.")]
    agreement: Annotated[str, Meta(description="The agreement's id; `silver@ACME` with `each: customer`.")]
    metric: Annotated[str, Meta(description="What the clock measures.")]
    round: Annotated[int, Meta(ge=1, description="Which clock of the metric on this ticket, from 1.")]
    ticket: Annotated[str, Meta(description="The ticket's id.")]
    at: Annotated[InstantText, Meta(description="The event that caused it.")]
    customer: Annotated[str | None, Meta(description="As at the instant of the verdict, as are the next four.")]
    priority: str | None
    service: str | None
    team: str | None
    kind: str | None
    due_at: Annotated[InstantText | None, Meta(description="When the budget was spent; null: it is not exceeded.")]
    happened_at: Annotated[InstantText | None, Meta(description="When it ended; null: it goes on, or has no verdict.")]


_encode = msgspec.json.Encoder().encode


def moved_messages(
    envelope: Envelope, ticket: str, moves: Iterable[Moved], at: int, now: int, traceparent: bytes | None
) -> list[Message]:
    """Each on the outcomes' topic under its agreement; not counted as an alert."""
    found, time = [], rfc3339(now)
    for clock, due, ended, fields in moves:
        priority, customer, service, kind, team = fields
        agreement, metric = clock.promise.agreement, clock.promise.target.metric
        due_at, ended_at = (None if when is None else rfc3339(when) for when in (due, ended))
        value = _encode(MovedData(
            "moved", agreement.id, metric.value, clock.round, ticket, rfc3339(at),
            customer, priority, service, team, kind, due_at, ended_at,
        ))  # fmt: skip
        where = f"{due_at or 'none'}/{ended_at or 'none'}"
        name = f"{agreement.slug}/{metric}/{escaped(ticket)}/{clock.round}/moved/{where}"
        headers = envelope.headers(name, "slawatch.clock.moved.v1", ticket, time, traceparent)
        found.append(Message(Output.OUTCOMES, agreement.id.encode(), value, headers))
    return found
