"""A deadline fires when its partition is known to be read up to it: not before, and at its instant when idle."""

from __future__ import annotations

import asyncio

from aiokafka import ConsumerRecord

from counting import Counting
from lane_desk import Desk, due_in, events, eventually
from slawatch.stream.app import Worker

LATE_MS = 500  # an alert takes about 10 ms; the machine may be busy


def delay(record: ConsumerRecord) -> int:
    """Milliseconds from the deadline in a message to the instant at which it was decided."""
    return int(dict(record.headers)["now"]) - int(record.value.split(b" due ")[1])


async def test_an_idle_partition_fires_at_the_instant_without_any_traffic(desk: Desk) -> None:
    settings = await desk.create_topics()
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce([{"key": f"k{n}", "id": n, "due": due_in(1.0 + n / 10)} for n in range(20)])
        said = await desk.read("breaches", 20, 10)
        assert all(0 < delay(record) < LATE_MS for record in said), [delay(record) for record in said]


async def test_grace_is_waited_for(desk: Desk) -> None:
    settings = await desk.create_topics(grace="1s")
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce(events(0, 1, due=due_in(0.5)))
        said = await desk.read("breaches", 1, 10)
        assert 1_000 < delay(said[0]) < 1_000 + LATE_MS


async def test_an_idle_partition_beside_a_busy_and_a_lagging_one(desk: Desk) -> None:
    settings = await desk.create_topics(batch_records=500)
    await desk.produce(events(0, 30_000), partition=2)  # the backlog
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce(events(0, 10, 10, due=due_in(1.5)), partition=0)
        busy = asyncio.create_task(_keep_busy(desk))
        said = await desk.read("breaches", 10, 15)
        await busy
        assert all(0 < delay(record) < 2 * LATE_MS for record in said), [delay(record) for record in said]


async def _keep_busy(desk: Desk) -> None:
    for number in range(30):
        await desk.produce(events(number * 100, number * 100 + 100), partition=1)
        await asyncio.sleep(0.1)


async def test_a_busy_partition_fires_too(desk: Desk) -> None:
    settings = await desk.create_topics(stream_time="caught_up")
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce(events(0, 10, 10, due=due_in(1.5)), partition=1)
        busy = asyncio.create_task(_keep_busy(desk))
        said = await desk.read("breaches", 10, 15)
        await busy
        assert all(0 < delay(record) < 2 * LATE_MS for record in said), [delay(record) for record in said]


async def test_what_is_due_by_the_end_that_a_batch_reaches_is_in_that_batch(desk: Desk) -> None:
    settings = await desk.create_topics(stream_time="caught_up")
    await desk.produce(events(0, 20, 20, due=due_in(-60)), partition=0)
    async with Worker(settings, [Counting()]) as worker:
        assert len(await desk.read("breaches", 20, 10)) == 20
        await eventually(lambda: worker.metrics.registry.get_sample_value("slawatch_batch_seconds_count"), 10)
        assert worker.metrics.registry.get_sample_value("slawatch_batch_seconds_count") == 1


async def test_a_worker_that_was_down_says_no_false_breach_and_all_true_ones(desk: Desk) -> None:
    settings = await desk.create_topics()
    due = due_in(1.0)
    await desk.produce(events(0, 20, 20, due=due))
    await desk.produce(events(20, 30, 20, due=0))  # k0 to k9 are resolved in time, but only Kafka knows
    await asyncio.sleep(1.2)
    await desk.produce(events(30, 40, 20, due=0))  # k10 to k19 too late
    async with Worker(settings, [Counting()]):
        said = await desk.read("breaches", 10, 15, settle=1)
    assert sorted(record.key for record in said) == [b"k%d" % number for number in range(10, 20)]
    assert {int(record.value.split(b" due ")[1]) for record in said} == {due}


async def test_a_producers_clock_moves_nothing_where_the_broker_does_not_stamp(desk: Desk) -> None:
    settings = desk.settings()
    await desk.create_topic(settings.tickets, 4, message_timestamp_type="CreateTime")
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        due = due_in(1.5)
        await desk.produce([{"key": "waits", "id": 0, "due": due}], partition=0)
        await desk.produce([{"key": "lies", "id": 1}], partition=0, timestamp_ms=due_in(1_800))
        said = await desk.read("breaches", 1, 10)
        assert all(0 < delay(record) < LATE_MS for record in said), [delay(record) for record in said]


async def test_in_records_mode_only_records_move_time(desk: Desk) -> None:
    settings = await desk.create_topics(stream_time="records", grace="10s")
    day = 86_400_000
    start = due_in(0) - 30 * day
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce([{"key": "a", "id": 0, "due": start + day}], 0, start)
        await desk.produce([{"key": "b", "id": 0, "due": start + 2 * day}], 0, start)
        await desk.produce([{"key": "c", "id": 0}], 0, start + day + 10_000)  # equal, less the grace: not passed
        await desk.read("warnings", 3, 10, settle=1)
        assert await desk.read("breaches", 0, 5) == []
        await desk.produce([{"key": "c", "id": 1}], 0, start + day + 10_001)
        said = await desk.read("breaches", 1, 10, settle=1)
        assert [record.key for record in said] == [b"a"]
    async with Worker(settings, [Counting()]) as worker:  # the stream time does not fall back in a restart
        await worker.ready()
        [here] = [p for p in worker.lane.partitions if p.partition == 0]
        assert here.stream_time == start + day + 1
        await desk.produce([{"key": "c", "id": 2}], 0, start + 3 * day)
        said = await desk.read("breaches", 2, 10, settle=0.5)
        assert [record.key for record in said] == [b"a", b"b"]


async def test_many_deadlines_at_one_instant_are_many_batches_and_each_is_said_once(desk: Desk) -> None:
    settings = await desk.create_topics(batch_records=300)
    count = 5_000
    async with Worker(settings, [Counting(events_out=False)]) as worker:
        await worker.ready()
        await desk.produce(events(0, count, count, due=due_in(2)))
        said = await desk.read("breaches", count, 20)
        assert len({record.key for record in said}) == len(said) == count
        assert worker.metrics.registry.get_sample_value("slawatch_detection_delay_seconds_count") == count
