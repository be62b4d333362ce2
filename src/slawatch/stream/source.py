"""The reading side of one input partition: where it stands, what comes next, and whether it has read everything.

The consumer is the lane's; this is the part of it that one partition may touch.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from slawatch.metrics import Metrics
from slawatch.stream.batch import InputRecord
from slawatch.stream.client import KAFKA_SECONDS, bounded
from slawatch.stream.dead_letters import Undecoded
from slawatch.stream.ends import Ends
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.stream_time import Mark, StreamClock

_log = logging.getLogger(__name__)

IDLE_MS = 5_000
"""The longest that an idle partition sleeps: it asks for its end, so that a lost broker and the lag are seen."""

_BEHIND_MS = 100  # records are known to be on their way
_FILL_MS = 500  # and what fills a batch most often is there already, or asked for
_FILL_BYTES = 16_777_216  # with so many in hand nothing more is asked for: memory does not grow with lag
_READ = 1_000  # records asked for at once; fewer where the last ones were large
_UNKNOWN_BYTES = 65_536  # a record may have, before any was seen


class Source:
    """`offset` is the next input offset to be committed; `lag` the records that waited when it was last asked."""

    def __init__(self, partition: TopicPartition, consumer: AIOKafkaConsumer, ends: Ends, metrics: Metrics) -> None:
        self.partition = partition
        self._consumer = consumer
        self._ends = ends
        self._metrics = metrics
        self._name = f"partition {partition.partition} of {partition.topic}"
        self._mark: Mark | None = None
        """What stream time waits for."""
        self._newest: Mark | None = None
        self._asked_at = self._looked_at = -float("inf")  # monotonic: a wall clock may be put back
        self._position = -1
        self._still = 0.0
        """Seconds for which nothing came at `_position` though there was something."""
        self.offset = 0
        self.jumped = False
        """The offset moved without a record; the next commit says so even if it is empty."""
        self.lag: int | None = None
        self._weight = _UNKNOWN_BYTES
        """Bytes that a record had when some were last read."""

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

        Only to be called with nothing in hand, so that the consumer's position is what was taken. Raises `BrokerAway`
        when there is something to read and nothing comes: the client is silent about fetches that fail.
        """
        seconds = time.monotonic()
        if seconds - self._asked_at >= IDLE_MS / 1000 or (self._mark is None and clock.wants_mark(soonest, now)):
            self._asked_at = seconds
            self._newest = await self._ends.mark(self.partition)
            self._mark = self._mark or self._newest
        if self._mark is None or self._newest is None:
            return
        position = await bounded(self._consumer.position(self.partition), "ask for a position")
        self.lag = max(0, self._newest.end - position)
        if not self.passed(clock, position):
            self._watch(position, seconds)
            return
        if position > self.offset:
            # Markers of transactions, or what was aborted: committed too, or retention would seem to take it from us.
            self.offset = position
            self.jumped = True

    def passed(self, clock: StreamClock, position: int) -> bool:
        """Whether all before `position` being taken is everything until some later instant; that moves stream time."""
        if self._mark is None or not clock.caught_up(self._mark, position):
            return False
        self._mark = None if self._mark is self._newest else self._newest
        self._position, self._still = -1, 0.0
        return True

    def _watch(self, position: int, seconds: float) -> None:
        """Records are known to be there; a process that was stopped meanwhile has not waited for them."""
        if position != self._position:
            self._position, self._still = position, 0.0
        else:
            self._still += min(seconds - self._looked_at, IDLE_MS / 1000)
        self._looked_at = seconds
        if self._still > KAFKA_SECONDS and self._mark is not None:
            raise BrokerAway(
                f"{self._name} stopped at offset {position} of {self._mark.end}: Kafka has records and sends none"
            )

    async def fetch(self, clock: StreamClock, soonest: int | None, now: int, most: int) -> Sequence[InputRecord]:
        """At most so many records; waits until there are any or a deadline can fire."""
        waits = clock.wait(soonest, now, IDLE_MS)
        if self._mark is not None or clock.wants_mark(soonest, now):
            waits = _BEHIND_MS
        asked = self._asked(most)
        try:
            records = await self._read(waits, asked)
        except OffsetOutOfRangeError:
            await self._reposition()
            return ()
        size, all_asked = self._weigh(records), len(records) == asked
        while records and size < _FILL_BYTES and (left := most - len(records)) > 0:
            # Where the client had as many as it was asked for it may have more; else they have to come first.
            if not all_asked and not self._has_left(left, records[-1].offset + 1):
                break
            asked = self._asked(left)
            try:
                more = await self._read(0 if all_asked else _FILL_MS, asked)
            except OffsetOutOfRangeError:
                break  # the next fetch meets it again, with nothing in hand
            if not more and not all_asked:
                break
            size, all_asked = size + self._weigh(more), len(more) == asked
            records += more
        return records

    def _asked(self, most: int) -> int:
        return max(1, min(most, _READ, _FILL_BYTES // self._weight))

    def _weigh(self, records: Sequence[InputRecord]) -> int:
        """The bytes of records; remembered is what one of them has."""
        size = sum(len(record.key or b"") + len(record.value or b"") for record in records)
        if records:
            self._weight = max(1, size // len(records))
        return size

    async def _read(self, waits: int, most: int) -> list[InputRecord]:
        """What one fetch of the client has left, or the next one brings."""
        try:
            fetched = await self._consumer.getmany(self.partition, timeout_ms=waits, max_records=most)
        except OffsetOutOfRangeError:
            raise
        except KafkaError as error:
            raise BrokerAway(f"{self._name} could not be read: {error!r}") from error
        except UnicodeDecodeError:
            return await self._read_singly(most)
        return list(fetched.get(self.partition, ()))

    async def _read_singly(self, most: int) -> list[InputRecord]:
        """Records up to one that the client can't decode, for a header whose name is not UTF-8, and that one."""
        offset = await bounded(self._consumer.position(self.partition), "ask for a position")
        self._consumer.seek(self.partition, offset)
        records: list[InputRecord] = []
        try:
            while len(records) < most:
                fetched = await self._consumer.getmany(self.partition, timeout_ms=_FILL_MS, max_records=1)
                found = fetched.get(self.partition, ())
                if not found:
                    break
                records += found
                offset = found[-1].offset + 1
        except UnicodeDecodeError as error:
            records.append(Undecoded(offset, f"the client can't decode the record: {error}"))
            self._consumer.seek(self.partition, offset + 1)
        return records

    def _has_left(self, wanted: int, position: int) -> bool:
        """Whether so many records are known to follow: who lags fills his batches, so that there are fewer of them."""
        if self.partition not in self._consumer.assignment():
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
        _log.error("retention deleted up to %d events before they were read", lost, extra={"fields": fields})
        self.offset = beginning
        self.jumped = True
