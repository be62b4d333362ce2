"""Tables on disk: a restart reads on, and a folder that can't be trusted is built anew."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from counting import Counting
from lane_desk import Desk, assert_once, events
from slawatch.settings import Settings
from slawatch.stream import rocks
from slawatch.stream.app import Worker


async def restart(desk: Desk, settings: Settings, start: int, stop: int) -> tuple[int, dict[bytes, bytes]]:
    """Run over further events; how many changelog records were read for it, and the states after it."""
    read = 0
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        read = sum(p.restored_records for p in worker.lane.partitions)
        await desk.produce(events(start, stop))
        assert_once(await desk.read("warnings", stop), stop)
        states = {key: state for p in worker.lane.partitions for key, state in p.table.items()}
        assert sum(sum(p.table.tallies.values()) for p in worker.lane.partitions) == len(states)
    return read, states


def folders(settings: Settings) -> list[Path]:
    return sorted((settings.data / settings.group / settings.tickets).iterdir())


async def test_a_restart_reads_on_and_a_folder_that_is_damaged_or_foreign_or_old_is_rebuilt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = await desk.create_topics(store="rocksdb", partitions=2)
    read, _ = await restart(desk, settings, 0, 500)
    assert read == 0
    assert len(folders(settings)) == 2
    read, states = await restart(desk, settings, 500, 600)
    assert read == 0, "everything was in the folder"
    assert len(states) == 50

    for current in (folder / "CURRENT" for folder in folders(settings)):
        current.write_text("garbage\n")
    read, states = await restart(desk, settings, 600, 700)
    assert read >= 50
    assert "is damaged" in caplog.text

    first, second = folders(settings)
    middle = first.with_name("middle")
    first.rename(middle)
    second.rename(first)
    middle.rename(second)
    read, states = await restart(desk, settings, 700, 800)
    assert read >= 50
    assert "belongs to" in caplog.text

    monkeypatch.setattr(rocks, "STALE_MS", -1)
    read, states = await restart(desk, settings, 800, 900)
    assert read >= 50
    assert "is older than the changelog's deletions" in caplog.text
    assert len(states) == 50


async def test_a_kill_in_mid_stream(desk: Desk) -> None:
    settings = await desk.create_topics(store="rocksdb", batch_records=200)
    await desk.produce(events(0, 10_000))
    worker = desk.spawn(store="rocksdb", batch_records=200)
    await desk.read("warnings", 2_000, 40, settle=0)
    worker.send(signal.SIGKILL)
    await worker.wait(5)
    async with Worker(settings, [Counting()]):
        assert_once(await desk.read("warnings", 10_000, 40), 10_000)


async def test_a_partition_that_is_lost_and_comes_back(desk: Desk) -> None:
    settings = await desk.create_topics(store="rocksdb")
    await desk.produce(events(0, 1_000))
    async with Worker(settings, [Counting()]) as first:
        await desk.read("warnings", 1_000)
        other = desk.settings(store="rocksdb", data=settings.data.with_name("other"))
        async with Worker(other, [Counting()]) as second:
            await second.ready()
            await desk.produce(events(1_000, 2_000))
            await desk.read("warnings", 2_000)
        await first.ready()
        await desk.produce(events(2_000, 3_000))
        assert_once(await desk.read("warnings", 3_000), 3_000)
