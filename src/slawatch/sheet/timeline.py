"""A period from its start to its end: what each stretch was for a promise, and the outages one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET

from slawatch.instants import ms_of, to_ms
from slawatch.messages.reports import Report, TargetEntry
from slawatch.sheet import drawing
from slawatch.sheet.evidence import Evidence, Kind, Stretch, key_of
from slawatch.sheet.language import Language
from slawatch.sheet.promise import title


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


class Timeline:
    """The timeline of a report; `evidence` knows more of it than the report does."""

    def __init__(self, report: Report, language: Language, evidence: Evidence) -> None:
        self._report, self._language, self._evidence = report, language, evidence
        self._start, self._end = ms_of(report.start), ms_of(report.until)
        self._entries = [entry for entry in report.targets if entry.agreed_seconds is not UNSET]

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

    def lanes(self) -> Iterator[Lane]:
        """A lane for each service, or where its promises saw different things for each of those."""
        language = self._language
        same: dict[tuple[str, tuple[Stretch, ...]], list[TargetEntry]] = {}
        for entry in self._entries:
            same.setdefault((entry.subject, self._stretches(entry)), []).append(entry)
        ticks = [tick.left / 100 for tick in self.ticks() if tick.left > 0]
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

    def ticks(self) -> Iterator[Tick]:
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

    def kinds(self) -> Iterator[tuple[str, str]]:
        """The kinds of time that there are, with their names."""
        text = self._language.text
        names = {
            "up": text("up"), Kind.DOWN: text("down"), Kind.DEGRADED: text("degraded"), Kind.PLANNED: text("planned work"),
            Kind.AGREED: text("agreed not to count"), Kind.UNKNOWN: text("unknown"), Kind.CLOSED: text("no service hours"),
        }  # fmt: skip
        there = {stretch.kind for entry in self._entries for stretch in self._stretches(entry)}
        yield "up", names["up"]
        for kind in (Kind.DOWN, Kind.DEGRADED, Kind.PLANNED, Kind.AGREED, Kind.UNKNOWN, Kind.CLOSED):
            if kind in there:
                yield kind.value, names[kind]
        if self._reached < self._end:
            yield "ahead", text("not known yet")
