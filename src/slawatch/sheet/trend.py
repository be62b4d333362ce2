"""Promises over this period and earlier ones: how much of what was allowed was used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slawatch.messages.reports import Report, TargetEntry
from slawatch.sheet import drawing
from slawatch.sheet.evidence import Key, key_of
from slawatch.sheet.language import Language
from slawatch.sheet.promise import figure, mark, title, used

EARLIER = 12
"""Earlier periods that a trend goes back, at most."""
_HIGHEST = Fraction(2)  # where a bar is cut: twice of what was allowed


@dataclass(frozen=True, slots=True)
class Step:
    """One period of a trend."""

    label: str
    figure: str
    mark: str
    picture: str
    now: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """A promise over this period and earlier ones, the earliest first."""

    title: str
    steps: tuple[Step, ...]


def trends(report: Report, earlier: Sequence[Report], language: Language) -> Iterator[Trend]:
    """A trend for each promise that there was before; nothing without an earlier period."""
    known = {other.period: other for other in earlier if other.start < report.start}
    periods = [*sorted(known.values(), key=lambda other: other.start)[-EARLIER:], report]
    for entry in report.targets:
        key = key_of(entry)
        found = [(period, _entry(period, key)) for period in periods]
        told = [(period, each, used(each)) for period, each in found if each is not None]
        if len(told) < 2:
            continue
        most = min(max([share for *_, share in told if share is not None] + [Fraction(6, 5)]), _HIGHEST)
        steps = [_step(period, each, share, most, period is report, language) for period, each, share in told]
        yield Trend(title(entry, language), tuple(steps))


def _step(
    period: Report, entry: TargetEntry, share: Fraction | None, most: Fraction, now: bool, language: Language
) -> Step:
    return Step(
        label=language.short_period(period.period),
        figure=figure(entry, language),
        mark=mark(entry),
        picture=drawing.bar(share, most, mark(entry)),
        now=now,
    )


def _entry(report: Report, key: Key) -> TargetEntry | None:
    return next((entry for entry in report.targets if key_of(entry) == key), None)
