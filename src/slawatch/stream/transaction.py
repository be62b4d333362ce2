"""How a batch becomes true: the numbered steps whose order is the guarantee, and the producer that takes them.

One producer per input partition. Every await is bounded, and a producer that has failed is never used again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from slawatch.murmur import key_hash
from slawatch.settings import Processing
from slawatch.stream.batch import MAX_KEY_BYTES, Batch
from slawatch.stream.client import KAFKA_SECONDS, STOP_SECONDS, bounded
from slawatch.stream.dead_letters import outgoing
from slawatch.stream.errors import BrokerAway, Fenced
from slawatch.stream.position import POSITION_KEY, Position, dump_position
from slawatch.stream.record_batches import RecordBatches
from slawatch.stream.topics import Topics
from slawatch.stream.wall_clock import now_ms

Commit = Callable[[int], Awaitable[None]]
"""Commits an input offset through the consumer; for brokers without transactions."""

_TRANSACTION_MS = 60_000  # above the bound of an await, so that a slow step fails by ours and not by the broker's
_REFRESH_SECONDS = 21_600.0
"""The age at which a producer is replaced: well within the broker's `transactional.id.expiration.ms` of 7 days, and long
before the 2^31 records after which the client's sequence numbers are no longer the broker's."""
_MAX_BATCH_BYTES = 1_000_000  # a record batch; larger ones save nothing


class Written(NamedTuple):
    """What the broker said about the changelog records of a commit."""

    changelog_offset: int
    appended_at: int | None
    """The broker's clock; None where the changelog doesn't carry append times."""
    sent_at: int
    received_at: int

    @property
    def skew(self) -> int | None:
        """Our clock less the broker's in ms, as near to 0 as the instants of sending and of the answer leave open."""
        if self.appended_at is None:
            return None
        least, most = self.sent_at - self.appended_at, self.received_at - self.appended_at
        return least if least > 0 else min(0, most)


