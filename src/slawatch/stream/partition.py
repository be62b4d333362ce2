"""One input partition: its fence, its table, its deadlines and its batches, in one task.

    on assignment   1 fence  2 offset and seek  3 restore  4 deadlines from the table
    then, for ever  read the end if something waits for it; fetch; compute in slices; commit; then change the table

Up to the first batch nothing is said; so nothing is said before the state is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from slawatch.core.schedule import Wakes
from slawatch.metrics import Metrics
from slawatch.process import Place, Process, Sample
from slawatch.settings import Settings
from slawatch.stream.batch import Batch, InputRecord, Limits
from slawatch.stream.ends import Ends
from slawatch.stream.position import Position
from slawatch.stream.restore import agreed_offset, restore, stable_end
from slawatch.stream.source import Source
from slawatch.stream.stream_time import StreamClock
from slawatch.stream.table import Table
from slawatch.stream.topics import Topics
from slawatch.stream.transaction import Writer
from slawatch.stream.wall_clock import now_ms

_log = logging.getLogger(__name__)

SLICE_SECONDS = 0.02
"""Computing in one piece; heartbeats live on the same loop."""

_STEP = 512  # states between two looks at the clock while the deadlines are collected


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the partitions of a worker share."""

    settings: Settings
    topics: Topics
    options: dict[str, Any]
    consumer: AIOKafkaConsumer
    ends: Ends
    metrics: Metrics
    computing: asyncio.Lock
    """One partition computes at a time; while one waits for Kafka another does."""
    restoring: asyncio.Semaphore
    verified: Callable[[], Awaitable[None]]
    """Waits until the partition counts were compared for this assignment; raises `Refused`."""
    restored: Callable[[], None]
    """Hears that a partition is ready."""


