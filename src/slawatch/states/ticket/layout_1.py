"""The layout before this one: agreements stood in it by their id, not as they stand in the ids of alerts."""

from __future__ import annotations

from typing import Any, Final

from slawatch.core.slug import escaped
from slawatch.states.ticket.rows import pack, unpack, unpacked

VERSION: Final = 1


def upgraded(row: list[Any]) -> list[Any]:
    """What followed the header, as this layout has it."""
    *ticket, rounds, count, facts, filings, filed, base = row[:12]
    if base:
        *before, folded = unpack(base)
        base = pack((*before, [_rounds(row) for row in folded]))
    if filings:
        filed = b"".join(pack((escaped(id_), *rest)) for id_, *rest in unpacked(filings, filed))
    return [*ticket, [_rounds(row) for row in rounds], count, facts, filings, filed, base, *row[12:]]


def _rounds(row: list[Any]) -> list[Any]:
    *before, clock, left = row
    return [*before, None if clock is None else _clock(clock), [_clock(clock) for clock in left]]


def _clock(row: list[Any]) -> list[Any]:
    return [escaped(row[0]), *row[1:]]
