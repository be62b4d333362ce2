"""Brokers that go away, stop or freeze, and workers that are told to end: bounded, said once, never a hang."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from counting import Counting
from lane_desk import Desk, assert_once, due_in, events, eventually
from slawatch.local_kafka import LocalKafka, free_port
from slawatch.stream.app import Worker
from slawatch.stream.errors import BrokerAway, Refused


@pytest.fixture
async def own(
    kafka: LocalKafka, unique_name: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[tuple[LocalKafka, Desk]]:
    """A broker of this test's own, and a desk on it; where there is no shared one there can't be this one either."""
    with LocalKafka() as broker:
        desk = Desk(broker.brokers, unique_name, tmp_path)
        yield broker, desk
        await desk.close()


async def test_a_broker_that_is_stopped_for_20_s_and_frozen_for_8(own: tuple[LocalKafka, Desk]) -> None:
    broker, desk = own
    await desk.create_topics()
    worker = desk.spawn()
    await desk.produce(events(0, 2_000))
    await desk.read("warnings", 2_000)
    due = due_in(5)
    await desk.produce(events(2_000, 2_001, due=due))
    await asyncio.to_thread(broker.stop)
    await asyncio.sleep(20)
    await asyncio.to_thread(broker.start)
    await desk.produce(events(2_001, 4_000))
    await desk.read("warnings", 4_000, 40)
    assert len(await desk.read("breaches", 1)) == 1
    broker.pause()
    await asyncio.sleep(8)
    broker.resume()
    await desk.produce(events(4_000, 5_000))
    assert_once(await desk.read("warnings", 5_000, 40), 5_000)
    assert worker.code is None, worker.log()
    assert worker.log().count("Kafka does not answer") <= 2
    worker.send(signal.SIGTERM)
    assert await worker.wait(10) == 0


async def test_a_broker_that_stays_away_ends_the_worker(
    own: tuple[LocalKafka, Desk], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker, desk = own
    settings = await desk.create_topics()
    monkeypatch.setattr("slawatch.stream.client.KAFKA_SECONDS", 6.0)
    monkeypatch.setattr("slawatch.stream.ends._SILENT_SECONDS", 1.0)
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        broker.kill()
        began = time.monotonic()
        await asyncio.wait_for(worker.lane.ended.wait(), 30)
        assert isinstance(worker.lane.failure, BrokerAway)
        assert worker.exit_code == 1
        assert not worker.lane.healthy
    assert time.monotonic() - began < 30
    assert caplog.text.count("Kafka does not answer") == 1


async def test_no_broker_at_start_is_waited_for(desk: Desk) -> None:
    port = free_port()
    worker = desk.spawn(brokers=f"127.0.0.1:{port}")
    await eventually(lambda: "no broker at" in worker.log(), 20, worker.log)
    with LocalKafka(port=port):
        await eventually(lambda: "the broker answers" in worker.log(), 40, worker.log)
        await eventually(lambda: "partition restored" in worker.log(), 30, worker.log)
        assert worker.log().count("no broker at") == 1
        worker.send(signal.SIGTERM)
        assert await worker.wait(10) == 0, worker.log()


async def test_no_broker_at_start_for_too_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slawatch.stream.connection._START_SECONDS", 2.0)
    async with Worker(desk.settings(brokers=f"127.0.0.1:{free_port()}"), [Counting()]) as worker:
        assert not worker.lane.ready
        await asyncio.wait_for(worker.lane.ended.wait(), 20)
        assert isinstance(worker.lane.failure, BrokerAway)
        assert worker.exit_code == 1


async def test_a_cluster_that_has_not_all_its_brokers_yet_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slawatch.stream.connection._START_SECONDS", 3.0)
    settings = desk.settings(replication=3)
    worker = Worker(settings, [Counting()])
    async with worker:
        await asyncio.wait_for(worker.lane.ended.wait(), 40)
    assert isinstance(worker.lane.failure, BrokerAway), worker.lane.failure
    assert "could not be created yet" in str(worker.lane.failure)


async def test_a_worker_that_waits_for_a_broker_can_be_told_to_end(desk: Desk) -> None:
    worker = desk.spawn(brokers=f"127.0.0.1:{free_port()}")
    await eventually(lambda: "no broker at" in worker.log(), 20, worker.log)
    worker.send(signal.SIGTERM)
    assert await worker.wait(10) == 0, worker.log()


async def test_sigterm_under_load_finishes_the_batch_in_time(desk: Desk) -> None:
    settings = await desk.create_topics()
    worker = desk.spawn(COUNTING_PAD=2_000)
    await desk.produce(events(0, 20_000))
    await desk.read("warnings", 100, settle=0)
    worker.send(signal.SIGTERM)
    began = time.monotonic()
    assert await worker.wait(12) == 0, worker.log()
    assert time.monotonic() - began < 10
    async with Worker(settings, [Counting(pad=2_000)]) as heir:
        await heir.ready(5)  # the group was left: nobody waits for a session to end
        assert_once(await desk.read("warnings", 20_000, 40), 20_000)


async def test_a_worker_without_partitions_hears_what_goes_wrong_in_its_group(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    async with Worker(settings, [Counting()]) as one, Worker(settings, [Counting()]) as other:
        both = [one.lane, other.lane]
        await eventually(
            lambda: all(lane.ready for lane in both) and {len(lane.partitions) for lane in both} == {0, 1}, 40
        )
        idle = other if one.lane.partitions else one
        consumer = idle.lane._connection._consumer
        assert consumer is not None
        heard = asyncio.ensure_future(consumer._coordinator._push_error_to_user(KafkaError("what nobody has foreseen")))
        await asyncio.wait_for(idle.lane.ended.wait(), 20)
        await asyncio.wait_for(heard, 20)
        assert isinstance(idle.lane.failure, BrokerAway)
        assert "what nobody has foreseen" in str(idle.lane.failure)


async def test_two_workers_with_one_instance_id(desk: Desk) -> None:
    settings = await desk.create_topics(instance="pod-1")
    first, second = Worker(settings, [Counting()]), Worker(settings, [Counting()])
    async with first, second:
        both = {asyncio.create_task(worker.lane.ended.wait()) for worker in (first, second)}
        done, pending = await asyncio.wait(both, timeout=40, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        assert done, "the two have not noticed each other"
    failures = [worker.lane.failure for worker in (first, second) if worker.lane.failure is not None]
    assert any("SLAWATCH_INSTANCE=pod-1" in str(failure) for failure in failures), failures
    assert all(isinstance(failure, Refused) or failure.exit_code == 1 for failure in failures)


async def test_a_static_member_that_is_killed_comes_back_at_once(desk: Desk) -> None:
    await desk.create_topics()
    worker = desk.spawn(instance="pod-1", session_timeout=45_000)
    await desk.produce(events(0, 500))
    await desk.read("warnings", 500)
    worker.send(signal.SIGKILL)
    await worker.wait(5)
    desk.spawn(instance="pod-1", session_timeout=45_000)
    await desk.produce(events(500, 600))
    assert_once(await desk.read("warnings", 600, 15), 600)


async def test_a_web_port_that_is_taken(desk: Desk, kafka: LocalKafka) -> None:
    port = int(kafka.brokers.rsplit(":", 1)[1])
    worker = desk.spawn(web_port=port)
    assert await worker.wait(30) == 1
    assert "the web server could not start" in worker.log()
    assert "SLAWATCH_WEB_PORT" in worker.log()
