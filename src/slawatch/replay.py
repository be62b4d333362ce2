"""The same process over a file of events, without Kafka: what a worker would have said.

The record's timestamp is the event's `at`, arrival is the order of the lines, grace is 0, and stream time is the
greatest `at` so far, whichever kind of event brought it.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from slawatch.core.fact import STATUS
from slawatch.core.fold import Bounds
from slawatch.core.periods.contract import Contracts
from slawatch.core.promise import Agreements
from slawatch.core.schedule import Wakes
from slawatch.core.ticket import Ticket
from slawatch.messages.events import Speaker, decode_monitoring_at, decode_ticket_event
from slawatch.process import Outcome, Place, Rejection, State, States, Turn
from slawatch.processes.tickets import UNKNOWN_STATUSES, Happened, TicketProcess


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be used: its number from 1, and why."""

    number: int
    error: str


OPEN: Final = 100_000
"""Tickets kept unpacked, some 5 kB each; to pack one costs as much as an event."""


_NOTHING: Final[States] = {}


class Unreadable(Exception):  # noqa: N818 - told to a person
    """A file of events can't be read, or not to its end; a sentence that says why."""


class OpenTickets(TicketProcess):
    """The process of tickets for one who runs it alone: a ticket is packed when many others were busier, not each time.

    What it says is the same; there is nobody who would have to store what it has made of an event.
    """

    def __init__(
        self,
        agreements: Agreements,
        source: str,
        bounds: Bounds | None = None,
        contracts: Contracts | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(agreements, source, bounds, contracts, place)
        if contracts is None:  # else the ledger reads what is said, on the topics on which it is said
            self._publisher = Speaker()
        self.open: dict[bytes, Ticket] = {}

    def take(self, key: bytes, name: str, before: Any) -> Ticket | None:
        return self.open.pop(key, None) or super().take(key, name, before)

    def put_back(self, key: bytes, ticket: Ticket, before: Any) -> None:  # noqa: ARG002 - nothing is looked up
        self.open[key] = ticket

    def store(self, key: bytes, ticket: Ticket, due: int | None, before: Any, happened: Happened) -> States:  # noqa: ARG002
        self.open[key] = ticket
        if len(self.open) <= OPEN:
            return _NOTHING
        oldest = next(iter(self.open))
        return {oldest: self.pack(self.open.pop(oldest), None)}


class Replay:
    """Runs a process over lines. `outcomes`, `alerts`, `counts`, `unmapped`, `monitoring` and `bad_lines` count what was met.

    Bad lines are given to `on_bad` as they are met, else kept in `bad`.
    """

    def __init__(self, process: TicketProcess, on_bad: Callable[[BadLine], None] | None = None) -> None:
        self._process = process
        self._states: dict[bytes, State] = {}
        self._wakes = Wakes()
        self._stream_time = -(2**63)
        self.last_event = self._stream_time
        """How far time had come by events alone, once they are over."""
        self._outcomes: dict[Outcome, int] = {}
        self._alerts: dict[tuple[str, str], int] = {}
        self.counts: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()
        """Status words that the agreements do not map."""
        self.monitoring = 0
        self.bad: list[BadLine] = []
        self.bad_lines = 0
        self._on_bad = on_bad or self.bad.append

    @property
    def outcomes(self) -> Counter[Outcome]:
        """What became of the events."""
        return Counter(self._outcomes)

    @property
    def alerts(self) -> Counter[tuple[str, str]]:
        """The alerts by what they say and the metric."""
        return Counter(self._alerts)

    @property
    def tickets(self) -> int:
        """How many tickets have a state."""
        # One that was packed and is open again has both.
        return len(
            self._states.keys() | self._process.open.keys() if isinstance(self._process, OpenTickets) else self._states
        )

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
                    self._bad(number, event)
                    continue
                self.monitoring += 1
            else:
                at = event.fact.at
                turn = process.on_event(event, get, self._stream_time, max(self._stream_time, at))
                if turn.rejection is not None:
                    self._bad(number, turn.rejection)
                else:
                    outcome = turn.outcome  # not in a Counter: to set one of its items costs a thousand instructions
                    self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
                    if UNKNOWN_STATUSES in turn.counts:
                        self.unmapped[event.fact.observed[STATUS]] += 1
                    self._keep(turn)
                    if turn.messages:
                        yield from self._said(turn)
            if at > self._stream_time:
                self._stream_time = at
                if self._wakes.may_be_due(at):  # a generator for nothing costs more than this
                    yield from self._fire()
        self.last_event = self._stream_time
        if until is not None and until > self._stream_time:
            self._stream_time = until
            yield from self._fire()

    def _bad(self, number: int, rejection: Rejection) -> None:
        self.bad_lines += 1
        self._on_bad(BadLine(number, f"{rejection.reason}: {rejection.error}"))

    def _fire(self) -> Iterator[bytes]:
        while (woken := self._wakes.pop(self._stream_time)) is not None:
            due, key = woken
            turn = self._process.on_wake_up(key, due, self._states.get, self._stream_time, self._stream_time)
            self._keep(turn)
            yield from self._said(turn)

    def _keep(self, turn: Turn) -> None:
        for key, state in turn.states.items():
            if state is None:
                self._states.pop(key, None)
            else:
                self._states[key] = state
        for key, due in turn.wake_ups.items():
            self._wakes.set(key, due)
        if turn.counts:
            self.counts.update(turn.counts)

    def _said(self, turn: Turn) -> Iterator[bytes]:
        for message in turn.messages:
            labels = message.labels
            if labels is not None:  # else the copy of an alert on another topic
                self._alerts[labels] = self._alerts.get(labels, 0) + 1
                yield message.value


@contextmanager
def opened(source: str) -> Iterator[Iterator[bytes]]:
    """The lines of a file of events: `-` is standard input, `.gz` is unpacked; raises `Unreadable`, also later on."""
    name = "standard input" if source == "-" else source
    try:
        if source == "-":
            yield _lines(name, sys.stdin.buffer)
        elif source.endswith(".gz"):
            with gzip.open(source) as packed:
                yield _lines(name, packed)
        else:
            with Path(source).open("rb") as stream:
                yield _lines(name, stream)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Unreadable(f"{name}: can't be read: {error.strerror}") from None


def _lines(name: str, stream: Iterable[bytes]) -> Iterator[bytes]:
    try:
        lines = iter(stream)
        for first in lines:
            yield first.removeprefix(BOM_UTF8)
            yield from lines
    except (OSError, EOFError, zlib.error) as error:  # a gzip's damage is any of them
        raise Unreadable(f"{name}: can't be read: {error}") from None
