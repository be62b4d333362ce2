"""The keyed process of tickets: events and deadlines in, alerts and new states out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from slawatch.core.agreement import METRICS
from slawatch.core.alert import Alert
from slawatch.core.assess import Use, apply, fire, rejudge
from slawatch.core.fact import STATUS, Fact, Phase
from slawatch.core.fold import Bounds, fold, next_wake_up, overfull, tidy
from slawatch.core.moved import ended, gone_on, moved
from slawatch.core.periods.book import counted
from slawatch.core.periods.contract import Contracts, SatisfactionTarget
from slawatch.core.promise import Agreements
from slawatch.core.rating import Ratings
from slawatch.core.ticket import Ticket
from slawatch.instants import rfc3339
from slawatch.messages.envelope import Envelope, linked
from slawatch.messages.events import Publisher, Speaker, TicketEvent, read_ticket_event
from slawatch.messages.moves import moved_messages
from slawatch.messages.ratings import rating_messages
from slawatch.process import Get, Message, Outcome, Place, Readable, Reason, Rejection, Sample, States, Turn
from slawatch.processes.marks import MARK_KEY, Marks
from slawatch.states import ticket as packed

_OUTCOMES: Final = {
    Use.IN_ORDER: Outcome.APPLIED,
    Use.LATE: Outcome.LATE,
    Use.DUPLICATE: Outcome.DUPLICATE,
    Use.EMPTY: Outcome.EMPTY,
}
_OPEN: Final = Phase.OPEN
_PENDING: Final = Phase.PENDING
UNKNOWN_STATUSES: Final = "unknown_statuses"
FOLDED_TICKETS: Final = "folded_tickets"
FOLDED_FACTS: Final = "folded_facts"
FORGOTTEN_TICKETS: Final = "forgotten_tickets"
Happened = tuple[TicketEvent | None, int, int, int]
"""What a turn was about: its event or (None) the wake-up that was due, stream time, and the wall clock."""
RECENT: Final = 4_096
"""Tickets kept unpacked beside the very bytes that they were packed to, those that were packed last and as many before.

