"""The lane: processes over their input topics, from the first connection to the last thing let go.

A service of the Faust app. It reports how it ended by `ended` and `failure`; nothing that happens here goes unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import mode
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from slawatch.metrics import Metrics
from slawatch.process import Process
from slawatch.settings import Settings
from slawatch.stream.assignment import Assignment
from slawatch.stream.connection import Connection, Link
from slawatch.stream.errors import BrokerAway, LaneError, Stuck
from slawatch.stream.pace import Pace
from slawatch.stream.partition import Partition
from slawatch.stream.twins import suspect
from slawatch.stream.watchdog import Watchdog

_log = logging.getLogger(__name__)

_FINISH_SECONDS = 4.0  # for the batch in hand; with leaving the group the whole stop stays within 10 s
_NOTICE_SECONDS = 5.0
_NOWHERE = TopicPartition("", -1)  # no partition at all: whoever reads it takes nothing from anybody


class Lane(mode.Service):
    """Runs processes over their input topics until it is stopped or fails."""

    logger = logging.getLogger("mode.lane")  # for what the service framework says of it

    def __init__(
        self, settings: Settings, processes: Sequence[Process[Any]], metrics: Metrics, *, deadly: bool = False
    ) -> None:
        super().__init__()
        self._settings = settings
        self._processes = {settings.topic_of(process.name): process for process in processes}
        self._metrics = metrics
        self._connection = Connection(settings, [process.name for process in processes])
        self._assignment: Assignment | None = None
        self._watchdog = Watchdog(self._watched, self._stuck, deadly)
        self.ended = asyncio.Event()
        """It has failed, or was stopped."""
        self.closed = asyncio.Event()
        """It was stopped and has let go of everything."""
        self.failure: LaneError | None = None
        metrics.show(lambda: self.partitions, lambda: self.ready)

    @property
    def partitions(self) -> list[Partition]:
        """The partitions that this worker has at present."""
        return [] if self._assignment is None else self._assignment.partitions

    @property
    def ready(self) -> bool:
        """Whether partitions were assigned and every table is restored."""
        return self._assignment is not None and self._assignment.ready and not self.ended.is_set()

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
        if isinstance(error, (KafkaError, OSError)):
            error = BrokerAway(f"Kafka failed: {error!r}")
        if isinstance(error, BrokerAway):
            error = suspect(error, self._settings.instance)
        if isinstance(error, LaneError):
            self.failure = error
            _log.error("%s", error)
        else:
            self.failure = LaneError(f"{type(error).__name__}: {error}")
            _log.error("the lane failed", exc_info=error)
        self.ended.set()

    @mode.Service.task
    async def _main(self) -> None:
        try:
            link = await self._connection.open(self._listen)
            self._watchdog.start()
            await self._notice_broker(link)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(error)

    def _listen(self, link: Link) -> ConsumerRebalanceListener:
        for topic in self._processes:
            self._metrics.reads(topic, link.topics.partitions[topic])
        self._assignment = Assignment(self._settings, link, self._processes, self._metrics, self.fail)
        return self._assignment

    async def _notice_broker(self, link: Link) -> None:
        """A worker without partitions asks something too: nothing else would tell it that its broker is gone.

        What goes wrong in the group the client tells whoever reads next, and waits for that; so it reads, from nowhere.
        """
        probe = TopicPartition(next(iter(self._processes)), 0)
        while not self.should_stop:
            await self.sleep(_NOTICE_SECONDS)
            if not self.partitions and not self.should_stop:
                await link.ends.mark(probe)
                with contextlib.suppress(TimeoutError):  # it waits for the end of a rebalance
                    async with asyncio.timeout(_NOTICE_SECONDS):
                        await link.consumer.getmany(_NOWHERE)

    def _watched(self) -> list[tuple[str, Pace]]:
        return [(f"{partition.topic}/{partition.partition}", partition.pace) for partition in self.partitions]

    def _stuck(self, name: str) -> None:
        self.fail(Stuck(f"{name} has work and has not turned for a minute; the worker ends"))

    async def on_stop(self) -> None:
        """Finish the batches in hand, leave the group, close everything; bounded in every step."""
        self._watchdog.stop()
        if self._assignment is not None:
            await self._assignment.close(_FINISH_SECONDS)
        await self._connection.close()
        self.ended.set()
        self.closed.set()
