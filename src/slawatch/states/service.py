"""Services as bytes: small, versioned, and apart from each other what changes often and what seldom does.

A service has several states. Under its own id: how far it is, and its next wake-up (the head). Under keys that no
service id can be: its facts in blocks, in the order in which they came; who shares a meter with whom (the roster); of
each group of promises its meters; and their readings that are at rest. So an event that only repeats a status writes
the newest block of facts, and one in order never more than a few small records, however long the past is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

import msgspec

from slawatch.core.fact import NO_VERSION
from slawatch.core.periods.figures import Outage
from slawatch.core.periods.line import Group, Line, Said
from slawatch.core.periods.measure import Identity, Measure, Seat, Table
from slawatch.core.periods.meter import Meter, Run
from slawatch.core.periods.period import Period
from slawatch.core.periods.reading import Crossing, Reading
from slawatch.core.periods.service import Service
from slawatch.core.periods.status import STATUSES, Fact
from slawatch.process import Get

VERSION: Final = 1
"""Of the layout. The version before must load; a worker that meets a later one refuses."""
HEAD, BLOCK, ROSTER, METERS, REST = range(5)
"""What a state is: its second byte."""
BLOCK_FACTS: Final = 64
"""A block is written again with each fact that comes: small; and there is one key for each: not too small."""
_HEADER: Final = Struct(">BB8sq")
_BLOCK: Final = Struct(">BBH")
_ARRAY: Final = Struct(">BI")
_NO_WAKE_UP: Final = -(2**63)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_PART: Final = b"\xff"
"""Begins the keys of parts; no UTF-8 has it."""


class UnknownVersion(Exception):  # noqa: N818 - what is the case
    """A state was written by a later version of this program."""


def part_key(kind: int, key: bytes, number: int = 0) -> bytes:
    """The key of a part of the service with this key."""
    return b"%b%c%b%b" % (_PART, kind, number.to_bytes(4), key)


def is_part(key: bytes) -> bool:
    """Whether a key is that of a part of a service."""
    return key.startswith(_PART)


def kind_of(state: bytes) -> int:
    """What a state is: `HEAD`, `BLOCK`, `ROSTER`, `METERS` or `REST`."""
    return state[1]


def wake_up(head: bytes) -> int | None:
    """The cached next wake-up of a service, ms since the epoch."""
    due: int = _HEADER.unpack_from(head)[3]
    return None if due == _NO_WAKE_UP else due


def is_current(head: bytes, fingerprint: bytes) -> bool:
    """Whether a state has this version's layout and was derived under agreements with this fingerprint."""
    version, _, stored, _ = _HEADER.unpack_from(head)
    return bool(version == VERSION and stored == fingerprint)


class Kept:
    """A service beside what was stored of it: the head's bytes, its blocks, and the groups' parts."""

    __slots__ = ("block", "blocks", "count", "groups", "head", "rows", "service")

    def __init__(self, service: Service) -> None:
        self.service = service
        self.head: bytes | None = None
        self.blocks = (0, 0)
        """The numbers of the first block of facts, and of the newest."""
        self.block = b""
        """The newest block as it was stored."""
        self.rows = b""
        self.count = 0
        self.groups = 0
        """How many groups have parts."""

    def is_current(self, key: bytes, get: Get) -> bool:
        """Whether what is stored is still what was: a batch that failed may have taken it back."""
        return bool(get(key) == self.head and get(part_key(BLOCK, key, self.blocks[1])) == self.block)

    def add(self, key: bytes, fact: Fact) -> dict[bytes, bytes | None]:
        """A fact more; the states that this makes."""
        if self.count >= BLOCK_FACTS:
            self.rows, self.count = b"", 0
            self.blocks = (self.blocks[0], self.blocks[1] + 1)
        self.rows += _pack(_fact_row(fact))
        self.count += 1
        self.block = _BLOCK.pack(VERSION, BLOCK, self.count) + self.rows
        return {part_key(BLOCK, key, self.blocks[1]): self.block}

    def rewrite(self, key: bytes) -> dict[bytes, bytes | None]:
        """All facts anew, in blocks behind those that they replace."""
        first, newest = self.blocks
        states: dict[bytes, bytes | None] = {part_key(BLOCK, key, number): None for number in range(first, newest + 1)}
        self.blocks = (newest + 1, newest + 1)
        self.rows, self.count = b"", 0
        for fact in self.service.facts:
            states |= self.add(key, fact)
        return states

    def store(self, key: bytes, fingerprint: bytes) -> dict[bytes, bytes | None]:
        """The head, and the parts that have changed."""
        service = self.service
        states: dict[bytes, bytes | None] = {}
        groups = [*service.groups.values()]
        if service.reseated:
            states[part_key(ROSTER, key)] = _part(ROSTER, [_roster(group) for group in groups])
            for number in range(len(groups), self.groups):
                states[part_key(METERS, key, number)] = states[part_key(REST, key, number)] = None
            self.groups = len(groups)
        for number, group in enumerate(groups):
            if group.dirty or service.reseated:
                states[part_key(METERS, key, number)] = _part(
                    METERS, (service.id, [_line(line, service.table) for line in group.lines], fingerprint)
                )
            if service.reseated or any(line.meter is not None and line.meter.settled for line in group.lines):
                states[part_key(REST, key, number)] = _part(REST, [_rest(line) for line in group.lines])
                for line in group.lines:
                    if line.meter is not None:
                        line.meter.settled = False
            group.dirty = False
        service.reseated = False
        due = _NO_WAKE_UP if service.due is None else service.due
        self.head = _HEADER.pack(VERSION, HEAD, fingerprint, due) + _pack(
            (service.at, service.horizon, service.floor, service.final, self.blocks[0])
        )
        states[key] = self.head
        return states


