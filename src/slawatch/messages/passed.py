"""How far a partition has come, told to every partition of the outcomes: behind all that was due until then."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slawatch.instants import rfc3339
from slawatch.messages.envelope import Envelope
from slawatch.messages.shapes import InstantText
from slawatch.process import Message, Output, Place


class Passed(msgspec.Struct, frozen=True):
    """The data of a mark: all that was due in a partition earlier than `passed` has been written."""

    what: Annotated[Literal["passed"], Meta(description="It is no alert, but says how far a partition has come.")]
    topic: Annotated[str, Meta(description="The input topic.")]
    partition: Annotated[int, Meta(description="Its partition.")]
    passed: Annotated[
        InstantText, Meta(description="All outcomes that were due earlier have been written before this.")
    ]


_encode = msgspec.json.Encoder().encode


def passed_messages(envelope: Envelope, place: Place, passed: int, now: int) -> list[Message]:
    """A mark of the partition `place` for each partition of the outcomes."""
    topic, partition, partitions = place
    source, instant = f"{topic}/{partition}", rfc3339(passed)
    value = _encode(Passed("passed", topic, partition, instant))
    headers = envelope.headers(f"{source}/passed/{instant}", "slawatch.passed.v1", source, rfc3339(now))
    return [Message(Output.OUTCOMES, source.encode(), value, headers, None, each) for each in range(partitions)]
