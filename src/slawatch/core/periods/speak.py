"""What is said of a period is what is true of it minus what was said: the truth table of one reading.

A threshold that is outranked when it becomes true stands without having been said.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from slawatch.core.alert import RETRACTED
from slawatch.core.periods.alert import MEASURED, PeriodAlert
from slawatch.core.periods.contract import PeriodMetric
from slawatch.core.periods.measure import Measure, Seat
from slawatch.core.periods.meter import Meter
from slawatch.core.periods.reading import Crossing, Reading
from slawatch.core.promise import BREACHED, OVERDUE, WARNED
from slawatch.core.said import OUTCOMES, STANDS, again, correction, forget_outcome


def speak(meter: Meter, seats: list[Seat], service: str, reading: Reading, arrived: bool) -> Iterator[PeriodAlert]:
    """What became true of a period and was not said; `arrived`: it is judged for the first time."""
    if not reading.crossed and not reading.closed:
        return
    measure, said = meter.measure, reading.said
    breach = reading.crossed.get(measure.breach)
    late = arrived and breach is not None
    sayings: list[dict[str, Any]] = []
    if breach is not None and not said.get(BREACHED, 0) & STANDS:
        sayings.append(_crossed(measure, BREACHED, None, again(said, BREACHED), breach))
    if reading.closed:
        sayings += _verdict(meter, reading)
    else:
        sayings += _thresholds(meter, reading, breach is not None)
    for saying in sayings:
        for contract, target in seats:
            yield PeriodAlert(
                contract=contract, target=target, service=service, period=reading.period, on_arrival=late, **saying
            )


def take_back(meter: Meter, seats: list[Seat], service: str, reading: Reading, cause: int) -> Iterator[PeriodAlert]:
    """What was said of a period and is no longer true, by an event that happened at `cause`."""
    measure, said = meter.measure, reading.said
    true = {measure.rungs[number].label for number in reading.crossed}
    for label in said.keys() - true - {*OUTCOMES, BREACHED}:
        said[label] &= ~STANDS
    if not said.get(BREACHED, 0) & STANDS or measure.breach in reading.crossed:
        return
    said[BREACHED] ^= STANDS
    nth = correction(said, RETRACTED)
    saying = _amounts(measure, reading.used(measure), reading.measured)
    for contract, target in seats:
        yield PeriodAlert(
            RETRACTED, nth, contract, target, service, reading.period, None, cause, **saying,
        )  # fmt: skip


def _thresholds(meter: Meter, reading: Reading, broken: bool) -> Iterator[dict[str, Any]]:
    """Of warnings and of overdue levels only the highest is said, of warnings none beside the breach."""
    measure, said = meter.measure, reading.said
    for what in (WARNED, OVERDUE):
        fresh = [
            (number, crossing)
            for number, crossing in reading.crossed.items()
            if (rung := measure.rungs[number]).what == what and not said.get(rung.label, 0) & STANDS
        ]
        if not fresh:
            continue
        highest, crossing = max(fresh, key=lambda one: (_level(measure, *one), one[0]))
        for number, _ in fresh:
            label = measure.rungs[number].label
            if number != highest or (what == WARNED and broken):
                said[label] = said.get(label, 0) | STANDS
        if what == WARNED and broken:
            continue
        rung = measure.rungs[highest]
        saying = _crossed(measure, what, rung.threshold, again(said, rung.label), crossing)
        if what == WARNED:
            saying["due_at"] = meter.down_until(reading)
        yield saying


def _level(measure: Measure, number: int, crossing: Crossing) -> int:
    rung = measure.rungs[number]
    return rung.share * crossing.measured - rung.less


def _verdict(meter: Meter, reading: Reading) -> Iterator[dict[str, Any]]:
    """The outcome of a closed period, if it changed, or the new figures beneath it."""
    measure, said = meter.measure, reading.said
    verdict = reading.verdict(measure)
    # How long an outage under way is changes all the time: that is told when it is over.
    digest = reading.digest(measure, meter.pending(reading))
    if (verdict is not None and said.get(verdict.value, 0) & STANDS) or (verdict is None and reading.told is not None):
        if verdict is None:
            forget_outcome(said)
        if digest == reading.told:
            return
        what, nth = MEASURED, correction(said, MEASURED)
    elif verdict is None:
        forget_outcome(said)
        what, nth = MEASURED, correction(said, MEASURED)
    else:
        forget_outcome(said)
        what, nth = verdict.value, again(said, verdict.value)
    reading.told = digest
    saying = _amounts(measure, reading.used(measure), reading.measured)
    yield saying | {
        "what": what, "nth": nth, "threshold": None, "happened_at": reading.period.end,
        "figures": reading.figures(measure),
    }  # fmt: skip


def _crossed(measure: Measure, what: str, threshold: str | None, nth: int, crossing: Crossing) -> dict[str, Any]:
    saying = _amounts(measure, crossing.used, crossing.measured)
    return saying | {"what": what, "nth": nth, "threshold": threshold, "happened_at": crossing.at}


def _amounts(measure: Measure, used: int, measured: int) -> dict[str, Any]:
    """What was used of what, as the metric counts it."""
    if measure.metric is PeriodMetric.OUTAGES:
        return {"used": used // measure.scale, "limit": measure.fixed}
    amounts: dict[str, Any] = {
        "budget": measure.fixed + Fraction(measure.budget * measured, measure.scale),
        "elapsed": Fraction(used, measure.scale),
    }
    if measure.metric is PeriodMetric.AVAILABILITY and measured > 0:
        amounts["ratio"] = 1 - Fraction(used, measure.scale * measured)
    return amounts
