"""Tickets as bytes: small, versioned, and laid out so that an event in order reads only what it needs.

A state is a header (version, fingerprint of the agreements, next wake-up, tally for the gauges) and a msgpack array.
The facts in it, what was said of rounds that are over, and the base stay packed until somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any

import msgspec

from slawatch.core.agreement import METRICS
from slawatch.core.clock import MET, RUNNING, STILL, Broken, Clock
from slawatch.core.fact import KEPT, NO_VERSION, Fact, Fields, Order
from slawatch.core.history import Base, Filed
from slawatch.core.promise import Agreements, Promise
from slawatch.core.rating import Rated
from slawatch.core.rounds import Rounds
from slawatch.core.ticket import Ticket

VERSION = 1
"""Of the layout. The version before must load; a worker that meets a later one refuses."""
_HEADER = Struct(">B8sqB")
_NO_WAKE_UP = -(2**63)
_ARRAY = Struct(">BI")
_NUMBER = {metric: number for number, metric in enumerate(METRICS)}
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode

_ACTIVE, _SPOKEN, _WAITING = 1, 2, 4
_BEGUN = 4
"""Added to a clock's stance."""


class UnknownVersion(Exception):  # noqa: N818 - what is the case
    """A state was written by a later version of this program."""


def wake_up(state: bytes) -> int | None:
    """The cached next wake-up of a state, ms since the epoch."""
    due: int = _HEADER.unpack_from(state)[2]
    return None if due == _NO_WAKE_UP else due


def is_current(state: bytes, fingerprint: bytes) -> bool:
    """Whether a state has this version's layout and was derived under agreements with this fingerprint."""
    version, stored, _, _ = _HEADER.unpack_from(state)
    return bool(version == VERSION and stored == fingerprint)


def tally(state: bytes) -> bytes:
    """The tally with which a state was stored."""
    size = state[_HEADER.size - 1]
    return state[_HEADER.size : _HEADER.size + size]


class PackedHistory:
    """The past of a ticket as bytes; unpacked when asked for."""

    __slots__ = ("_agreements", "_base", "_count", "_facts", "_filed", "_filings")

    def __init__(
        self, agreements: Agreements, count: int = 0, facts: bytes = b"", filings: int = 0, filed: bytes = b"",
        base: bytes = b"",
    ) -> None:  # fmt: skip
        self._agreements = agreements
        self._count, self._facts = count, facts
        self._filings, self._filed = filings, filed
        self._base = base

    def row(self) -> tuple[int, bytes, int, bytes, bytes]:
        """What is stored; where there are no facts beyond it, the base is the ticket itself."""
        return self._count, self._facts, self._filings, self._filed, self._base if self._count else b""

    def __len__(self) -> int:
        return self._count

    def facts(self) -> list[Fact]:
        rows = _unpack_all(self._count, self._facts)
        return [Fact(at, NO_VERSION if version is None else version, name, seen) for at, version, name, seen in rows]

    def knows(self, name: str) -> bool:
        # Searching the packed bytes is a hundred times faster than unpacking them; what it finds may be something else.
        return name.encode() in self._facts and any(fact.id == name for fact in self.facts())

    def append(self, fact: Fact) -> None:
        at, version, name, observed = fact
        self._facts += _pack((at, None if version == NO_VERSION else version, name, observed))
        self._count += 1

    def replace(self, facts: Sequence[Fact]) -> None:
        self._count, self._facts = 0, b""
        for fact in facts:
            self.append(fact)

    def filed(self) -> list[Filed]:
        rows = _unpack_all(self._filings, self._filed)
        return [Filed(slug, METRICS[metric], number, said) for slug, metric, number, said in rows]

    def filings(self) -> int:
        return self._filings

    def file(self, said: Filed) -> None:
        self._filed += _pack((said.slug, _NUMBER[said.metric], said.round, said.said))
        self._filings += 1

    def refile(self, filed: Sequence[Filed]) -> None:
        self._filings, self._filed = 0, b""
        for said in filed:
            self.file(said)

    def base(self) -> Base | None:
        if not self._base:
            return None
        order, first_at, opened_at, opening, fields, rounds = _unpack(self._base)
        return Base(
            _order(order), first_at, opened_at, opening, _all_fields(fields),
            [_load_rounds(row, self._agreements) for row in rounds],
        )  # fmt: skip

    def rebase(self, base: Base) -> None:
        self._base = _pack((
            _short(base.order), base.first_at, base.opened_at, base.opening, _trimmed(base.fields),
            [_dump_rounds(rounds) for rounds in base.rounds],
        ))  # fmt: skip


def dump(ticket: Ticket, fingerprint: bytes, due: int | None, tallied: bytes) -> bytes:
    """A ticket as bytes, with the hints of its header."""
    history = ticket.history
    assert isinstance(history, PackedHistory)
    header = _HEADER.pack(VERSION, fingerprint, _NO_WAKE_UP if due is None else due, len(tallied))
    rated = ticket.rated
    return header + tallied + _pack((
        _short(ticket.order), ticket.folded == ticket.order or _short(ticket.folded),
        ticket.first_at, ticket.opened_at, ticket.opening, _trimmed(ticket.fields),
        [_dump_rounds(rounds) for rounds in ticket.rounds], *history.row(),
        *(() if rated is None else ((_short(rated.order), rated.rating, rated.told),)),
    ))  # fmt: skip


