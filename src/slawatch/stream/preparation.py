"""What a partition does on assignment, up to its first batch. Nothing is said here: first the state is back.

1 fence  2 offset  3 table, and seek  4 deadlines from the table
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from slawatch.core.schedule import Wakes
from slawatch.process import Process
from slawatch.stream.inventory import Inventory
from slawatch.stream.pace import Pace
from slawatch.stream.restore import agreed_offset, restore, stable_end
from slawatch.stream.source import Source
from slawatch.stream.stream_time import StreamClock
from slawatch.stream.surroundings import Surroundings
from slawatch.stream.table import Table
from slawatch.stream.transaction import Writer

_log = logging.getLogger(__name__)

SLICE_SECONDS = 0.02
"""Computing in one piece; heartbeats live on the same loop."""

_STEP = 512  # states between two looks at the clock while the deadlines are collected


class Prepared(NamedTuple):
    """What the batches begin with: the table, its deadlines, and the keys of states that must be judged again first."""

    table: Table
    wakes: Wakes
    to_judge: list[bytes]


class Preparation:
    """The restore of one partition; `table` is there once it is open, `read` counts changelog records."""

    def __init__(
        self,
        source: Source,
        process: Process[Any],
        around: Surroundings,
        writer: Writer,
        clock: StreamClock,
        pace: Pace,
        open_table: Callable[[], Table],
    ) -> None:
        self._source = source
        self._process = process
        self._around = around
        self._writer = writer
        self._clock = clock
        self._pace = pace
        self._open_table = open_table
        topics, where = around.topics, source.partition
        self._partitions = topics.partitions[where.topic]
        self._changelog = TopicPartition(topics.changelog_of(where.topic), where.partition)
        self._end: int | None = None
        self.table: Table | None = None
        self.read = 0

    @property
    def left(self) -> int | None:
        """Changelog records that are still to be read; None before that is known."""
        if self._end is None or self.table is None:
            return None
        return max(0, self._end - self.table.changelog_offset)

    async def run(self) -> Prepared:
        """All four steps; raises `Refused` where what was committed and what the table includes don't fit."""
        began = time.monotonic()
        around = self._around
        await around.verified()
        # 1 the fence: a former owner can't commit any more, and what it committed is decided
        await self._writer.start()
        self._pace.turned()
        # 2 the offset, asked for after the fence: the position that the consumer took by itself is older
        committed = await self._source.committed()
        async with self._pace.turn_at(around.restoring):
            # 3 the table
            table = self.table = self._open_table()
            await self._restore(table)
            await self._source.begin_at(await self._agreed(table, committed))
            # 4 the deadlines
            prepared = await self._collect(table)
        seconds = time.monotonic() - began
        around.metrics.restored_states.inc(len(table))
        around.metrics.restore_seconds.set(seconds)
        fields = {
            "topic": self._source.partition.topic,
            "partition": self._source.partition.partition,
            "offset": self._source.offset,
            "states": len(table),
            "read": self.read,
            "seconds": round(seconds, 3),
        }
        _log.info("partition restored", extra={"fields": fields})
        return prepared

    async def _restore(self, table: Table) -> None:
        around, turned = self._around, self._pace.turned
        end = await stable_end(around.ends, self._changelog, around.settings.processing, turned)
        beginning = await around.ends.beginning(self._changelog)
        self._end = end
        self.read = await restore(table, self._changelog, beginning, end, around.options, turned)

    async def _agreed(self, table: Table, committed: int | None) -> int | None:
        offset = await agreed_offset(
            table,
            self._source.partition,
            self._changelog.topic,
            self._around.settings.processing,
            self._partitions,
            self._process.state_version,
            committed,
            self._source.committed,
        )
        if table.position is not None:
            self._clock.at = table.position.stream_time
        return offset

    async def _collect(self, table: Table) -> Prepared:
        found, states = Inventory(self._process), iter(table.items())
        async with self._pace.turn_at(self._around.computing):
            stop = time.perf_counter() + SLICE_SECONDS
            while some := list(islice(states, _STEP)):
                found.add(some)
                if time.perf_counter() >= stop:
                    self._pace.turned()
                    await asyncio.sleep(0)
                    stop = time.perf_counter() + SLICE_SECONDS
            wakes = Wakes(found.dues)
        table.tallies = Counter(found.tallies)
        return Prepared(table, wakes, found.to_judge)
