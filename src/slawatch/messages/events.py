"""Bytes of the contract to core values and back: ticket events in, alerts out as CloudEvents in Kafka's binary mode.

Their typed shapes, which are the contract, are in `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from slawatch.core.alert import MET, MISSED, RETRACTED, WITHDRAWN, Alert
from slawatch.core.fact import (
    BY_AGENT,
    BY_BOT,
    BY_CUSTOMER,
    FIELD_NAMES,
    INTERNAL,
    NO_VERSION,
    OPENED_AT,
    RATING,
    REPLY,
    Fact,
    Observed,
)
from slawatch.core.promise import BREACHED, OVERDUE, WARNED
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import rfc3339, to_ms
from slawatch.messages.envelope import fixed
from slawatch.messages.reading import against, decoded, fields_of, instant, traceparent_of, unfit
from slawatch.messages.shapes import ClockAlert, ExactRating, MonitoringEventHead, TicketEventData, flat
from slawatch.process import Message, Output, Readable, Reason, Rejection

MAX_DIGITS: Final = 30
"""Of a rating; with more it is no rating, and exact sums of such would have no bound."""


class TicketEvent(NamedTuple):
    """A decoded ticket event. `traceparent` is passed on to the alerts that it causes."""

    key: bytes
    ticket: str
    fact: Fact
    traceparent: bytes | None = None


_new: Final = tuple.__new__
_HEAD: Final = ("id", "ticket", "at", "version")
_BEFORE: Final = 4
"""What says of what and when it is an observation; the observed fields by their numbers are behind it."""
_TEXTS: Final = {"at": str, "opened_at": str | None}
_decode: Final = msgspec.json.Decoder(flat(TicketEventData, (*_HEAD, *FIELD_NAMES), _TEXTS)).decode
_decode_contract: Final = msgspec.json.Decoder(TicketEventData).decode
_values: Final = msgspec.structs.astuple
_ABSENT: Final = msgspec.UNSET
_decode_rating: Final = msgspec.json.Decoder(ExactRating).decode
_REPLIES: Final = {"customer": BY_CUSTOMER, "bot": BY_BOT}


def read_ticket_event(record: Readable) -> TicketEvent | Rejection:
    """The event in a record whose value is not null; its key must be the ticket's id."""
    event = decode_ticket_event(record.value or b"")
    if isinstance(event, Rejection):
        return event
    rejection = against(record, event.key, event.fact.at, "ticket")
    if rejection is not None:
        return rejection
    headers = record.headers
    return event._replace(traceparent=traceparent_of(headers)) if headers else event


def decode_ticket_event(value: bytes) -> TicketEvent | Rejection:
    """The event in a value, its key being what the key of its record ought to be."""
    data = decoded(_decode, value)
    if isinstance(data, Rejection):
        refused = decoded(_decode_contract, value)  # which says what it expects in the words of the contract
        return refused if isinstance(refused, Rejection) else data
    values: tuple[Any, ...] = _values(data)
    at = instant(values[2], "at")
    if isinstance(at, Rejection):
        return at
    given = values[3]
    version: int = NO_VERSION
    if given is not None and given is not _ABSENT:
        if not NO_VERSION < given < 2**63:
            return unfit(given)
        version = given
    observed: Observed = {}
    for number in range(_BEFORE, len(values)):
        seen = values[number]
        if seen is not _ABSENT:
            observed[number - _BEFORE] = seen
    text = observed.get(OPENED_AT)
    if text is not None:
        opened_at = instant(text, "opened_at")
        if isinstance(opened_at, Rejection):
            return opened_at
        observed[OPENED_AT] = opened_at
    if REPLY in observed:
        _take_reply(observed)
    if RATING in observed and not _take_rating(observed, value):
        return Rejection(Reason.INVALID, f"a number has at most {MAX_DIGITS} digits - at `$.rating`")
    ticket: str = values[1]
    # A named tuple's own constructor is a function in Python around this one.
    return _new(TicketEvent, (ticket.encode(), ticket, Fact(at, version, values[0], observed), None))


