"""The demo's script: which record goes to which partition when, and what must be said because of it.

Stream time follows the records here, so a partition without a record would stand still, and its deadlines with it. The
desk therefore sends each partition a tick now and then: an event that observes nothing of anything that is promised,
which changes no state and only carries its instant. Where the wall clock moves stream time, none is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import msgspec
from aiokafka.partitioner import murmur2

from slawatch.agreements import AgreementsFile
from slawatch.core.promise import Agreements
from slawatch.demo.desk import BEGIN, LENGTH, MONTH_END, Event, simulate
from slawatch.demo.monitors import Observation, watch
from slawatch.explain.collected import Collected
from slawatch.instants import rfc3339, to_ms
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay
from slawatch.sheet.dossier import Dossier

PARTITIONS: Final = 3
TICKETS: Final = "tickets"
MONITORING: Final = "monitoring"
MONTH: Final = "2025-06"
_SOURCE: Final = "/slawatch/demo"
_MINUTE: Final = 60_000
_TICKS: Final = {TICKETS: (_MINUTE, 60 * _MINUTE), MONITORING: (5 * _MINUTE, 60 * _MINUTE)}
"""How often each partition of a topic is ticked, while tickets are opened and after that."""

Alert = dict[str, Any]
"""The data of an alert, as in its JSON."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A record to be sent at the simulated instant `heard`; its timestamp is `at`. Ticks have no event."""

    heard: int
    at: int
    role: str
    partition: int
    key: bytes
    value: bytes
    event: Event | Observation | None


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that must be said, and the number of the sending that makes it true or lets its deadline pass."""

    alert: Alert
    cause: int


@dataclass(frozen=True, slots=True)
class Script:
    """Sendings in their order, what must be said because of them, by id, and the reports that must be written.

    Simulated from `begin` until `end`; from `calm` on no ticket is opened, and time runs faster.
    """

    sendings: list[Sending]
    expected: dict[str, Expected]
    reports: dict[str, Dossier]
    begin: int
    calm: int
    end: int


def partition_of(key: bytes) -> int:
    """The partition that every Kafka client chooses for this key."""
    return int(murmur2(key) & 0x7FFFFFFF) % PARTITIONS


def write_script(file: AgreementsFile, length_ms: int | None = None) -> Script:
    """The desk's first `length_ms` simulated ms; all of its time, and the month to its end, where that is not less."""
    begin, calm, end = to_ms(BEGIN), to_ms(BEGIN + LENGTH), to_ms(MONTH_END)
    if length_ms is not None and begin + length_ms < calm:
        calm = end = begin + length_ms
    sendings = [_sent(TICKETS, event.ticket, event) for event in simulate(until=MONTH_END) if event.heard < end]
    sendings += [_sent(MONITORING, event.service, event) for event in watch() if event.heard < end]
    sendings += _ticks(begin, calm, end)
    sendings.sort(key=lambda sending: sending.heard)
    expected, reports = _expected(sendings, file)
    return Script(sendings, expected, reports, begin, calm, end)


def _sent(role: str, subject: str, event: Event | Observation) -> Sending:
    key = subject.encode()
    return Sending(event.heard, event.at, role, partition_of(key), key, event.line(), event)


def _ticks(begin: int, calm: int, end: int) -> Iterator[Sending]:
    keys = [next(key for n in count() if partition_of(key := b"tick-%d" % n) == p) for p in range(PARTITIONS)]
    for role, (often, seldom) in _TICKS.items():
        for at in [*range(begin, calm, often), *range(calm, end, seldom), end]:
            for partition, key in enumerate(keys):
                name = key.decode()
                told = {"ticket": name} if role == TICKETS else {"service": name, "status": "up"}
                value = msgspec.json.encode({"id": f"{name}@{at}", "at": rfc3339(at), **told})
                yield Sending(at, at, role, partition, key, value, None)


def _expected(sendings: list[Sending], file: AgreementsFile) -> tuple[dict[str, Expected], dict[str, Dossier]]:
    """What a replay of each partition's records says of tickets, and one of all records of periods."""
    found: dict[str, Expected] = {}
    for partition in range(PARTITIONS):
        mine = [n for n, sending in enumerate(sendings) if sending.role == TICKETS and sending.partition == partition]
        for number, alert in replayed(sendings, mine, file.agreements):
            found[alert["id"]] = Expected(alert, number)
    collected = Collected(file, _SOURCE)
    numbers = _Numbers(range(len(sendings)), sendings)
    for value in collected.run(numbers):
        alert = msgspec.json.decode(value)
        if "period" in alert:
            found[alert["id"]] = Expected(alert, numbers.at)
    closed = [each for each in collected.dossiers(MONTH) if each.report.status != "open"]
    return found, {each.report.agreement: each for each in closed}


class _Numbers:
    """The values of these sendings, `at` being the number of the one that was taken last."""

    def __init__(self, numbers: Iterable[int], sendings: list[Sending]) -> None:
        self._numbers, self._sendings = numbers, sendings
        self.at = -1

    def __iter__(self) -> Iterator[bytes]:
        for number in self._numbers:
            self.at = number
            yield self._sendings[number].value


def replayed(sendings: list[Sending], numbers: Iterable[int], agreements: Agreements) -> Iterator[tuple[int, Alert]]:
    """What a replay of these sendings says of tickets, each with the number of the sending at which it says it."""
    lines = _Numbers(numbers, sendings)
    for value in Replay(TicketProcess(agreements, _SOURCE)).run(lines):
        yield lines.at, msgspec.json.decode(value)
