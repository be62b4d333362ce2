"""Reads the topic of reports as it stands: the latest of each key, joining no group and leaving nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from slawatch.settings import Settings
from slawatch.stream.client import KAFKA_SECONDS, STOP_SECONDS, bounded, client_options
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.topics import TopicAdmin


async def standing_reports(settings: Settings) -> dict[bytes, bytes]:
    """The latest report under each key, as JSON; raises `Refused` where there is no such topic."""
    topic = settings.reports
    admin = TopicAdmin(settings)
    try:
        await admin.start()
        found = (await admin.find([topic])).get(topic)
    finally:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await admin.close()
    if found is None:
        raise Refused(f"{topic}: there is no such topic; SLAWATCH_REPORTS names the one that reports are written to")
    consumer = AIOKafkaConsumer(
        **client_options(settings), isolation_level="read_committed", auto_offset_reset="none", enable_auto_commit=False
    )
    try:
        await bounded(consumer.start(), "connect")
        return await _read(consumer, [TopicPartition(topic, number) for number in range(found.partitions)])
    finally:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await bounded(consumer.stop(), "disconnect", STOP_SECONDS)


async def _read(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[bytes, bytes]:
    reports: dict[bytes, bytes] = {}
    starts = await bounded(consumer.beginning_offsets(partitions), "ask for offsets")
    ends = await bounded(consumer.end_offsets(partitions), "ask for offsets")
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, starts[partition])
    left = {partition for partition in partitions if starts[partition] < ends[partition]}
    moved_at = time.monotonic()
    while left:
        fetched = await bounded(consumer.getmany(*left, timeout_ms=200), "read reports")
        for records in fetched.values():
            for record in records:
                if record.value is None:
                    reports.pop(record.key, None)
                else:
                    reports[record.key] = record.value
        # The position passes control records and aborted batches too.
        done = {each for each in left if await bounded(consumer.position(each), "ask for a position") >= ends[each]}
        if fetched or done:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > KAFKA_SECONDS:
            raise BrokerAway(f"the reports stopped before their end in {len(left)} partitions")
        left -= done
    return reports
