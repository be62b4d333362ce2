"""What one transaction will contain: the turns of a process over records and deadlines, collected until the commit.

Nothing here waits or sends. The table is not touched: states of the batch lie over it until Kafka has them, and a batch
that fails is thrown away (the wake-ups with it: they are made anew from the table).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol

from slawatch.core.schedule import Wakes
from slawatch.process import Message, Outcome, Output, Process, Readable, Reason, Rejection, State, Turn
from slawatch.stream.dead_letters import DeadLetter, Undecoded, record_size
from slawatch.stream.errors import LaneError
from slawatch.stream.stream_time import StreamClock
from slawatch.stream.table import Table

_log = logging.getLogger(__name__)

MAX_EVENT_BYTES: Final = 1_048_576
"""An event is some hundred bytes; what is larger than a broker accepts by default is not worth decoding."""

MAX_KEY_BYTES: Final = 4_096
"""An id is some characters; where a longer key belongs would take milliseconds to find out, with everything waiting."""

_ABSENT: Final[Any] = object()
_LARGE_EVENT: Final = 2_048
"""From so many bytes on an event is weighed at once: a state that is still an object need not have counted it yet."""
_MARGIN: Final = 131_072
"""What a state that is still an object may have, packed, beyond twice its length: some small events among it."""


class InputRecord(Readable, Protocol):
    """What the lane reads of a consumer's record."""

    @property
    def offset(self) -> int: ...

    @property
    def timestamp_type(self) -> int: ...


class Limits(NamedTuple):
    """The largest records that may be written, in bytes; how many `records`, and as many wake-ups, one batch may take."""

    outputs: Mapping[Output, int]
    changelog: int
    records: int
    seconds: float = 0.5


