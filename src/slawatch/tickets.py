"""The keyed process of tickets: events and deadlines in, alerts and new states out."""

from __future__ import annotations

from collections.abc import Iterable

from slawatch import state as packed
from slawatch.core.agreement import METRICS, Agreements
from slawatch.core.alert import Alert
from slawatch.core.assess import Bounds, Use, apply, fire, fold, next_wake_up, overfull, rejudge, tidy
from slawatch.core.ticket import STATUS, Phase
from slawatch.core.watched import Ticket, phase_of
from slawatch.events import Publisher, TicketEvent, read_ticket_event
from slawatch.instants import rfc3339
from slawatch.process import Get, Outcome, Reason, Record, Rejection, Turn

_OUTCOMES = {
    Use.IN_ORDER: Outcome.APPLIED,
    Use.LATE: Outcome.LATE,
    Use.DUPLICATE: Outcome.DUPLICATE,
    Use.EMPTY: Outcome.EMPTY,
}
UNKNOWN_STATUSES = "unknown_statuses"
FOLDED_TICKETS = "folded_tickets"
FOLDED_FACTS = "folded_facts"
FORGOTTEN_TICKETS = "forgotten_tickets"
RECENT = 8_192
"""Tickets kept unpacked beside the very bytes that they were packed to; they are only used for a state of those bytes."""


class TicketProcess:
    """Tickets under these agreements; `source` is the CloudEvents source of the alerts."""

    name = "tickets"
    state_version = packed.VERSION

    def __init__(self, agreements: Agreements, source: str, bounds: Bounds | None = None) -> None:
        self._agreements = agreements
        self._bounds = bounds or Bounds()
        self._publisher = Publisher(source)
        self._recent: dict[bytes, tuple[bytes, Ticket]] = {}

    def read(self, record: Record) -> TicketEvent | Rejection | None:
        return None if record.value is None else read_ticket_event(record)

    def on_event(self, event: TicketEvent, get: Get, stream_time: int, now: int) -> Turn:
        key, name, fact, traceparent = event
        agreements = self._agreements
        ticket = self._ticket(key, name, get(key))
        alerts, use = apply(ticket, fact, agreements, stream_time)
        if use is not Use.IN_ORDER and use is not Use.LATE and (state := get(key)) is not None:
            self._recent[key] = (state, ticket)  # as it was
        if use is Use.TOO_LATE:
            assert ticket.folded is not None
            until = rfc3339(ticket.folded[0])
            return Turn(rejection=Rejection(Reason.TOO_LATE, f"what happened to the ticket until {until} is folded"))
        if use is Use.DUPLICATE or use is Use.EMPTY:
            return Turn(outcome=_OUTCOMES[use])
        counts = {}
        status = fact.observed.get(STATUS)
        if status is not None and not agreements.knows(status):
            counts[UNKNOWN_STATUSES] = 1
        surplus = overfull(ticket, agreements)
        if surplus:
            fold(ticket, agreements, surplus)
            counts[FOLDED_FACTS] = surplus
        turn = self._turn(key, ticket, alerts, now, traceparent)
        turn.counts = counts
        turn.outcome = Outcome.UNMATCHED if not ticket.rounds and use is Use.IN_ORDER else _OUTCOMES[use]
        return turn

    def on_wake_up(self, key: bytes, due: int, get: Get, now: int) -> Turn:
        state = get(key)
        if state is None:
            return Turn(wake_ups={key: None})
        ticket = self._ticket(key, key.decode(), state)
        alerts = fire(ticket, due + 1)
        facts = len(ticket.history)
        if not tidy(ticket, self._agreements, self._bounds, due + 1):
            return Turn(states={key: None}, wake_ups={key: None}, counts={FORGOTTEN_TICKETS: 1})
        turn = self._turn(key, ticket, alerts, now)
        if len(ticket.history) < facts:
            turn.counts = {FOLDED_TICKETS: 1}
        return turn

    def on_restore(self, key: bytes, state: bytes) -> Iterable[tuple[bytes, int]] | None:
        if not packed.is_current(state, self._agreements.fingerprint):
            return None
        due = packed.wake_up(state)
        return () if due is None else ((key, due),)

    def on_change(self, key: bytes, get: Get, stream_time: int, now: int) -> Turn:
        state = get(key)
        if state is None:
            return Turn(wake_ups={key: None})
        ticket = packed.load(key.decode(), state, self._agreements)
        return self._turn(key, ticket, rejudge(ticket, self._agreements, stream_time), now)

    def tally(self, state: bytes) -> bytes:
        return packed.tally(state)

    def gauges(self, tally: bytes) -> Iterable[tuple[str, tuple[tuple[str, str], ...], int]]:
        if tally[0]:
            yield "open_tickets", (), 1
        for code in tally[1:]:
            metric, doing = divmod(code, len(packed.TALLY_STATES))
            yield "clocks", (("metric", METRICS[metric].value), ("state", packed.TALLY_STATES[doing])), 1

    def _ticket(self, key: bytes, name: str, state: bytes | None) -> Ticket:
        """The ticket in a state; taken out of the recent ones, so that a turn that raises leaves nothing half done."""
        if state is None:
            return Ticket(name, packed.PackedHistory(self._agreements))
        recent = self._recent.pop(key, None)
        if recent is not None and recent[0] == state:
            return recent[1]
        return packed.load(name, state, self._agreements)

    def _turn(
        self, key: bytes, ticket: Ticket, alerts: list[Alert], now: int, traceparent: bytes | None = None
    ) -> Turn:
        due = next_wake_up(ticket, self._bounds)
        is_open = phase_of(ticket.fields, self._agreements) in (Phase.OPEN, Phase.PENDING)
        state = packed.dump(ticket, self._agreements.fingerprint, due, packed.count(ticket, is_open))
        if len(self._recent) >= RECENT:
            del self._recent[next(iter(self._recent))]
        self._recent[key] = (state, ticket)
        messages = self._publisher.messages(alerts, now, traceparent) if alerts else ()
        return Turn({key: state}, {key: due}, messages)
