"""Marks: how far a partition has come, written behind its outcomes so that the ledger knows when a period is complete.

A mark is due at every instant at which a period is closed or final, under a key that sorts after all others: whatever
else is due until then was said before it. It claims no more than the next such instant, for what is due between the
two is still to come.
"""

from __future__ import annotations

from slawatch.core.periods.boundary import Boundaries
from slawatch.core.periods.contract import Contracts
from slawatch.messages.envelope import Envelope
from slawatch.messages.passed import passed_messages
from slawatch.process import Place, Turn

MARK_KEY = b"\xff\xff"
"""Of the wake-up; not UTF-8, so no ticket or service has it, and later than any that is."""

_UNKNOWN = 0
"""Stream time before anything was read is not later than this."""


class Marks:
    """The marks of one partition: what its process adds to its start and to the wake-ups of `MARK_KEY`."""

    def __init__(self, contracts: Contracts, retention: int | None, place: Place, source: str) -> None:
        self._boundaries = Boundaries(contracts.contracts, retention) if contracts else None
        self._place = place
        self._envelope = Envelope(source)

    def on_start(self, stream_time: int) -> Turn:
        """Wake up once all that is due at the present stream time is said; without contracts never."""
        if self._boundaries is None:
            return Turn()
        return Turn(wake_ups={MARK_KEY: max(stream_time - 1, _UNKNOWN)})

    def on_wake_up(self, due: int, stream_time: int, now: int) -> Turn:
        """A mark to every partition of the outcomes, and the next wake-up."""
        if self._boundaries is None:
            return Turn(wake_ups={MARK_KEY: None})
        if due == _UNKNOWN and stream_time > 1:
            # The partition began with what it read first: years before that need not be passed one by one.
            return Turn(wake_ups={MARK_KEY: stream_time - 1})
        following = self._boundaries.after(due)
        passed = stream_time if following is None else min(stream_time, following)
        return Turn(wake_ups={MARK_KEY: following}, messages=passed_messages(self._envelope, self._place, passed, now))
