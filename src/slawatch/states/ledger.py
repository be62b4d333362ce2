"""The ledger's states as bytes: one small record for each outcome, rating and measured service, one for each period.

The first byte of a key is the kind of the state, that of a state the version of its layout. Ids in keys are those of the
agreements file; a record says nothing that its key says.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import msgspec

from slawatch.core.agreement import METRICS, Metric
from slawatch.core.periods.outcome import Outcome

VERSION: Final = 1
"""Of the layouts. The version before must load; a worker that meets a later one refuses."""
CLOCK, RATING, FIGURES, PAGE, TIME = 1, 2, 3, 4, 5
TIME_KEY: Final = bytes((TIME,))
_NUMBER: Final = {metric: number for number, metric in enumerate(METRICS)}
_MISSED, _DUE, _ENDED = 1, 2, 4
_OF_TIME: Final = 0xFF
"""Second byte of the one state of time; no other state has it there."""
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class UnknownVersion(Exception):  # noqa: N818 - what is the case
    """A state was written by a later version of this program."""


class Clock(NamedTuple):
    """Which clock a record is about."""

    agreement: str
    metric: Metric
    ticket: str
    round: int

    def key(self) -> bytes:
        agreement, metric, ticket, number = self
        return bytes((CLOCK, _NUMBER[metric])) + number.to_bytes(3) + agreement.encode() + b"\0" + ticket.encode()


def clock_of(key: bytes) -> Clock:
    """The clock that a key is about."""
    agreement, _, ticket = key[5:].partition(b"\0")
    return Clock(agreement.decode(), METRICS[key[1]], ticket.decode(), int.from_bytes(key[2:5]))


def dump_outcome(outcome: Outcome) -> bytes:
    """A record of an outcome."""
    due, ended, missed, fields = outcome
    flags = missed * _MISSED | (due is not None) * _DUE | (ended is not None) * _ENDED
    head = bytes((VERSION, flags))
    if due is not None:
        head += due.to_bytes(6)
    if ended is not None:
        head += ended.to_bytes(6)
    return head + _pack(fields)


def load_outcome(state: bytes) -> Outcome:
    """The outcome in a record."""
    known(state)
    flags, position = state[1], 2
    due = ended = None
    if flags & _DUE:
        due, position = int.from_bytes(state[2:8]), 8
    if flags & _ENDED:
        ended, position = int.from_bytes(state[position : position + 6]), position + 6
    return Outcome(due, ended, flags & _MISSED != 0, tuple(_unpack(memoryview(state)[position:])))


def rating_key(agreement: str, ticket: str) -> bytes:
    return bytes((RATING,)) + agreement.encode() + b"\0" + ticket.encode()


def agreement_of(key: bytes) -> str:
    """The agreement that the key of a rating, of figures or of a period is about."""
    return key[1:].partition(b"\0")[0].decode()


def dump_rating(at: int, rating: str) -> bytes:
    """A record of a rating, an exact decimal."""
    return bytes((VERSION,)) + at.to_bytes(6) + rating.encode()


def load_rating(state: bytes) -> tuple[int, Fraction]:
    """The instant and the rating in a record."""
    known(state)
    return int.from_bytes(state[1:7]), Fraction(state[7:].decode())


def page_key(agreement: str, label: str) -> bytes:
    return bytes((PAGE,)) + agreement.encode() + b"\0" + label.encode()


def label_of(key: bytes) -> str:
    """The period's label in the key of a period or of figures."""
    return key[1:].split(b"\0", 2)[1].decode()


class PageState:
    """What was said of a period of an agreement: `said` by target, the report's `revision` and a digest of its content.

    A report goes out when the page is closed and when it changes; a final one is kept only until it need not be known
    any more that it is final.
    """

    __slots__ = ("closed", "digest", "final", "revision", "said")

    def __init__(
        self, closed: bool = False, final: bool = False, revision: int = 0, digest: bytes = b"",
        said: dict[str, dict[str, int]] | None = None,
    ) -> None:  # fmt: skip
        self.closed, self.final, self.revision, self.digest = closed, final, revision, digest
        self.said = {} if said is None else said

    def dump(self) -> bytes:
        said = {name: labels for name, labels in sorted(self.said.items()) if labels}
        return bytes((VERSION,)) + _pack((self.closed, self.final, self.revision, self.digest, said))


def load_page(state: bytes) -> PageState:
    """The page in a state."""
    known(state)
    return PageState(*_unpack(memoryview(state)[1:]))


def figures_key(agreement: str, label: str, target: str, service: str) -> bytes:
    """Of a service's figures; `target` is the metric, or the name that stands for it."""
    return bytes((FIGURES,)) + f"{agreement}\0{label}\0{target}\0{service}".encode()


def figures_of(key: bytes) -> tuple[str, str, str, str]:
    """Agreement, period's label, target and service."""
    agreement, label, target, service = key[1:].decode().split("\0", 3)
    return agreement, label, target, service


def dump_time(at: int | None, fingerprint: bytes, passed: dict[str, int]) -> bytes:
    """How far time has come, and every source of it."""
    return bytes((VERSION, _OF_TIME)) + _pack((at, fingerprint, passed))


def is_time(state: bytes) -> bool:
    """Whether a state is the one of time."""
    return state[1] == _OF_TIME


def load_time(state: bytes) -> tuple[int | None, bytes, dict[str, int]]:
    """What was stored of time."""
    known(state)
    found: Any = _unpack(memoryview(state)[2:])
    return found[0], found[1], found[2]


def known(state: bytes) -> None:
    """Refuse what a later version wrote."""
    if state[0] > VERSION:
        raise UnknownVersion(f"a state of the ledger has version {state[0]}, this program knows {VERSION}")
