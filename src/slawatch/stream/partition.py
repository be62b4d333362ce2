"""One input partition in one task: what prepares it (`preparation`), and then its batches for ever.

read the end if something waits for it; fetch; compute in slices; commit; then change the table
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from aiokafka import TopicPartition

from slawatch.process import Place, Process, Sample
from slawatch.stream.batch import Batch, InputRecord, Limits
from slawatch.stream.pace import Pace
from slawatch.stream.position import Position
from slawatch.stream.preparation import SLICE_SECONDS, Preparation, Prepared
from slawatch.stream.source import Source
from slawatch.stream.stream_time import StreamClock
from slawatch.stream.surroundings import Surroundings
from slawatch.stream.table import Table
from slawatch.stream.transaction import Writer
from slawatch.stream.wall_clock import now_ms

_LABELS = attrgetter("labels")


class Partition:
    """The task of one partition; `run` ends by `finish`, by cancellation, or with the error that ends the worker."""

    def __init__(
        self, source: TopicPartition, process: Process[Any], around: Surroundings, open_table: Callable[[], Table]
    ) -> None:
        settings, topics = around.settings, around.topics
        self.source = source
        self.topic: str = source.topic
        self.partition: int = source.partition
        self.pace = Pace()
        self._count = topics.partitions[source.topic]
        self.process = process.placed(Place(source.topic, source.partition, self._count))
        self._around = around
        self._clock = StreamClock(settings.stream_time, settings.grace)
        self._source = Source(source, around.consumer, around.ends, around.metrics)
        self._writer = Writer(around.options, topics, source, settings.group, settings.processing, self._source.commit)
        self._preparation = Preparation(
            self._source, self.process, around, self._writer, self._clock, self.pace, open_table
        )
        self._prepared: Prepared | None = None
        self._limits = Limits(
            outputs={output: topics.limits[topic] for output, topic in topics.outputs.items()},
            changelog=topics.limits[topics.changelog_of(source.topic)],
            records=settings.batch_records,
        )
        self._started = False
        self._finishing = False
        self._records: Sequence[InputRecord] = ()
        self._index = 0

    @property
    def ready(self) -> bool:
        """Whether its table is restored and its task runs."""
        return self._prepared is not None

    @property
    def table(self) -> Table | None:
        return self._preparation.table

    @property
    def restored_records(self) -> int:
        """Changelog records that were read at assignment."""
        return self._preparation.read

    @property
    def restore_left(self) -> int | None:
        return None if self.ready else self._preparation.left

    @property
    def lag(self) -> int | None:
        return self._source.lag

    @property
    def stream_time(self) -> int | None:
        return self._clock.at if self.ready and self._clock.at else None

    def samples(self) -> Iterator[Sample]:
        """What the states come to at the present stream time, as samples to be summed up."""
        if self._prepared is None:
            return
        for tally, states in self._prepared.table.tallies.items():
            for name, labels, amount in self.process.gauges(tally, self._clock.at):
                yield Sample(name, labels, amount * states)

    def finish(self, task: asyncio.Task[None]) -> None:
        """Begin nothing new; the batch in hand is finished, a sleep or a restore is broken off."""
        self._finishing = True
        if self.pace.idle or not self.ready:
            task.cancel()

    async def run(self) -> None:
        """Restore, then batch after batch."""
        prepared = await self._preparation.run()
        self._prepared = prepared
        self._around.restored()
        while not self._finishing:
            self.pace.turned()
            if self._index >= len(self._records):
                await self._fetch(prepared)
            if not self._finishing:
                await self._batch(prepared)

    async def close(self) -> None:
        """Stop the producer, bounded; the table stays with whoever keeps it."""
        self._prepared = None
        await self._writer.stop()

    async def _fetch(self, prepared: Prepared) -> None:
        """Records, unless something can fire without any; sleeps until a record or a deadline comes."""
        self._records, self._index = (), 0
        if not self._started:
            return  # states are judged again at the stream time that they were left at, however many batches that takes
        source, clock, wakes = self._source, self._clock, prepared.wakes
        await source.look_at_end(clock, wakes.soonest(), now_ms())
        soonest = wakes.soonest()
        if source.jumped or (soonest is not None and soonest < clock.at):
            return
        with self.pace.waiting():
            self._records = await source.fetch(clock, soonest, now_ms(), self._limits.records)

    async def _batch(self, prepared: Prepared) -> None:
        began = time.perf_counter()
        table, source = prepared.table, self._source
        batch = Batch(self.process, table, prepared.wakes, self._clock, source.offset, self._limits)
        async with self.pace.turn_at(self._around.computing):
            await self._compute(batch, prepared.to_judge)
            states = batch.states  # packing them is computing
        if not batch.changed and not source.jumped:
            return
        position = Position(batch.offset, self._clock.at, self._count, self.process.state_version)
        written = await self._writer.write(batch, position)
        committed_at = now_ms()
        table.apply(states, position, written.changelog_offset)
        source.offset = batch.offset
        source.jumped = False
        self._count_up(batch, committed_at)
        metrics = self._around.metrics
        metrics.batch_seconds.observe(time.perf_counter() - began)
        if (skew := written.skew) is not None:
            metrics.clock_skew.set(skew / 1000)

    async def _compute(self, batch: Batch, to_judge: list[bytes]) -> None:
        while not batch.full and self._step(batch, to_judge):
            self.pace.turned()
            if self._finishing:
                return
            await asyncio.sleep(0)

    def _step(self, batch: Batch, to_judge: list[bytes]) -> bool:
        """A slice of what comes next; False when nothing is left."""
        now = now_ms()
        if to_judge:
            batch.judge(to_judge, now, SLICE_SECONDS)
            return True
        if not self._started:
            self._started = True
            batch.start(now)
            return True
        if not batch.fire(now, SLICE_SECONDS):
            return True  # more is due than a slice has time for
        if self._index >= len(self._records):
            return self._source.passed(self._clock, batch.offset)  # what is due by then goes into this batch too
        self._index = batch.take(self._records, self._index, now, SLICE_SECONDS)
        return True

    def _count_up(self, batch: Batch, committed_at: int) -> None:
        """Nothing is counted before it is committed."""
        metrics = self._around.metrics
        for outcome, amount in batch.outcomes.items():
            metrics.events.labels(self.topic, outcome.value).inc(amount)
        for labels, amount in Counter(map(_LABELS, batch.messages)).items():
            if labels is not None:
                metrics.alerts.labels(*labels).inc(amount)
        for reason, amount in Counter(letter.reason for letter in batch.letters).items():
            metrics.dead_letters.labels(reason.value).inc(amount)
        metrics.count(batch.counts)
        for due in batch.delays:
            metrics.detection_delay.observe(max(0, committed_at - due - self._clock.grace) / 1000)
        if batch.records:
            metrics.batch_records.observe(batch.records)
