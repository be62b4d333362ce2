"""What is said of a period: one alert about one promise, and the identity that makes saying it twice the same thing."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from slawatch.core.alert import RANK
from slawatch.core.periods.contract import ComplianceTarget, Contract, PeriodTarget
from slawatch.core.periods.figures import Figures
from slawatch.core.periods.period import Period
from slawatch.core.slug import escaped

MEASURED: Final = "measured"
"""No alert: the figures of a closed period of which no verdict is said, for the ledger."""
_RANK: Final = {**RANK, MEASURED: 5}


class PeriodAlert(NamedTuple):
    """An alert about a period. Instants in ms, times in ms exactly; `nth` counts how often this was said, from 1.

    `service` is None for shares. `ratio`, `budget` and `elapsed` (of downtime, or of an outage), `used` and `limit` (of
    counts), `met`, `missed` and `sample` (of shares) are those at `happened_at`; None where the metric has none.
    `figures` are the whole, of a closed period.
    """

    what: str
    nth: int
    contract: Contract
    target: PeriodTarget
    service: str | None
    period: Period
    threshold: str | None
    happened_at: int
    due_at: int | None = None
    on_arrival: bool = False
    ratio: Fraction | None = None
    budget: Fraction | None = None
    elapsed: Fraction | None = None
    used: int | None = None
    limit: int | None = None
    met: int | None = None
    missed: int | None = None
    sample: int | None = None
    figures: Figures | None = None

    @property
    def id(self) -> str:
        """`<agreement>/<name or metric>/<subject>/<period>/<what>`, the threshold after a hyphen, `~n` when said again."""
        what = self.what if self.threshold is None else f"{self.what}-{self.threshold}"
        again = "" if self.nth == 1 else f"~{self.nth}"
        target = self.target
        return (
            f"{self.contract.slug}/{escaped(target.name or target.metric)}/"
            f"{escaped(subject_of(target, self.service))}/{self.period.label}/{what}{again}"
        )


def subject_of(target: PeriodTarget, service: str | None) -> str:
    """What a target is about, as it stands in ids and reports: a service, a ticket metric, or `ratings`."""
    if service is not None:
        return service
    return target.of.value if isinstance(target, ComplianceTarget) else "ratings"


def in_order(step: list[PeriodAlert]) -> list[PeriodAlert]:
    """The alerts of one step in the order in which they are said."""
    if len(step) > 1:
        step.sort(key=lambda alert: (_RANK[alert.what], alert.id))
    return step
