"""Tickets for a lane: held open while a batch works on them, and packed once, when it ends.

What they say is the same. A ticket that is only to be folded is not even unpacked (`states.ticket.stub`). A turn that
raises or is refused has changed the open ticket all the same, so each one remembers what happened to it since it was
packed: to undo a turn is to do the others again, from the bytes.
"""

from __future__ import annotations

from typing import Any

from slawatch.core.ticket import Ticket
from slawatch.process import Get, States, Turn
from slawatch.processes.tickets import FOLDED_TICKETS, Happened, TicketProcess
from slawatch.states import ticket as packed


class HeldTicket:
    """A ticket that a batch works on: the state that it was read from, and the turns that were accepted since."""

    __slots__ = ("_before", "_due", "_key", "_tickets", "_turns", "changing", "ticket")

    def __init__(self, tickets: HeldTickets, key: bytes, ticket: Ticket, before: bytes | None) -> None:
        self._tickets = tickets
        self._key = key
        self._before = before
        self._due: int | None = None
        self._turns: list[Happened] = []
        self.changing = False
        """Whether a turn has begun and not ended."""
        self.ticket = ticket

    def __len__(self) -> int:
        return self.ticket.history.size

    def changed(self, due: int | None, happened: Happened) -> None:
        """A turn has ended; with its next wake-up."""
        self._due = due
        self._turns.append(happened)
        self.changing = False

    def pack(self) -> bytes:
        return self._tickets.kept(self._key, self.ticket, self._due)

    def undo(self) -> None:
        if not self.changing:
            self._turns.pop()
        self.changing = False
        state, self._due = self._tickets.again(self._key, self._before, self._turns)
        self.ticket = self._tickets.opened(self._key, state)


class HeldTickets(TicketProcess):
    """The process of tickets whose states stay objects until the lane packs them."""

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        before = get(key)
        if before.__class__ is bytes:
            folded = packed.stub(before, self._agreements.fingerprint, self._bounds, due + 1)
            if folded is not None:
                state, wake_up = folded
                return Turn({key: state}, {key: wake_up}, counts={FOLDED_TICKETS: 1})
        return super().on_wake_up(key, due, get, stream_time, now)

    def take(self, key: bytes, name: str, before: Any) -> Ticket | None:
        if before.__class__ is not HeldTicket:
            return super().take(key, name, before)
        before.changing = True
        ticket: Ticket = before.ticket
        return ticket

    def put_back(self, key: bytes, ticket: Ticket, before: Any) -> None:
        if before.__class__ is HeldTicket:
            before.changing = False
        else:
            super().put_back(key, ticket, before)

    def store(self, key: bytes, ticket: Ticket, due: int | None, before: Any, happened: Happened) -> States:
        held = before if before.__class__ is HeldTicket else HeldTicket(self, key, ticket, before)
        held.changed(due, happened)
        return {key: held}

    def kept(self, key: bytes, ticket: Ticket, due: int | None) -> bytes:
        """The state of a ticket, which is kept open beside it."""
        state = self.pack(ticket, due)
        self.remember(key, state, ticket)
        return state

    def again(self, key: bytes, before: bytes | None, turns: list[Happened]) -> tuple[bytes | None, int | None]:
        """The state and the wake-up that these turns have led to, one after the other."""
        process = TicketProcess(self._agreements, self._source, self._bounds, self._contracts)
        states: dict[bytes, Any] = {} if before is None else {key: before}
        wake_ups: dict[bytes, int | None] = {}
        for event, due, stream_time, now in turns:
            if event is not None:
                turn = process.on_event(event, states.get, stream_time, now)
            else:
                turn = process.on_wake_up(key, due, states.get, stream_time, now)
            states.update(turn.states)
            wake_ups.update(turn.wake_ups)
        return states.get(key), wake_ups.get(key)

    def opened(self, key: bytes, state: bytes | None) -> Ticket:
        """The ticket in a state, or a new one."""
        name = key.decode()
        if state is None:
            return Ticket(name, packed.PackedHistory(self._agreements))
        return packed.load(name, state, self._agreements)
