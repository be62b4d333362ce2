"""The partitions that the group has given this worker, each with its task; what the consumer's listener does."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition

from slawatch.metrics import Metrics
from slawatch.process import Process
from slawatch.settings import Settings
from slawatch.stream.client import STOP_SECONDS
from slawatch.stream.connection import Link, verify_counts
from slawatch.stream.partition import Partition
from slawatch.stream.surroundings import Surroundings
from slawatch.stream.tables import Tables
from slawatch.stream.twins import Twins

_log = logging.getLogger(__name__)

_SELDOM = (1_000_000, 20, 1_000)
"""Thresholds of the collector: states are bytes, and what a batch or a restore makes is gone when it is done."""


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Begins and ends the tasks of partitions. The client swallows what a listener raises, so `fail` is told instead."""

    def __init__(
        self,
        settings: Settings,
        link: Link,
        processes: Mapping[str, Process[Any]],
        metrics: Metrics,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._topics = link.topics
        self._processes = processes
        self._metrics = metrics
        self._fail = fail
        self._around = Surroundings(
            settings=settings,
            topics=link.topics,
            options=link.options,
            consumer=link.consumer,
            ends=link.ends,
            metrics=metrics,
            verified=self._verified,
            restored=self._freeze,
        )
        self._tables = Tables(settings)
        self._twins = Twins(settings.instance)
        self._running: dict[TopicPartition, tuple[Partition, asyncio.Task[None]]] = {}
        self._verification: asyncio.Task[None] | None = None
        self._assigned = False
        self._closed = False

    @property
    def partitions(self) -> list[Partition]:
        """Those that have a task."""
        return [partition for partition, _ in list(self._running.values())]

    @property
    def ready(self) -> bool:
        """Whether partitions were assigned, be it none, and every table is restored."""
        return self._assigned and all(partition.ready for partition in self.partitions)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        try:
            self._begin_all(frozenset(assigned))
        except Exception as error:
            self._fail(error)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing fires from here on: tasks finish their batch in 3 s or are cancelled, producers are stopped."""
        try:
            await self._end(list(revoked), STOP_SECONDS)
        except Exception as error:
            self._fail(error)

    async def close(self, seconds: float) -> None:
        """Begin nothing any more; batches in hand have so long to be finished."""
        self._closed = True
        if self._verification is not None:
            self._verification.cancel()
        await self._end(list(self._running), seconds)

    def _begin_all(self, assigned: frozenset[TopicPartition]) -> None:
        """Start a task for each partition; nothing else is done in the client's callback."""
        if self._closed:
            return
        self._twins.look(assigned, time.monotonic())
        self._tables.drop_but(assigned)
        self._verification = asyncio.create_task(verify_counts(self._settings, self._topics))
        self._verification.add_done_callback(self._done)  # a worker without partitions has nobody else who asks
        self._metrics.restored_states.set(0)
        self._metrics.assignments.inc()
        gc.set_threshold(*_SELDOM)
        for source in sorted(assigned):
            self._begin(source)
        self._assigned = True
        if not assigned:
            _log.info("no partition is assigned: this worker stands by")

    def _begin(self, source: TopicPartition) -> None:
        process = self._processes[source.topic]
        partition = Partition(source, process, self._around, lambda: self._tables.open(source, process))
        task = asyncio.create_task(partition.run(), name=f"{source.topic}/{source.partition}")
        self._running[source] = (partition, task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _freeze(self) -> None:
        """Keep the collector away from restored tables: they live long. This alone gave 1.5 times the speed."""
        if self.ready:
            gc.collect()
            gc.freeze()

    async def _end(self, sources: list[TopicPartition], seconds: float) -> None:
        self._assigned = False
        ending = [self._running.pop(source) for source in sources if source in self._running]
        for partition, task in ending:
            partition.finish(task)
        tasks = [task for _, task in ending]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=STOP_SECONDS)
        await asyncio.gather(*(partition.close() for partition, _ in ending))
        for partition, _ in ending:
            if partition.table is not None:
                self._tables.keep(partition.source, partition.table)

    async def _verified(self) -> None:
        if self._verification is not None:
            await asyncio.shield(self._verification)
