"""From valid parts of the files to core values, and what is wrong with them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo

from slawatch.agreements import pinned
from slawatch.agreements.document import Document
from slawatch.agreements.durations import Duration
from slawatch.agreements.models import AgreementPart, CalendarPart, MatchPart, TargetPart
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
    """The agreement; `calendars` has all that it names, and `conflicts` found nothing."""
    own = calendars[part.calendar or ROUND_THE_CLOCK.name]
    zone = _zone(part, calendars)
    match = part.match or MatchPart()
    fields = ((number, getattr(match, FIELD_NAMES[number])) for number in _MATCHED)
    return Agreement(
        id=part.id,
        targets=tuple(
            _target(target, own, calendars, document.place((*path, "targets", i)))
            for i, target in enumerate(part.targets)
        ),
        match={number: frozenset(words) for number, words in fields if words},
        attributes={name: frozenset(words) for name, words in (match.attributes or {}).items()},
        since=midnight(part.start, zone) if part.start else None,
        until=midnight(part.until, zone) if part.until else None,
        also=part.also,
        zone=zone,
        where=document.place(path),
    )


def conflicts(part: AgreementPart, calendars: Calendars) -> Iterator[Mistake]:
    """What the parts of an agreement do not say together."""
    zones = _zones(part, calendars)
    if len(zones) > 1 and (part.start or part.until):
        key = "from" if part.start else "until"
        yield Mistake(f"midnight in which zone? Its calendars have {' and '.join(zones)}: add a `timezone`", key)
    for i, target in enumerate(part.targets):
        days = {calendar.day for calendar in _used(target, calendars[part.calendar or ROUND_THE_CLOCK.name], calendars)}
        for j, threshold in enumerate(target.warn):
            if isinstance(threshold, Duration) and threshold.days and len(days) > 1:
                text = f"how long is `{threshold.text}`? The calendars of the limits have different days: write hours"
                yield Mistake(text, "targets", i, "warn", j)


def named_calendars(part: AgreementPart) -> Iterator[str]:
    """The names of the calendars that an agreement uses."""
    if part.calendar:
        yield part.calendar
    for target in part.targets:
        if target.calendar:
            yield target.calendar
        yield from (limit.calendar for limit in target.within.values() if limit.calendar)


def _zones(part: AgreementPart, calendars: Calendars) -> dict[str, tzinfo]:
    """The zones that `from` and `until` may be meant in: its own, else its calendar's, else those of its targets.

    Round the clock has none.
    """
    if part.timezone:
        return {part.timezone.key: part.timezone}
    own = calendars[part.calendar or ROUND_THE_CLOCK.name].part
    if own:
        return {own.timezone.key: own.timezone}
    used = (calendars[name].part for name in named_calendars(part))
    return {calendar.timezone.key: calendar.timezone for calendar in used if calendar}


def _zone(part: AgreementPart, calendars: Calendars) -> tzinfo:
    zones = _zones(part, calendars)
    return next(iter(zones.values())) if len(zones) == 1 else UTC


def _used(part: TargetPart, own: BuiltCalendar, calendars: Calendars) -> Iterator[BuiltCalendar]:
    """The calendar of each limit: its own, else the target's, else the agreement's."""
    for limit in part.within.values():
        name = limit.calendar or part.calendar
        yield calendars[name] if name else own


def _target(part: TargetPart, own: BuiltCalendar, calendars: Calendars, where: str) -> Target:
    used = list(_used(part, own, calendars))
    limits = {
        priority: Limit(limit.time.ms(calendar.day), calendar.hours)
        for (priority, limit), calendar in zip(part.within.items(), used, strict=True)
    }
    default = limits.pop("default", None)
    return Target(
        metric=part.metric,
        limits=limits,
        default=default,
        warn=tuple(_warn(threshold, used[0].day) for threshold in part.warn),
        overdue=part.overdue,
        pause=frozenset(part.pause),
        on_reopen=part.on_reopen,
        on_change=part.on_change,
        resolved_counts=part.resolved_counts,
        where=where,
    )


def _warn(threshold: Percent | Duration, day: int) -> Warn:
    return threshold if isinstance(threshold, Percent) else TimeLeft(threshold.text, threshold.ms(day))
