"""What was measured in one period: amounts of agreed time, outages, and the instants at which thresholds were crossed."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from typing import NamedTuple

from slawatch.core.periods.contract import PeriodMetric
from slawatch.core.periods.figures import LISTED, Outage, Reason, ServiceFigures, Verdict
from slawatch.core.periods.measure import Measure
from slawatch.core.periods.period import Period


class Crossing(NamedTuple):
    """A threshold was crossed: `at` is the last instant at which it was not; then so much was used, measured.

    `used` is a multiple of 1/scale ms, or of outages.
    """

    at: int
    used: int
    measured: int


class Reading:
    """The figures of one period so far, in ms of agreed time; `agreed` is that of the whole period."""

    __slots__ = (
        "agreed", "closed", "crossed", "degraded", "down", "excluded", "longest", "outage_list", "outages", "period",
        "said", "spoken", "told", "unknown",
    )  # fmt: skip

    def __init__(self, period: Period, agreed: int) -> None:
        self.period = period
        self.agreed = agreed
        self.excluded = self.unknown = self.down = self.degraded = 0
        self.outages = self.longest = 0
        self.outage_list: list[Outage] = []
        """The first ones; the last of them is brought up to date while it lasts."""
        self.crossed: dict[int, Crossing] = {}
        """By the number of the rung."""
        self.closed = False
        self.said: dict[str, int] = {}
        self.spoken = 0
        """So many crossings were looked at when it was last asked what is to be said."""
        self.told: bytes | None = None
        """A digest of the figures that were last said of the period when closed."""

    @property
    def measured(self) -> int:
        return self.agreed - self.excluded - self.unknown

    def used(self, measure: Measure) -> int:
        """What was used of the budget, as a multiple of 1/scale."""
        match measure.metric:
            case PeriodMetric.AVAILABILITY:
                return self.lost(measure)
            case PeriodMetric.OUTAGE:
                return self.longest * measure.scale
            case _:
                return self.outages * measure.scale

    def passed(self, measure: Measure, at: int) -> int:
        """How much of what is measured had passed at an instant, ms."""
        work, period = measure.axis.work, self.period
        return work(min(max(at, period.start), period.end)) - work(period.start) - self.excluded - self.unknown

    def lost(self, measure: Measure) -> int:
        """Downtime as it counts for availability, as a multiple of 1/scale ms."""
        return self.down * measure.scale + self.degraded * measure.weight

    def list(self, outage: Outage) -> None:
        """Take down another outage."""
        self.outages += 1
        if self.outages <= LISTED:
            self.outage_list.append(outage)

    def relist(self, outage: Outage) -> None:
        """Bring the last outage up to date."""
        if self.outages <= LISTED:
            self.outage_list[-1] = outage
        self.longest = max(self.longest, outage.counted)

    def verdict(self, measure: Measure) -> Verdict | None:
        """Whether the promise was kept; None where nothing was measured."""
        if self.measured <= 0:
            return None
        return Verdict.MISSED if measure.breach in self.crossed else Verdict.MET

    def ratio(self, measure: Measure) -> Fraction | None:
        """The availability, what is still to come counted as up."""
        if measure.metric is not PeriodMetric.AVAILABILITY or self.measured <= 0:
            return None
        return 1 - Fraction(self.used(measure), measure.scale * self.measured)

    def budget(self, measure: Measure) -> Fraction:
        """Downtime in ms, length of an outage in ms, or number of outages that are allowed."""
        return measure.fixed + Fraction(measure.budget * self.measured, measure.scale)

    def figures(self, measure: Measure) -> ServiceFigures:
        """The whole; a verdict only once the period is closed."""
        verdict = self.verdict(measure) if self.closed else None
        crossing = self.crossed.get(measure.breach)
        return ServiceFigures(
            verdict=verdict,
            reason=Reason.NO_DATA if self.closed and verdict is None else None,
            breached_at=None if crossing is None else crossing.at,
            ratio=self.ratio(measure),
            agreed=self.agreed,
            excluded=self.excluded,
            unknown=self.unknown,
            down=self.down,
            degraded=self.degraded,
            budget=self.budget(measure),
            outages=self.outages,
            longest=self.longest,
            outage_list=tuple(self.outage_list),
        )

    def digest(self, measure: Measure, lasting: bool) -> bytes:
        """A few bytes that differ when the figures do; of an outage that is still `lasting` its length is none of them."""
        figures = self.figures(measure)
        if lasting:
            figures = figures._replace(longest=0, outage_list=figures.outage_list[:-1])
        return blake2b(repr(figures).encode(), digest_size=8).digest()
