"""A stored ticket folded as it lies: its state with the facts left out, where nothing else of it changes.

A short cut and nothing else: where `stub` finds one, it is what is stored of the ticket after `core.fold.tidy`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from slawatch.core.fold import Bounds
from slawatch.states.ticket.header import TALLIED, body, header, is_current, tally
from slawatch.states.ticket.rows import STILL_ON_TALLY, TALLY_STATES, pack, unpack

_parts: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


def stub(state: bytes, fingerprint: bytes, bounds: Bounds, now: int) -> tuple[bytes, int | None] | None:
    """The state of a ticket that has been idle for too long, folded, and its next wake-up (ms since the epoch).

    None where that is more than leaving its facts out: a clock is not over or may have crossed its budget, something
    is filed, or it is not yet time. Whoever has the ticket itself then knows what to do.
    """
    if not is_current(state, fingerprint):
        return None
    tallied = tally(state)
    if len(tallied) > TALLIED:
        return None  # not all of its clocks are in it
    for code in tallied[1:]:
        if code % len(TALLY_STATES) != STILL_ON_TALLY:
            return None
    parts: Any = _parts(body(state)[2])
    order, _, first_at, opened_at, opening, fields, rounds, count, _, filings, _, _, *rated = parts
    if unpack(count) == 0 or unpack(filings) != 0:
        return None
    last: int = unpack(order)[0]
    until = bounds.until(last, folded=False)
    if until is None or now <= until:
        return None
    due = bounds.until(last, folded=True)
    row = (order, True, first_at, opened_at, opening, fields, rounds, 0, b"", 0, b"", b"", *rated)
    return header(fingerprint, due, tallied) + pack(row), due