def load(name: str, state: bytes, agreements: Agreements) -> Ticket:
    """The ticket in a state. One of other agreements must be judged again before its clocks mean anything."""
    version, stored, _, size = _HEADER.unpack_from(state)
    if version != VERSION:
        raise UnknownVersion(f"the state of {name!r} has version {version}, this program knows {VERSION}")
    row = _unpack(memoryview(state)[_HEADER.size + size :])
    order, folded, first_at, opened_at, opening, fields, rounds, count, facts, filings, filed, base, *rated = row
    if not count and folded:
        base = _pack((order, first_at, opened_at, opening, fields, rounds))
    ticket = Ticket(name, PackedHistory(agreements, count, facts, filings, filed, base))
    ticket.order = _order(order)
    ticket.folded = ticket.order if folded is True else _order(folded)
    ticket.first_at, ticket.opened_at, ticket.opening = first_at, opened_at, opening
    ticket.fields = _all_fields(fields)
    if rated:
        ((rating_order, rating, told),) = rated
        ticket.rated = Rated(_order(rating_order), rating, told)
    if stored == agreements.fingerprint or not count:
        ticket.rounds = [_load_rounds(row, agreements) for row in rounds]
    else:
        _file_all(ticket, rounds)
    return ticket


def _file_all(ticket: Ticket, rows: Sequence[Any]) -> None:
    """Of clocks under other agreements only what was said of them still means something."""
    for row in rows:
        for clock in (row[5], *row[6]):
            if clock is not None:
                ticket.history.file(Filed(clock[0], METRICS[row[0]], clock[2], clock[-1]))


def _short(order: Order | None) -> Any:
    """An order as it is stored: a version that is not there takes one byte."""
    return order if order is None or order[1] != NO_VERSION else (order[0], None, order[2])


def _order(stored: Any) -> Any:
    return None if stored is None else (stored[0], NO_VERSION if stored[1] is None else stored[1], stored[2])


def _trimmed(fields: Fields) -> Fields:
    size = KEPT
    while size and fields[size - 1] is None:
        size -= 1
    return fields[:size]


def _all_fields(fields: Fields) -> Fields:
    fields.extend([None] * (KEPT - len(fields)))
    return fields


def _dump_rounds(rounds: Rounds) -> tuple[Any, ...]:
    metric, also = rounds.slot
    flags = rounds.active * _ACTIVE | rounds.spoken * _SPOKEN | rounds.waiting * _WAITING
    clock = None if rounds.clock is None else _dump_clock(rounds.clock)
    left = [_dump_clock(clock) for clock in rounds.left] if rounds.left else ()
    return _NUMBER[metric], also, rounds.number, rounds.since, flags, clock, left


def _load_rounds(row: Sequence[Any], agreements: Agreements) -> Rounds:
    metric, also, number, since, flags, clock, left = row
    rounds = Rounds((METRICS[metric], also))
    rounds.number = number
    rounds.since = since
    rounds.active = flags & _ACTIVE != 0
    rounds.spoken = flags & _SPOKEN != 0
    rounds.waiting = flags & _WAITING != 0
    if clock is not None:
        rounds.clock = _load_clock(clock, METRICS[metric], agreements)
    if left:
        loaded = (_load_clock(row, METRICS[metric], agreements) for row in left)
        rounds.left = [clock for clock in loaded if clock is not None]
    return rounds


def _dump_clock(clock: Clock) -> tuple[Any, ...]:
    promise = clock.promise
    return (
        promise.agreement.slug, promise.number, clock.round, clock.started_at, clock.stance | clock.begun * _BEGUN,
        clock.mark, clock.deadline, clock.crossings, clock.due, clock.ended_at, clock.verdict, clock.broken, clock.said,
    )  # fmt: skip


def _load_clock(row: Sequence[Any], metric: Any, agreements: Agreements) -> Clock | None:
    slug, promised, number, started_at, stance, mark, deadline, crossings, due, ended_at, verdict, broken, said = row
    promise: Promise | None = agreements.promise(slug, metric, promised)
    if promise is None:
        return None
    clock = Clock.__new__(Clock)  # every attribute is set here: half the time of a state's load is this function
    clock.promise = promise
    clock.round = number
    clock.started_at = started_at
    clock.stance = stance & ~_BEGUN
    clock.begun = stance & _BEGUN != 0
    clock.mark = mark
    clock.deadline = deadline
    clock.crossings = crossings
    clock.due = due
    clock.ended_at = ended_at
    clock.answered = verdict == MET
    clock.verdict = verdict
    clock.broken = None if broken is None else Broken(*broken)
    clock.said = said
    clock.trail = None
    return clock


def _unpack_all(count: int, packed: bytes) -> Any:
    """The values that were packed one behind the other: with the head of an array before them they are one."""
    return _unpack(_ARRAY.pack(0xDD, count) + packed)


TALLY_STATES = ("running", "paused", "still", "breached")
"""A clock that has not ended: breached whatever else it does, once its budget is exceeded."""


def count(ticket: Ticket, is_open: bool) -> bytes:
    """The tally of a ticket: whether it is open, and metric and state of every clock that has not ended."""
    found = [
        _NUMBER[rounds.slot[0]] * 4 + _state(rounds.clock) for rounds in ticket.rounds if rounds.clock and rounds.active
    ]
    return bytes((is_open, *sorted(found)))


def _state(clock: Clock) -> int:
    return 3 if clock.exceeded else min(clock.stance, STILL) if clock.stance != RUNNING else 0
