"""The keyed process of tickets: events and deadlines in, alerts and new states out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slawatch import state as packed
from slawatch.core.agreement import METRICS
from slawatch.core.alert import Alert
from slawatch.core.assess import Use, apply, fire, rejudge
from slawatch.core.fact import STATUS, Phase
from slawatch.core.fold import Bounds, fold, next_wake_up, overfull, tidy
from slawatch.core.promise import Agreements
from slawatch.core.ticket import Ticket, phase_of
from slawatch.events import Publisher, TicketEvent, read_ticket_event
from slawatch.instants import rfc3339
from slawatch.process import Get, Outcome, Place, Reason, Record, Rejection, Sample, Turn

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
        self._source = source
        self._bounds = bounds or Bounds()
        self._publisher = Publisher(source)
        self._recent: dict[bytes, tuple[bytes, Ticket]] = {}

    def placed(self, place: Place) -> TicketProcess:  # noqa: ARG002 - wherever it runs, it does the same
        return TicketProcess(self._agreements, self._source, self._bounds)

    def read(self, record: Record) -> TicketEvent | Rejection | None:
        return None if record.value is None else read_ticket_event(record)

    def on_event(self, event: TicketEvent, get: Get, stream_time: int, now: int) -> Turn:
        key, name, fact, traceparent = event
        agreements = self._agreements
        ticket = self.take(key, name, get) or Ticket(name, packed.PackedHistory(agreements))
        alerts, use = apply(ticket, fact, agreements, stream_time)
        if use is not Use.IN_ORDER and use is not Use.LATE:
            if ticket.order is not None:
                self.put_back(key, ticket, get)
            if use is not Use.TOO_LATE:
                return Turn(outcome=_OUTCOMES[use])
            assert ticket.folded is not None
            until = rfc3339(ticket.folded[0])
            return Turn(rejection=Rejection(Reason.TOO_LATE, f"what happened to the ticket until {until} is folded"))
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

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - every wake-up has its ticket
        return Turn()

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002
        ticket = self.take(key, key.decode(), get)
        if ticket is None:
            return Turn(wake_ups={key: None})
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

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:  # noqa: ARG002 - a clock is counted, not read
        if tally[0]:
            yield Sample("open_tickets", (), 1)
        for code in tally[1:]:
            metric, doing = divmod(code, len(packed.TALLY_STATES))
            labels = (("metric", METRICS[metric].value), ("state", packed.TALLY_STATES[doing]))
            yield Sample("clocks", labels, 1)

    def take(self, key: bytes, name: str, get: Get) -> Ticket | None:
        """The ticket under a key; taken out of the recent ones, so that a turn that raises leaves nothing half done."""
        state = get(key)
        if state is None:
            return None
        recent = self._recent.pop(key, None)
        if recent is not None and recent[0] == state:
            return recent[1]
        return packed.load(name, state, self._agreements)

    def put_back(self, key: bytes, ticket: Ticket, get: Get) -> None:
        """Keep a ticket that was taken for nothing."""
        state = get(key)
        if state is not None:
            self._recent[key] = (state, ticket)

    def store(self, key: bytes, ticket: Ticket, due: int | None) -> Mapping[bytes, bytes]:
        """Keep a ticket that has changed; the states that this makes."""
        state = self.pack(ticket, due)
        if len(self._recent) >= RECENT:
            del self._recent[next(iter(self._recent))]
        self._recent[key] = (state, ticket)
        return {key: state}

    def pack(self, ticket: Ticket, due: int | None) -> bytes:
        """The state of a ticket."""
        is_open = phase_of(ticket.fields, self._agreements) in (Phase.OPEN, Phase.PENDING)
        return packed.dump(ticket, self._agreements.fingerprint, due, packed.count(ticket, is_open))

    def _turn(
        self, key: bytes, ticket: Ticket, alerts: list[Alert], now: int, traceparent: bytes | None = None
    ) -> Turn:
        due = next_wake_up(ticket, self._bounds)
        messages = self._publisher.messages(alerts, now, traceparent) if alerts else ()
        return Turn(self.store(key, ticket, due), {key: due}, messages)
