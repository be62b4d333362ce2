"""Each event counts once for a reader of committed records, whatever happens to the workers."""

from __future__ import annotations

import asyncio
import signal

from counting import Counting
from lane_desk import Desk, assert_once, events, eventually, ids
from slawatch.stream.app import Worker


async def test_a_worker_that_is_killed_twice_in_mid_stream(desk: Desk) -> None:
    settings = await desk.create_topics()
    total = 60_000
    producing = asyncio.create_task(desk.produce(events(0, total)))
    for _ in range(2):
        worker = desk.spawn()
        before = sum([await desk.committed(partition) or 0 for partition in range(4)])
        deadline = asyncio.get_running_loop().time() + 40
        while sum([await desk.committed(partition) or 0 for partition in range(4)]) <= before:
            assert worker.code is None, worker.log()
            assert asyncio.get_running_loop().time() < deadline, worker.log()
        worker.send(signal.SIGKILL)
        await worker.wait(5)
    await producing
    assert sum([await desk.committed(partition) or 0 for partition in range(4)]) < total, "killed too late"
    async with Worker(settings, [Counting()]):
        assert_once(await desk.read("warnings", total, 60), total)


async def test_two_workers_and_a_rebalance_in_mid_stream(desk: Desk) -> None:
    settings = await desk.create_topics(batch_records=200)
    await desk.produce(events(0, 10_000))
    async with Worker(settings, [Counting()]) as first:
        await first.ready()
        second = desk.spawn(batch_records=200)
        await desk.produce(events(10_000, 20_000))
        await eventually(lambda: len(first.lane.partitions) == 2 and first.lane.ready, 20, second.log)
        assert [p.restored_records for p in first.lane.partitions] == [0, 0], "the tables were kept"
        await desk.produce(events(20_000, 22_000))
        await desk.read("warnings", 22_000, 40)
        second.send(signal.SIGTERM)
        assert await second.wait(10) == 0
        await eventually(lambda: len(first.lane.partitions) == 4 and first.lane.ready, 20)
        await desk.produce(events(22_000, 24_000))
        assert_once(await desk.read("warnings", 24_000, 40), 24_000)


async def test_two_processes_in_one_worker(desk: Desk) -> None:
    settings = desk.settings()
    async with Worker(settings, [Counting("tickets"), Counting("monitoring")]) as worker:
        await worker.ready()
        assert len(worker.lane.partitions) == 8
        await desk.produce(events(0, 300))
        await desk.produce(events(300, 600), role="monitoring")
        said = await desk.read("warnings", 600)
    assert sorted(ids(said)) == list(range(600))
    by_key: dict[bytes, set[int]] = {}
    for record in said:
        by_key.setdefault(record.key, set()).add(int(record.value.split(b" ")[1]))
    assert all(counts == set(range(1, 7)) for counts in by_key.values()), "each process has a table of its own"


async def test_a_worker_stopped_beyond_its_session_and_woken(desk: Desk) -> None:
    settings = await desk.create_topics(batch_records=200)
    sleeper = desk.spawn(batch_records=200)
    await desk.produce(events(0, 5_000))
    await desk.read("warnings", 1_000, 40, settle=0)
    sleeper.send(signal.SIGSTOP)
    async with Worker(settings, [Counting()]) as heir:
        await heir.ready(30)  # the session of 6 s has to pass first
        await desk.produce(events(5_000, 8_000))
        await desk.read("warnings", 8_000, 40, settle=0)
        sleeper.send(signal.SIGCONT)
        await desk.produce(events(8_000, 10_000))
        # It finds itself fenced or out of the group: either it ends with a failure or it joins again.
        assert_once(await desk.read("warnings", 10_000, 40, settle=2), 10_000)
        assert sleeper.code in (None, 1), sleeper.log()


async def test_a_restart_goes_on_where_it_stopped_with_tables_as_they_were(desk: Desk) -> None:
    settings = await desk.create_topics()
    await desk.produce(events(0, 3_000))
    async with Worker(settings, [Counting()]) as worker:
        await desk.read("warnings", 3_000)
        tables = {p.partition: dict(p.table.items()) for p in worker.lane.partitions}
        tallies = {p.partition: p.table.tallies for p in worker.lane.partitions}
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        restored = {p.partition: p.table for p in worker.lane.partitions}
        assert {number: dict(table.items()) for number, table in restored.items()} == tables
        assert {number: table.tallies for number, table in restored.items()} == tallies
        assert sum(len(table) for table in restored.values()) == 50
        await desk.produce(events(3_000, 4_000))
        assert_once(await desk.read("warnings", 4_000), 4_000)


async def test_at_least_once_says_everything_and_remembers_its_states(desk: Desk) -> None:
    settings = await desk.create_topics(processing="at_least_once")
    await desk.produce(events(0, 20_000))
    worker = desk.spawn(processing="at_least_once", batch_records=500)
    await desk.read("warnings", 2_000, 40, settle=0)
    worker.send(signal.SIGKILL)
    await worker.wait(5)
    async with Worker(settings, [Counting()]):
        everything = set(range(20_000))
        said = await desk.read("warnings", lambda found: set(ids(found)) == everything, 40)
        assert set(ids(said)) == everything