class Writer:
    """The producer of one input partition, and the commit of its batches."""

    def __init__(
        self,
        options: Mapping[str, Any],
        topics: Topics,
        source: TopicPartition,
        group: str,
        processing: Processing,
        commit_offset: Commit,
    ) -> None:
        self._options = options
        self._topics = topics
        self._source = source
        self._group = group
        self._transactional = processing is Processing.EXACTLY_ONCE
        self._commit_offset = commit_offset
        self._changelog = topics.changelog_of(source.topic)
        self._batch_bytes = min(_MAX_BATCH_BYTES, *topics.limits.values())
        self._producer: AIOKafkaProducer | None = None
        self._started_at = 0.0
        self._open = False
        """A transaction was begun and its commit was not: it may be aborted."""

    @property
    def transactional_id(self) -> str:
        return f"{self._group}-{self._source.topic}-{self._source.partition}"

    async def start(self) -> None:
        """Fence a former owner of the partition and wait until its last commit is decided."""
        identity = {"transactional_id": self.transactional_id, "transaction_timeout_ms": _TRANSACTION_MS}
        self._producer = AIOKafkaProducer(
            **self._options,
            **(identity if self._transactional else {}),
            enable_idempotence=True,
            acks="all",
            compression_type="zstd",
            max_batch_size=self._batch_bytes,
            linger_ms=0,
        )
        await bounded(self._producer.start(), f"start the producer of {self._source.topic}/{self._source.partition}")
        self._started_at = time.monotonic()

    async def stop(self) -> None:
        """Abort what was begun and not yet given to commit, and stop; both bounded, neither raises."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        if self._open:
            # After a commit was begun it would be an error: a cancelled commit goes through in the background.
            with contextlib.suppress(Exception):
                await bounded(producer.abort_transaction(), "abort", STOP_SECONDS)
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await bounded(producer.stop(), "stop a producer", STOP_SECONDS)

    async def write(self, batch: Batch, position: Position) -> Written:
        """Make a batch true: see the numbered steps; raises `Fenced` or `BrokerAway`."""
        try:
            if time.monotonic() - self._started_at > _REFRESH_SECONDS:
                await self.stop()
                await self.start()
            written = await (
                self._transaction(batch, position) if self._transactional else self._sequence(batch, position)
            )
        except ProducerFenced as error:
            raise Fenced(f"{self._name} was taken over by another worker while this one stood still") from error
        except KafkaError as error:
            raise BrokerAway(f"{self._name}: the batch could not be written: {error!r}") from error
        return written

    @property
    def _name(self) -> str:
        return f"partition {self._source.partition} of {self._source.topic}"

    @property
    def _live(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the producer is not started")
        return self._producer

    async def _transaction(self, batch: Batch, position: Position) -> Written:
        producer = self._live
        # 1 begin
        await bounded(producer.begin_transaction(), "begin a transaction")
        self._open = True
        # 2 alerts, dead letters, changed states and the position record, at once; every delivery is awaited
        batches = self._batches()
        self._add_said(batches, batch)
        batches.add_states(self._changelog, self._source.partition, batch.states)
        self._add_position(batches, position)
        sent_at = now_ms()
        written = self._written(await self._send(batches, "send alerts and states"), sent_at)
        # 3 the offset becomes part of the transaction
        offsets = {self._source: position.offset}
        await bounded(producer.send_offsets_to_transaction(offsets, self._group), "add the offset to a transaction")
        # 4 commit: all of it or nothing. The table follows when this returns.
        self._open = False
        await bounded(producer.commit_transaction(), "commit a transaction")
        return written

    async def _sequence(self, batch: Batch, position: Position) -> Written:
        """Without transactions: nothing is remembered as said before it was said; a crash between repeats sayings."""
        batches = self._batches()
        self._add_said(batches, batch)
        await self._send(batches, "send alerts")
        sent_at = now_ms()
        batches = self._batches()
        batches.add_states(self._changelog, self._source.partition, batch.states)
        await self._send(batches, "send states")
        batches = self._batches()
        self._add_position(batches, position)
        written = self._written(await self._send(batches, "send a position"), sent_at)
        await bounded(self._commit_offset(position.offset), "commit an offset")
        return written

    def _batches(self) -> RecordBatches:
        return RecordBatches(self._live.create_batch, now_ms())

    def _add_said(self, batches: RecordBatches, batch: Batch) -> None:
        """Its messages and dead letters."""
        topics, source = self._topics, self._source
        batches.add_messages(batch.messages, topics.outputs, topics.partitions)
        for letter in batch.letters:
            topic = topics.dead_letters
            key, value, headers = outgoing(letter, source.topic, source.partition, topics.limits[topic])
            number = source.partition if key is None or len(key) > MAX_KEY_BYTES else key_hash(key)
            batches.add(topic, number % topics.partitions[topic], key, value, headers)

    def _add_position(self, batches: RecordBatches, position: Position) -> None:
        """How far the states go, behind them."""
        batches.add(self._changelog, self._source.partition, POSITION_KEY, dump_position(position), [])

    async def _send(self, batches: RecordBatches, what: str) -> list[_Delivery]:
        """Hand record batches to the producer, in order for each partition, and wait until all are delivered."""
        deliveries = await bounded(self._handed_over(batches), what)
        await _delivered(deliveries)
        return deliveries

    async def _handed_over(self, batches: RecordBatches) -> list[_Delivery]:
        producer = self._live
        return [
            _Delivery(topic, await producer.send_batch(batch, topic, partition=partition), batch.record_count())
            for topic, partition, batch in batches.closed()
        ]

    def _written(self, deliveries: list[_Delivery], sent_at: int) -> Written:
        """The changelog offset after the last record."""
        last = [delivery for delivery in deliveries if delivery.topic == self._changelog][-1]
        metadata = last.future.result()
        appended_at = metadata.timestamp if metadata.timestamp_type == 1 else None
        return Written(metadata.offset + last.records, appended_at, sent_at, now_ms())


class _Delivery(NamedTuple):
    topic: str
    future: asyncio.Future[Any]
    records: int


async def _delivered(deliveries: list[_Delivery]) -> None:
    """Wait for every delivery; the first failure is raised, and none is left unawaited."""
    if not deliveries:
        return
    pending = [delivery.future for delivery in deliveries]
    done, late = await asyncio.wait(pending, timeout=KAFKA_SECONDS)
    failures = [error for future in done if (error := future.exception()) is not None]
    for future in late:
        future.cancel()
    if failures:
        raise failures[0]
    if late:
        names = sorted({delivery.topic for delivery in deliveries if delivery.future in late})
        raise BrokerAway(f"Kafka did not take records for {', '.join(names)} within {KAFKA_SECONDS:g} s")
