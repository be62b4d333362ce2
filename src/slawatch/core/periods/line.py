"""Promises about a service that are judged as one: a line shares a meter, a group the events that count.

A thousand customers of one template cost what one does, until a customer has events of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from slawatch.core.interval import Interval
from slawatch.core.periods.measure import Measure, Seat
from slawatch.core.periods.meter import Meter, Run, Trail
from slawatch.core.periods.status import Announcement, Status, Work, excused
from slawatch.core.periods.timeline import planned, stretches

Key = frozenset[str] | None
"""The customers whose own events a group sees, besides those of no customer; None: it sees all."""
Said = tuple[dict[str, int], bytes | None]
"""What was said of a period, and a digest of the figures that were."""
NEVER_FINAL = -(2**62)
"""A horizon before all periods."""


class Past(NamedTuple):
    """What a group sees of a service until now: its facts, the status that they make, and planned work.

    Periods closed until `horizon` are final; of what was before `floor` only the last is known.
    """

    first: int | None
    changes: Sequence[tuple[int, Status]]
    works: Mapping[Work, Sequence[Announcement]]
    horizon: int
    floor: int


class Line:
    """Promises that are measured alike on the same events, with the same things said. Without a meter until one is needed."""

    __slots__ = ("arrived", "carried", "derived", "gone", "heard", "measure", "meter", "packed", "seats")

    def __init__(self, measure: Measure, seats: list[Seat], heard: dict[str, Said] | None = None) -> None:
        self.measure = measure
        self.seats = seats
        self.packed: object = None
        """What whoever stores the line made of its seats; None once they change."""
        self.meter: Meter | None = None
        self.heard = heard or {}
        """By the period's label, what was said before the meter was made anew."""
        self.arrived: set[str] = set()
        """The periods that were judged for the first time then."""
        self.derived = False
        self.carried: tuple[int, bool] | None = None
        """Of an outage that was under way at the service's floor: its start, and whether anything of it counted."""

        self.gone = (0, 0)
        """What counters have of periods that are no more: time that was measured (ms), downtime (1/scale ms)."""

    def let_go(self, horizon: int) -> bool:
        """Let go of what is final; whether anything was."""
        dropped = [] if self.meter is None else self.meter.drop(horizon)
        agreed, lost = self.gone
        for reading in dropped:
            agreed += reading.passed(self.measure, reading.period.end)
            lost += reading.lost(self.measure)
        self.gone = (agreed, lost)
        return bool(dropped)

    def renew(self, meter: Meter | None) -> None:
        """Another meter, made anew from the facts: what was said stays."""
        self.heard = self.said()
        self.meter = meter
        self.derived = meter is not None
        if meter is None:
            return
        self.arrived = {reading.period.label for reading in meter.readings} - self.heard.keys()
        for reading in meter.readings:
            if reading.period.label in self.heard:
                reading.said, reading.told = self.heard[reading.period.label]

    def said(self) -> dict[str, Said]:
        """What was said of each period."""
        if self.meter is None:
            return self.heard
        return {reading.period.label: (reading.said, reading.told) for reading in self.meter.readings}


class Group:
    """Promises that see the same events."""

    __slots__ = ("counts", "dirty", "due", "key", "lines", "spans", "status")

    def __init__(self, key: Key, lines: list[Line]) -> None:
        self.key = key
        self.lines = lines
        self.counts = [0] * len(Status)
        self.status = Status.UNKNOWN
        self.spans: dict[int, list[Interval]] = {}
        """Excused planned work by notice; what is over may be left out."""
        self.due: int | None = None
        self.dirty = True
        """Whether it changed since it was stored."""

    def sees(self, customer: str | None) -> bool:
        return customer is None or self.key is None or customer in self.key

    def turn(self, at: int) -> None:
        """Let the meters stand at `at`, with the status from there on."""
        self.dirty = True
        for line in self.lines:
            meter = line.meter
            if meter is not None:
                meter.advance(at)
                meter.turn(self.status, bool(self.spans) and planned(self.spans, meter.measure.notice, at))

    def schedule(self, at: int) -> None:
        """Work out when it must be looked at next, `at` being how far it is."""
        found = [edge for spans in self.spans.values() for span in spans for edge in span if edge > at]
        for line in self.lines:
            meter = line.meter
            if meter is None:
                continue
            due, ends = meter.next_due(), meter.ends()
            meter.due = due if ends is None or (due is not None and due < ends) else ends
            if meter.due is not None:
                found.append(meter.due)
        self.due = min(found, default=None)


def lined(place: Sequence[tuple[Measure, Seat, dict[str, Said]]]) -> list[Line]:
    """Those that are measured alike, and of which the same was said, in one line."""
    lines: list[Line] = []
    found: dict[tuple[int, str], Line] = {}
    for measure, seat, heard in place:
        same = (id(measure), repr(sorted(heard.items())))
        line = found.get(same)
        if line is None:
            line = found[same] = Line(measure, [], heard)
            lines.append(line)
        line.seats.append(seat)
    return lines


def fold(line: Line, past: Past, until: int, trail: Trail | None = None) -> Meter | None:
    """A new meter that was shown all the past until an instant: the definition of what is true by then."""
    meter = _meter(line, past)
    if meter is not None:
        meter.trail = trail
        spans = excused(past.works, line.measure.notice) if past.works else ()
        for at, status, work in stretches(past.changes, spans, until):
            meter.advance(at)
            meter.turn(status, work)
        meter.advance(until)
    return meter


def _meter(line: Line, past: Past) -> Meter | None:
    """A meter at its start; None while no period has begun, for want of a fact."""
    measure, first_fact = line.measure, past.first
    first = measure.first
    if first is None:
        if first_fact is None:
            return None
        first = measure.period(first_fact).start
    if past.horizon != NEVER_FINAL:
        first = max(first, measure.period(past.horizon - measure.settle).start)
    meter = Meter(measure, max(past.floor, first if first_fact is None else min(first, first_fact)), first)
    if line.carried is not None and past.floor != NEVER_FINAL:
        since, started = line.carried
        meter.run = Run(since)
        meter.run.start = since if started else None
    return meter
