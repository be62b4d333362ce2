"""Turns collected for one transaction: order, what a refused turn leaves, and that batch borders do not matter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import ALARM, Counting, Passing
from slawatch.core.schedule import Wakes
from slawatch.process import Get, Outcome, Output, Place, Reason, Rejection, Turn
from slawatch.settings import StreamTime
from slawatch.stream.batch import MAX_EVENT_BYTES, Batch, Limits
from slawatch.stream.dead_letters import Undecoded
from slawatch.stream.errors import Damaged
from slawatch.stream.position import Position
from slawatch.stream.stream_time import LOG_APPEND_TIME, StreamClock
from slawatch.stream.table import MemoryTable

NOW = 1_000_000


class Input(NamedTuple):
    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    timestamp_type: int = LOG_APPEND_TIME
    headers: tuple[tuple[str, bytes], ...] = ()


class Lane:
    """One partition without Kafka: batches are committed by putting them into the table."""

    def __init__(self, *, turns: int = 1_000, largest: int = 1_000_000) -> None:
        self.process = Counting()
        self.table = MemoryTable(self.process.tally)
        self.wakes = Wakes()
        self.clock = StreamClock(StreamTime.RECORDS, 0)
        self.limits = Limits(dict.fromkeys(Output, largest), largest, turns, 60.0)
        self.said: list[bytes] = []
        self.offset = 0

    def batch(self) -> Batch:
        return Batch(self.process, self.table, self.wakes, self.clock, self.offset, self.limits)

    def commit(self, batch: Batch) -> None:
        self.said += [message.value for message in batch.messages]
        self.table.apply(batch.states, Position(batch.offset, self.clock.at, 1, 1), 0)
        self.offset = batch.offset

    def run(self, records: list[Input]) -> None:
        index = 0
        while True:
            batch = self.batch()
            while not batch.full and batch.fire(NOW, 60.0) and index < len(records):
                index = batch.take(records, index, NOW, 60.0)
            if not batch.changed:
                return
            self.commit(batch)


def event(offset: int, key: str, timestamp: int | None = None, **fields: Any) -> Input:
    value = json.dumps({"key": key, "id": offset, **fields}).encode()
    return Input(key.encode(), value, offset, offset * 10 if timestamp is None else timestamp)


def test_what_is_due_at_a_records_stream_time_fires_before_the_next_record() -> None:
    lane = Lane()
    lane.run([event(1, "a", due=25), event(2, "b", due=15), event(3, "c"), event(4, "d")])
    assert lane.said == [b"a 1 1", b"b 1 2", b"b due 15", b"c 1 3", b"a due 25", b"d 1 4"]


def test_a_deadline_equal_to_stream_time_has_not_passed() -> None:
    lane = Lane()
    lane.run([event(1, "a", due=20), event(2, "b")])
    assert b"a due 20" not in lane.said
    lane.run([event(3, "b", timestamp=21)])
    assert lane.said[-1] == b"a due 20"


def test_deadlines_fire_in_order_of_due_and_key() -> None:
    lane = Lane()
    lane.run([event(1, "z", due=15), event(2, "m", timestamp=10, due=15), event(3, "a", timestamp=10, due=16)])
    lane.run([event(4, "x", timestamp=100)])
    assert [said for said in lane.said if b"due" in said] == [b"m due 15", b"z due 15", b"a due 16"]


def test_a_wake_up_in_the_middle_of_a_batch_sees_the_states_of_the_batch() -> None:
    lane = Lane()
    lane.run([event(1, "a", due=35), event(2, "a"), event(3, "a"), event(4, "b")])
    assert lane.said[-1] == b"a due 35"
    assert lane.table.get(b"a") == b"1;3;0;"


Events = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 300), st.none() | st.integers(1, 300)), max_size=25
)


@settings(max_examples=150, deadline=None)
@given(Events, st.integers(1, 5))
def test_what_is_said_does_not_depend_on_how_records_fell_into_batches(
    drawn: Iterable[tuple[str, int, int | None]], turns: int
) -> None:
    records = [event(number, key, at, due=due) for number, (key, at, due) in enumerate(drawn)]
    whole, cut = Lane(), Lane(turns=turns)
    whole.run(records)
    cut.run(records)
    assert cut.said == whole.said
    assert dict(cut.table.items()) == dict(whole.table.items())
    assert cut.table.tallies == whole.table.tallies
    assert sum(whole.table.tallies.values()) == len(whole.table)


def test_a_slice_ends_in_time_and_the_next_one_goes_on() -> None:
    lane = Lane()
    records = [event(number, "a") for number in range(50)]
    batch = lane.batch()
    index = 0
    for expected in range(1, 51):
        index = batch.take(records, index, NOW, 0.0)
        assert index == expected
        assert batch.offset == expected


@pytest.mark.parametrize(
    ("do", "reason"),
    [("raise", Reason.BUG), ("huge_state", Reason.STATE_TOO_LARGE), ("huge_message", Reason.TOO_LARGE)],
)
def test_a_turn_that_is_refused_changes_nothing(do: str, reason: Reason) -> None:
    lane = Lane()
    lane.run([event(1, "a", due=500)])
    batch = lane.batch()
    batch.take([event(2, "a", due=900, do=do)], 0, NOW, 60.0)
    [letter] = batch.letters
    assert (letter.reason, letter.key, letter.offset, letter.timestamp) == (reason, b"a", 2, 20)
    assert batch.states == {}
    assert batch.messages == []
    assert batch.outcomes == {Outcome.DEAD_LETTER: 1}
    assert lane.wakes.dues == {b"a": 500}
    assert batch.changed
    assert batch.offset == 3


def test_a_record_that_is_too_large_is_not_even_decoded() -> None:
    lane = Lane()
    batch = lane.batch()
    batch.take([Input(b"a", b"x" * (MAX_EVENT_BYTES + 1), 0, 0)], 0, NOW, 60.0)
    [letter] = batch.letters
    assert letter.reason is Reason.TOO_LARGE


def test_a_record_that_the_client_could_not_decode_is_a_dead_letter_and_moves_no_time() -> None:
    lane = Lane()
    batch = lane.batch()
    batch.take([event(1, "a", timestamp=50), Undecoded(2, "no UTF-8"), event(3, "b", timestamp=60)], 0, NOW, 60.0)
    [letter] = batch.letters
    assert (letter.reason, letter.error, letter.key, letter.value, letter.offset) == (
        Reason.INVALID, "no UTF-8", None, None, 2,
    )  # fmt: skip
    assert (batch.offset, batch.records, lane.clock.at) == (4, 3, 60)


@pytest.mark.parametrize("turn", ["take", "fire", "judge", "start"])
def test_a_table_that_can_not_be_read_is_no_fault_of_a_record(turn: str) -> None:
    class Failing:
        def get(self, key: bytes) -> bytes | None:
            raise Damaged("a block is damaged")

    table: Any = Failing()
    lane = Lane()
    lane.run([event(1, "a", due=15, timestamp=10)])
    lane.clock.record(20, NOW)
    if turn == "start":
        lane.process = Setting(Damaged("a block is damaged"))
    batch = Batch(lane.process, table, lane.wakes, lane.clock, lane.offset, lane.limits)
    calls: dict[str, Callable[[], object]] = {
        "take": lambda: batch.take([event(2, "b", timestamp=12)], 0, NOW, 60.0),
        "fire": lambda: batch.fire(NOW, 60.0),
        "judge": lambda: batch.judge([b"a"], NOW, 60.0),
        "start": lambda: batch.start(NOW),
    }
    with pytest.raises(Damaged):
        calls[turn]()
    assert batch.letters == []


def test_a_wake_up_that_raises_is_a_dead_letter_with_the_state() -> None:
    lane = Lane()
    lane.run([event(1, "a", due=15, do="raise_on_wake"), event(2, "b", timestamp=11)])
    batch = lane.batch()
    batch.take([event(3, "c", timestamp=100)], 0, NOW, 60.0)
    assert batch.fire(NOW, 60.0)
    [letter] = batch.letters
    assert (letter.reason, letter.key, letter.value, letter.timestamp) == (Reason.BUG, b"a", b"1;1;15;bad", 15)
    assert letter.wake_up
    assert len(lane.wakes) == 0


def test_states_are_judged_again_in_bounded_batches() -> None:
    lane = Lane(turns=3)
    lane.run([event(number, f"k{number}", due=5_000) for number in range(7)])
    lane.wakes = Wakes()
    keys = [key for key, _ in lane.table.items()]
    sizes = []
    while keys:
        batch = lane.batch()
        batch.judge(keys, NOW, 60.0)
        sizes.append(batch.fired)
        lane.commit(batch)
    assert sizes == [3, 3, 1]
    assert sorted(said for said in lane.said if said.endswith(b"judged")) == [b"k%d judged" % n for n in range(7)]
    assert len(lane.wakes) == 7


def test_an_empty_batch_has_nothing_to_commit() -> None:
    batch = Lane().batch()
    assert batch.fire(NOW, 60.0)
    assert batch.take([], 0, NOW, 60.0) == 0
    assert not batch.changed


class Setting(Counting):
    """Sets out with the turn that it is given."""

    def __init__(self, turn: Turn | Exception) -> None:
        super().__init__()
        self._turn = turn

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:
        if isinstance(self._turn, Exception):
            raise self._turn
        return self._turn


def started(turn: Turn | Exception) -> tuple[Lane, Batch]:
    lane = Lane()
    lane.process = Setting(turn)
    batch = lane.batch()
    batch.start(NOW)
    return lane, batch


def test_setting_out_with_wake_ups_only_is_nothing_to_commit() -> None:
    lane, batch = started(Turn(wake_ups={b"end": 500}))
    assert lane.wakes.dues == {b"end": 500}
    assert not batch.changed


def test_setting_out_with_something_to_store_is_committed_with_the_offset_as_it_was() -> None:
    lane, batch = started(Turn(states={b"a": b"1;1;0;"}))
    assert batch.changed
    lane.commit(batch)
    assert (lane.table.get(b"a"), lane.offset) == (b"1;1;0;", 0)


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (ValueError("no way to set out"), Reason.BUG),
        (Turn(rejection=Rejection(Reason.INVALID, "refused")), Reason.INVALID),
        (Turn(states={b"a": bytes(2_000_000)}), Reason.STATE_TOO_LARGE),
    ],
)
def test_setting_out_that_fails_is_a_dead_letter_that_is_written(turn: Turn | Exception, reason: Reason) -> None:
    _, batch = started(turn)
    [letter] = batch.letters
    assert (letter.reason, letter.wake_up) == (reason, True)
    assert batch.states == {}
    assert batch.changed


def test_a_wake_up_that_no_state_stands_for_fires() -> None:
    lane = Lane()
    lane.process = Passing().placed(Place("tickets", 0, 4))
    batch = lane.batch()
    batch.start(NOW)
    assert [message.partition for message in batch.messages] == [0, 1, 2, 3]
    lane.commit(batch)
    lane.run([event(1, "a", timestamp=100)])
    assert lane.said[-1] == b"alarm due 1"
    assert ALARM not in lane.wakes.dues
