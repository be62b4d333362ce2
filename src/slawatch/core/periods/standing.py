"""How the promises about tickets stand in the period that is going on, for the gauges."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from slawatch.core.periods.alert import subject_of
from slawatch.core.periods.book import Book
from slawatch.core.periods.contract import ServiceTarget


class Standing(NamedTuple):
    """`metric` or the name that stands for it; which share of the allowed misses is `left`, None of a mean."""

    metric: str
    subject: str
    ratio: Fraction
    promised: Fraction
    left: Fraction | None


def standings(book: Book, at: int) -> Iterator[Standing]:
    """Those of the periods that `at` lies in; below 0 of what is left: so much more was missed."""
    for target in book.contract.targets:
        if isinstance(target, ServiceTarget):
            continue
        figures = book.figures(target, book.calendars[target.per].at(at), closed=False)
        if figures.ratio is None:
            continue
        left = None
        if figures.missed is not None:
            allowed = (1 - target.at_least) * figures.sample
            left = 1 - figures.missed / allowed if allowed else Fraction(not figures.missed)
        name = target.name or target.metric.value
        yield Standing(name, subject_of(target, None), figures.ratio, target.at_least, left)
