"""A report as it is laid out for a person: every word and figure in the reader's language, every picture drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slawatch.instants import ms_of
from slawatch.messages.reports import Report
from slawatch.sheet.credit import credit_lines, owed
from slawatch.sheet.evidence import Evidence
from slawatch.sheet.language import Language
from slawatch.sheet.late import LateList, late_lists
from slawatch.sheet.promise import Promise, mark, promise
from slawatch.sheet.timeline import Lane, Tick, Timeline
from slawatch.sheet.trend import Trend, trends


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole report, for templates."""

    agreement: str
    customer: str
    period: str
    span: str
    zone: str
    status: str
    summary: str
    owed: str
    mark: str
    promises: tuple[Promise, ...]
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    kinds: tuple[tuple[str, str], ...]
    late: tuple[LateList, ...]
    trends: tuple[Trend, ...]
    credit: tuple[str, ...]
    provenance: tuple[str, ...]


def lay_out(
    report: Report, language: Language, evidence: Evidence | None = None, earlier: Sequence[Report] = ()
) -> Sheet:
    """A report in a language of its own zone; `earlier` are those of the same agreement for periods before it."""
    return _Layout(report, language, evidence or Evidence(), earlier).sheet()


def zone_of(report: Report) -> tzinfo:
    """The agreement's zone; UTC where this machine has none of its name."""
    try:
        return ZoneInfo(report.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


class _Layout:
    def __init__(self, report: Report, language: Language, evidence: Evidence, earlier: Sequence[Report]) -> None:
        self._report, self._language, self._evidence = report, language, evidence
        self._start, self._end = ms_of(report.start), ms_of(report.until)
        self._over = report.status != "open"
        self._earlier = earlier

    def sheet(self) -> Sheet:
        report, language, text = self._report, self._language, self._language.text
        marks = [mark(entry) for entry in report.targets]
        summary = language.counted(
            "%(kept)s of %(count)s promise kept, %(broken)s broken",
            "%(kept)s of %(count)s promises kept, %(broken)s broken",
            len(marks), kept=language.number(marks.count("met")), broken=language.number(marks.count("missed")),
        )  # fmt: skip
        if not self._over:
            summary = text("%(broken)s broken so far; the period is not over", broken=marks.count("missed"))
        timeline = Timeline(report, language, self._evidence)
        lanes = tuple(timeline.lanes())
        return Sheet(
            agreement=report.agreement,
            customer=report.customer or "",
            period=language.period(report.period),
            span=text(
                "from %(start)s until %(end)s", start=language.instant(self._start), end=language.instant(self._end)
            ),
            zone=report.timezone,
            status={"open": text("open"), "closed": text("closed"), "final": text("final")}[report.status],
            summary=summary,
            owed="" if not (amount := owed(report, language)) else text("credit %(amount)s", amount=amount),
            mark="missed" if "missed" in marks else "met" if "met" in marks else "none",
            promises=tuple(promise(entry, language, over=self._over) for entry in report.targets),
            lanes=lanes,
            ticks=tuple(timeline.ticks()) if lanes else (),
            kinds=tuple(timeline.kinds()) if lanes else (),
            late=tuple(late_lists(report, language, self._evidence)),
            trends=tuple(trends(report, self._earlier, language)),
            credit=tuple(credit_lines(report, self._evidence.terms, language)),
            provenance=tuple(self._provenance()),
        )

    def _provenance(self) -> Iterator[str]:
        report, text, instant = self._report, self._language.text, self._language.instant
        if report.complete_until is not None:
            yield text(
                "The data of all sources reached until %(instant)s.", instant=instant(ms_of(report.complete_until))
            )
        if report.status == "open":
            yield text("The period is open: it has no revision yet.")
            return
        closed = report.closed_at
        if closed is not None:
            yield text("Closed on %(instant)s.", instant=instant(ms_of(closed)))
        yield text("Revision %(revision)s.", revision=self._language.number(report.revision))
        if report.status == "closed":
            yield text("Corrections of what happened may still revise it.")
        else:
            yield text("It is final: nothing revises it any more.")
