"""What a worker and a replay do all day, without Kafka: the C compiler watches it to see which paths are taken.

`python scripts/rehearse.py AGREEMENTS` on an instrumented package: see hatch_build.py. The desk is the demo's, several
times over, with pauses, reopenings and late events; half of it under contracts, which the ledger wants to be told of.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slawatch.agreements.load import AgreementsFile, load
from slawatch.core.fold import Bounds
from slawatch.core.periods.contract import Contracts
from slawatch.core.schedule import Wakes
from slawatch.demo.desk import simulate
from slawatch.process import Output, Place
from slawatch.processes.held import HeldTickets
from slawatch.replay import OpenTickets, Replay
from slawatch.settings import StreamTime
from slawatch.states.ticket import tally
from slawatch.stream.batch import Batch, Limits
from slawatch.stream.inventory import Inventory
from slawatch.stream.position import Position
from slawatch.stream.record_batches import RecordBatches
from slawatch.stream.stream_time import LOG_APPEND_TIME, StreamClock
from slawatch.stream.table import MemoryTable

DESKS = 8
BATCH = 250
BATCHES = 4  # until the worker is started again
SLICE_SECONDS = 0.02
DAY = 86_400_000
RETENTION = 2 * DAY  # short, so that tickets of a week are folded too
FORGETTING = 30 * DAY
NOW = 4_102_444_800_000  # after everything
SOURCE = "/slawatch/rehearsal"
PLACE = Place("tickets", 0, 1)
TOPICS = {output: output.value for output in Output}


class Record(NamedTuple):
    """A consumer's record."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    timestamp_type: int
    headers: Sequence[tuple[str, bytes]]


def records(seed: int) -> Iterator[Record]:
    """One desk, as Kafka would give it."""
    for offset, event in enumerate(simulate(seed)):
        yield Record(event.ticket.encode(), event.line(), offset, event.heard, LOG_APPEND_TIME, ())


class Waste:
    """A record batch of the client that takes everything in and keeps nothing."""

    def append(self, **_record: object) -> object:
        return self

    def close(self) -> None:
        """Nothing is sent."""


def work(file: AgreementsFile, contracts: Contracts | None, seed: int) -> int:
    """Batch after batch of one desk, by a worker that is started again now and then; how many messages that led to."""
    table, clock = MemoryTable(tally), StreamClock(StreamTime.RECORDS, 0)
    limits = Limits(dict.fromkeys(Output, 1_000_000), 1_000_000, BATCH, 60.0)
    waiting = list(records(seed))
    said = index = offset = batches = 0
    while index < len(waiting):
        if batches % BATCHES == 0:
            process = HeldTickets(file.agreements, SOURCE, Bounds(RETENTION, FORGETTING), contracts).placed(PLACE)
            found = Inventory(process)
            found.add(table.items())
            wakes = Wakes(found.dues)
        batches += 1
        batch = Batch(process, table, wakes, clock, offset, limits)
        while not batch.full and index < len(waiting):
            if batch.fire(NOW, SLICE_SECONDS):
                index = batch.take(waiting, index, NOW, SLICE_SECONDS)
        states, offset = batch.states, batch.offset
        written = RecordBatches(Waste, NOW)
        written.add_messages(batch.messages, TOPICS, dict.fromkeys(TOPICS.values(), 4))
        written.add_states("changelog", 0, states)
        written.closed()
        said += len(batch.messages)
        table.apply(states, Position(offset, clock.at, 1, process.state_version), 0)
    return said


def replay(file: AgreementsFile, seed: int) -> int:
    """The same lines from a file; how many alerts that led to."""
    process = OpenTickets(file.agreements, SOURCE)
    return sum(1 for _ in Replay(process).run(record.value or b"" for record in records(seed)))


def main(path: Path) -> None:
    file = load(path)
    said = sum(work(file, contracts_of(number, file), number) for number in range(DESKS))
    alerts = sum(replay(file, number) for number in range(DESKS))
    if not said or not alerts:
        raise SystemExit("nothing was said: the rehearsal shows the compiler nothing")


def contracts_of(number: int, file: AgreementsFile) -> Contracts | None:
    return file.contracts if number % 2 else None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
