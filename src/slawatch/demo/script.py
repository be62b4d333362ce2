"""The demo's script: which record goes to which partition when, and what must be said because of it.

Stream time follows the records here, so a partition without a record would stand still, and its deadlines with it. The
desk therefore sends each partition a tick every simulated minute: a ticket event that observes nothing, which changes
no state and only carries its instant. Where the wall clock moves stream time, as in any real service, none is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import msgspec
from aiokafka.partitioner import murmur2

from slawatch.core.promise import Agreements
from slawatch.demo.desk import BEGIN, LENGTH, Event, simulate
from slawatch.instants import rfc3339, to_ms
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay

PARTITIONS: Final = 3
_TICK: Final = 60_000

Alert = dict[str, Any]
"""The data of an alert, as in its JSON."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A record to be sent at the simulated instant `heard`; its timestamp is `at`. Ticks have no event."""

    heard: int
    at: int
    partition: int
    key: bytes
    value: bytes
    event: Event | None


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that must be said, and the number of the sending that makes it true or lets its deadline pass."""

    alert: Alert
    cause: int


@dataclass(frozen=True, slots=True)
class Script:
    """Sendings in their order; what must be said because of them, by id; from when until when, simulated."""

    sendings: list[Sending]
    expected: dict[str, Expected]
    begin: int
    end: int


def partition_of(key: bytes) -> int:
    """The partition that every Kafka client chooses for this key."""
    return int(murmur2(key) & 0x7FFFFFFF) % PARTITIONS


def write_script(agreements: Agreements, length_ms: int | None = None) -> Script:
    """The desk's first `length_ms` simulated ms, or all of its time."""
    begin = to_ms(BEGIN)
    end = begin + min(length_ms or _whole(), _whole())
    sendings = [
        Sending(event.heard, event.at, partition_of(event.ticket.encode()), event.ticket.encode(), event.line(), event)
        for event in simulate()
        if event.heard < end
    ]
    sendings += _ticks(begin, end)
    sendings.sort(key=lambda sending: sending.heard)
    return Script(sendings, _expected(sendings, agreements), begin, end)


def _whole() -> int:
    return int(LENGTH.total_seconds() * 1000)


def _ticks(begin: int, end: int) -> Iterator[Sending]:
    keys = [next(key for n in count() if partition_of(key := b"tick-%d" % n) == p) for p in range(PARTITIONS)]
    for at in [*range(begin, end, _TICK), end]:
        for partition, key in enumerate(keys):
            name = key.decode()
            value = msgspec.json.encode({"id": f"{name}@{at}", "ticket": name, "at": rfc3339(at)})
            yield Sending(at, at, partition, key, value, None)


def _expected(sendings: list[Sending], agreements: Agreements) -> dict[str, Expected]:
    """What a replay of each partition's records says."""
    found = {}
    for partition in range(PARTITIONS):
        numbers = [number for number, sending in enumerate(sendings) if sending.partition == partition]
        for number, alert in replayed(sendings, numbers, agreements):
            found[alert["id"]] = Expected(alert, number)
    return found


def replayed(sendings: list[Sending], numbers: Iterable[int], agreements: Agreements) -> Iterator[tuple[int, Alert]]:
    """What a replay of these sendings says, each with the number of the sending at which it says it."""
    at = -1

    def lines() -> Iterator[bytes]:
        nonlocal at
        for at in numbers:
            yield sendings[at].value

    for value in Replay(TicketProcess(agreements, "/slawatch/demo")).run(lines()):
        yield at, msgspec.json.decode(value)
