"""The figures of a service of which nobody has heard: no data, unless what is unknown counts as something."""

from __future__ import annotations

from fractions import Fraction

from slawatch.core.periods.contract import Contract, ServiceTarget
from slawatch.core.periods.figures import Reason, ServiceFigures
from slawatch.core.periods.period import Period


def silent(contract: Contract, target: ServiceTarget, service: str, period: Period, closed: bool) -> ServiceFigures:  # noqa: ARG001
    """Those of a period; a verdict or a reason for none only once it is closed."""
    start = period.start if contract.since is None else max(period.start, contract.since)
    end = period.end if contract.until is None else min(period.end, contract.until)
    axis = target.hours.axis
    agreed = axis.work(end) - axis.work(start)
    return ServiceFigures(
        None, Reason.NO_DATA if closed else None, None, None, agreed, 0, agreed, 0, 0, Fraction(0), 0, 0, ()
    )
