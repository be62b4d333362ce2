"""A stored ticket folded as it lies: its state with the facts left out, where nothing else of it changes.

A short cut and nothing else: where `stub` finds one, it is what is stored of the ticket after `core.fold.tidy`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from slawatch.core.fold import Bounds
from slawatch.states.ticket.header import body, header, is_current, tally
from slawatch.states.ticket.rows import STILL_ON_TALLY, TALLIED, TALLY_STATES, pack, unpack

_parts: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_ORDER: Final = 0
_UNTIL_HISTORY: Final = slice(2, 7)
_COUNT: Final = 7
_FILINGS: Final = 9
_BEHIND_HISTORY: Final = slice(12, None)
_NO_HISTORY: Final = (0, b"", 0, b"", b"")


def stub(state: bytes, fingerprint: bytes, bounds: Bounds, now: int) -> tuple[bytes, int | None] | None:
    """The state of a ticket that has been idle for too long, folded, and its next wake-up (ms since the epoch).

    None where that is more than leaving its facts out: a clock is not over or may have crossed its budget, something
    is filed, or it is not yet time. Whoever has the ticket itself then knows what to do.
    """
    retention, forget = bounds.retention, bounds.forget
    if retention is None or not is_current(state, fingerprint):
        return None
    tallied = tally(state)
    if len(tallied) > TALLIED:
        return None  # not all of its clocks are in it
    for code in tallied[1:]:
        if code % len(TALLY_STATES) != STILL_ON_TALLY:
            return None
    parts: Any = _parts(body(state)[2])
    if unpack(parts[_COUNT]) == 0 or unpack(parts[_FILINGS]) != 0:
        return None
    order: Any = parts[_ORDER]
    last: int = unpack(order)[0]
    if now <= last + retention:
        return None
    due = None if forget is None else last + forget
    row = (order, True, *parts[_UNTIL_HISTORY], *_NO_HISTORY, *parts[_BEHIND_HISTORY])
    return header(fingerprint, due, tallied) + pack(row), due
