"""The lane's link to a cluster: topics that are there, the group's consumer, and who asks where partitions end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import BrokerResponseError, KafkaError

from slawatch.settings import Settings
from slawatch.stream.client import STOP_SECONDS, bounded, client_options
from slawatch.stream.ends import Ends
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.topics import TopicAdmin, Topics, ensure

_log = logging.getLogger(__name__)

_START_SECONDS = 300.0  # so long a broker that is away at start is waited for
_BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
_HEARTBEAT_MS = 3_000
_REBALANCE_MS = 30_000  # longer than finishing, cancelling and stopping may take
_NEVER_MS = 86_400_000  # polling is the watchdog's business: the client's own notion counts any task's poll
_FETCH_BYTES = 4 * 1_048_576
_FETCH_WAIT_MS = 50  # longer, and a backlogged partition beside idle ones is starved


class Link(NamedTuple):
    """What there is once the cluster has answered; the consumer may not be started yet."""

    options: dict[str, Any]
    topics: Topics
    consumer: AIOKafkaConsumer
    ends: Ends


Listen = Callable[[Link], ConsumerRebalanceListener]
"""Makes the listener to the assignments of a link: they come before the consumer has started altogether."""


class Connection:
    """Opens the link and closes it; `names` are those of the processes whose inputs are read."""

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        self._settings = settings
        self._names = names
        self._options = client_options(settings)
        self._ends: Ends | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def open(self, listen: Listen) -> Link:
        """Topics, then the consumer; waits for a broker that is away at start, and says so once.

        Raises `Refused` for topics, rights or logins that a restart would not change, `BrokerAway` after five minutes.
        """
        began, attempt, said = time.monotonic(), 0, False
        while True:
            try:
                link = await self._open(listen)
                break
            except (KafkaError, OSError, BrokerAway) as error:
                await self.close()
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
        return link

    async def _open(self, listen: Listen) -> Link:
        settings = self._settings
        topics, found = await ensure(settings, self._names)
        for difference in found:
            _log.warning("%s", difference)
        self._ends = Ends(self._options)
        await self._ends.start()
        self._consumer = AIOKafkaConsumer(
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
        link = Link(self._options, topics, self._consumer, self._ends)
        self._consumer.subscribe(list(topics.inputs.values()), listener=listen(link))
        await bounded(self._consumer.start(), "connect")
        return link

    async def close(self) -> None:
        """Leave the group and let go of everything; bounded, raises nothing."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            # Its stop may raise a CancelledError that is not a cancellation of ours.
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await bounded(consumer.stop(), "leave the group", STOP_SECONDS)
        ends, self._ends = self._ends, None
        if ends is not None:
            await ends.stop()


async def verify_counts(settings: Settings, topics: Topics) -> None:
    """Inputs and changelogs must still have the partition counts that they had at start; raises `Refused`."""
    names = [name for topic in topics.inputs.values() for name in (topic, topics.changelog_of(topic))]
    admin = TopicAdmin(settings)
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
