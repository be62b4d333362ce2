"""How customers stand in a period: one line each, the one with the least left of what was allowed first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import NamedTuple

from slawatch.messages.reports import Report
from slawatch.sheet.credit import owed
from slawatch.sheet.language import Language
from slawatch.sheet.promise import mark, title, used


class Standing(NamedTuple):
    """A customer: how many promises are broken of how many, the one with the least left, what is owed so far.

    `used` is the share of what was allowed that is used, None where nothing was measured. Without a customer the
    agreement stands in its place.
    """

    customer: str
    agreements: tuple[str, ...]
    broken: int
    promises: int
    worst: str
    used: Fraction | None
    percent: Decimal
    owed: tuple[str, ...]


def standings(reports: Iterable[Report], language: Language) -> list[Standing]:
    """The customers of these reports, most at risk first; of equal risk the one to whom more is owed."""
    found: dict[str, list[Report]] = {}
    for report in reports:
        found.setdefault(report.customer or report.agreement, []).append(report)
    lines = [_standing(customer, theirs, language) for customer, theirs in found.items()]
    return sorted(lines, key=lambda line: (-_risk(line.used), -line.percent, line.customer))


def standing_text(lines: Sequence[Standing], language: Language) -> str:
    """A table of plain text."""
    text = language.text
    rows = [[text("customer"), text("broken"), text("most at risk"), text("used"), text("credit")]]
    rows += [
        [
            line.customer,
            f"{line.broken}/{line.promises}",
            line.worst,
            "" if line.used is None else language.percent(used_text(line.used)),
            ", ".join(line.owed),
        ]
        for line in lines
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def used_text(share: Fraction) -> str:
    """A share with three decimals, cut upwards: what is all used up never looks as if something were left."""
    return str((Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("0.001"), ROUND_CEILING))


def _standing(customer: str, reports: list[Report], language: Language) -> Standing:
    entries = [entry for report in reports for entry in report.targets]
    worst = max(entries, key=lambda entry: _risk(used(entry)), default=None)
    return Standing(
        customer=customer,
        agreements=tuple(report.agreement for report in reports),
        broken=sum(mark(entry) == "missed" for entry in entries),
        promises=len(entries),
        worst="" if worst is None else title(worst, language),
        used=None if worst is None else used(worst),
        percent=max(Decimal(report.credit_percent) for report in reports),
        owed=tuple(words for report in reports if (words := owed(report, language))),
    )


def _risk(share: Fraction | None) -> Fraction:
    return Fraction(-1) if share is None else share
