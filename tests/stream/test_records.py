"""The bytes that the lane itself writes: dead letters and position records."""

from __future__ import annotations

import msgspec
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from slawatch.process import Reason
from slawatch.stream.dead_letters import DeadLetter, outgoing, record_size
from slawatch.stream.position import POSITION_KEY, Position, dump_position, load_position


@given(st.builds(Position, *[st.integers(0, 2**62)] * 4))
def test_a_position_survives(position: Position) -> None:
    assert load_position(dump_position(position)) == position


@pytest.mark.parametrize("data", [b"", b"\xc1", msgspec.msgpack.encode((2, 1, 1, 1, 1)), msgspec.msgpack.encode("x")])
def test_a_position_of_another_program_is_not_guessed_at(data: bytes) -> None:
    with pytest.raises(ValueError, match="position record"):
        load_position(data)


def test_no_key_of_a_process_is_the_reserved_one() -> None:
    with pytest.raises(UnicodeDecodeError):
        POSITION_KEY.decode()


Headers = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=50)), max_size=5)


@given(st.none() | st.binary(max_size=300), st.none() | st.binary(max_size=300), Headers)
def test_the_size_of_a_record_is_never_estimated_too_low(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 1, -1, -1, 0, 1_000_000)
    builder.append(0, 1_700_000_000_000, key, value, headers)
    assert len(builder.build()) <= record_size(key, value, headers)


@given(
    st.none() | st.binary(max_size=6_000),
    st.none() | st.binary(max_size=6_000),
    st.text(max_size=700),
    st.integers(2_600, 12_000),
)
def test_a_dead_letter_fits_its_topic_and_says_what_was_cut(
    key: bytes | None, value: bytes | None, error: str, limit: int
) -> None:
    letter = DeadLetter(Reason.INVALID, error, key, value, 7, 123)
    record = outgoing(letter, "tickets", 3, limit)
    headers = dict(record.headers)
    assert headers["source-topic"] == b"tickets"
    assert headers["source-partition"] == b"3"
    assert headers["source-offset"] == b"7"
    assert headers["source-timestamp"] == b"123"
    assert headers["reason"] == b"invalid"
    if "truncated" in headers:
        assert int(headers["original-size"]) == len(value or b"")
        assert (value or b"").startswith(record.value or b"")
        assert (key or b"").startswith(record.key or b"")
    else:
        assert (record.key, record.value) == (key, value)
    assert record_size(*record) <= max(limit, 2_600 + limit // 4)