def load(name: str, key: bytes, get: Get, table: Table, fingerprint: bytes | None) -> tuple[Kept, Heard | None]:
    """The service in its states; under agreements with another fingerprint (None: any) without groups, to be judged
    again, but with what was said under the former."""
    head = get(key)
    assert head is not None
    version, _, stored, _ = _HEADER.unpack_from(head)
    if version != VERSION:
        raise UnknownVersion(f"the state of {name!r} has version {version}, this program knows {VERSION}")
    service = Service(name, table)
    service.at, service.horizon, service.floor, service.final, first = _unpack(memoryview(head)[_HEADER.size :])
    service.due = wake_up(head)
    kept = Kept(service)
    kept.head = head
    _load_facts(kept, key, get, first)
    roster = _unpack(memoryview(get(part_key(ROSTER, key)) or b"")[2:])
    kept.groups = len(roster)
    if stored != fingerprint:
        return kept, _heard(key, get, roster)
    service.recall()
    seats = {seat.identity: (table.measures[index], seat) for index, seat in table.seats}
    for number, row in enumerate(roster):
        customers, lines = row
        meters = _unpack(memoryview(get(part_key(METERS, key, number)) or b"")[2:])
        rests = _unpack(memoryview(get(part_key(REST, key, number)) or b"")[2:])
        found = [_load_line(*parts, seats) for parts in zip(lines, meters[1], rests, strict=True)]
        group = Group(None if customers is None else frozenset(customers), found)
        service.groups[group.key] = group
        service.seen |= group.key or frozenset()
        service.recount(group)
        service.replan(group)
        group.schedule(service.at)
        group.dirty = False
    service.reseated = False
    return kept, None


Heard = Mapping[Identity, dict[str, Said]]


def _heard(key: bytes, get: Get, roster: Sequence[Any]) -> Heard:
    heard: dict[Identity, dict[str, Said]] = {}
    for number, (_, lines) in enumerate(roster):
        meters = _unpack(memoryview(get(part_key(METERS, key, number)) or b"")[2:])
        rests = _unpack(memoryview(get(part_key(REST, key, number)) or b"")[2:])
        for (identities, _), (_, _, meter), rest in zip(lines, meters[1], rests, strict=True):
            rows = [*rest, *(meter[5] if meter is not None else ())]
            for identity in identities:
                heard[_identity(identity)] = {row[0][0]: (dict(row[-2]), row[-1]) for row in rows}
    return heard


def _load_facts(kept: Kept, key: bytes, get: Get, first: int) -> None:
    facts: list[Fact] = []
    number = first
    while (block := get(part_key(BLOCK, key, number))) is not None:
        _, _, count = _BLOCK.unpack_from(block)
        rows = block[_BLOCK.size :]
        facts += [_load_fact(row) for row in _unpack(_ARRAY.pack(0xDD, count) + rows)]
        kept.block, kept.rows, kept.count = block, rows, count
        number += 1
    kept.blocks = (first, max(first, number - 1))
    facts.sort()
    service = kept.service
    service.facts = facts
    service.newest = facts[-1].order if facts else None


def _part(kind: int, content: Any) -> bytes:
    return bytes((VERSION, kind)) + _pack(content)


def _fact_row(fact: Fact) -> tuple[Any, ...]:
    at, version, name, check, customer, status, start, until = fact
    row = (at, None if version == NO_VERSION else version, name, check, customer, int(status))
    return row if until is None else (*row, start, until)


def _load_fact(row: Sequence[Any]) -> Fact:
    at, version, name, check, customer, status, *planned = row
    return Fact(at, NO_VERSION if version is None else version, name, check, customer, STATUSES[status], *planned)


def _roster(group: Group) -> tuple[Any, ...]:
    customers = None if group.key is None else sorted(group.key)
    return customers, [([seat.identity for seat in line.seats], line.carried) for line in group.lines]


def _identity(stored: Sequence[str]) -> Identity:
    agreement, metric, name, per = stored
    return (agreement, metric, name, per)


