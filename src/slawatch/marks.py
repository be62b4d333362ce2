"""Marks: how far a partition has come, written behind its outcomes so that the ledger knows when a period is complete.

A mark is due at every instant at which a period is closed or final, under a key that sorts after all others: whatever
else is due until then was said before it. It claims no more than the next such instant, for what is due between the
two is still to come.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slawatch.core.periods.boundary import Boundaries
from slawatch.core.periods.contract import Contracts
from slawatch.envelope import Envelope
from slawatch.instants import rfc3339
from slawatch.process import Message, Output, Place, Turn
from slawatch.shapes import InstantText

MARK_KEY = b"\xff\xff"
"""Of the wake-up; not UTF-8, so no ticket or service has it, and later than any that is."""

_UNKNOWN = 0
"""Stream time before anything was read is not later than this."""


class Passed(msgspec.Struct, frozen=True):
    """The data of a mark: all that was due in a partition earlier than `passed` has been written."""

    what: Annotated[Literal["passed"], Meta(description="It is no alert, but says how far a partition has come.")]
    topic: Annotated[str, Meta(description="The input topic.")]
    partition: Annotated[int, Meta(description="Its partition.")]
    passed: Annotated[
        InstantText, Meta(description="All outcomes that were due earlier have been written before this.")
    ]


_encode = msgspec.json.Encoder().encode


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
        return Turn(wake_ups={MARK_KEY: following}, messages=self._messages(passed, now))

    def _messages(self, passed: int, now: int) -> list[Message]:
        topic, partition, partitions = self._place
        source, instant = f"{topic}/{partition}", rfc3339(passed)
        value = _encode(Passed("passed", topic, partition, instant))
        headers = self._envelope.headers(f"{source}/passed/{instant}", "slawatch.passed.v1", source, rfc3339(now))
        return [Message(Output.OUTCOMES, source.encode(), value, headers, None, each) for each in range(partitions)]
