"""A meter: one way of measuring a service, fed with stretches of constant status in order of time.

Within a stretch everything is linear in agreed time, so each crossing is computed, not searched; the meter knows when
the next one comes if nothing happens. It stands at `at`: all before is read, the status from then on is known.
A status of no length leaves no trace: what it counts as is looked at when time passes, not when it is set.
"""

from __future__ import annotations

from typing import Final

from slawatch.core.periods.contract import PeriodMetric
from slawatch.core.periods.figures import Outage
from slawatch.core.periods.measure import EXCLUDED, Measure
from slawatch.core.periods.reading import Crossing, Reading
from slawatch.core.periods.status import Status
from slawatch.core.promise import WARNED
from slawatch.core.worktime import NEVER

UP: Final = int(Status.UP)
DEGRADED: Final = int(Status.DEGRADED)
DOWN: Final = int(Status.DOWN)
UNKNOWN: Final = int(Status.UNKNOWN)
Trail = list[tuple[int, int, int]]
"""Stretches: from, until, and what they count as."""


class Run:
    """An outage under way, `since` by the clock; it counts (`counts`) once it is long enough.

    `start` is its first counted instant (None: there was none), `owner` the period to which that belongs (None: one
    that is not judged any more). `pending` is what will be downtime of each period if it comes to count.
    """

    __slots__ = ("counted", "counts", "owner", "pending", "since", "start")

    def __init__(self, since: int) -> None:
        self.since = since
        self.counts = False
        self.start: int | None = None
        self.owner: Reading | None = None
        self.counted = 0
        self.pending: list[tuple[Reading, int]] = []


