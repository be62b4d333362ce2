"""Several processes in one worker: each partition has one of its own, and what one says another reads, exactly once."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from aiokafka import ConsumerRecord

from counting import MARK, Counting, Passing
from lane_desk import Desk, assert_once, events, ids
from slawatch.settings import Settings
from slawatch.stream.app import Worker
from slawatch.stream.topics import ensure


def passed(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) | {"in": record.partition} for record in records]


def worker(settings: Settings) -> Worker:
    return Worker(settings, [Passing(), Counting("outcomes")])


async def test_a_partition_sets_out_once_after_its_restore_and_before_anything_else(desk: Desk) -> None:
    settings = desk.settings()
    await desk.create_topics()
    await desk.produce(events(0, 200))
    async with worker(settings):
        first = passed(await desk.read("outcomes", 216))
        alarms = await desk.read("breaches", 4)
    marks = [event for event in first if event["id"] == MARK]
    assert sorted((mark["key"], mark["in"]) for mark in marks) == [
        (f"{settings.tickets}/{source}", target) for source in range(4) for target in range(4)
    ]
    assert {mark["known"] for mark in marks} == {0}
    assert sorted(record.value for record in alarms) == [b"alarm due 1"] * 4

    async with worker(settings):
        again = passed(await desk.read("outcomes", 232))[216:]
        await desk.read("breaches", 8)
    assert [mark["id"] for mark in again] == [MARK] * 16
    assert sum({mark["key"]: mark["known"] for mark in again}.values()) == 50, "the states were there"
    assert all(mark["stream_time"] > 0 for mark in again)


async def test_each_partition_has_a_process_of_its_own(desk: Desk) -> None:
    settings = await desk.create_topics()
    async with worker(settings) as running:
        await running.ready()
        for partition in range(4):
            await desk.produce(events(100 * partition, 100 * partition + 25), partition=partition)
        seen: dict[int, list[int]] = {}
        for event in passed(await desk.read("outcomes", 116)):
            if event["id"] != MARK:
                seen.setdefault(event["id"] // 100, []).append(event["seen"])
    assert {number: sorted(counts) for number, counts in seen.items()} == {n: list(range(1, 26)) for n in range(4)}


async def test_what_one_process_says_another_counts_once_though_the_worker_is_killed(desk: Desk) -> None:
    settings = await desk.create_topics()
    total = 30_000
    producing = asyncio.create_task(desk.produce(events(0, total)))
    process = desk.spawn(COUNTING_PASSING="1")
    before = sum([await desk.committed(partition, "outcomes") or 0 for partition in range(4)])
    deadline = asyncio.get_running_loop().time() + 40
    while sum([await desk.committed(partition, "outcomes") or 0 for partition in range(4)]) <= before:
        assert process.code is None, process.log()
        assert asyncio.get_running_loop().time() < deadline, process.log()
    process.send(signal.SIGKILL)
    await process.wait(5)
    await producing
    assert sum([await desk.committed(partition, "outcomes") or 0 for partition in range(4)]) < total, "killed too late"

    def counted(records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        return [record for record, number in zip(records, ids(records), strict=True) if number != MARK]

    async with worker(settings):
        said = await desk.read("warnings", lambda found: len(counted(found)) >= total, 60)
    assert_once(counted(said), total)


async def test_what_is_passed_on_has_the_inputs_partitions_and_a_changelog(desk: Desk) -> None:
    """The tickets were there first, with a count of their own; old events do not make the outcomes an input like them."""
    settings = desk.settings(stream_time="records")
    await desk.create_topic(settings.tickets, 3, message_timestamp_type="CreateTime", retention_ms="-1")
    async with worker(settings) as running:
        await running.ready()
        assert len(running.lane.partitions) == 6
    topics, differences = await ensure(settings, ["tickets", "outcomes"])
    assert differences == []
    assert topics.partitions[settings.outcomes] == topics.partitions[topics.changelog_of(settings.outcomes)] == 3
