"""Bringing a table up to date from its changelog, and refusing when what was committed and what it includes differ."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from slawatch.settings import Processing
from slawatch.stream.client import KAFKA_SECONDS, STOP_SECONDS, bounded
from slawatch.stream.ends import Ends
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.position import POSITION_KEY, Position, load_position
from slawatch.stream.table import Table

_FETCH_BYTES = 8 * 1_048_576
_CHUNK = 4_000  # records between two turns of the loop: about 20 ms
_STABLE_SECONDS = 60.0  # the longest that a transaction may stay open
_COMMITTED_SECONDS = 5.0  # brokers before 4.0 may answer with an older offset for a moment after a fence


async def stable_end(ends: Ends, changelog: TopicPartition, processing: Processing, turned: Callable[[], None]) -> int:
    """The end of a changelog that nobody else is writing to.

    An open transaction of somebody else would end the restore early, with an incomplete table and no error; there is
    one writer per partition and it has been fenced, so the last stable offset must be the high watermark.
    """
    deadline = time.monotonic() + _STABLE_SECONDS
    while True:
        written = await ends.written_end(changelog)
        stable = await ends.stable_end(changelog)
        if stable >= written or processing is Processing.AT_LEAST_ONCE:
            return max(stable, written) if processing is Processing.AT_LEAST_ONCE else stable
        if time.monotonic() > deadline:
            raise Refused(
                f"partition {changelog.partition} of {changelog.topic} has an open transaction of another producer: "
                f"stable up to {stable}, written up to {written}; find and stop whatever else writes to this topic"
            )
        turned()
        await asyncio.sleep(0.25)


async def restore(
    table: Table,
    changelog: TopicPartition,
    beginning: int,
    end: int,
    options: Mapping[str, Any],
    turned: Callable[[], None],
) -> int:
    """Read what the table doesn't include yet, read_committed, until the position reaches `end`; how many records."""
    if table.changelog_offset > end or (table.changelog_offset and table.changelog_offset < beginning):
        table.clear()  # the changelog was made again
    start = max(table.changelog_offset, beginning)
    if start >= end:
        return 0
    consumer = AIOKafkaConsumer(
        **options,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await bounded(consumer.start(), "connect")
        consumer.assign([changelog])
        consumer.seek(changelog, start)
        return await _read(table, consumer, changelog, end, turned)
    finally:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await bounded(consumer.stop(), "disconnect", STOP_SECONDS)


async def _read(
    table: Table, consumer: AIOKafkaConsumer, changelog: TopicPartition, end: int, turned: Callable[[], None]
) -> int:
    count = 0
    moved_at = time.monotonic()
    # The position passes control records and aborted batches too: it is what ends, not the last record.
    while (position := await bounded(consumer.position(changelog), "ask for a position")) < end:
        fetched = await bounded(consumer.getmany(changelog, timeout_ms=200, max_records=_CHUNK), "read a changelog")
        records = fetched.get(changelog, [])
        if records:
            states = {record.key: record.value for record in records}
            place = states.pop(POSITION_KEY, None)
            table.load(states, load_position(place) if place is not None else None, records[-1].offset + 1)
            count += len(records)
            turned()
        if await bounded(consumer.position(changelog), "ask for a position") > position:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > KAFKA_SECONDS:
            raise BrokerAway(f"{changelog.topic}/{changelog.partition} stopped at offset {position} of {end}")
    table.load({}, None, end)
    return count


async def agreed_offset(
    table: Table,
    source: TopicPartition,
    changelog: str,
    processing: Processing,
    partitions: int,
    state_version: int,
    committed: int | None,
    ask_committed: Callable[[], Awaitable[int | None]],
) -> int | None:
    """The input offset to go on from, None for the beginning; raises `Refused` where table and offset disagree."""
    position = table.position
    name = f"partition {source.partition} of {source.topic}"
    _check_shape(position, name, changelog, partitions, state_version)
    if position is None:
        if committed is not None:
            raise Refused(
                f"{name}: the group has committed offset {committed}, but its changelog {changelog} holds no position: "
                "the changelog was deleted or made again. Restore it from a backup; or, to judge every event in the "
                "topic again, delete the group's offsets (alerts will be said again)"
            )
        if len(table) and processing is Processing.EXACTLY_ONCE:
            raise Refused(
                f"{name}: {changelog} holds states but no position: it was not written by this service as it is now. "
                "Delete the topic to start over from the beginning of the input"
            )
        return None
    deadline = time.monotonic() + _COMMITTED_SECONDS
    while (committed is None or committed < position.offset) and time.monotonic() < deadline:
        if processing is Processing.AT_LEAST_ONCE:
            return committed  # normal there: the states were written before the offset
        await asyncio.sleep(0.5)
        committed = await ask_committed()
    if committed == position.offset:
        return committed
    if committed is None or committed < position.offset:
        held = "no committed offset" if committed is None else f"committed offset {committed}"
        raise Refused(
            f"{name}: the table includes the events up to offset {position.offset}, but the group has {held}: its "
            "offsets were reset, have expired, or the topic was made again. To go on, set the group's offset of this "
            f"partition to {position.offset}; to start over, delete the topic {changelog} and the group's offsets"
        )
    raise Refused(
        f"{name}: the group has committed offset {committed}, but the table in {changelog} includes only the events "
        f"up to {position.offset}: the changelog lost records or the offset was moved. To go on, set the group's "
        f"offset of this partition to {position.offset}; alerts for the events between may be said again"
    )


def _check_shape(position: Position | None, name: str, changelog: str, partitions: int, state_version: int) -> None:
    if position is None:
        return
    if position.partitions != partitions:
        raise Refused(
            f"{name}: {changelog} was written when the topic had {position.partitions} partitions, now it has "
            f"{partitions}: keys have moved and their states have not. Go back to the old count, or start over with "
            "a new group"
        )
    if position.state_version > state_version:
        raise Refused(
            f"{name}: {changelog} holds states of version {position.state_version}, this program reads up to "
            f"{state_version}: it was written by a newer one. Run that one"
        )
