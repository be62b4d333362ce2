"""The figures of a service of which nobody has heard: no data, unless what is unknown counts as something."""

from __future__ import annotations

from dataclasses import replace

from slawatch.core.periods.contract import Contract, ServiceTarget, Unknown
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.line import NEVER_FINAL, Line, Past, fold
from slawatch.core.periods.measure import measure
from slawatch.core.periods.period import Period
from slawatch.core.periods.reading import Reading


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
    meter = fold(Line(measured, []), Past(period.start, (), {}, NEVER_FINAL, NEVER_FINAL), at)
    assert meter is not None
    meter.stand()
    if until is None:
        meter.close(closes_at)
    reading = next((reading for reading in meter.readings if reading.period == period), None)
    if reading is None:  # a day that a zone has left out, such as Samoa's 30 December 2011
        reading = Reading(period, 0)
        reading.closed = until is None
    return reading.figures(measured)
