"""A report with all that is known beside it, for one who lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from slawatch.messages.reports import Report
from slawatch.sheet.evidence import Evidence


class Dossier(NamedTuple):
    """A report, those of the same agreement for earlier periods, and what the events tell besides."""

    report: Report
    earlier: Sequence[Report] = ()
    evidence: Evidence | None = None


def dossiers(reports: Iterable[Report], period: str) -> list[Dossier]:
    """Of all reports those of one period, by agreement, each with the earlier ones of its kind."""
    known = list(reports)
    asked = sorted((report for report in known if report.period == period), key=lambda report: report.agreement)
    return [Dossier(report, [other for other in known if _precedes(other, report)]) for report in asked]


def _precedes(other: Report, report: Report) -> bool:
    """Whether it is of an earlier period of the same kind: labels of one kind are alike, letter by letter."""
    return (
        other.agreement == report.agreement
        and other.start < report.start
        and _shape(other.period) == _shape(report.period)
    )


def _shape(label: str) -> str:
    return "".join("0" if sign.isdigit() else sign for sign in label)
