"""What moves the stream time of a partition, and what must not."""

from __future__ import annotations

import pytest

from slawatch.settings import StreamTime
from slawatch.stream.stream_time import LOG_APPEND_TIME, Mark, StreamClock

CREATE_TIME = 0


@pytest.mark.parametrize(
    ("mode", "by_broker", "by_producer"),
    [(StreamTime.AUTO, True, False), (StreamTime.CAUGHT_UP, False, False), (StreamTime.RECORDS, True, True)],
)
def test_which_records_move_it(mode: StreamTime, by_broker: bool, by_producer: bool) -> None:
    clock = StreamClock(mode, 0)
    assert clock.moved_by(LOG_APPEND_TIME) is by_broker
    assert clock.moved_by(CREATE_TIME) is by_producer


def test_records_move_it_less_the_grace_never_back_and_never_beyond_the_wall_clock() -> None:
    clock = StreamClock(StreamTime.AUTO, 1_000, 5_000)
    clock.record(5_500, 9_000)
    assert clock.at == 5_000
    clock.record(7_000, 9_000)
    assert clock.at == 6_000
    clock.record(20_000, 9_000)
    assert clock.at == 9_000


def test_a_mark_counts_only_once_everything_before_it_was_read() -> None:
    clock = StreamClock(StreamTime.AUTO, 1_000)
    mark = Mark(taken_at=50_000, end=10)
    assert not clock.caught_up(mark, 9)
    assert clock.at == 0
    assert clock.caught_up(mark, 10)
    assert clock.at == 49_000
    assert clock.caught_up(Mark(40_000, 10), 10)
    assert clock.at == 49_000


def test_in_records_mode_the_wall_clock_moves_nothing() -> None:
    clock = StreamClock(StreamTime.RECORDS, 0, 7)
    assert clock.caught_up(Mark(50_000, 10), 10)
    assert clock.at == 7
    assert not clock.wants_mark(8, 1_000_000)
    assert clock.wait(8, 1_000_000, 5_000) == 5_000


def test_a_mark_is_wanted_only_for_what_could_fire() -> None:
    clock = StreamClock(StreamTime.AUTO, 1_000, 10_000)
    assert not clock.wants_mark(None, 99_000)
    assert not clock.wants_mark(12_000, 13_000)  # equal to wall clock less grace has not passed
    assert clock.wants_mark(12_000, 13_001)
    assert not clock.wants_mark(9_999, 13_001)  # due already: it fires without a mark


def test_an_idle_partition_sleeps_until_the_deadline_can_fire() -> None:
    clock = StreamClock(StreamTime.AUTO, 1_000)
    assert clock.wait(None, 10_000, 5_000) == 5_000
    assert clock.wait(12_000, 10_000, 5_000) == 3_001
    assert clock.wait(90_000, 10_000, 5_000) == 5_000
    assert clock.wait(1_000, 10_000, 5_000) == 1
