"""The reading side of one input partition: where it stands, what comes next, and whether it has read everything.

The consumer is the lane's; this is the part of it that one partition may touch.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from slawatch.metrics import Metrics
from slawatch.stream.batch import InputRecord
from slawatch.stream.client import bounded
from slawatch.stream.ends import Ends
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.stream_time import Mark, StreamClock

_log = logging.getLogger(__name__)

IDLE_MS = 5_000
"""The longest that an idle partition sleeps: it asks for its end, so that a lost broker and the lag are seen."""

_BEHIND_MS = 100  # records are known to be on their way
_FILL_MS = 500  # and what fills a batch most often is there already, or asked for


class Source:
    """`offset` is the next input offset to be committed; `lag` the records that waited when it was last asked."""

    def __init__(self, partition: TopicPartition, consumer: AIOKafkaConsumer, ends: Ends, metrics: Metrics) -> None:
        self.partition = partition
        self._consumer = consumer
        self._ends = ends
        self._metrics = metrics
        self._name = f"partition {partition.partition} of {partition.topic}"
        self._mark: Mark | None = None
        self._asked_at = 0
        self.offset = 0
        self.jumped = False
        """The offset moved without a record; the next commit says so even if it is empty."""
        self.lag: int | None = None

    async def committed(self) -> int | None:
        """The group's committed offset, asked for each time."""
        return await bounded(self._consumer.committed(self.partition), "ask for a committed offset")

    async def commit(self, offset: int) -> None:
        """Commit through the consumer, where there are no transactions."""
        await self._consumer.commit({self.partition: offset})

    async def begin_at(self, committed: int | None) -> None:
        """Go on from the committed offset, or from where the log begins if there is none or retention has passed it."""
        beginning = await self._ends.beginning(self.partition)
        end = await self._ends.written_end(self.partition)
        if committed is not None and committed > end:
            raise Refused(
                f"{self._name}: the committed offset {committed} is beyond the end {end}: the topic was made again or "
                "lost records. To start over, delete the group's offsets and its changelog"
            )
        self.offset = beginning if committed is None else committed
        if self.offset < beginning:
            self._lose(beginning)
        self._consumer.seek(self.partition, self.offset)

    async def look_at_end(self, clock: StreamClock, soonest: int | None, now: int) -> None:
        """Move stream time if everything until some instant was read; ask where the end is if that would help.

        Only to be called with nothing in hand, so that the consumer's position is what was taken.
        """
        if self._mark is None:
            if not clock.wants_mark(soonest, now) and now - self._asked_at < IDLE_MS:
                return
            self._asked_at = now
            self._mark = await self._ends.mark(self.partition)
        position = await bounded(self._consumer.position(self.partition), "ask for a position")
        self.lag = max(0, self._mark.end - position)
        if clock.caught_up(self._mark, position):
            self._mark = None

    async def fetch(self, clock: StreamClock, soonest: int | None, now: int, most: int) -> Sequence[InputRecord]:
        """At most so many records; waits until there are any or a deadline can fire."""
        waits = clock.wait(soonest, now, IDLE_MS)
        if self._mark is not None or clock.wants_mark(soonest, now):
            waits = _BEHIND_MS
        try:
            records = await self._read(waits, most)
        except OffsetOutOfRangeError:
            await self._reposition()
            return ()
        while records and self._has_left(most - len(records), records[-1].offset + 1):
            try:
                more = await self._read(_FILL_MS, most - len(records))
            except OffsetOutOfRangeError:
                break  # the next fetch meets it again, with nothing in hand
            if not more:
                break
            records += more
        return records

    async def _read(self, waits: int, most: int) -> list[InputRecord]:
        """What one fetch of the client has left, or the next one brings."""
        try:
            fetched = await self._consumer.getmany(self.partition, timeout_ms=waits, max_records=most)
        except OffsetOutOfRangeError:
            raise
        except KafkaError as error:
            raise BrokerAway(f"{self._name} could not be read: {error!r}") from error
        return list(fetched.get(self.partition, ()))

    def _has_left(self, wanted: int, position: int) -> bool:
        """Whether so many records are known to follow: who lags fills his batches, so that there are fewer of them."""
        if wanted <= 0 or self.partition not in self._consumer.assignment():
            return False
        end = self._consumer.last_stable_offset(self.partition)
        return end is not None and end - position >= wanted

    async def _reposition(self) -> None:
        beginning = await self._ends.beginning(self.partition)
        if self.offset >= beginning:
            raise Refused(
                f"{self._name} ends before offset {self.offset}: the topic was made again or lost records. To start "
                "over, delete the group's offsets and its changelog"
            )
        self._lose(beginning)
        self._consumer.seek(self.partition, beginning)

    def _lose(self, beginning: int) -> None:
        """Retention was faster than we were: go on behind the hole, loudly."""
        lost = beginning - self.offset
        self._metrics.events_lost.inc(lost)
        fields = {"topic": self.partition.topic, "partition": self.partition.partition, "to": beginning}
        _log.error("retention deleted %d events before they were read", lost, extra={"fields": fields})
        self.offset = beginning
        self.jumped = True
