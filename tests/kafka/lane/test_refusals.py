"""What must not be gone on with is refused, with a sentence that says what happened and what to do."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from counting import Counting
from lane_desk import Desk, assert_once, events, ids
from slawatch.settings import Settings
from slawatch.stream.app import Worker
from slawatch.stream.errors import Refused
from slawatch.stream.wall_clock import now_ms


async def refusal(settings: Settings) -> str:
    """The sentence with which a worker ends, and exit code 2."""
    async with Worker(settings, [Counting()]) as worker:
        await asyncio.wait_for(worker.lane.ended.wait(), 30)
        assert worker.exit_code == 2
        assert isinstance(worker.lane.failure, Refused)
        return str(worker.lane.failure)


async def ran(desk: Desk, settings: Settings, count: int = 100) -> None:
    await desk.produce(events(0, count), partition=0)
    async with Worker(settings, [Counting()]):
        await desk.read("warnings", count)


async def test_a_table_ahead_of_the_committed_offset(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    await desk.set_offset(0, 40)
    text = await refusal(settings)
    assert "includes the events up to offset 100" in text
    assert "committed offset 40" in text
    assert "set the group's offset of this partition to 100" in text
    await desk.set_offset(0, 100)  # as the sentence says
    async with Worker(settings, [Counting()]):
        await desk.produce(events(100, 120), partition=0)
        assert_once(await desk.read("warnings", 120), 120)


async def test_a_table_behind_the_committed_offset(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    await desk.produce(events(100, 120), partition=0)
    await desk.set_offset(0, 110)
    text = await refusal(settings)
    assert "committed offset 110" in text
    assert "only the events up to 100" in text


async def test_a_changelog_that_was_made_again(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    changelog = f"{settings.group}-{settings.tickets}-changelog"
    await desk.delete_topic(changelog)
    text = await refusal(settings)
    assert "holds no position" in text
    assert changelog in text


async def test_an_input_that_was_made_again(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    await desk.delete_topic(settings.tickets)
    text = await refusal(settings)
    assert "made again" in text


async def test_an_offset_beyond_the_end(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await desk.set_offset(0, 500)
    assert "holds no position" in await refusal(settings)


async def test_partition_counts_that_differ(desk: Desk) -> None:
    settings = desk.settings()
    changelog = f"{settings.group}-{settings.tickets}-changelog"
    await desk.create_topic(settings.tickets, 3)
    await desk.create_topic(changelog, 2, cleanup_policy="compact")
    text = await refusal(settings)
    assert f"{settings.tickets} has 3" in text
    assert f"{changelog} has 2" in text


async def test_two_inputs_with_different_counts(desk: Desk) -> None:
    settings = desk.settings()
    await desk.create_topic(settings.tickets, 3)
    await desk.create_topic(settings.monitoring, 2)
    async with Worker(settings, [Counting("tickets"), Counting("monitoring")]) as worker:
        await asyncio.wait_for(worker.lane.ended.wait(), 20)
        assert f"{settings.tickets} has 3" in str(worker.lane.failure)
        assert f"{settings.monitoring} has 2" in str(worker.lane.failure)


async def test_a_changelog_that_deletes(desk: Desk) -> None:
    settings = desk.settings()
    await desk.create_topic(f"{settings.group}-{settings.tickets}-changelog", 4, cleanup_policy="delete")
    assert "cleanup.policy is delete" in await refusal(settings)


async def test_missing_topics_that_may_not_be_created(desk: Desk) -> None:
    settings = desk.settings(create_topics=False)
    text = await refusal(settings)
    assert "missing" in text
    for name in (settings.tickets, settings.dead_letters, f"{settings.group}-{settings.tickets}-changelog"):
        assert name in text


async def test_records_mode_on_a_topic_that_the_broker_stamps(desk: Desk) -> None:
    settings = desk.settings(stream_time="records")
    await desk.create_topic(settings.tickets, 4, message_timestamp_type="LogAppendTime")
    assert "needs CreateTime" in await refusal(settings)


async def test_states_of_a_newer_program(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1)
    await desk.produce(events(0, 10), partition=0)
    async with Worker(settings, [Counting(version=2)]):
        await desk.read("warnings", 10)
    assert "version 2" in await refusal(settings)


async def test_states_of_an_older_program_are_judged_again_before_anything_else(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1, batch_records=20)
    await desk.produce(events(0, 50), partition=0)
    async with Worker(settings, [Counting(version=1)]):
        await desk.read("warnings", 50)
    await desk.produce(events(50, 60), partition=0)
    async with Worker(settings, [Counting(version=2)]):
        said = await desk.read("outcomes", 50)
        assert_once(await desk.read("warnings", 60), 60)
    assert len({record.key for record in said}) == len(said) == 50
    async with Worker(settings, [Counting(version=2)]) as worker:
        await worker.ready()
        assert len(await desk.read("outcomes", 50)) == 50


async def test_states_are_judged_again_at_the_stream_time_that_they_were_left_at(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1, batch_records=20)
    await desk.produce(events(0, 50), partition=0)
    async with Worker(settings, [Counting(version=1)]):
        await desk.read("warnings", 50)
    left_at = now_ms()
    async with Worker(settings, [Counting(version=2)]):
        said = await desk.read("outcomes", 50)
    times = {int(dict(record.headers)["stream_time"]) for record in said}
    assert len(times) == 1
    assert 0 < times.pop() <= left_at


async def test_retention_that_passed_the_committed_offset(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    await desk.produce(events(100, 130), partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.brokers)
    await admin.start()
    await admin.delete_records({TopicPartition(settings.tickets, 0): RecordsToDelete(120)})
    await admin.close()
    async with Worker(settings, [Counting()]) as worker:
        said = await desk.read("warnings", 110)
        assert sorted(ids(said)) == [*range(100), *range(120, 130)]
        assert worker.metrics.registry.get_sample_value("slawatch_events_lost_total") == 20
    assert "retention deleted up to 20 events" in caplog.text
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        assert worker.metrics.registry.get_sample_value("slawatch_events_lost_total") == 0


async def test_an_open_transaction_of_somebody_else_in_the_changelog(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiokafka import AIOKafkaProducer

    settings = await desk.create_topics(partitions=1)
    await ran(desk, settings)
    monkeypatch.setattr("slawatch.stream.restore._STABLE_SECONDS", 2.0)
    stranger = AIOKafkaProducer(bootstrap_servers=desk.brokers, transactional_id=f"{settings.group}-stranger")
    await stranger.start()
    await stranger.begin_transaction()
    await stranger.send_and_wait(f"{settings.group}-{settings.tickets}-changelog", b"1;1;0;", key=b"k0", partition=0)
    try:
        assert "open transaction of another producer" in await refusal(settings)
    finally:
        await stranger.abort_transaction()
        await stranger.stop()
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
