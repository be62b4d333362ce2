"""What a partition knows of its end: the lag, records that do not come, markers, and records that nobody can decode."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition

from slawatch.metrics import Metrics
from slawatch.settings import StreamTime
from slawatch.stream.dead_letters import Undecoded
from slawatch.stream.errors import BrokerAway
from slawatch.stream.source import Source
from slawatch.stream.stream_time import Mark, StreamClock

WHERE = TopicPartition("tickets", 0)
NOW = 1_700_000_000_000


class Record(NamedTuple):
    offset: int
    value: bytes | None = None
    key: bytes | None = b"T"


class Broker:
    """One partition as the lane's consumer and the consumers of ends see it; offsets in `spoilt` can't be decoded."""

    def __init__(self, end: int, spoilt: Sequence[int] = (), value: bytes | None = None, buffered: int = 5_000) -> None:
        self.end = end
        self.at = 0
        self.asked = 0
        self.spoilt = set(spoilt)
        self.value = value
        self.buffered = buffered
        """So many records are there at once; for more one has to wait."""
        self.left = buffered

    async def mark(self, _: TopicPartition) -> Mark:
        self.asked += 1
        return Mark(NOW, self.end)

    async def position(self, _: TopicPartition) -> int:
        return self.at

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.at = offset

    def assignment(self) -> set[TopicPartition]:
        return {WHERE}

    def last_stable_offset(self, _: TopicPartition) -> int:
        return self.end

    async def getmany(self, *_: TopicPartition, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, Any]:
        if timeout_ms and not self.left:
            self.left = self.buffered
        last = min(self.end, self.at + max_records, self.at + self.left)
        self.left -= last - self.at
        offsets = range(self.at, last)
        if self.spoilt & {*offsets}:
            b"\xff".decode()
        self.at = last
        return {WHERE: [Record(offset, self.value) for offset in offsets]} if offsets else {}


class Clocks:
    """A wall clock and a monotonic one, in the hands of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.seconds = NOW, 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.seconds)

    def go(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += int(seconds * 1000)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def source_of(broker: Any) -> Source:
    return Source(WHERE, broker, broker, Metrics(lambda: NOW))


def stream_clock() -> StreamClock:
    return StreamClock(StreamTime.AUTO, 0)


async def test_the_lag_grows_while_more_comes_in_than_is_done(clocks: Clocks) -> None:
    broker = Broker(10_000)
    source, clock, lags = source_of(broker), stream_clock(), []
    for _ in range(5):
        await source.look_at_end(clock, None, clocks.wall)
        lags.append(source.lag)
        broker.at += 1_000
        broker.end += 5_000
        clocks.go(6)
    assert lags == [10_000, 14_000, 18_000, 22_000, 26_000]


async def test_the_end_that_stream_time_waits_for_does_not_run_away_from_it(clocks: Clocks) -> None:
    broker = Broker(1_000)
    source, clock = source_of(broker), stream_clock()
    await source.look_at_end(clock, None, clocks.wall)
    broker.end, broker.at = 9_000, 1_000
    clocks.go(6)
    await source.look_at_end(clock, None, clocks.wall)
    assert clock.at == NOW
    assert source.lag == 8_000


async def test_an_end_that_is_reached_in_the_middle_of_a_batch_moves_stream_time_there(clocks: Clocks) -> None:
    broker = Broker(1_000)
    source, clock = source_of(broker), stream_clock()
    await source.look_at_end(clock, None, clocks.wall)
    broker.end = 1_200
    records = await source.fetch(clock, None, clocks.wall, 5_000)
    assert len(records) == 1_200
    assert not source.passed(clock, 999)
    assert clock.at == 0
    assert source.passed(clock, 1_200)
    assert clock.at == NOW
    assert not source.passed(clock, 1_200), "what is written later is not known of yet"


async def test_records_that_are_there_and_do_not_come_end_the_worker(clocks: Clocks) -> None:
    broker = Broker(20)
    source, clock = source_of(broker), stream_clock()
    broker.at = 5
    for _ in range(45):
        await source.look_at_end(clock, None, clocks.wall)
        clocks.go(1)
    clocks.go(2)
    with pytest.raises(BrokerAway, match="partition 0 of tickets stopped at offset 5 of 20"):
        await source.look_at_end(clock, None, clocks.wall)


async def test_who_was_stopped_for_an_hour_has_not_waited_an_hour(clocks: Clocks) -> None:
    broker = Broker(20)
    source, clock = source_of(broker), stream_clock()
    for _ in range(2):
        await source.look_at_end(clock, None, clocks.wall)
        clocks.go(3_600)
    await source.look_at_end(clock, None, clocks.wall)


async def test_slow_work_is_not_taken_for_silence(clocks: Clocks) -> None:
    broker = Broker(1_000)
    source, clock = source_of(broker), stream_clock()
    for _ in range(200):
        await source.look_at_end(clock, None, clocks.wall)
        broker.at += 1
        clocks.go(4)


async def test_a_wall_clock_that_is_put_back_stops_no_question(clocks: Clocks) -> None:
    broker = Broker(0)
    source, clock = source_of(broker), stream_clock()
    for _ in range(3):
        await source.look_at_end(clock, None, clocks.wall)
        clocks.go(6)
        clocks.wall -= 3_600_000
    assert broker.asked == 3


async def test_markers_behind_the_last_record_are_committed_once(clocks: Clocks) -> None:
    broker = Broker(33)
    source, clock = source_of(broker), stream_clock()
    source.offset, broker.at = 32, 33
    await source.look_at_end(clock, None, clocks.wall)
    assert (source.offset, source.jumped) == (33, True)
    source.jumped = False
    clocks.go(6)
    await source.look_at_end(clock, None, clocks.wall)
    assert (source.offset, source.jumped) == (33, False)


async def test_a_record_that_the_client_can_not_decode_is_passed_by_its_offset() -> None:
    broker = Broker(10, spoilt=[3, 4, 9])
    source, clock = source_of(broker), stream_clock()
    read: list[Any] = []
    while broker.at < broker.end:
        read += await source.fetch(clock, None, NOW, 100)
    assert [record.offset for record in read] == list(range(10))
    assert [record.offset for record in read if isinstance(record, Undecoded)] == [3, 4, 9]
    assert "can't decode" in read[3].error


@pytest.mark.parametrize("buffered", [5_000, 1_000, 700])
async def test_who_lags_fills_his_batches(buffered: int) -> None:
    source = source_of(Broker(12_300, value=b"x" * 180, buffered=buffered))
    found = [len(await source.fetch(stream_clock(), None, NOW, 5_000)) for _ in range(3)]
    assert found[:2] == [5_000, 5_000]
    assert 0 < found[2] <= 2_300


async def test_however_large_the_records_are_what_is_in_hand_has_a_bound() -> None:
    source = source_of(Broker(10_000, value=b"x" * 900_000))
    sizes = [len(await source.fetch(stream_clock(), None, NOW, 5_000)) * 900_000 for _ in range(20)]
    assert max(sizes[1:]) < 2 * 16_777_216
    assert sizes[0] < 256 * 1_000_000, "before anything is known of them"


async def test_small_records_after_large_ones_fill_batches_again() -> None:
    broker = Broker(100_000, value=b"x" * 900_000)
    source = source_of(broker)
    await source.fetch(stream_clock(), None, NOW, 5_000)
    broker.value = b"x" * 180
    assert len(await source.fetch(stream_clock(), None, NOW, 5_000)) == 5_000