class Batch:
    """Turns taken since the last commit of one partition."""

    def __init__(
        self, process: Process[Any], table: Table, wakes: Wakes, clock: StreamClock, offset: int, limits: Limits
    ) -> None:
        self._process = process
        self._read, self._on_event = process.read, process.on_event
        self._wakes = wakes
        self._clock = clock
        self._most, self._seconds = limits.records, limits.seconds
        self._state_limit, self._output_limits = limits.changelog, limits.outputs
        self._below = table.get
        self._states: dict[bytes, State | None] = {}
        self.messages: list[Message] = []
        self.letters: list[DeadLetter] = []
        self.outcomes: dict[Outcome, int] = {}
        self.counts: dict[str, int] = {}
        self.delays: list[int] = []
        """The deadlines that led to messages, to be subtracted from the instant of the commit."""
        self.records = 0
        self.fired = 0
        """Turns that no record asked for: wake-ups, and states judged again."""
        self.offset = offset
        self.seconds = 0.0
        """Time spent computing."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to commit; an empty batch opens no transaction."""
        return self.records + self.fired > 0

    @property
    def full(self) -> bool:
        return self.records >= self._most or self.fired >= self._most or self.seconds >= self._seconds

    def get(self, key: bytes) -> State | None:
        """The state under a key, earlier turns of this batch included."""
        state = self._states.get(key, _ABSENT)
        return self._below(key) if state is _ABSENT else state

    @property
    def states(self) -> Mapping[bytes, bytes | None]:
        """The changed states; those that are still objects are packed by this."""
        states: dict[bytes, Any] = self._states
        for key, state in states.items():
            if state is not None and state.__class__ is not bytes:
                states[key] = state.pack()
        return states

    def take(self, records: Sequence[InputRecord], start: int, now: int, slice_seconds: float) -> int:
        """Take records in order until the slice or the batch is full; the index of the first that was not taken.

        What is due at the stream time that a record brings fires before the next record: however records fall into
        batches, the same is said.
        """
        began = perf_counter()
        stop = began + min(slice_seconds, max(0.0, self._seconds - self.seconds))
        clock, wakes = self._clock, self._wakes
        grace, at = clock.grace, clock.at
        kind: int | None = None
        moves = False
        index = start
        most = self._most
        for record in records[start : start + max(0, most - self.records)]:
            if wakes.may_be_due(at) and (not self._fire(now, stop) or self.fired >= most):
                break
            self.offset = record.offset + 1
            index += 1
            self.records += 1
            self._turn(record, now)
            if record.timestamp_type != kind:
                kind = record.timestamp_type
                moves = clock.moved_by(kind)
            if moves and record.timestamp - grace > at:
                clock.record(record.timestamp, now)
                at = clock.at
            if perf_counter() >= stop:
                break
        self.seconds += perf_counter() - began
        return index

    def _turn(self, record: InputRecord, now: int) -> None:
        """One record: decoded, applied, and what it led to taken over."""
        key, value = record.key, record.value
        if record.__class__ is Undecoded:
            self._reject(Reason.INVALID, record.error, record)
            return
        if value is not None and len(value) > MAX_EVENT_BYTES:
            self._reject(Reason.TOO_LARGE, f"value has {len(value)} bytes, more than {MAX_EVENT_BYTES}", record)
            return
        if key is not None and len(key) > MAX_KEY_BYTES:
            self._reject(Reason.TOO_LARGE, f"key has {len(key)} bytes, more than {MAX_KEY_BYTES}", record)
            return
        event: Any = None
        try:
            event = self._read(record)
            if event is None:
                self._count(Outcome.TOMBSTONE)
                return
            if event.__class__ is Rejection:
                self._reject(event.reason, event.error, record)
                return
            turn = self._on_event(event, self.get, self._clock.at, now)
        except LaneError:
            raise  # the table can't be read: that is no fault of the record
        except Exception as error:
            self._count(Outcome.DEAD_LETTER)
            letter = DeadLetter(Reason.BUG, _named(error), key, value, record.offset, record.timestamp)
            self._bug(error, letter)
            if event is not None:  # else no turn has begun, and the last one stands
                self._undo(key)
            return
        refused = turn.rejection or self._accept(turn, value is not None and len(value) >= _LARGE_EVENT)
        if refused is None:
            self._count(turn.outcome)
        else:
            self._reject(refused.reason, refused.error, record)

    def fire(self, now: int, slice_seconds: float) -> bool:
        """Fire what is due at the stream time, in order of (due, key); False when the slice ended before all was."""
        began = perf_counter()
        done = self._fire(now, began + min(slice_seconds, max(0.0, self._seconds - self.seconds)))
        self.seconds += perf_counter() - began
        return done

    def start(self, now: int) -> None:
        """Take over what the process sets out with; what it says or stores makes the batch one to commit."""
        at = self._clock.at
        try:
            turn = self._process.on_start(self.get, at, now)
        except LaneError:
            raise
        except Exception as error:
            self.fired += 1
            self._bug(error, self._unheard(b"", Reason.BUG, _named(error), at))
            return
        refused = turn.rejection or self._accept(turn)
        if refused is not None:
            self.letters.append(self._unheard(b"", refused.reason, refused.error, at))
        self.fired += bool(turn.states or turn.messages or refused)

    def judge(self, keys: list[bytes], now: int, slice_seconds: float) -> bool:
        """Judge the states under `keys` again, the last first, taking them off; False when the slice ended before."""
        began = perf_counter()
        stop = began + min(slice_seconds, max(0.0, self._seconds - self.seconds))
        while keys and not self.full:
            key = keys.pop()
            self.fired += 1
            at = self._clock.at
            try:
                turn = self._process.on_change(key, self.get, at, now)
            except LaneError:
                raise
            except Exception as error:
                self._bug(error, self._unheard(key, Reason.BUG, _named(error), at))
            else:
                refused = turn.rejection or self._accept(turn)
                if refused is not None:
                    self.letters.append(self._unheard(key, refused.reason, refused.error, at))
            if perf_counter() >= stop:
                break
        self.seconds += perf_counter() - began
        return not keys

    def _fire(self, now: int, stop: float) -> bool:
        wakes, at = self._wakes, self._clock.at
        while self.fired < self._most:
            wake = wakes.pop(at)
            if wake is None:
                return True
            due, key = wake
            self.fired += 1
            try:
                turn = self._process.on_wake_up(key, due, self.get, at, now)
            except LaneError:
                raise
            except Exception as error:
                # The key stays out of the heap until its next event: the same state would raise again.
                self._undo(key)
                self._bug(error, self._unheard(key, Reason.BUG, _named(error), due))
            else:
                refused = turn.rejection or self._accept(turn)
                if refused is not None:
                    self.letters.append(self._unheard(key, refused.reason, refused.error, due))
                elif turn.messages:
                    self.delays.append(due)
            if perf_counter() >= stop:
                break
        soonest = wakes.soonest()
        return soonest is None or soonest >= at

    def _accept(self, turn: Turn, large: bool = False) -> Rejection | None:
        """Take over what a turn changed, all of it or, if something is too large to be written, nothing."""
        states, messages, accepts = turn.states, turn.messages, self._state_limit
        for key, state in states.items():
            if state is not None and (large or 2 * len(state) + len(key) + _MARGIN > accepts):
                size = record_size(key, state if isinstance(state, bytes) else state.pack())
                if size > accepts:
                    self._undo(*states)
                    return Rejection(
                        Reason.STATE_TOO_LARGE, f"state would have {size} bytes, its topic accepts {accepts}"
                    )
        for output, written, value, headers, _, _ in messages:
            size, accepts = record_size(written, value, headers), self._output_limits[output]
            if size > accepts:
                self._undo(*states)
                return Rejection(Reason.TOO_LARGE, f"{output} would have {size} bytes, its topic accepts {accepts}")
        for key, state in states.items():
            self._states[key] = state
        for key, due in turn.wake_ups.items():
            self._wakes.set(key, due)
        if messages:
            self.messages.extend(messages)
        for name, amount in turn.counts.items():
            self.counts[name] = self.counts.get(name, 0) + amount
        return None

    def _undo(self, *keys: bytes | None) -> None:
        """Let open states of this batch be as they were before the turn that can't be accepted."""
        for key in keys:
            state = None if key is None else self._states.get(key)
            if state is not None and not isinstance(state, bytes):
                state.undo()

    def _count(self, outcome: Outcome) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def _reject(self, reason: Reason, error: str, record: InputRecord) -> None:
        self._count(Outcome.DEAD_LETTER)
        self.letters.append(DeadLetter(reason, error, record.key, record.value, record.offset, record.timestamp))

    def _unheard(self, key: bytes, reason: Reason, error: str, due: int) -> DeadLetter:
        state = self.get(key)
        packed = state if state is None or isinstance(state, bytes) else state.pack()
        return DeadLetter(reason, error, key, packed, self.offset, due, wake_up=True)

    def _bug(self, error: Exception, letter: DeadLetter) -> None:
        """One traceback a batch is enough to find the bug; the counter and the letters have the rest."""
        if not any(other.reason is Reason.BUG for other in self.letters):
            fields = {"process": self._process.name, "key": letter.key, "offset": letter.offset}
            _log.error("the process raised; dead letter written", exc_info=error, extra={"fields": fields})
        self.letters.append(letter)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