class Meter:
    """`first` is the start of the first period that is judged; `readings` are of the periods so far, in order."""

    __slots__ = (
        "at",
        "beneath",
        "due",
        "first",
        "maintained",
        "measure",
        "readings",
        "rest",
        "run",
        "settled",
        "trail",
    )

    def __init__(self, measure: Measure, at: int, first: int) -> None:
        self.measure = measure
        self.at = at
        self.first = first
        self.maintained = False
        self.beneath = int(measure.beneath[Status.UNKNOWN])
        self.readings: list[Reading] = []
        self.rest = 0
        """So many of them, the first ones, are closed for good, unless a late fact comes."""
        self.settled = True
        """Whether these have changed since they were stored."""
        self.run: Run | None = None
        self.due: int | None = None
        """When it must be looked at next; kept by whoever asks `next_due`."""
        self.trail: Trail | None = None

    def turn(self, status: int, planned: bool) -> None:
        """From where it stands on, the checks say `status` and work is planned or not."""
        measure = self.measure
        self.maintained = measure.excused and (planned or status == Status.MAINTENANCE)
        self.beneath = int(measure.beneath[status])

    def advance(self, to: int) -> None:
        """Let time pass until `to`."""
        at, axis = self.at, self.measure.axis
        if to <= at:
            return
        if self.beneath == UP and not self.maintained and self.run is None:
            self._pass_by(to)
            return
        while at < to:
            reading = self._reading(at)
            kind = self._kind(reading)
            self._begin(kind, at)
            end = min(to, self._border(reading, at))
            run = self.run
            if run is not None and not run.counts and run.since + self.measure.min_outage > at:
                end = min(end, run.since + self.measure.min_outage)
            before = axis.work(at)
            amount = axis.work(end) - before
            if kind == EXCLUDED and self.measure.cap is not None and reading is not None:
                left = self.measure.cap - reading.excluded
                if amount > left:
                    end, amount = axis.first(before + left), left
            if amount:
                self._pass(reading, kind, before, amount)
            if self.trail is not None:
                self.trail.append((at, end, kind))
            at = end
        self.at = at

    def stand(self) -> None:
        """Take what begins where it stands for begun: an outage that is over by then has its end."""
        self._begin(self._kind(self._reading(self.at)), self.at)

    def next_due(self) -> int | None:
        """The last instant before something changes by itself, if the status stays as it is."""
        at, measure = self.at, self.measure
        reading = self._reading(at)
        kind = self._kind(reading)
        run = self.run
        if kind in (UP, DEGRADED) and run is not None:
            # The outage is over, which only time that passes makes known.
            owner = run.owner
            if (owner is not None and owner.closed) or (not run.counts and run.since + measure.min_outage <= at):
                return at
            run = None
        if reading is None and at >= self.first:  # the agreement is over: only a short outage may still come to count
            return None if run is None or run.counts else run.since + measure.min_outage
        found = [] if at >= self.first else [self.first]
        if kind in (DOWN, UNKNOWN, EXCLUDED) and (run is not None or kind == DOWN):
            counts = run.counts if run is not None else not measure.min_outage
            if not counts:
                found.append((run.since if run is not None else at) + measure.min_outage)
        if kind == DOWN or (kind == DEGRADED and measure.weight) or (self.maintained and measure.cap is not None):
            found.append(self._border(reading, at))
        if reading is not None:
            before = measure.axis.work(at)
            if kind == EXCLUDED and measure.cap is not None:
                found.append(measure.axis.first(before + measure.cap - reading.excluded))
            after = self._soonest(reading, kind, run)
            if after is not None:
                found.append(measure.axis.last(before + after))
        soonest = min(found, default=NEVER)
        return None if soonest >= NEVER else soonest

    def ends(self) -> int | None:
        """When the soonest period that is not closed is to be."""
        for reading in self.live():
            if not reading.closed:
                return reading.period.end + self.measure.settle
        return None

    def close(self, at: int) -> None:
        """Close the periods whose time for that is not later than `at`."""
        for reading in self.live():
            if reading.period.end + self.measure.settle <= at:
                reading.closed = True

    def drop(self, horizon: int) -> list[Reading]:
        """Let go of the periods that were closed until `horizon`: they are final."""
        count = 0
        for reading in self.readings:
            if reading.period.end + self.measure.settle > horizon:
                break
            count += 1
            self.first = reading.period.end
        dropped = self.readings[:count]
        del self.readings[:count]
        self.rest = max(0, self.rest - count)
        self.settled = True
        run = self.run
        if run is not None:
            if run.owner in dropped:
                run.owner = None
            run.pending = [held for held in run.pending if held[0] not in dropped]
        return dropped

    def live(self) -> list[Reading]:
        """Those of the readings that may still change by themselves, or of which something is to be said."""
        return self.readings[self.rest :]

    def settle(self) -> None:
        """All was said: leave the readings alone that won't change any more."""
        readings = self.readings
        while self.rest < len(readings):
            reading = readings[self.rest]
            if not reading.closed or reading.period.end > self.at or self.pending(reading):
                return
            self.rest += 1
            self.settled = True

    def down_until(self, reading: Reading) -> int | None:
        """When the budget of a period is used up if the service, which is down, stays so; None if it isn't, or by then
        the period is over."""
        measure, run = self.measure, self.run
        if self._kind(reading) != DOWN or measure.metric is PeriodMetric.OUTAGES:
            return None
        level = measure.rungs[measure.breach]
        if measure.metric is PeriodMetric.OUTAGE:
            counted = run.counted if run is not None and run.owner is reading else 0
            return measure.axis.first(measure.axis.work(self.at) + measure.fixed - counted)
        left = (level.share * reading.measured - level.less - reading.used(measure)) // measure.scale
        if run is not None and not run.counts:
            left -= sum(amount for pending, amount in run.pending if pending is reading)
        until = measure.axis.first(measure.axis.work(self.at) + max(0, left))
        return until if until < reading.period.end else None

    def pending(self, reading: Reading) -> bool:
        """Whether an outage under way may still change a period."""
        run = self.run
        return run is not None and (run.owner is reading or any(held is reading for held, _ in run.pending))

    def _reading(self, at: int) -> Reading | None:
        """That of the period in which `at` lies; None before the first and after the agreement's end."""
        readings = self.readings
        if readings and at < readings[-1].period.end:
            return readings[-1] if at >= readings[-1].period.start else None
        if at < self.first:
            return None
        until, period = self.measure.until, self.measure.period(at)
        while not readings or readings[-1].period.end <= at:
            following = self.measure.period(readings[-1].period.end if readings else self.first)
            if until is not None and following.start >= until:
                return None
            work = self.measure.axis.work
            readings.append(Reading(following, work(following.end) - work(following.start)))
        assert readings[-1].period == period
        return readings[-1]

    def _border(self, reading: Reading | None, at: int) -> int:
        if reading is not None:
            return reading.period.end
        return self.first if at < self.first else self.measure.period(at).end

    def _kind(self, reading: Reading | None) -> int:
        """What the time from here on counts as."""
        if self.maintained:
            cap = self.measure.cap
            if cap is None or reading is None or reading.excluded < cap:
                return EXCLUDED
        return self.beneath

    def _pass_by(self, to: int) -> None:
        """While a service is up nothing is measured: periods pass by."""
        if self.trail is not None:
            self.trail.append((self.at, to, UP))
        last = self.readings[-1] if self.readings else None
        if last is None or to > last.period.end:
            self._reading(to - 1)
        self.at = to

    def _begin(self, kind: int, at: int) -> None:
        """A stretch of this kind begins, or goes on: outages end, begin, and come to count."""
        run, least = self.run, self.measure.min_outage
        if kind == DOWN and run is None:
            run = self.run = Run(at)
        if run is None:
            return
        if not run.counts and run.since + least <= at:
            self._count(run, run.since + least)
        if kind in (UP, DEGRADED):
            owner, start = run.owner, run.start
            if run.counts and owner is not None and start is not None:
                owner.relist(Outage(start, at, run.counted))
            self.run = None

    def _count(self, run: Run, at: int) -> None:
        """An outage has become long enough: all of it counts at once."""
        run.counts = True
        for reading, amount in run.pending:
            reading.down += amount
            if self.measure.metric is PeriodMetric.AVAILABILITY:
                self._jump(reading, at)
        run.pending = []
        if run.owner is not None and run.start is not None:
            self._enter(run, run.owner, run.start, at)

    def _enter(self, run: Run, owner: Reading, start: int, at: int) -> None:
        """An outage that counts is one of its period's, since `at`."""
        owner.list(Outage(start, None, run.counted))
        owner.longest = max(owner.longest, run.counted)
        if self.measure.metric is not PeriodMetric.AVAILABILITY:
            self._jump(owner, at)

    def _jump(self, reading: Reading, at: int) -> None:
        """More was used all of a sudden: note what is exceeded by that."""
        used, measured = reading.used(self.measure), reading.measured
        for number, rung in enumerate(self.measure.rungs):
            amount = rung.share * measured - rung.less
            if number not in reading.crossed and used > amount and (amount > 0 or rung.what != WARNED):
                reading.crossed[number] = Crossing(at, used, measured)

    def _pass(self, reading: Reading | None, kind: int, before: int, amount: int) -> None:
        """So much agreed time passes in one period, from where the axis is at `before`."""
        if kind == DOWN:
            self._fall(reading, before, amount)
        elif reading is not None and kind != UP:
            self._cross(reading, kind, before, amount)
            if kind == EXCLUDED:
                reading.excluded += amount
            elif kind == UNKNOWN:
                reading.unknown += amount
            else:
                reading.degraded += amount

    def _fall(self, reading: Reading | None, before: int, amount: int) -> None:
        run, axis = self.run, self.measure.axis
        assert run is not None
        started = run.start is None
        if run.start is None:
            run.start, run.owner = axis.last(before), reading
        if not run.counts:
            run.counted += amount
            if reading is not None:
                if run.pending and run.pending[-1][0] is reading:
                    amount += run.pending.pop()[1]
                run.pending.append((reading, amount))
            return
        owner = run.owner
        if started and owner is not None:
            self._enter(run, owner, run.start, run.start)
        if owner is not None and self.measure.metric is PeriodMetric.OUTAGE:
            self._cross(owner, DOWN, before, amount)
        run.counted += amount
        if owner is not None:
            owner.relist(Outage(run.start, None, run.counted))
        if reading is not None:
            if self.measure.metric is PeriodMetric.AVAILABILITY:
                self._cross(reading, DOWN, before, amount)
            reading.down += amount

    def _cross(self, reading: Reading, kind: int, before: int, amount: int) -> None:
        """Note the thresholds that are crossed while so much agreed time passes."""
        measure = self.measure
        for number in range(len(measure.rungs)):
            after = self._after(reading, number, kind, self.run)
            if after is None or after >= amount:
                continue
            used, measured = reading.used(measure), reading.measured
            if measure.metric is PeriodMetric.OUTAGE:
                assert self.run is not None
                used = (self.run.counted + after) * measure.scale
            elif kind == DOWN:
                used += after * measure.scale
            elif kind == DEGRADED:
                used += after * measure.weight
            else:
                measured -= after
            reading.crossed[number] = Crossing(measure.axis.last(before + after), used, measured)

    def _soonest(self, reading: Reading, kind: int, run: Run | None) -> int | None:
        """After how much agreed time of this kind the next threshold is crossed."""
        metric = self.measure.metric
        if kind == DOWN and metric is not PeriodMetric.AVAILABILITY:
            counts = run.counts if run is not None else not self.measure.min_outage
            if not counts:
                return None
            if metric is PeriodMetric.OUTAGES:
                return 0 if run is None or run.start is None else None
            owner = reading if run is None or run.start is None else run.owner
            if owner is None:
                return None
            reading = owner
        elif kind == DOWN and not (run.counts if run is not None else not self.measure.min_outage):
            return None
        found = [self._after(reading, number, kind, run) for number in range(len(self.measure.rungs))]
        return min((after for after in found if after is not None), default=None)

    def _after(self, reading: Reading, number: int, kind: int, run: Run | None) -> int | None:
        """The agreed time (whole ms, cut) of this kind after which a threshold is crossed; None: never, or it was."""
        if number in reading.crossed or kind == UP:
            return None
        measure = self.measure
        rung = measure.rungs[number]
        level = rung.share * reading.measured - rung.less
        if measure.metric is not PeriodMetric.AVAILABILITY:
            if kind != DOWN or measure.metric is PeriodMetric.OUTAGES:
                return None
            counted = run.counted if run is not None else 0
            return max(0, level // measure.scale - counted)
        used = reading.used(measure)
        if kind in (DOWN, DEGRADED):
            rate = measure.scale if kind == DOWN else measure.weight
            if rung.what == WARNED and level <= 0:
                return None
        else:
            rate = rung.share if used > 0 else 0
        if rate <= 0 or level < used:
            return None
        return (level - used) // rate
