"""What surrounds the data of a message: CloudEvents 1.0 in Kafka's binary mode."""

from __future__ import annotations

from collections.abc import Iterable

from slawatch.process import Header, Headers, Message, Output

MORE: Header = ("ce_more", b"true")
"""Of one cause there is more to come under the same key: a reader of both need not judge what is half done."""


def fixed(source: str) -> tuple[Header, Header, Header]:
    """The headers that are the same on every message from `source`, `/slawatch/<group>`."""
    return ("content-type", b"application/json"), ("ce_specversion", b"1.0"), ("ce_source", source.encode())


class Envelope:
    """Headers of messages from `source`, `/slawatch/<group>`."""

    def __init__(self, source: str) -> None:
        self._fixed = fixed(source)

    def headers(self, name: str, kind: str, subject: str, time: str, traceparent: bytes | None = None) -> Headers:
        """Those of the event `name` of type `kind` about `subject`, decided at `time` (RFC 3339)."""
        traced = () if traceparent is None else (("traceparent", traceparent),)
        return (
            *self._fixed,
            ("ce_id", name.encode()),
            ("ce_type", kind.encode()),
            ("ce_subject", subject.encode()),
            ("ce_time", time.encode()),
            *traced,
        )


def linked(messages: Iterable[Message]) -> list[Message]:
    """The messages of one turn, on each outcome noted (`MORE`) whether another follows for the same agreement."""
    found = list(messages)
    followed: set[bytes] = set()
    for index in range(len(found) - 1, -1, -1):
        message = found[index]
        if message.output is not Output.OUTCOMES or message.partition is not None:
            continue
        if message.key in followed:
            found[index] = message._replace(headers=(*message.headers, MORE))
        followed.add(message.key)
    return found
