"""The pictures of a report, as SVG without text: words and figures stand beside them, where they stay readable.

Kinds of time differ in height as well as in colour, so that they can be told apart on a printer without colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import drawsvg

from slawatch.sheet.evidence import Kind, Stretch

WIDTH, HEIGHT = 1000, 40
_THINNEST = 2.0
"""An outage of a minute in a month is less than anybody can see."""
_HEIGHTS = {Kind.CLOSED: 40, Kind.UNKNOWN: 8, Kind.DEGRADED: 20, Kind.DOWN: 40, Kind.PLANNED: 14, Kind.AGREED: 14}


def strip(start: int, end: int, reached: int, stretches: Iterable[Stretch], ticks: Sequence[float], name: str) -> str:
    """A period from left to right: its stretches, and what is not there yet from `reached` on. `ticks` are shares."""
    picture = drawsvg.Drawing(WIDTH, HEIGHT, preserveAspectRatio="none", class_="strip", role="img")
    picture.append_title(name)
    picture.append(drawsvg.Rectangle(0, 0, WIDTH, HEIGHT, class_="up"))
    scale = WIDTH / (end - start)
    ordered = sorted(stretches, key=lambda stretch: list(Kind).index(stretch.kind))
    for first, last, kind in ordered:
        left, right = (max(first, start) - start) * scale, (min(last, end) - start) * scale
        if kind is Kind.UNKNOWN and right > left:  # its band is low: above it nothing may say that the service was up
            picture.append(drawsvg.Rectangle(_short(left), 0, _short(right - left), HEIGHT, class_="unsaid"))
    for first, last, kind in ordered:
        left, right = (max(first, start) - start) * scale, (min(last, end) - start) * scale
        height = _HEIGHTS[kind]
        if right > left:
            wide = max(right - left, _THINNEST)
            picture.append(
                drawsvg.Rectangle(
                    _short(min(left, WIDTH - wide)), HEIGHT - height, _short(wide), height, class_=kind.value
                )
            )
    if reached < end:
        left = max(reached - start, 0) * scale
        picture.append(drawsvg.Rectangle(_short(left), 0, _short(WIDTH - left), HEIGHT, class_="ahead"))
    for tick in ticks:
        picture.append(drawsvg.Line(_short(tick * WIDTH), 0, _short(tick * WIDTH), HEIGHT, class_="tick"))
    return _markup(picture)


def bar(share: Fraction | None, most: Fraction, mark: str) -> str:
    """How much of what was allowed is used, upwards; a line where it is all, which `most` says how high it is above 0."""
    width, height = 40, 100
    picture = drawsvg.Drawing(width, height, preserveAspectRatio="none", class_="bar", aria_hidden="true")
    scale = height / most
    if share is not None:
        tall = max(min(share, most) * scale, Fraction(1))
        picture.append(drawsvg.Rectangle(4, _short(height - tall), width - 8, _short(tall), class_=mark))
    line = _short(height - scale)
    picture.append(drawsvg.Line(0, line, width, line, class_="limit"))
    return _markup(picture)


def clock(spent: int, budget: int, longest: int) -> str:
    """The time that a ticket's clock has spent: within the budget, and beyond it; `longest` is as wide as there is."""
    width, height = 200, 12
    picture = drawsvg.Drawing(width, height, preserveAspectRatio="none", class_="clock", aria_hidden="true")
    scale = width / longest if longest else 0.0
    inside = min(spent, budget) * scale
    picture.append(drawsvg.Rectangle(0, 2, _short(inside), 8, class_="inside"))
    if spent > budget:
        wide = max((spent - budget) * scale, _THINNEST)
        picture.append(drawsvg.Rectangle(_short(min(inside, width - wide)), 2, _short(wide), 8, class_="beyond"))
    line = _short(min(budget * scale, width - 1.0))
    picture.append(drawsvg.Line(line, 0, line, height, class_="limit"))
    return _markup(picture)


def _short(value: float | Fraction) -> float:
    return round(float(value), 2)


def _markup(picture: drawsvg.Drawing) -> str:
    """The element alone, as it stands within a page."""
    return str(picture.as_svg(header="", skip_css=True, skip_js=True))
