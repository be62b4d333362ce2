"""The position record: what a table includes, as bytes under a reserved key of its changelog."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

POSITION_KEY = b"\xff\x00slawatch-position"
"""Not UTF-8, so no ticket, service or agreement can have this key."""

_FORMAT = 1


class Position(NamedTuple):
    """`offset` is the next input offset that the table doesn't include; `stream_time` (ms) must never fall back."""

    offset: int
    stream_time: int
    partitions: int
    state_version: int


def dump_position(position: Position) -> bytes:
    """The bytes of a position record."""
    return msgspec.msgpack.encode((_FORMAT, *position))


def load_position(data: bytes) -> Position:
    """The position in a record; raises ValueError for bytes that a newer or foreign program wrote."""
    try:
        form, *fields = msgspec.msgpack.decode(data, type=tuple[int, ...])
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"position record is not readable: {error}") from None
    if form != _FORMAT or len(fields) != len(Position._fields):
        raise ValueError(f"position record has format {form}, this program reads format {_FORMAT}")
    return Position(*fields)
