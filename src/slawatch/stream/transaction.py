"""How a batch becomes true: the numbered steps whose order is the guarantee, and the producer that takes them.

One producer per input partition. Every await is bounded, and a producer that has failed is never used again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from slawatch.murmur import key_hash
from slawatch.settings import Processing
from slawatch.stream.batch import Batch
from slawatch.stream.client import KAFKA_SECONDS, STOP_SECONDS, bounded
from slawatch.stream.dead_letters import outgoing
from slawatch.stream.errors import BrokerAway, Fenced
from slawatch.stream.position import POSITION_KEY, Position, dump_position
from slawatch.stream.topics import Topics
from slawatch.stream.wall_clock import now_ms

Commit = Callable[[int], Awaitable[None]]
"""Commits an input offset through the consumer; for brokers without transactions."""

_TRANSACTION_MS = 60_000  # above the bound of an await, so that a slow step fails by ours and not by the broker's
_REFRESH_SECONDS = 86_400.0  # well within the broker's `transactional.id.expiration.ms` of 7 days
_MAX_BATCH_BYTES = 1_000_000  # a record batch; larger ones save nothing


class Written(NamedTuple):
    """What the broker said about the changelog records of a commit."""

    changelog_offset: int
    appended_at: int | None
    """The broker's clock; None where the changelog doesn't carry append times."""
    sent_at: int


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
        self._used_at = 0.0
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
        self._used_at = time.monotonic()

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
            if time.monotonic() - self._used_at > _REFRESH_SECONDS:
                await self.stop()
                await self.start()
            written = await (
                self._transaction(batch, position) if self._transactional else self._sequence(batch, position)
            )
        except ProducerFenced as error:
            raise Fenced(f"{self._name} was taken over by another worker while this one stood still") from error
        except KafkaError as error:
            raise BrokerAway(f"{self._name}: the batch could not be written: {error!r}") from error
        self._used_at = time.monotonic()
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
        # 2 alerts, dead letters, changed states and the position record; every delivery is awaited
        deliveries = await bounded(self._send(self._outputs(batch)), "send alerts")
        sent_at = now_ms()
        changelog = await bounded(self._send(self._states(batch, position)), "send states")
        await _delivered(deliveries)
        written = await self._after(changelog, sent_at)
        # 3 the offset becomes part of the transaction
        offsets = {self._source: position.offset}
        await bounded(producer.send_offsets_to_transaction(offsets, self._group), "add the offset to a transaction")
        # 4 commit: all of it or nothing. The table follows when this returns.
        self._open = False
        await bounded(producer.commit_transaction(), "commit a transaction")
        return written

    async def _sequence(self, batch: Batch, position: Position) -> Written:
        """Without transactions: nothing is remembered as said before it was said; a crash between repeats sayings."""
        await _delivered(await bounded(self._send(self._outputs(batch)), "send alerts"))
        sent_at = now_ms()
        no_headers: list[Any] = []
        states = (
            (self._changelog, self._source.partition, key, state, no_headers) for key, state in batch.states.items()
        )
        await _delivered(await bounded(self._send(states), "send states"))
        written = await self._after(await bounded(self._send([self._position(position)]), "send a position"), sent_at)
        await bounded(self._commit_offset(position.offset), "commit an offset")
        return written

    def _outputs(self, batch: Batch) -> Iterable[_Outgoing]:
        topics, source = self._topics, self._source
        named, partitions = topics.outputs, topics.partitions
        for output, key, value, headers, _, partition in batch.messages:
            topic = named[output]
            number = key_hash(key) % partitions[topic] if partition is None else partition
            yield topic, number, key, value, headers if isinstance(headers, list) else list(headers)
        for letter in batch.letters:
            topic = topics.dead_letters
            record = outgoing(letter, source.topic, source.partition, topics.limits[topic])
            number = source.partition if record.key is None else key_hash(record.key)
            yield topic, number % topics.partitions[topic], *record

    def _states(self, batch: Batch, position: Position) -> Iterable[_Outgoing]:
        topic, partition = self._changelog, self._source.partition
        no_headers: list[Any] = []  # the client insists on a list; one for all
        for key, state in batch.states.items():
            yield topic, partition, key, state, no_headers
        yield self._position(position)

    def _position(self, position: Position) -> _Outgoing:
        return self._changelog, self._source.partition, POSITION_KEY, dump_position(position), []

    async def _send(self, records: Iterable[_Outgoing]) -> list[_Delivery]:
        """Hand records to the producer in batches, in order per partition: an await for each would cost too much."""
        producer, now = self._live, now_ms()
        open_batches: dict[tuple[str, int], Any] = {}
        sent: list[_Delivery] = []

        async def submit(topic: str, partition: int, builder: Any) -> None:
            builder.close()
            future = await producer.send_batch(builder, topic, partition=partition)
            sent.append(_Delivery(topic, future, builder.record_count()))

        create = producer.create_batch
        for topic, partition, key, value, headers in records:
            target = (topic, partition)
            builder = open_batches.get(target)
            if builder is None:
                builder = open_batches[target] = create()
            if builder.append(timestamp=now, key=key, value=value, headers=headers) is None:
                await submit(topic, partition, builder)
                builder = open_batches[target] = create()
                builder.append(timestamp=now, key=key, value=value, headers=headers)
        for (topic, partition), builder in open_batches.items():
            await submit(topic, partition, builder)
        return sent

    async def _after(self, changelog: list[_Delivery], sent_at: int) -> Written:
        """The changelog offset after the last record, once all are delivered."""
        await _delivered(changelog)
        last = changelog[-1]
        metadata = last.future.result()
        appended_at = metadata.timestamp if metadata.timestamp_type == 1 else None
        return Written(metadata.offset + last.records, appended_at, sent_at)


_Outgoing = tuple[str, int, bytes | None, bytes | None, Any]
"""Topic, partition, key, value, headers."""


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
