"""How the promises about tickets stand in the period that is going on, for the gauges."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from slawatch.core.periods.alert import subject_of
from slawatch.core.periods.book import Book
from slawatch.core.periods.contract import ServiceTarget


class Standing(NamedTuple):
    """A promise in its present period: `metric` is the name that stands for it where it has one.

    `left` is the share of the allowed misses that is left, below 0 where more were missed; None of a mean.
    """

    metric: str
    subject: str
    ratio: Fraction
    target: Fraction
    left: Fraction | None


def standings(book: Book, at: int) -> Iterator[Standing]:
    """Those of the periods that `at` lies in; where two have one metric and subject, the first in the file."""
    seen: set[tuple[str, str]] = set()
    for target in book.contract.targets:
        if isinstance(target, ServiceTarget):
            continue
        name = (target.name or target.metric.value, subject_of(target, None))
        figures = book.figures(target, book.calendars[target.per].at(at), closed=False)
        if figures.ratio is None or name in seen:
            continue
        seen.add(name)
        left = None
        if figures.missed is not None:
            allowed = (1 - target.at_least) * figures.sample
            left = 1 - figures.missed / allowed if allowed else Fraction(not figures.missed)
        yield Standing(*name, figures.ratio, target.at_least, left)
