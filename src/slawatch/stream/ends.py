"""The ends of partitions, asked on consumers of their own: on the lane's a question waits behind its long poll."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from slawatch.stream.client import STOP_SECONDS, bounded
from slawatch.stream.stream_time import Mark
from slawatch.stream.wall_clock import now_ms

_log = logging.getLogger(__name__)

_SILENT_SECONDS = 5.0  # after which it is said, once, that Kafka doesn't answer


class Ends:
    """Asks where partitions begin and end; never subscribed, so it never takes part in a group."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._committed: AIOKafkaConsumer | None = None
        self._written: AIOKafkaConsumer | None = None
        self._waiting: dict[TopicPartition, list[asyncio.Future[Mark]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._silent = False

    async def start(self) -> None:
        self._committed = AIOKafkaConsumer(**self._options, isolation_level="read_committed")
        await bounded(self._committed.start(), "connect")
        self._written = AIOKafkaConsumer(**self._options)
        await bounded(self._written.start(), "connect")

    async def stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        for consumer in (self._committed, self._written):
            if consumer is not None:
                with contextlib.suppress(Exception, asyncio.CancelledError):
                    await bounded(consumer.stop(), "disconnect", STOP_SECONDS)

    async def mark(self, partition: TopicPartition) -> Mark:
        """A mark of the partition taken from now on; those who ask at the same time share one request."""
        future: asyncio.Future[Mark] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(partition, []).append(future)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await future

    async def _ask(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            taken_at = now_ms()  # before the request: what is written later may lie before the end that it reports
            try:
                ends = await self._ends(list(waiting))
            except Exception as error:
                for future in (future for futures in waiting.values() for future in futures if not future.done()):
                    future.set_exception(error)
                continue
            for partition, futures in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(Mark(taken_at, ends[partition]))

    async def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        asking = asyncio.ensure_future(bounded(self._live(self._committed).end_offsets(partitions), "ask for offsets"))
        try:
            await asyncio.wait([asking], timeout=_SILENT_SECONDS)
            if not asking.done() and not self._silent:
                self._silent = True
                _log.warning("Kafka does not answer; the worker ends if that lasts")
            ends = dict(await asking)
        finally:
            asking.cancel()
        if self._silent:
            self._silent = False
            _log.warning("Kafka answers again")
        return ends

    async def stable_end(self, partition: TopicPartition) -> int:
        """The last stable offset: before it no transaction is open."""
        ends = await bounded(self._live(self._committed).end_offsets([partition]), "ask for offsets")
        return int(ends[partition])

    async def written_end(self, partition: TopicPartition) -> int:
        """The high watermark: what open transactions wrote included."""
        ends = await bounded(self._live(self._written).end_offsets([partition]), "ask for offsets")
        return int(ends[partition])

    async def beginning(self, partition: TopicPartition) -> int:
        """The first offset that retention has left."""
        begins = await bounded(self._live(self._committed).beginning_offsets([partition]), "ask for offsets")
        return int(begins[partition])

    @staticmethod
    def _live(consumer: AIOKafkaConsumer | None) -> AIOKafkaConsumer:
        if consumer is None:
            raise RuntimeError("not started")
        return consumer
