"""A small real process for the tests of the lane: it counts events per key and says every count, and has deadlines.

Event: `{"key": str, "id": int, "due": ms | null, "do": ...}`; `do` asks for a mistake: `raise`, `raise_on_wake`,
`huge_state`, `huge_message`.
A state is `version, count, due, flag` in a few bytes. A message's value is `key count id`, so that a reader sees any
event that was counted twice or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from slawatch.process import Get, Message, Outcome, Output, Place, Reason, Record, Rejection, Sample, Turn

STATE = b"%d;%d;%d;%s"


class Counted(NamedTuple):
    key: bytes
    id: int
    due: int | None
    do: str
    at: int


class Counting:
    """`version` below `state_version` has states judged again; `events_out` says a message an event."""

    def __init__(self, name: str = "tickets", *, version: int = 1, events_out: bool = True, pad: int = 0) -> None:
        self.name = name
        self.state_version = version
        self._events_out = events_out
        self._pad = b"x" * pad

    def placed(self, place: Place) -> Counting:
        return self

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:
        return Turn()

    def read(self, record: Record) -> Counted | Rejection | None:
        if record.value is None:
            return None
        if record.key is None:
            return Rejection(Reason.NO_KEY, "record has no key")
        try:
            fields = json.loads(record.value)
        except ValueError as error:
            return Rejection(Reason.NOT_JSON, str(error))
        if not isinstance(fields, dict) or not isinstance(fields.get("id"), int):
            return Rejection(Reason.INVALID, "id is missing")
        if fields.get("key", record.key.decode()).encode() != record.key:
            return Rejection(Reason.KEY_MISMATCH, "key and record key differ")
        return Counted(record.key, fields["id"], fields.get("due"), fields.get("do") or "", record.timestamp)

    def on_event(self, event: Counted, get: Get, stream_time: int, now: int) -> Turn:
        count, due, _ = self._load(get(event.key))
        messages = []
        if event.do == "raise":
            raise ValueError(f"asked to raise by {event.id}")
        if due and due < event.at:
            messages.append(self._due(event.key, due, now))
            due = 0
        count += 1
        if event.due is not None:
            due = event.due
        if event.do == "raise_on_wake":
            due, flag = event.due or 1, b"bad"
        else:
            flag = b"y" * 2_000_000 if event.do == "huge_state" else self._pad
        if self._events_out or event.do == "huge_message":
            value = b"%s %d %d" % (event.key, count, event.id)
            value += b"z" * 2_000_000 if event.do == "huge_message" else b""
            headers = [("now", b"%d" % now), ("stream_time", b"%d" % stream_time)]
            messages.append(Message(Output.WARNINGS, event.key, value, headers, ("warned", "count")))
        return Turn(
            {event.key: STATE % (self.state_version, count, due, flag)},
            {event.key: due or None},
            messages,
            Outcome.APPLIED,
        )

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        count, held, flag = self._load(get(key))
        if flag == b"bad":
            raise RuntimeError("asked to raise on the wake-up")
        assert held == due, (held, due)
        return Turn(
            {key: STATE % (self.state_version, count, 0, flag)}, {key: None}, [self._due(key, due, now)], counts={}
        )

    def on_restore(self, key: bytes, state: bytes) -> Iterable[tuple[bytes, int]] | None:
        version, _, due, _ = state.split(b";", 3)
        if int(version) != self.state_version:
            return None
        return ((key, int(due)),) if int(due) else ()

    def on_change(self, key: bytes, get: Get, stream_time: int, now: int) -> Turn:
        count, due, flag = self._load(get(key))
        value = b"%s judged" % key
        messages = [Message(Output.OUTCOMES, key, value, [("stream_time", b"%d" % stream_time)], ("met", "count"))]
        return Turn({key: STATE % (self.state_version, count, due, flag)}, {key: due or None}, messages)

    def tally(self, state: bytes) -> bytes:
        return b"waiting" if state.split(b";", 3)[2] != b"0" else b"idle"

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:
        yield Sample("open_tickets", (), 1)
        if tally == b"waiting":
            yield Sample("clocks", (("metric", "count"), ("state", "running")), 1)

    @staticmethod
    def _load(state: bytes | None) -> tuple[int, int, bytes]:
        if state is None:
            return 0, 0, b""
        _, count, due, flag = state.split(b";", 3)
        return int(count), int(due), flag

    @staticmethod
    def _due(key: bytes, due: int, now: int) -> Message:
        headers = [("now", b"%d" % now)]
        return Message(Output.BREACHES, key, b"%s due %d" % (key, due), headers, ("breached", "count"))
