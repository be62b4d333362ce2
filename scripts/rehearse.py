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
from slawatch.stream.batch import Batch, Limits
from slawatch.stream.position import Position
from slawatch.stream.stream_time import LOG_APPEND_TIME, StreamClock
from slawatch.stream.table import MemoryTable

DESKS = 8
BATCH = 1_000
SLICE_SECONDS = 0.02
DAY = 86_400_000
RETENTION = 2 * DAY  # short, so that tickets of a week are folded too
FORGETTING = 30 * DAY
NOW = 4_102_444_800_000  # after everything
SOURCE = "/slawatch/rehearsal"
PLACE = Place("tickets", 0, 1)


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


def work(file: AgreementsFile, contracts: Contracts | None, seed: int) -> int:
    """Batch after batch of one desk; how many messages that led to."""
    process = HeldTickets(file.agreements, SOURCE, Bounds(RETENTION, FORGETTING), contracts).placed(PLACE)
    table, wakes, clock = MemoryTable(process.tally), Wakes(), StreamClock(StreamTime.RECORDS, 0)
    limits = Limits(dict.fromkeys(Output, 1_000_000), 1_000_000, BATCH, 60.0)
    waiting = list(records(seed))
    said = index = offset = 0
    while index < len(waiting):
        batch = Batch(process, table, wakes, clock, offset, limits)
        while not batch.full and index < len(waiting):
            if batch.fire(NOW, SLICE_SECONDS):
                index = batch.take(waiting, index, NOW, SLICE_SECONDS)
        said += len(batch.messages)
        offset = batch.offset
        table.apply(batch.states, Position(offset, clock.at, 1, process.state_version), 0)
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
