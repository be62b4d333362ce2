"""From valid parts of the files to the calendars and to the promises about tickets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo

from slawatch.agreements import pinned
from slawatch.agreements.calendars import CalendarPart
from slawatch.agreements.document import Document
from slawatch.agreements.durations import Duration
from slawatch.agreements.models import AgreementPart, MatchPart, TargetPart
from slawatch.agreements.periods import NarrowPart, ServiceTargetPart
from slawatch.agreements.problem import Mistake, Path
from slawatch.core.agreement import ROUND_THE_CLOCK, Agreement, Hours, Limit, Percent, Target, TimeLeft, Warn
from slawatch.core.calendar import Calendar, midnight, no_holidays
from slawatch.core.calendar import Hours as Span
from slawatch.core.fact import ASSIGNEE, CUSTOMER, FIELD_NAMES, KIND, PRIORITY, SERVICE, TEAM
from slawatch.core.interval import DAY
from slawatch.core.worktime import OpenHours

_MATCHED = (PRIORITY, CUSTOMER, SERVICE, KIND, TEAM, ASSIGNEE)
_USUAL_YEARS = range(2024, 2051)
"""Years in which a calendar must be open, besides those that it names itself."""


@dataclass(frozen=True, slots=True)
class BuiltCalendar:
    """A calendar with its axis, and what a day of it is worth in ms; `part` is what was written."""

    hours: Hours
    day: int
    calendar: Calendar | None = None
    part: CalendarPart | None = None


ALWAYS = BuiltCalendar(ROUND_THE_CLOCK, DAY)
Calendars = Mapping[str, BuiltCalendar]
"""By name, with `ALWAYS` among them."""


def build_calendar(name: str, part: CalendarPart) -> BuiltCalendar:
    """The calendar; a `Mistake` if it is closed for a whole year."""
    weekly: list[tuple[Span, ...]] = [()] * 7
    for days, spans in part.hours.items():
        for day in days:
            weekly[day] = spans
    holidays = part.holidays
    calendar = Calendar(
        name=name,
        zone=part.timezone,
        weekly=tuple(weekly),
        open=part.open,
        closed=frozenset(day for day in part.closed if isinstance(day, date)),
        closed_yearly=frozenset(day for day in part.closed if not isinstance(day, date)),
        holidays=pinned.public_holidays(holidays.country, holidays.subdivision) if holidays else no_holidays,
    )
    named = {day.year for day in (*calendar.open, *calendar.closed)}
    for year in sorted({*_USUAL_YEARS, *named}):
        if not _open_in(calendar, year):
            raise Mistake(f"is closed for whole years, such as {year}: give it hours", "hours")
    day_length = part.day.ms() if part.day else DAY
    return BuiltCalendar(Hours(name, OpenHours(calendar), part.timezone), day_length, calendar, part)


def _open_in(calendar: Calendar, year: int) -> bool:
    start = date(year, 1, 1).toordinal()
    return any(calendar.hours(date.fromordinal(start + i)) for i in range(365))


def build_agreement(part: AgreementPart, calendars: Calendars, document: Document, path: Path) -> Agreement:
    """The agreement; `calendars` has all that it names, and its parts agree."""
    own = calendars[part.calendar or ROUND_THE_CLOCK.name]
    _, midnights = zone(part, calendars)
    match = part.match or MatchPart()
    return Agreement(
        id=part.id,
        targets=tuple(
            _target(target, own, calendars, document.place((*path, "targets", i)))
            for i, target in enumerate(part.targets)
            if isinstance(target, TargetPart)
        ),
        match=fields(match),
        attributes={name: frozenset(words) for name, words in (match.attributes or {}).items()},
        since=midnight(part.start, midnights) if part.start else None,
        until=midnight(part.until, midnights) if part.until else None,
        also=part.also,
        zone=midnights,
        where=document.place(path),
    )


def fields(match: MatchPart | NarrowPart) -> dict[int, frozenset[str]]:
    """The accepted values by field number."""
    found = ((number, getattr(match, FIELD_NAMES[number], None)) for number in _MATCHED)
    return {number: frozenset(words) for number, words in found if words}


def named_calendars(part: AgreementPart) -> Iterator[str]:
    """The names of the calendars that an agreement uses."""
    if part.calendar:
        yield part.calendar
    for target in part.targets:
        if isinstance(target, TargetPart | ServiceTargetPart) and target.calendar:
            yield target.calendar
        if isinstance(target, TargetPart):
            yield from (limit.calendar for limit in target.within.values() if limit.calendar)


def zones(part: AgreementPart, calendars: Calendars) -> dict[str, tzinfo]:
    """The zones that midnights may be meant in: its own, else its calendar's, else those of its targets.

    Round the clock has none.
    """
    if part.timezone:
        return {part.timezone.key: part.timezone}
    own = calendars[part.calendar or ROUND_THE_CLOCK.name].part
    if own:
        return {own.timezone.key: own.timezone}
    used = (calendars[name].part for name in named_calendars(part))
    return {calendar.timezone.key: calendar.timezone for calendar in used if calendar}


def zone(part: AgreementPart, calendars: Calendars) -> tuple[str, tzinfo]:
    """The zone of an agreement, with its name."""
    found = zones(part, calendars)
    return next(iter(found.items())) if len(found) == 1 else ("UTC", UTC)


def used(part: TargetPart, own: BuiltCalendar, calendars: Calendars) -> Iterator[BuiltCalendar]:
    """The calendar of each limit: its own, else the target's, else the agreement's."""
    for limit in part.within.values():
        name = limit.calendar or part.calendar
        yield calendars[name] if name else own


def _target(part: TargetPart, own: BuiltCalendar, calendars: Calendars, where: str) -> Target:
    measured = list(used(part, own, calendars))
    limits = {
        priority: Limit(limit.time.ms(calendar.day), calendar.hours)
        for (priority, limit), calendar in zip(part.within.items(), measured, strict=True)
    }
    default = limits.pop("default", None)
    return Target(
        metric=part.metric,
        limits=limits,
        default=default,
        warn=tuple(warning(threshold, measured[0].day) for threshold in part.warn),
        overdue=part.overdue,
        pause=frozenset(part.pause),
        on_reopen=part.on_reopen,
        on_change=part.on_change,
        resolved_counts=part.resolved_counts,
        where=where,
    )


def warning(threshold: Percent | Duration, day: int) -> Warn:
    """When to warn, where a day is `day` ms."""
    return threshold if isinstance(threshold, Percent) else TimeLeft(threshold.text, threshold.ms(day))
