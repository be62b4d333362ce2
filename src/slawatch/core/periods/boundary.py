"""When something is decided about periods at large: the instants at which one is closed, and at which it is final."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from slawatch.core.periods.contract import Contract
from slawatch.core.periods.period import Per, period_at

_Span = tuple[int | None, int | None]


class Boundaries:
    """The instants of all contracts together: `settle` after a period's end, and `retention` (None: never) after that."""

    def __init__(self, contracts: Iterable[Contract], retention: int | None) -> None:
        self._retention = retention
        spans: dict[tuple[tzinfo, Per, int], _Span] = {}
        for contract in contracts:
            span = (contract.since, contract.until)
            for per in contract.pers():
                rhythm = (contract.zone, per, contract.settle)
                known = spans.get(rhythm)
                spans[rhythm] = span if known is None else _wider(known, span)
        self._spans = spans

    def after(self, at: int) -> int | None:
        """The first of them later than `at`, ms; None if there is none."""
        soonest = None
        for (zone, per, settle), (since, until) in self._spans.items():
            for delay in (settle,) if self._retention is None else (settle, settle + self._retention):
                inside = at - delay if since is None else max(at - delay, since)
                period = period_at(per, inside, zone)
                if until is not None and period.start >= until:
                    continue
                boundary = period.end + delay
                if soonest is None or boundary < soonest:
                    soonest = boundary
        return soonest


def _wider(one: _Span, other: _Span) -> _Span:
    since = None if one[0] is None or other[0] is None else min(one[0], other[0])
    until = None if one[1] is None or other[1] is None else max(one[1], other[1])
    return since, until
