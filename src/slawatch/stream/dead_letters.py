"""Dead letters: records that could not be used, with their bytes, where they came from, and why."""

from __future__ import annotations

from typing import Final, NamedTuple

from slawatch.process import Headers, Reason

_RECORD_OVERHEAD: Final = 200  # a batch of one record: 61 bytes of batch header, varints, rounded up
_HEADER_OVERHEAD: Final = 10
_ERROR_LENGTH: Final = 500  # a sentence; an exception may carry a whole document


class DeadLetter(NamedTuple):
    """What could not be used; `offset` and `timestamp` of a wake-up are the next input offset and the due instant."""

    reason: Reason
    error: str
    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    wake_up: bool = False


class Undecoded(NamedTuple):
    """Stands for a record that the client can't decode: there is nothing of it but its place."""

    offset: int
    error: str
    key: bytes | None = None
    value: bytes | None = None
    timestamp: int = -1
    timestamp_type: int = 0
    headers: Headers = ()


class Outgoing(NamedTuple):
    """A record as it goes into a batch."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def record_size(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """At most how many bytes a batch of this one record has, uncompressed."""
    size = _RECORD_OVERHEAD + len(key or b"") + len(value or b"")
    for name, content in headers:
        size += _HEADER_OVERHEAD + 4 * len(name) + len(content)
    return size


def outgoing(letter: DeadLetter, topic: str, partition: int, limit: int) -> Outgoing:
    """The record of a dead letter from an input partition, cut to what its topic accepts.

    A value that is cut keeps its head; `truncated` names what was cut and `original-size` says how long the value was.
    """
    headers = [
        ("reason", letter.reason.value.encode()),
        ("error", letter.error[:_ERROR_LENGTH].encode("utf-8", "replace")),
        ("source-topic", topic.encode()),
        ("source-partition", b"%d" % partition),
        ("source-offset", b"%d" % letter.offset),
        ("source-timestamp", b"%d" % letter.timestamp),
    ]
    if letter.wake_up:
        headers.append(("wake-up", b"true"))
    key, value = letter.key, letter.value
    if record_size(key, value, headers) <= limit:
        return Outgoing(key, value, headers)
    headers += [("truncated", b"value"), ("original-size", b"%d" % len(value or b""))]
    if key is not None and len(key) > limit // 4:
        headers[-2] = ("truncated", b"key,value")
        key = key[: limit // 4]
    room = limit - record_size(key, None, headers)
    return Outgoing(key, (value or b"")[: max(0, room)], headers)
