"""A service of which nobody has heard: its figures are no data, unless what is unknown counts as something.

Of periods that are closed by the time it is heard of somebody else has spoken: that stands as if the service itself had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from slawatch.core.periods.contract import Contract, ServiceTarget, Unknown
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.line import NEVER_FINAL, Line, Past, Said, fold
from slawatch.core.periods.measure import Measure, measure
from slawatch.core.periods.meter import Meter
from slawatch.core.periods.period import Period
from slawatch.core.periods.reading import Reading
from slawatch.core.periods.speak import speak


def silent(
    contract: Contract, target: ServiceTarget, service: str, period: Period, until: int | None = None
) -> ServiceFigures:
    """Those of a period that is closed; with `until`, of one that is open, as they are at that instant."""
    excluded = [one.span for one in contract.exclusions if not one.services or service in one.services]
    measured = measure(contract, target, excluded)
    if target.unknown is not Unknown.DOWN:
        measured = replace(measured, first=period.start)  # only of an outage the time before matters
    closes_at = period.end + contract.settle
    at = closes_at if until is None else min(max(until, period.start + 1), closes_at)
    meter = _unheard_of(measured, period.start, at)
    if until is None:
        meter.close(closes_at)
    reading = next((reading for reading in meter.readings if reading.period == period), None)
    if reading is None:  # a day that a zone has left out, such as Samoa's 30 December 2011
        reading = Reading(period, 0)
        reading.closed = until is None
    return reading.figures(measured)


def said_for(line: Line, service: str, first: int, before: int) -> Mapping[str, Said]:
    """What was said in a service's stead of the periods closed earlier than `before`, by label: nobody had heard of it.

    The oldest fact is of `first`: with that begins what does not begin with the agreement. Whether anything was said of
    such a period is not known here, so it is measured in any case.
    """
    sure = line.measure.first is not None
    meter = _unheard_of(line.measure, None if sure else first, before)
    meter.close(before - 1)
    closed = [reading for reading in meter.readings if reading.closed]
    for reading in closed:
        for _ in speak(meter, [], service, reading, arrived=False):
            pass
    return {reading.period.label: (reading.said, reading.told if sure else None) for reading in closed}


def _unheard_of(measured: Measure, first: int | None, at: int) -> Meter:
    """The meter at an instant of a service without facts; `first` as `Past` has it."""
    meter = fold(Line(measured, []), Past(first, (), {}, NEVER_FINAL, NEVER_FINAL), at)
    assert meter is not None
    meter.stand()
    return meter