They are only used for a state of those bytes.
"""


class TicketProcess:
    """Tickets under these agreements; `source` is the CloudEvents source of the alerts.

    Of the `contracts` it only asks when their periods end and which of them want ratings.
    """

    name = "tickets"
    state_version = packed.VERSION

    def __init__(
        self,
        agreements: Agreements,
        source: str,
        bounds: Bounds | None = None,
        contracts: Contracts | None = None,
        place: Place | None = None,
    ) -> None:
        self._agreements = agreements
        self._source = source
        self._bounds = bounds or Bounds()
        self._contracts = contracts or Contracts()
        self._publisher: Publisher | Speaker = Publisher(source)
        self._envelope = Envelope(source)
        self._ratings = _ratings(agreements, self._contracts)
        self._rates = bool(self._ratings)
        self._counted = counted(self._contracts)
        self._marks = None if place is None else Marks(self._contracts, self._bounds.retention, place, source)
        self._recent: dict[bytes, tuple[bytes, Ticket]] = {}
        self._before: dict[bytes, tuple[bytes, Ticket]] = {}

    def placed(self, place: Place) -> TicketProcess:
        return type(self)(self._agreements, self._source, self._bounds, self._contracts, place)

    def read(self, record: Readable) -> TicketEvent | Rejection | None:
        return None if record.value is None else read_ticket_event(record)

    def on_event(self, event: TicketEvent, get: Get, stream_time: int, now: int) -> Turn:
        key, name, fact, traceparent = event
        agreements, before = self._agreements, get(key)
        ticket = self.take(key, name, before) or Ticket(name, packed.PackedHistory(agreements))
        rounds, were = ticket.rounds, ended(ticket) if self._counted else ()
        alerts, use = apply(ticket, fact, agreements, stream_time)
        if use is not Use.IN_ORDER and use is not Use.LATE:
            if ticket.order is not None:
                self.put_back(key, ticket, before)
            if use is not Use.TOO_LATE:
                return Turn(outcome=_OUTCOMES[use])
            assert ticket.folded is not None
            until = rfc3339(ticket.folded[0])
            return Turn(rejection=Rejection(Reason.TOO_LATE, f"what happened to the ticket until {until} is folded"))
        counts = {}
        status = fact.observed.get(STATUS)
        if status is not None and status not in agreements.phases:
            counts[UNKNOWN_STATUSES] = 1
        surplus = overfull(ticket, agreements) if self._bounds.retention is not None else 0
        if surplus:
            fold(ticket, agreements, surplus)
            counts[FOLDED_FACTS] = surplus
        others = self._rate(ticket, (fact,), now, traceparent) if self._rates else []
        if self._counted:
            at = fact.at
            if ticket.rounds is not rounds:  # not one step further, but derived from all facts again
                others += self._move(ticket, at, stream_time, now, traceparent, fact, alerts)
            else:
                moves = gone_on(ticket, were, at, alerts, self._counted)
                others += moved_messages(self._envelope, name, moves, at, now, traceparent)
        messages = self._said(alerts, others, now, traceparent) if alerts or others else ()
        turn = self._turn(key, ticket, before, (event, 0, stream_time, now), messages)
        if counts:
            turn.counts = counts
        if use is Use.LATE:
            turn.outcome = Outcome.LATE
        elif not ticket.rounds:
            turn.outcome = Outcome.UNMATCHED
        return turn

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - every other wake-up has its ticket
        return Turn() if self._marks is None else self._marks.on_start(stream_time)

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        if key == MARK_KEY and self._marks is not None:
            return self._marks.on_wake_up(due, stream_time, now)
        before = get(key)
        ticket = self.take(key, key.decode(), before)
        if ticket is None:
            return Turn(wake_ups={key: None})
        alerts = fire(ticket, due + 1)
        facts = len(ticket.history)
        if ticket.deadline is None and not tidy(ticket, self._bounds, due + 1):
            return Turn(states={key: None}, wake_ups={key: None}, counts={FORGOTTEN_TICKETS: 1})
        messages = self._said(alerts, (), now)
        turn = self._turn(key, ticket, before, (None, due, stream_time, now), messages)
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
        alerts = rejudge(ticket, self._agreements, stream_time)
        others = self._rate(ticket, ticket.history.facts(), now, None) if self._rates else []
        if self._counted:
            others += self._move(ticket, stream_time, stream_time, now)
        messages = self._said(alerts, others, now)
        due = next_wake_up(ticket, self._bounds)
        # Once for each state, so it is packed at once.
        return Turn({key: self.pack(ticket, due)}, {key: due}, messages)

    def tally(self, state: bytes) -> bytes:
        return packed.tally(state)

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:  # noqa: ARG002 - a clock is counted, not read
        if tally[0]:
            yield Sample("open_tickets", (), 1)
        for code in tally[1:]:
            metric, doing = divmod(code, len(packed.TALLY_STATES))
            labels = (("metric", METRICS[metric].value), ("state", packed.TALLY_STATES[doing]))
            yield Sample("clocks", labels, 1)

    def take(self, key: bytes, name: str, before: Any) -> Ticket | None:
        """The ticket in a state; taken out of the recent ones, so that a turn that raises leaves nothing half done."""
        if before is None:
            return None
        recent = self._recent.pop(key, None) or self._before.pop(key, None)
        if recent is not None and recent[0] == before:
            return recent[1]
        return packed.load(name, before, self._agreements)

    def put_back(self, key: bytes, ticket: Ticket, before: Any) -> None:
        """Keep a ticket that was taken for nothing."""
        self._recent[key] = (before, ticket)

    def store(self, key: bytes, ticket: Ticket, due: int | None, before: Any, happened: Happened) -> States:  # noqa: ARG002
        """Keep a ticket that was changed by what `happened`, its state `before` being that; the states that this makes."""
        state = self.pack(ticket, due)
        self.remember(key, state, ticket)
        return {key: state}

    def remember(self, key: bytes, state: bytes, ticket: Ticket) -> None:
        """Keep a ticket that goes on beside its state; when there are too many, the older half is let go."""
        if ticket.phase is not _OPEN and ticket.phase is not _PENDING:
            return
        if len(self._recent) >= RECENT:
            self._before, self._recent = self._recent, {}
        self._recent[key] = (state, ticket)

    def pack(self, ticket: Ticket, due: int | None) -> bytes:
        """The state of a ticket."""
        return packed.dump(ticket, self._agreements, due)

    def _rate(self, ticket: Ticket, facts: Sequence[Fact], now: int, traceparent: bytes | None) -> list[Message]:
        """Let a ticket's rating be the last of these facts and of what is known; who is told what of it."""
        was = ticket.rated
        rated = self._ratings.last(facts, was)
        if rated is None:
            return []
        ticket.rated, tellings = self._ratings.judge(was, rated, ticket.fields)
        return rating_messages(self._envelope, ticket.id, ticket.fields, tellings, now, traceparent)

    def _move(
        self, ticket: Ticket, at: int, stream_time: int, now: int,
        traceparent: bytes | None = None, fact: Fact | None = None, alerts: Sequence[Alert] = (),
    ) -> list[Message]:  # fmt: skip
        """Tell the ledger where the verdicts lie because of what happened `at`."""
        assert ticket.order is not None
        judged = max(at, stream_time, ticket.order[0])
        moves = moved(ticket, self._agreements, self._counted, judged, fact, alerts)
        return moved_messages(self._envelope, ticket.id, moves, at, now, traceparent)

    def _said(
        self, alerts: Sequence[Alert], others: Sequence[Message], now: int, traceparent: bytes | None = None
    ) -> Sequence[Message]:
        messages = self._publisher.messages(alerts, now, traceparent) if alerts else []
        return linked((*messages, *others)) if len(messages) > 1 or others else messages

    def _turn(self, key: bytes, ticket: Ticket, before: Any, happened: Happened, messages: Sequence[Message]) -> Turn:
        due = ticket.deadline
        if due is None:
            due = next_wake_up(ticket, self._bounds)
        return Turn(self.store(key, ticket, due, before, happened), {key: due}, messages)


def _ratings(agreements: Agreements, contracts: Contracts) -> Ratings:
    """Who is told of ratings, in the order of the file."""
    wanting = {
        contract.agreement
        for contract in contracts.contracts
        if any(isinstance(target, SatisfactionTarget) for target in contract.targets)
    }
    return Ratings(agreement for agreement in agreements.agreements if agreement.id in wanting)