class Partition:
    """The task of one partition; `run` ends by `finish`, by cancellation, or with the error that ends the worker."""

    def __init__(
        self, source: TopicPartition, process: Process[Any], surroundings: Surroundings, open_table: Callable[[], Table]
    ) -> None:
        self.source = source
        self.topic: str = source.topic
        self.partition: int = source.partition
        count = surroundings.topics.partitions[source.topic]
        self.process = process.placed(Place(source.topic, source.partition, count))
        self._around = surroundings
        settings, topics = surroundings.settings, surroundings.topics
        self._open_table = open_table
        self.table: Table | None = None
        self._wakes = Wakes()
        self._clock = StreamClock(settings.stream_time, settings.grace)
        self._to_judge: list[bytes] = []
        self._started = False
        self._records: Sequence[InputRecord] = ()
        self._index = 0
        self._source = Source(source, surroundings.consumer, surroundings.ends, surroundings.metrics)
        limits = topics.limits
        self._limits = Limits(
            outputs={output: limits[topic] for output, topic in topics.outputs.items()},
            changelog=limits[topics.changelog_of(source.topic)],
            turns=settings.batch_records,
        )
        self._writer = Writer(
            surroundings.options, topics, source, settings.group, settings.processing, self._source.commit
        )
        self._finishing = False
        self._idle = False
        self.ready = False
        self._restore_end: int | None = None
        self.restored_records = 0
        """Changelog records that were read at assignment."""
        self.turns = 0
        """Rises whenever the task gets somewhere; the watchdog looks at it."""

    @property
    def lag(self) -> int | None:
        return self._source.lag

    @property
    def restore_left(self) -> int | None:
        if self.ready or self._restore_end is None or self.table is None:
            return None
        return max(0, self._restore_end - self.table.changelog_offset)

    @property
    def stream_time(self) -> int | None:
        return self._clock.at if self.ready and self._clock.at else None

    def samples(self) -> Iterator[Sample]:
        """What the states come to at the present stream time, as samples to be summed up."""
        if not self.ready or self.table is None:
            return
        for tally, states in self.table.tallies.items():
            for name, labels, amount in self.process.gauges(tally, self._clock.at):
                yield Sample(name, labels, amount * states)

    @property
    def working(self) -> bool:
        """Whether it has something to do, as against sleeping until a record or a deadline comes."""
        return not self._idle

    def finish(self, task: asyncio.Task[None]) -> None:
        """Begin nothing new; the batch in hand is finished, a sleep or a restore is broken off."""
        self._finishing = True
        if self._idle or not self.ready:
            task.cancel()

    async def run(self) -> None:
        """Restore, then batch after batch."""
        await self._prepare()
        while not self._finishing:
            self.turns += 1
            if self._index >= len(self._records):
                await self._fetch()
            if not self._finishing:
                await self._batch()

    async def close(self) -> None:
        """Stop the producer, bounded; the table stays with whoever keeps it."""
        self.ready = False
        await self._writer.stop()

    async def _prepare(self) -> None:
        began = time.monotonic()
        around, source = self._around, self.source
        await around.verified()
        # 1 the fence: a former owner can't commit any more, and what it committed is decided
        await self._writer.start()
        self.turns += 1
        # 2 the offset, asked for after the fence: the position that the consumer took by itself is older
        committed = await self._source.committed()
        async with self._turn_at(around.restoring):
            # 3 the table
            self.restored_records = await self._restore()
            offset = await self._agreed(committed)
            await self._source.begin_at(offset)
            # 4 the deadlines
            await self._collect_wakes()
        table = self._restored
        around.metrics.restored_states.inc(len(table))
        around.metrics.restore_seconds.set(time.monotonic() - began)
        self.ready = True
        around.restored()
        fields = {
            "topic": source.topic,
            "partition": source.partition,
            "offset": self._source.offset,
            "states": len(table),
            "read": self.restored_records,
            "seconds": round(time.monotonic() - began, 3),
        }
        _log.info("partition restored", extra={"fields": fields})

    @property
    def _restored(self) -> Table:
        if self.table is None:
            raise RuntimeError("the table is not open")
        return self.table

    @contextlib.asynccontextmanager
    async def _turn_at(self, gate: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
        """What all partitions share, once it is this one's turn; to stand in line is not to be stuck."""
        self._idle = True
        try:
            await gate.acquire()
        finally:
            self._idle = False
        try:
            yield
        finally:
            gate.release()

    async def _restore(self) -> int:
        self.table = self._open_table()
        around = self._around
        changelog = TopicPartition(around.topics.changelog_of(self.source.topic), self.source.partition)
        end = await stable_end(around.ends, changelog, around.settings.processing, self._turned)
        beginning = await around.ends.beginning(changelog)
        self._restore_end = end
        return await restore(self.table, changelog, beginning, end, around.options, self._turned)

    def _turned(self) -> None:
        self.turns += 1

    async def _agreed(self, committed: int | None) -> int | None:
        around, table = self._around, self._restored
        offset = await agreed_offset(
            table,
            self.source,
            around.topics.changelog_of(self.source.topic),
            around.settings.processing,
            around.topics.partitions[self.source.topic],
            self.process.state_version,
            committed,
            self._source.committed,
        )
        if table.position is not None:
            self._clock.at = table.position.stream_time
        return offset

    async def _collect_wakes(self) -> None:
        table, process = self._restored, self.process
        dues: list[tuple[bytes, int]] = []
        tallies: Counter[bytes] = Counter()
        async with self._turn_at(self._around.computing):
            stop = time.perf_counter() + SLICE_SECONDS
            for number, (key, state) in enumerate(table.items()):
                try:
                    tallies[process.tally(state)] += 1
                    wakes = process.on_restore(key, state)
                    dues.extend(wakes or ())
                except Exception:  # a state that can't be read is judged again, and becomes a dead letter there
                    wakes = None
                if wakes is None:
                    self._to_judge.append(key)
                if number % _STEP == 0 and time.perf_counter() >= stop:
                    self.turns += 1
                    await asyncio.sleep(0)
                    stop = time.perf_counter() + SLICE_SECONDS
            self._wakes = Wakes(dues)
        table.tallies = tallies

    async def _fetch(self) -> None:
        """Records, unless something can fire without any; sleeps until a record or a deadline comes."""
        self._records, self._index = (), 0
        source, clock, wakes = self._source, self._clock, self._wakes
        await source.look_at_end(clock, wakes.soonest(), now_ms())
        soonest = wakes.soonest()
        if not self._started or source.jumped or (soonest is not None and soonest < clock.at):
            return
        self._idle = True
        try:
            self._records = await source.fetch(clock, soonest, now_ms(), self._limits.turns)
        finally:
            self._idle = False

    async def _batch(self) -> None:
        began = time.perf_counter()
        batch = Batch(self.process, self._restored, self._wakes, self._clock, self._source.offset, self._limits)
        async with self._turn_at(self._around.computing):
            await self._compute(batch)
        if not batch.changed and not self._source.jumped:
            return
        position = Position(
            batch.offset,
            self._clock.at,
            self._around.topics.partitions[self.source.topic],
            self.process.state_version,
        )
        written = await self._writer.write(batch, position)
        committed_at = now_ms()
        self._restored.apply(batch.states, position, written.changelog_offset)
        self._source.offset = batch.offset
        self._source.jumped = False
        self._count(batch, committed_at)
        metrics = self._around.metrics
        metrics.batch_seconds.observe(time.perf_counter() - began)
        if written.appended_at is not None:
            metrics.clock_skew.set((written.sent_at - written.appended_at) / 1000)

    async def _compute(self, batch: Batch) -> None:
        while not batch.full:
            now = now_ms()
            if self._to_judge:
                batch.judge(self._to_judge, now, SLICE_SECONDS)
            elif not self._started:
                self._started = True
                batch.start(now)
            elif not batch.fire(now, SLICE_SECONDS):
                pass
            elif self._index < len(self._records):
                self._index = batch.take(self._records, self._index, now, SLICE_SECONDS)
            else:
                return
            self.turns += 1
            if self._finishing:
                return
            await asyncio.sleep(0)

    def _count(self, batch: Batch, committed_at: int) -> None:
        """Nothing is counted before it is committed."""
        metrics = self._around.metrics
        for outcome, amount in batch.outcomes.items():
            metrics.events.labels(self.topic, outcome.value).inc(amount)
        alerts = Counter(message.labels for message in batch.messages if message.labels is not None)
        for (what, metric), amount in alerts.items():
            metrics.alerts.labels(what, metric).inc(amount)
        for reason, amount in Counter(letter.reason for letter in batch.letters).items():
            metrics.dead_letters.labels(reason.value).inc(amount)
        metrics.count(batch.counts)
        for due in batch.delays:
            metrics.detection_delay.observe(max(0, committed_at - due - self._clock.grace) / 1000)
        if batch.records:
            metrics.batch_records.observe(batch.records)
