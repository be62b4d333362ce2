"""How it stands with the promises about a service at an instant, for people: figures, and which time counted as what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from slawatch.core.periods.contract import Contract, ServiceTarget
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.line import fold
from slawatch.core.periods.meter import Trail
from slawatch.core.periods.period import Period
from slawatch.core.periods.service import Service


class Stretch(NamedTuple):
    """From `start` until `end` a service counted as `kind`: a `Status`, or `EXCLUDED`; closed hours included."""

    start: int
    end: int
    kind: int


class Account(NamedTuple):
    """One promise about one period."""

    contract: Contract
    target: ServiceTarget
    service: str
    period: Period
    closed: bool
    figures: ServiceFigures
    stretches: tuple[Stretch, ...]


def accounts(service: Service, at: int) -> Iterator[Account]:
    """Every promise about every period that is not final, as far as the facts until `at` tell. Changes nothing."""
    for group in service.groups.values():
        past = service.past(group, at)
        for line in group.lines:
            trail: Trail = []
            meter = fold(line, past, at, trail)
            if meter is None:
                continue
            meter.stand()
            meter.close(at - 1)
            for reading in meter.readings:
                figures = reading.figures(line.measure)
                stretches = _within(trail, reading.period)
                for contract, target in line.seats:
                    yield Account(contract, target, service.id, reading.period, reading.closed, figures, stretches)


def _within(trail: Trail, period: Period) -> tuple[Stretch, ...]:
    """The stretches of a period, those of one kind in a row as one."""
    found: list[Stretch] = []
    for begun, ended, kind in trail:
        stretch = Stretch(max(begun, period.start), min(ended, period.end), kind)
        if stretch.start >= stretch.end:
            continue
        if found and found[-1].kind == kind and found[-1].end == stretch.start:
            stretch = stretch._replace(start=found.pop().start)
        found.append(stretch)
    return tuple(found)
