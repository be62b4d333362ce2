"""What a keyed stream process is: pure logic from an event or a deadline to new states and messages.

A process knows states, events and instants. It knows neither Kafka nor Faust nor sleep nor the wall clock, so the same
process runs over a file, under a test and on the lane. States are bytes in the end, and after a turn that raised they are
what they were before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, TypeVar

Header = tuple[str, bytes]
Headers = Sequence[Header]
Get = Callable[[bytes], Any]
"""The state under a key as this turn must see it, None if there is none: earlier turns of the same batch included.

It is bytes, or the `Unpacked` that an earlier turn of the batch has made of it.
"""


class Unpacked(Protocol):
    """A state that is still an object, so that one that changes often within a batch is packed once, when that ends."""

    def __len__(self) -> int:
        """About half as many bytes as it has packed, at least, but for the last small events."""
        ...

    def pack(self) -> bytes: ...

    def undo(self) -> None:
        """Be as before the present turn: it has raised, or it was refused."""
        ...


State = bytes | Unpacked


class Reason(StrEnum):
    """Why a record became a dead letter."""

    NOT_JSON = "not_json"
    INVALID = "invalid"
    NO_KEY = "no_key"
    KEY_MISMATCH = "key_mismatch"
    FROM_THE_FUTURE = "from_the_future"
    TOO_LATE = "too_late"
    TOO_LARGE = "too_large"
    STATE_TOO_LARGE = "state_too_large"
    BUG = "bug"


class Outcome(StrEnum):
    """What became of one input record; label of `slawatch_events_total`."""

    APPLIED = "applied"
    LATE = "late"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    UNMATCHED = "unmatched"
    TOMBSTONE = "tombstone"
    DEAD_LETTER = "dead_letter"

    __hash__ = str.__hash__  # an enum's own is Python, and every event asks for it


class Output(StrEnum):
    """The topics that a process may write to, by their role; settings give the names."""

    WARNINGS = "warnings"
    BREACHES = "breaches"
    OUTCOMES = "outcomes"
    REPORTS = "reports"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that can't be used, and a sentence that says why."""

    reason: Reason
    error: str


class Place(NamedTuple):
    """Where a process runs: one partition of its input `topic`, of which it and every other input have `partitions`."""

    topic: str
    partition: int
    partitions: int


class Readable(Protocol):
    """What is read of an input record, a consumer's own or a `Record`; `timestamp` in ms since the epoch."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def headers(self) -> Headers: ...


class Record(NamedTuple):
    """An input record of one who has no consumer."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers = ()


class Message(NamedTuple):
    """One output record; a partition of None means the hash of the key.

    `labels` are what and metric of the alert, for `slawatch_alerts_total`; None for a copy of one that is counted already.
    """

    output: Output
    key: bytes
    value: bytes
    headers: Headers
    labels: tuple[str, str] | None = None
    partition: int | None = None


States = dict[bytes, Any]
"""By key the `State`, or None where there is none any more."""
WakeUps = dict[bytes, int | None]
Counts = dict[str, int]
_NO_STATES: Final[States] = {}
_NO_WAKE_UPS: Final[WakeUps] = {}
_NO_COUNTS: Final[Counts] = {}
_APPLIED: Final = Outcome.APPLIED


class Turn:
    """What one event or one deadline led to.

    `states` and `wake_ups` hold only what changed, by state key and by wake-up key; None takes a state or a wake-up away.
    A turn with a `rejection` changes nothing else. `counts` are increments of process counters by name.
    """

    __slots__ = ("counts", "messages", "outcome", "rejection", "states", "wake_ups")

    def __init__(
        self,
        states: States = _NO_STATES,
        wake_ups: WakeUps = _NO_WAKE_UPS,
        messages: Sequence[Message] = (),
        outcome: Outcome = _APPLIED,
        rejection: Rejection | None = None,
        counts: Counts = _NO_COUNTS,
    ) -> None:
        self.states = states
        self.wake_ups = wake_ups
        self.messages = messages
        self.outcome = outcome
        self.rejection = rejection
        self.counts = counts


class Sample(NamedTuple):
    """An amount that a state adds to a metric that is read from the tables: its name, its labels by name, the amount."""

    name: str
    labels: tuple[tuple[str, str], ...]
    amount: float


class Event(Protocol):
    """A decoded input record."""

    @property
    def key(self) -> bytes: ...


E = TypeVar("E", bound=Event)


class Process(Protocol[E]):
    """Keyed logic that a lane runs; instants are ms since the epoch.

    `name` is one of the input roles (`tickets`, `monitoring`, `outcomes`), which settings map to a topic.
    `on_event` and `on_wake_up` may raise: the lane writes a dead letter `bug` and the states stay as before.
    """

    name: str
    state_version: int
    """The newest form of its states; a table that was written by a newer one is refused."""

    def placed(self, place: Place) -> Process[E]:
        """The process of one partition: what it remembers beside the states is that partition's alone."""
        ...

    def read(self, record: Readable) -> E | Rejection | None:
        """The event in a record; None for a tombstone of the source, which is ignored and counted. Never raises."""
        ...

    def on_event(self, event: E, get: Get, stream_time: int, now: int) -> Turn:
        """Fire the event's own deadlines before its instant, then apply it; `stream_time` is that before the record."""
        ...

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:
        """Once, when every state was restored and before anything else: wake-ups that no state stands for."""
        ...

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        """Say what is true once `due`, the wake-up of `key`, has passed: judged at `due` + 1 ms.

        `stream_time`, later than `due`, is how far everything is known by now.
        """
        ...

    def on_restore(self, key: bytes, state: bytes) -> Iterable[tuple[bytes, int]] | None:
        """The wake-ups of a restored state, by wake-up key; None if it must be judged again first (`on_change`)."""
        ...

    def on_change(self, key: bytes, get: Get, stream_time: int, now: int) -> Turn:
        """Judge a state again that was stored under other agreements or by an older version."""
        ...

    def tally(self, state: bytes) -> bytes:
        """What a state adds to the gauges, as few distinct short strings; cheap."""
        ...

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:
        """The samples that one state with this tally stands for at a stream time of `at`."""
        ...
