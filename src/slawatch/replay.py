"""The same process over a file of events, without Kafka: what a worker would have said.

The record's timestamp is the event's `at`, arrival is the order of the lines, grace is 0, and stream time is the
greatest `at` so far, whichever kind of event brought it.
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from slawatch.core.schedule import Wakes
from slawatch.events import decode_monitoring_at, decode_ticket_event
from slawatch.process import Outcome, Rejection, Turn
from slawatch.tickets import TicketProcess


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be used: its number from 1, and why."""

    number: int
    error: str


class Replay:
    """Runs a process over lines. `events`, `outcomes`, `alerts` and `bad` count what was met and said."""

    def __init__(self, process: TicketProcess) -> None:
        self._process = process
        self._states: dict[bytes, bytes] = {}
        self._wakes = Wakes()
        self._stream_time = -(2**63)
        self.outcomes: Counter[Outcome] = Counter()
        self.alerts: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter()
        self.monitoring = 0
        self.bad: list[BadLine] = []

    @property
    def tickets(self) -> int:
        """How many tickets have a state."""
        return len(self._states)

    def run(self, lines: Iterable[bytes], until: int | None = None) -> Iterator[bytes]:
        """The data of every alert, as JSON, in the order in which they are said; `until` lets time run on, in ms."""
        process, get = self._process, self._states.get
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            event = decode_ticket_event(line)
            if isinstance(event, Rejection):
                at = decode_monitoring_at(line)
                if at is None:
                    self.bad.append(BadLine(number, f"{event.reason}: {event.error}"))
                    continue
                self.monitoring += 1
            else:
                at = event.fact.at
                turn = process.on_event(event, get, self._stream_time, max(self._stream_time, at))
                if turn.rejection is not None:
                    self.bad.append(BadLine(number, f"{turn.rejection.reason}: {turn.rejection.error}"))
                else:
                    self.outcomes[turn.outcome] += 1
                    yield from self._take(turn)
            if at > self._stream_time:
                self._stream_time = at
                yield from self._fire()
        if until is not None and until > self._stream_time:
            self._stream_time = until
            yield from self._fire()

    def _fire(self) -> Iterator[bytes]:
        while (woken := self._wakes.pop(self._stream_time)) is not None:
            due, key = woken
            yield from self._take(self._process.on_wake_up(key, due, self._states.get, self._stream_time))

    def _take(self, turn: Turn) -> Iterator[bytes]:
        for key, state in turn.states.items():
            if state is None:
                self._states.pop(key, None)
            else:
                self._states[key] = state
        for key, due in turn.wake_ups.items():
            self._wakes.set(key, due)
        if turn.counts:
            self.counts.update(turn.counts)
        for message in turn.messages:
            if message.labels is not None:  # else the copy of an alert on another topic
                self.alerts[message.labels] += 1
                yield message.value


@contextmanager
def opened(source: str) -> Iterator[BinaryIO]:
    """The bytes of a file of events: `-` is standard input, `.gz` is unpacked."""
    if source == "-":
        yield sys.stdin.buffer
    elif source.endswith(".gz"):
        with gzip.open(source) as stream:
            yield stream  # type: ignore[misc]  # a GzipFile reads like any binary file
    else:
        with Path(source).open("rb") as stream:
            yield stream
