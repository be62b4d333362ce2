"""The lane: a consumer of its own, and one task per assigned partition of each process's input.

A service of the Faust app. It reports how it ended by `ended` and `failure`; nothing that happens here goes unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

import mode
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import BrokerResponseError, KafkaError

from slawatch.metrics import Metrics
from slawatch.process import Process
from slawatch.settings import Settings
from slawatch.stream.client import STOP_SECONDS, bounded, client_options
from slawatch.stream.ends import Ends
from slawatch.stream.errors import BrokerAway, LaneError, Refused, Stuck
from slawatch.stream.partition import Partition, Surroundings
from slawatch.stream.tables import Tables
from slawatch.stream.topics import TopicAdmin, Topics, ensure
from slawatch.stream.twins import Twins
from slawatch.stream.watchdog import Watchdog

_log = logging.getLogger(__name__)

_START_SECONDS = 300.0  # so long a broker that is away at start is waited for
_BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
_FINISH_SECONDS = 4.0  # for the batch in hand; with leaving the group the whole stop stays within 10 s
_HEARTBEAT_MS = 3_000
_REBALANCE_MS = 30_000  # longer than finishing, cancelling and stopping may take
_NEVER_MS = 86_400_000  # polling is the watchdog's business: the client's own notion counts any task's poll
_FETCH_BYTES = 4 * 1_048_576
_FETCH_WAIT_MS = 50  # longer, and a backlogged partition beside idle ones is starved
_RESTORES = 4  # at the same time: they share one core, and overlap only while they wait


class Lane(mode.Service):
    """Runs processes over their input topics until it is stopped or fails."""

    logger = logging.getLogger("mode.lane")  # for what the service framework says of it

    def __init__(
        self, settings: Settings, processes: Sequence[Process[Any]], metrics: Metrics, *, deadly: bool = False
    ) -> None:
        super().__init__()
        self._settings = settings
        self._processes = {settings.topic_of(process.name): process for process in processes}
        self._names = [process.name for process in processes]
        self._metrics = metrics
        self._options = client_options(settings)
        self._consumer: AIOKafkaConsumer | None = None
        self._ends = Ends(self._options)
        self._topics: Topics | None = None
        self._surroundings: Surroundings | None = None
        self._verification: asyncio.Task[None] | None = None
        self._partitions: dict[TopicPartition, tuple[Partition, asyncio.Task[None]]] = {}
        self._tables = Tables(settings)
        self._twins = Twins(settings.instance)
        self._assigned = False
        self._watchdog = Watchdog(self._watched, self._stuck, deadly)
        self.ended = asyncio.Event()
        """It has failed, or was stopped."""
        self.closed = asyncio.Event()
        """It was stopped and has let go of everything."""
        self.failure: LaneError | None = None
        metrics.show(lambda: [partition for partition, _ in self._partitions.values()], lambda: self.ready)

    @property
    def ready(self) -> bool:
        """Whether partitions were assigned and every table is restored."""
        return self._assigned and not self.ended.is_set() and all(p.ready for p, _ in self._partitions.values())

    @property
    def healthy(self) -> bool:
        """Whether everything with work has turned recently, and nothing has failed."""
        return self.failure is None and self._watchdog.healthy()

    @property
    def exit_code(self) -> int:
        return 0 if self.failure is None else self.failure.exit_code

    def fail(self, error: BaseException) -> None:
        """The worker ends; the first reason is the one that is told."""
        if self.failure is not None or self.should_stop:
            return
        if isinstance(error, LaneError):
            self.failure = error
            _log.error("%s", error)
        elif isinstance(error, (KafkaError, OSError)):
            self.failure = BrokerAway(f"Kafka failed: {error!r}")
            _log.error("%s", self.failure)
        else:
            self.failure = LaneError(f"{type(error).__name__}: {error}")
            _log.error("the lane failed", exc_info=error)
        self.ended.set()

    @mode.Service.task
    async def _main(self) -> None:
        try:
            await self._connect()
            self._watchdog.start()
            await self._notice_broker()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(error)

    async def _connect(self) -> None:
        """Topics, then the consumer; waits for a broker that is away at start, and says so once."""
        began, attempt, said = time.monotonic(), 0, False
        while True:
            try:
                await self._open()
                break
            except (KafkaError, OSError, BrokerAway) as error:
                await self._disconnect()
                if isinstance(error, BrokerResponseError) and not error.retriable:
                    raise Refused(f"Kafka refuses what the worker needs: {error!r}; see its access rules") from error
                left = _START_SECONDS - (time.monotonic() - began)
                if left <= 0:
                    raise BrokerAway(f"no broker at {self._settings.brokers} for five minutes: {error}") from error
                if not said:
                    _log.warning(
                        "no broker at %s yet, or none that accepts the SLAWATCH_SECURITY settings; "
                        "trying again for five minutes (%s)",
                        self._settings.brokers,
                        error,
                    )
                    said = True
                await asyncio.sleep(min(_BACK_OFF_SECONDS[min(attempt, len(_BACK_OFF_SECONDS) - 1)], left))
                attempt += 1
        if said:
            _log.info("the broker answers")

    async def _open(self) -> None:
        settings = self._settings
        self._topics, found = await ensure(settings, self._names)
        for difference in found:
            _log.warning("%s", difference)
        for topic in self._processes:
            self._metrics.reads(topic, self._topics.partitions[topic])
        self._ends = Ends(self._options)
        await self._ends.start()
        consumer = AIOKafkaConsumer(
            **self._options,
            group_id=settings.group,
            group_instance_id=settings.instance,
            partition_assignment_strategy=(RangePartitionAssignor,),
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=settings.session_ms,
            heartbeat_interval_ms=min(_HEARTBEAT_MS, settings.session_ms // 3),
            rebalance_timeout_ms=_REBALANCE_MS,
            max_poll_interval_ms=_NEVER_MS,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            metadata_max_age_ms=60_000,
        )
        self._consumer = consumer
        self._surroundings = Surroundings(
            settings=settings,
            topics=self._topics,
            options=self._options,
            consumer=consumer,
            ends=self._ends,
            metrics=self._metrics,
            computing=asyncio.Lock(),
            restoring=asyncio.Semaphore(_RESTORES),
            verified=self._verified,
            restored=self._freeze,
        )
        consumer.subscribe(list(self._processes), listener=_Listener(self))
        await bounded(consumer.start(), "connect")

    async def _notice_broker(self) -> None:
        """A worker without partitions asks something too: nothing else would tell it that its broker is gone."""
        probe = TopicPartition(next(iter(self._processes)), 0)
        while not self.should_stop:
            await self.sleep(5.0)
            if not self._partitions and not self.should_stop:
                await self._ends.mark(probe)

    async def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Start a task for each partition; nothing else is done in the client's callback."""
        assigned = frozenset(partitions)
        if self.should_stop:
            return
        self._twins.look(assigned, time.monotonic())
        self._tables.drop_but(assigned)
        self._verification = asyncio.create_task(self._verify_counts())
        self._metrics.restored_states.set(0)
        self._metrics.assignments.inc()
        for source in sorted(assigned):
            self._begin(source)
        self._assigned = True
        if not assigned:
            _log.info("no partition is assigned: this worker stands by")

    def _begin(self, source: TopicPartition) -> None:
        if self._surroundings is None:
            raise RuntimeError("the lane is not connected")
        process = self._processes[source.topic]
        partition = Partition(source, process, self._surroundings, lambda: self._tables.open(source, process))
        task = asyncio.create_task(partition.run(), name=f"{source.topic}/{source.partition}")
        self._partitions[source] = (partition, task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def _freeze(self) -> None:
        """Keep the collector away from restored tables: they live long. This alone gave 1.5 times the speed."""
        if self.ready:
            gc.collect()
            gc.freeze()
            gc.set_threshold(1_000_000, 20, 1_000)

    async def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Nothing fires from here on: tasks finish their batch in 3 s or are cancelled, producers are stopped."""
        await self._end_partitions(list(partitions), STOP_SECONDS)

    async def _end_partitions(self, sources: list[TopicPartition], seconds: float) -> None:
        self._assigned = False
        ending = [self._partitions.pop(source) for source in sources if source in self._partitions]
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

    async def _verify_counts(self) -> None:
        """Inputs and changelogs must still have the partition counts that they had at start."""
        topics = self._topics
        if topics is None:
            raise RuntimeError("the lane is not connected")
        names = [name for topic in self._processes for name in (topic, topics.changelog_of(topic))]
        admin = TopicAdmin(self._settings)
        try:
            await admin.start()
            counts = {name: found.partitions for name, found in (await admin.find(names)).items()}
        finally:
            with contextlib.suppress(Exception):
                await admin.close()
        wrong = [name for name in names if counts.get(name) != topics.input_partitions]
        if wrong:
            listed = ", ".join(f"{name} has {counts.get(name, 'none')}" for name in wrong)
            raise Refused(f"partition counts changed: {listed}; {topics.input_partitions} were there at start")

    def _watched(self) -> list[tuple[str, Partition]]:
        return [(f"{tp.topic}/{tp.partition}", partition) for tp, (partition, _) in list(self._partitions.items())]

    def _stuck(self, name: str) -> None:
        self.fail(Stuck(f"{name} has work and has not turned for a minute; the worker ends"))

    async def on_stop(self) -> None:
        """Finish the batches in hand, leave the group, close everything; bounded in every step."""
        self._watchdog.stop()
        await self._end_partitions(list(self._partitions), _FINISH_SECONDS)
        await self._disconnect()
        self.ended.set()
        self.closed.set()

    async def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if self._verification is not None:
            self._verification.cancel()
        if consumer is not None:
            # Its stop may raise a CancelledError that is not a cancellation of ours.
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await bounded(consumer.stop(), "leave the group", STOP_SECONDS)
        await self._ends.stop()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The client swallows what a listener raises, so nothing is raised here: the lane fails."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        try:
            await self._lane.assigned(assigned)
        except Exception as error:
            self._lane.fail(error)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        try:
            await self._lane.revoked(revoked)
        except Exception as error:
            self._lane.fail(error)