def _line(line: Line, table: Table) -> tuple[Any, ...]:
    agreed, lost = line.gone
    if line.meter is not None:
        for reading in line.meter.readings[: line.meter.rest]:
            agreed += reading.passed(line.measure, reading.period.end)
            lost += reading.lost(line.measure)
    if line.packed is None:
        line.packed = _runs([table.places[seat.identity] for seat in line.seats])
    return line.packed, (agreed, lost), None if line.meter is None else _meter(line.meter)


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Numbers as first, step, count: those of a thousand customers of one template are evenly spaced."""
    found: list[list[int]] = []
    for place in places:
        if found:
            first, step, count = found[-1]
            if count == 1 or place == first + step * count:
                found[-1] = [first, place - first if count == 1 else step, count + 1]
                continue
        found.append([place, 1, 1])
    return found


def _meter(meter: Meter) -> tuple[Any, ...]:
    run = meter.run
    number = {id(reading): index for index, reading in enumerate(meter.live())}
    return (
        meter.at, meter.first, meter.maintained, meter.beneath, None if run is None else (
            run.since, run.counts, run.start, None if run.owner is None else number.get(id(run.owner)), run.counted,
            [(number[id(reading)], amount) for reading, amount in run.pending],
        ),
        [_reading(reading) for reading in meter.live()],
    )  # fmt: skip


def _rest(line: Line) -> list[Any]:
    return [] if line.meter is None else [_reading(reading) for reading in line.meter.readings[: line.meter.rest]]


def _reading(reading: Reading) -> tuple[Any, ...]:
    return (
        reading.period, reading.agreed, reading.excluded, reading.unknown, reading.down, reading.degraded,
        reading.outages, reading.longest, reading.outage_list, reading.crossed, reading.closed, reading.said,
        reading.told,
    )  # fmt: skip


def _load_line(
    roster: Sequence[Any], row: Sequence[Any], rest: Sequence[Any], seats: Mapping[Identity, tuple[Measure, Seat]]
) -> Line:
    identities, carried = roster
    _, (agreed, lost), meter = row
    found = [seats[_identity(identity)] for identity in identities]
    line = Line(found[0][0], [seat for _, seat in found])
    line.carried = None if carried is None else (carried[0], carried[1])
    if meter is not None:
        line.meter = _load_meter(line.measure, meter, rest)
        for reading in line.meter.readings[: line.meter.rest]:
            agreed -= reading.passed(line.measure, reading.period.end)
            lost -= reading.lost(line.measure)
    line.gone = (agreed, lost)
    return line


class Shown(NamedTuple):
    """What a line of promises comes to at an instant: `agreed` ms that were measured, `lost` ms of them."""

    seats: list[Seat]
    measure: Measure
    reading: Reading | None
    agreed: int
    lost: float


def service_of(meters: bytes) -> tuple[str, list[Any], bytes | None]:
    """Whose meters they are, the rows of its lines, and the fingerprint of the agreements whose seats these number.

    States that were written before the fingerprint was noted have none.
    """
    name, rows, *noted = _unpack(memoryview(meters)[2:])
    return name, rows, noted[0] if noted else None


def shown(row: Sequence[Any], table: Table, at: int) -> Shown | None:
    """What a line comes to at an instant not before it was stored; `reading` is that of the period that runs."""
    runs, (agreed, lost), stored = row
    seats = [table.seats[first + step * i] for first, step, count in runs for i in range(count)]
    if stored is None:
        return None
    measure = table.measures[seats[0][0]]
    meter = _load_meter(measure, stored, ())
    meter.advance(at)
    for reading in meter.readings:
        agreed += reading.passed(measure, meter.at)
        lost += reading.lost(measure)
    last = meter.readings[-1] if meter.readings else None
    running = None if last is None or not last.period.start <= at < last.period.end else last
    return Shown([seat for _, seat in seats], measure, running, agreed, lost / measure.scale)


def _load_meter(measure: Measure, row: Sequence[Any], rest: Sequence[Any]) -> Meter:
    at, first, maintained, beneath, run_row, live = row
    meter = Meter(measure, at, first)
    meter.maintained, meter.beneath = maintained, beneath
    meter.readings = [_load_reading(one) for one in (*rest, *live)]
    meter.rest = len(rest)
    meter.settled = False
    if run_row is not None:
        since, counts, start, owner, counted, pending = run_row
        run = meter.run = Run(since)
        run.counts, run.start, run.counted = counts, start, counted
        run.owner = None if owner is None else meter.readings[meter.rest + owner]
        run.pending = [(meter.readings[meter.rest + number], amount) for number, amount in pending]
    return meter


def _load_reading(row: Sequence[Any]) -> Reading:
    period, agreed, excluded, unknown, down, degraded, outages, longest, outage_list, crossed, closed, said, told = row
    reading = Reading(Period(*period), agreed)
    reading.excluded, reading.unknown, reading.down, reading.degraded = excluded, unknown, down, degraded
    reading.outages, reading.longest = outages, longest
    reading.outage_list = [Outage(*outage) for outage in outage_list]
    reading.crossed = {number: Crossing(*crossing) for number, crossing in crossed.items()}
    reading.closed, reading.said, reading.told = closed, said, told
    return reading
