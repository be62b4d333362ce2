"""A ticket to a state and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from slawatch.core.agreement import METRICS
from slawatch.core.fact import Phase
from slawatch.core.history import Filed
from slawatch.core.promise import Agreements
from slawatch.core.rating import Rated
from slawatch.core.ticket import Ticket, phase_of
from slawatch.states.ticket import layout_1
from slawatch.states.ticket.header import TALLIED, VERSION, UnknownVersion, body, header
from slawatch.states.ticket.history import PackedHistory
from slawatch.states.ticket.rows import (
    PackedRounds,
    base_row,
    fields_of,
    fields_row,
    order_of,
    order_row,
    pack,
    rounds_of,
    unpack,
)

_OPEN: Final = frozenset({Phase.OPEN, Phase.PENDING})


def dump(ticket: Ticket, agreements: Agreements, due: int | None) -> bytes:
    """A ticket as bytes, with the hints of its header.

    The tally says whether it is open, and metric and state of every clock that has not ended.
    """
    history, phase, rated = ticket.history, ticket.phase, ticket.rated
    assert isinstance(history, PackedHistory)
    codes: list[int] = []
    rows = []
    for rounds in ticket.rounds:
        # Finished rounds, and all rounds of a ticket that nothing stirs, are as they were when they were last packed.
        packed = rounds.packed
        if packed is None:
            packed = rounds.packed = PackedRounds(rounds)
        assert isinstance(packed, PackedRounds)
        rows.append(packed.row)
        if packed.code is not None:
            codes.append(packed.code)
    if phase is None:
        phase = phase_of(ticket.fields, agreements)
    codes.sort()
    codes.insert(0, phase in _OPEN)
    order = ticket.order
    folded: Any = ticket.folded
    count, facts, filings, filed, base = history.row()
    row: tuple[Any, ...] = (
        order_row(order), folded if folded is None else folded == order or order_row(folded),
        ticket.first_at, ticket.opened_at, ticket.opening, fields_row(ticket.fields), rows,
        count, facts, filings, filed, base,
    )  # fmt: skip
    if rated is not None:
        row = (*row, (order_row(rated.order), rated.rating, rated.told))
    return header(agreements.fingerprint, due, bytes(codes[: TALLIED + 1])) + pack(row)


def load(name: str, state: bytes, agreements: Agreements) -> Ticket:
    """The ticket in a state. One of other agreements must be judged again before its clocks mean anything."""
    version, stored, packed = body(state)
    if version > VERSION:
        raise UnknownVersion(f"the state of {name!r} has version {version}, this program knows {VERSION}")
    row: Any = unpack(packed)
    if version == layout_1.VERSION:
        row = layout_1.upgraded(row)
    order, folded, first_at, opened_at, opening, fields, rounds, count, facts, filings, filed, base, *rated = row
    if not count and folded is not None:
        base = pack((order, first_at, opened_at, opening, fields, [base_row(row) for row in rounds]))
    ticket = Ticket(name, PackedHistory(agreements, count, facts, filings, filed, base))
    ticket.order = order_of(order)
    ticket.folded = ticket.order if folded is True else order_of(folded)
    ticket.first_at, ticket.opened_at, ticket.opening = first_at, opened_at, opening
    ticket.fields = fields_of(fields)
    if rated:
        ((rating_order, rating, told),) = rated
        ticket.rated = Rated(order_of(rating_order), rating, told)
    if stored == agreements.fingerprint or not count:
        ticket.rounds = [rounds_of(row, agreements) for row in rounds]
    else:
        _file_all(ticket, rounds)
    ticket.aim()
    return ticket


def _file_all(ticket: Ticket, rows: Sequence[Any]) -> None:
    """Of clocks under other agreements only what was said of them still means something."""
    for row in rows:
        for clock in (row[5], *row[6]):
            if clock is not None:
                ticket.history.file(Filed(clock[0], METRICS[row[0]], clock[2], clock[-1]))
