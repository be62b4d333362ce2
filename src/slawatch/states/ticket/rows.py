"""Rounds, clocks, orders and fields as they stand in msgpack arrays."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

import msgspec

from slawatch.core.agreement import METRICS, Metric
from slawatch.core.clock import MET, Broken, Clock
from slawatch.core.fact import KEPT, NO_VERSION, Fields, Order
from slawatch.core.promise import Agreements
from slawatch.core.rounds import Rounds
from slawatch.core.rule import RUNNING, STILL

pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder().decode

NUMBER: Final = {metric: number for number, metric in enumerate(METRICS)}
_ARRAY: Final = Struct(">BI")
_ACTIVE: Final = 1
_SPOKEN: Final = 2
_WAITING: Final = 4
_BEGUN: Final = 4
"""Added to a clock's stance."""

TALLY_STATES: Final = ("running", "paused", "still", "breached")
"""A clock that has not ended: breached whatever else it does, once its budget is exceeded."""
STILL_ON_TALLY: Final = TALLY_STATES.index("still")


class PackedRounds:
    """Rounds as bytes, kept with them while they stay as they are; `code` is their clock in the tally (None: ended)."""

    __slots__ = ("code", "row")

    def __init__(self, rounds: Rounds) -> None:
        self.row = msgspec.Raw(pack(rounds_row(rounds)))
        clock = rounds.clock
        self.code = None
        if clock is not None and rounds.active:
            doing = min(clock.stance, STILL) if clock.stance != RUNNING else 0
            self.code = NUMBER[rounds.slot[0]] * len(TALLY_STATES) + (3 if clock.exceeded else doing)


def in_a_row(values: Sequence[Any]) -> bytes:
    """Values packed one behind the other; at most 65,535 of them."""
    return pack(values)[1 if len(values) < 16 else 3 :]  # without the head of the array


def unpacked(count: int, packed: bytes) -> Any:
    """The values that were packed one behind the other: with the head of an array before them they are one."""
    return unpack(_ARRAY.pack(0xDD, count) + packed)


def rounds_row(rounds: Rounds, *, base: bool = False) -> tuple[Any, ...]:
    """Rounds as they are stored; in a base without what was said, which the ticket keeps beside it."""
    metric, also = rounds.slot
    flags = rounds.active * _ACTIVE | rounds.spoken * _SPOKEN | rounds.waiting * _WAITING
    clock = None if rounds.clock is None else _clock_row(rounds.clock, base)
    left = [_clock_row(clock, base) for clock in rounds.left] if rounds.left else ()
    return NUMBER[metric], also, rounds.number, rounds.since, flags, clock, left


def base_row(row: Sequence[Any]) -> list[Any]:
    """Stored rounds as a base has them."""
    *before, clock, left = row
    return [*before, None if clock is None else [*clock[:-1], {}], [[*each[:-1], {}] for each in left]]


def rounds_of(row: Sequence[Any], agreements: Agreements) -> Rounds:
    number, also, present, since, flags, clock, left = row
    metric = METRICS[number]
    rounds = Rounds((metric, also))
    rounds.number = present
    rounds.since = since
    rounds.active = flags & _ACTIVE != 0
    rounds.spoken = flags & _SPOKEN != 0
    rounds.waiting = flags & _WAITING != 0
    if clock is not None:
        rounds.clock = _clock_of(clock, metric, agreements)
    if left:
        loaded = (_clock_of(row, metric, agreements) for row in left)
        rounds.left = [clock for clock in loaded if clock is not None]
    return rounds


def _clock_row(clock: Clock, base: bool) -> tuple[Any, ...]:
    promise = clock.promise
    return (
        promise.agreement.slug, promise.number, clock.round, clock.started_at, clock.stance | clock.begun * _BEGUN,
        clock.mark, clock.deadline, clock.crossings, clock.due, clock.ended_at, clock.verdict, clock.broken,
        {} if base else clock.said,
    )  # fmt: skip


def _clock_of(row: Sequence[Any], metric: Metric, agreements: Agreements) -> Clock | None:
    slug, promised, number, started_at, stance, mark, deadline, crossings, due, ended_at, verdict, broken, said = row
    promise = agreements.promise(slug, metric, promised)
    if promise is None:
        return None
    clock = Clock(promise, number, started_at)
    clock.stance = stance & ~_BEGUN
    clock.begun = stance & _BEGUN != 0
    clock.mark = mark
    clock.deadline = deadline
    clock.crossings = crossings
    clock.due = due
    clock.ended_at = ended_at
    clock.answered = verdict == MET
    clock.verdict = verdict
    clock.broken = None if broken is None else Broken(*broken)
    clock.said = said
    return clock


def order_row(order: Order | None) -> Any:
    """An order as it is stored: a version that is not there takes one byte."""
    return order if order is None or order[1] != NO_VERSION else (order[0], None, order[2])


def order_of(row: Any) -> Any:
    return None if row is None else (row[0], NO_VERSION if row[1] is None else row[1], row[2])


def fields_row(fields: Fields) -> Fields:
    size = KEPT
    while size and fields[size - 1] is None:
        size -= 1
    return fields[:size]


def fields_of(row: Fields) -> Fields:
    row.extend([None] * (KEPT - len(row)))
    return row
