"""A small real process for the tests of the lane: it counts events per key and says every count, and has deadlines.

Event: `{"key": str, "id": int, "due": ms | null, "do": ...}`; `do` asks for a mistake: `raise`, `raise_on_wake`,
`huge_state`, `huge_message`.
`Passing` tells another process instead of saying it, and keeps a memory of its own beside its states.
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


ALARM = b"alarm"
MARK = -1


class Passing(Counting):
    """Passes its events on to `outcomes`, with how many its partition has seen since it was placed.

    It sets out with a mark, an event of id `MARK`, for every partition of that topic, and with a wake-up that no state
    stands for; the mark says of how many states it knew then.
    """

    def __init__(self, name: str = "tickets", place: Place | None = None) -> None:
        super().__init__(name, events_out=False)
        self._place = place
        self._seen = 0

    def placed(self, place: Place) -> Passing:
        return Passing(self.name, place)

    def on_event(self, event: Counted, get: Get, stream_time: int, now: int) -> Turn:
        turn = super().on_event(event, get, stream_time, now)
        self._seen += 1
        value = {"key": event.key.decode(), "id": event.id, "seen": self._seen}
        turn.messages = [*turn.messages, self._passed(event.key, value)]
        return turn

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:
        assert self._place is not None
        key = f"{self._place.topic}/{self._place.partition}"
        known = sum(get(b"k%d" % number) is not None for number in range(50))
        value = {"key": key, "id": MARK, "known": known, "seen": self._seen, "stream_time": stream_time}
        marks = [self._passed(key.encode(), value, number) for number in range(self._place.partitions)]
        return Turn({}, {ALARM: 1}, marks)

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        if key != ALARM:
            return super().on_wake_up(key, due, get, stream_time, now)
        return Turn({}, {}, [self._due(key, due, now)])

    @staticmethod
    def _passed(key: bytes, value: dict[str, object], partition: int | None = None) -> Message:
        return Message(Output.OUTCOMES, key, json.dumps(value).encode(), [], None, partition)
