"""A report as it is laid out for a person: every word and figure in the reader's language, every picture drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET

from slawatch.instants import ms_of, to_ms
from slawatch.messages.reports import Report, TargetEntry
from slawatch.sheet import drawing
from slawatch.sheet.credit import credit_lines, owed
from slawatch.sheet.evidence import Evidence, Key, Kind, LateTicket, Stretch, key_of
from slawatch.sheet.language import Language
from slawatch.sheet.promise import Promise, figure, mark, promise, title, used

EARLIER = 12
"""Earlier periods that a trend goes back, at most."""
_HIGHEST = Fraction(2)  # where a bar of the trend is cut: twice of what was allowed


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark below a timeline, at so many percent from the left; a minor one is left out where there is little room."""

    left: float
    label: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The timeline of one promise or of several that saw the same; `outages` are told one by one."""

    label: str
    picture: str
    outages: tuple[tuple[str, str, str], ...]
    more: str


@dataclass(frozen=True, slots=True)
class Late:
    """A ticket that broke its promise, in words; `picture` is its clock, where that is known."""

    ticket: str
    priority: str
    started: str
    due: str
    ended: str
    closing: str
    spent: str
    beyond: str
    picture: str


@dataclass(frozen=True, slots=True)
class LateList:
    """The tickets that broke one promise; `more` says how many are not listed."""

    title: str
    tickets: tuple[Late, ...]
    clocks: bool
    more: str


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
        known = {other.period: other for other in earlier if other.start < report.start}
        self._earlier = sorted(known.values(), key=lambda other: other.start)[-EARLIER:]

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
        lanes = tuple(self._lanes())
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
            ticks=tuple(self._ticks()) if lanes else (),
            kinds=tuple(self._kinds()) if lanes else (),
            late=tuple(self._late_lists()),
            trends=tuple(self._trends()),
            credit=tuple(credit_lines(report, self._evidence.terms, language)),
            provenance=tuple(self._provenance()),
        )

    # -- the timeline ---------------------------------------------------------------------------------------------

    def _stretches(self, entry: TargetEntry) -> tuple[Stretch, ...]:
        given = self._evidence.stretches.get(key_of(entry))
        if given is not None:
            return tuple(given)
        listed = [] if entry.outage_list is UNSET else entry.outage_list
        return tuple(
            Stretch(ms_of(each.start), self._reached if each.until is None else ms_of(each.until), Kind.DOWN)
            for each in listed
        )

    @property
    def _reached(self) -> int:
        reached = self._report.complete_until
        return self._end if reached is None else ms_of(reached)

    def _lanes(self) -> Iterator[Lane]:
        language = self._language
        same: dict[tuple[str, tuple[Stretch, ...]], list[TargetEntry]] = {}
        for entry in self._report.targets:
            if entry.agreed_seconds is not UNSET:
                same.setdefault((entry.subject, self._stretches(entry)), []).append(entry)
        ticks = [tick.left / 100 for tick in self._ticks() if tick.left > 0]
        for (subject, stretches), entries in same.items():
            several = sum(other == subject for other, _ in same) > 1
            label = ", ".join(title(entry, language) for entry in entries) if several else subject
            picture = drawing.strip(self._start, self._end, self._reached, stretches, ticks, label)
            listed = max((e.outage_list for e in entries if e.outage_list is not UNSET), key=len, default=[])
            count = max((e.outages for e in entries if e.outages is not UNSET), default=0)
            outages = tuple(
                (
                    language.instant(ms_of(each.start)),
                    language.text("still down") if each.until is None else language.instant(ms_of(each.until)),
                    language.span(each.seconds),
                )
                for each in listed
            )
            more = ""
            if count > len(listed):
                more = language.counted("and %(count)s more", "and %(count)s more", count - len(listed))
            yield Lane(label, picture, outages, more)

    def _ticks(self) -> Iterator[Tick]:
        """Local midnights, or hours of a day, or firsts of months, that a reader looks for."""
        language = self._language
        days = round((self._end - self._start) / 86_400_000)
        at = language.local(self._start).replace(tzinfo=None)
        while (ms := self._instant(at)) < self._end:
            left = max(100 * (ms - self._start) / (self._end - self._start), 0.0)
            if days <= 1:
                yield Tick(left, language.hour(ms), at.hour % 6 != 0)
                at += timedelta(hours=3)
            elif days <= 7:
                yield Tick(
                    left, language.weekday(ms), (at.toordinal() - language.local(self._start).toordinal()) % 2 != 0
                )
                at += timedelta(days=1)
            elif days <= 31:
                if at.day % 7 == 1:
                    yield Tick(left, language.day(ms), at.day not in (1, 15))
                at += timedelta(days=1)
            else:
                yield Tick(left, language.month(ms), days > 100 and at.month % 3 != 1)
                at = (at.replace(day=1) + timedelta(days=32)).replace(day=1)

    def _instant(self, local: datetime) -> int:
        return to_ms(local.replace(tzinfo=self._language.zone))

    def _kinds(self) -> Iterator[tuple[str, str]]:
        text = self._language.text
        names = {
            "up": text("up"), Kind.DOWN: text("down"), Kind.DEGRADED: text("degraded"), Kind.PLANNED: text("planned work"),
            Kind.AGREED: text("agreed not to count"), Kind.UNKNOWN: text("unknown"), Kind.CLOSED: text("no service hours"),
        }  # fmt: skip
        entries = [entry for entry in self._report.targets if entry.agreed_seconds is not UNSET]
        there = {stretch.kind for entry in entries for stretch in self._stretches(entry)}
        yield "up", names["up"]
        for kind in (Kind.DOWN, Kind.DEGRADED, Kind.PLANNED, Kind.AGREED, Kind.UNKNOWN, Kind.CLOSED):
            if kind in there:
                yield kind.value, names[kind]
        if self._reached < self._end:
            yield "ahead", text("not known yet")

    # -- tickets --------------------------------------------------------------------------------------------------

    def _late_lists(self) -> Iterator[LateList]:
        language = self._language
        for entry in self._report.targets:
            if entry.metric != "compliance" or entry.missed is UNSET or not entry.missed:
                continue
            known = self._evidence.late.get(key_of(entry), ())
            names = [] if entry.missed_tickets is UNSET else entry.missed_tickets
            longest = max((each.spent for each in known), default=0)
            tickets = [self._late(each, longest) for each in known]
            if not known:
                tickets = [Late(name, *[""] * 8) for name in names]
            hidden = entry.missed - len(tickets)
            more = language.counted("and %(count)s more", "and %(count)s more", hidden) if hidden > 0 else ""
            yield LateList(title(entry, language), tuple(tickets), bool(known), more)

    def _late(self, each: LateTicket, longest: int) -> Late:
        language = self._language
        ended = "" if each.ended_at is None else language.instant(each.ended_at)
        open_still = language.text("still open")
        return Late(
            ticket=each.ticket,
            priority=each.priority or "",
            started="" if each.started_at is None else language.instant(each.started_at),
            due="" if each.due_at is None else language.instant(each.due_at),
            ended=ended or open_still,
            closing=language.text("ended %(instant)s", instant=ended) if ended else open_still,
            spent=language.text(
                "%(spent)s of %(budget)s",
                spent=language.span(each.spent / 1000),
                budget=language.span(each.budget / 1000),
            ),
            beyond=language.span((each.spent - each.budget) / 1000),
            picture=drawing.clock(each.spent, each.budget, longest),
        )

    # -- the trend ------------------------------------------------------------------------------------------------

    def _trends(self) -> Iterator[Trend]:
        if not self._earlier:
            return
        for entry in self._report.targets:
            key = key_of(entry)
            found = [(report, _entry(report, key)) for report in (*self._earlier, self._report)]
            steps = [(report, each, used(each)) for report, each in found if each is not None]
            if len(steps) < 2:
                continue
            most = min(max([share for *_, share in steps if share is not None] + [Fraction(6, 5)]), _HIGHEST)
            yield Trend(
                title(entry, self._language),
                tuple(self._step(report, each, share, most) for report, each, share in steps),
            )

    def _step(self, report: Report, entry: TargetEntry, share: Fraction | None, most: Fraction) -> Step:
        language = self._language
        return Step(
            label=language.short_period(report.period),
            figure=figure(entry, language),
            mark=mark(entry),
            picture=drawing.bar(share, most, mark(entry)),
            now=report.period == self._report.period,
        )

    # -- where it comes from --------------------------------------------------------------------------------------

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


def _entry(report: Report, key: Key) -> TargetEntry | None:
    return next((entry for entry in report.targets if key_of(entry) == key), None)
