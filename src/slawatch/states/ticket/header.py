"""The header of a state: what is read of it without unpacking the ticket."""

from __future__ import annotations

from struct import Struct
from typing import Final

VERSION: Final = 2
"""Of the layout. The version before must load; a worker that meets a later one refuses."""
_HEADER: Final = Struct(">B8sqB")
_NO_WAKE_UP: Final = -(2**63)
TALLIED: Final = 254
"""Clocks in a tally, at most: its length is one byte, and the gauges may do without the others."""


class UnknownVersion(Exception):  # noqa: N818 - what is the case
    """A state was written by a later version of this program."""


def header(fingerprint: bytes, due: int | None, tallied: bytes) -> bytes:
    """The header of a state of this layout."""
    return _HEADER.pack(VERSION, fingerprint, _NO_WAKE_UP if due is None else due, len(tallied)) + tallied


def body(state: bytes) -> tuple[int, bytes, memoryview]:
    """The version, the fingerprint, and what follows the header."""
    version, fingerprint, _, size = _HEADER.unpack_from(state)
    return version, fingerprint, memoryview(state)[_HEADER.size + size :]


def wake_up(state: bytes) -> int | None:
    """The cached next wake-up of a state, ms since the epoch."""
    due: int = _HEADER.unpack_from(state)[2]
    return None if due == _NO_WAKE_UP else due


def is_current(state: bytes, fingerprint: bytes) -> bool:
    """Whether a state has this version's layout and was derived under agreements with this fingerprint."""
    version, stored, _, _ = _HEADER.unpack_from(state)
    return bool(version == VERSION and stored == fingerprint)


def tally(state: bytes) -> bytes:
    """The tally with which a state was stored."""
    size = state[_HEADER.size - 1]
    return state[_HEADER.size : _HEADER.size + size]