def _take_rating(observed: Observed, value: bytes) -> bool:
    """Let the rating be text, as it was written but without an exponent; False for one that is too long."""
    if observed[RATING] is None:
        return True
    exact = _decode_rating(value)["rating"]
    assert exact is not None
    _, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int) or len(digits) > MAX_DIGITS or abs(exponent) > MAX_DIGITS:
        return False
    observed[RATING] = f"{exact:f}"
    return True


def _take_reply(observed: Observed) -> None:
    reply = observed.pop(REPLY)
    if reply is None:
        return  # a reply can't be cleared: nothing was observed
    by = reply["by"]
    if by == "agent":
        observed[REPLY] = BY_AGENT if reply.get("public", True) else INTERNAL
    else:
        observed[REPLY] = _REPLIES[by]


_encode: Final = msgspec.json.Encoder().encode
_TOPICS: Final = {
    WARNED: (Output.WARNINGS,),
    BREACHED: (Output.BREACHES, Output.OUTCOMES),
    OVERDUE: (Output.BREACHES,),
    RETRACTED: (Output.BREACHES, Output.OUTCOMES),
    MET: (Output.OUTCOMES,),
    MISSED: (Output.OUTCOMES,),
    WITHDRAWN: (Output.OUTCOMES,),
}
_OUTCOMES: Final = Output.OUTCOMES
_TYPES: Final = {what: ("ce_type", f"slawatch.clock.{what}.v1".encode()) for what in _TOPICS}


def seconds(ms: int) -> int | float:
    """Milliseconds as seconds: whole ones as an integer."""
    return ms / 1000 if ms % 1000 else ms // 1000


def alert_data(alert: Alert, detected_at: str) -> ClockAlert:
    """The data of an alert, `detected_at` being the wall clock when it was decided."""
    started_at, due_at, budget, spent = alert.started_at, alert.due_at, alert.budget, alert.elapsed
    return ClockAlert(
        alert.id, alert.what, alert.agreement, alert.metric, alert.round, alert.ticket, alert.threshold,
        alert.customer, alert.priority, alert.service, alert.team, alert.kind,
        None if started_at is None else rfc3339(started_at),
        None if due_at is None else rfc3339(due_at),
        rfc3339(alert.happened_at), detected_at,
        None if budget is None else seconds(budget),
        None if spent is None else seconds(spent),
        alert.on_arrival,
    )  # fmt: skip


class Speaker:
    """Turns alerts into their data alone, once each, for one who has no topics."""

    def messages(self, alerts: Sequence[Alert], detected_at: int, traceparent: bytes | None = None) -> list[Message]:  # noqa: ARG002
        decided = rfc3339(detected_at)
        return [
            Message(_TOPICS[alert.what][0], b"", _encode(alert_data(alert, decided)), (), (alert.what, alert.metric))
            for alert in alerts
        ]


class Publisher:
    """Turns alerts into messages: `source` is the CloudEvents source, `/slawatch/<group>`."""

    def __init__(self, source: str) -> None:
        self._fixed = fixed(source)

    def messages(self, alerts: Sequence[Alert], detected_at: int, traceparent: bytes | None = None) -> list[Message]:
        """Every alert on its topic: under the ticket's id, and on the outcomes' under the agreement's."""
        found = []
        decided = rfc3339(detected_at)
        time = ("ce_time", decided.encode())
        for alert in alerts:
            data, what = alert_data(alert, decided), alert.what
            ticket = alert.ticket.encode()
            kind, version, source = self._fixed
            headers = [kind, version, source, ("ce_id", data.id.encode()), _TYPES[what], ("ce_subject", ticket), time]
            if traceparent is not None:
                headers.append(("traceparent", traceparent))
            value = _encode(data)
            labels: tuple[str, str] | None = (what, alert.metric)
            for output in _TOPICS[what]:
                key = alert.agreement.encode() if output is _OUTCOMES else ticket
                found.append(_new(Message, (output, key, value, headers, labels, None)))
                labels = None
        return found


_decode_monitoring: Final = msgspec.json.Decoder(MonitoringEventHead).decode


def decode_monitoring_at(value: bytes) -> int | None:
    """When a monitoring event happened, ms since the epoch; None if the value is none."""
    data = fields_of(_decode_monitoring, value, ("at",))
    at = None if isinstance(data, Rejection) else to_ms(data["at"])
    return at if at is not None and EARLIEST <= at < LATEST else None
