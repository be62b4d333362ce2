"""Weekdays, times of the day and dates as they are written in a calendar."""

from __future__ import annotations

import re
from datetime import date

from slawatch.agreements.problem import Mistake, hint
from slawatch.core.calendar import Hours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(" + "|".join(WEEKDAYS) + ")"
_TIME = "([01]?[0-9]|2[0-4]):[0-5][0-9]"
WEEKDAYS_PATTERN = f"^{_DAY}(-{_DAY})?$"
HOURS_PATTERN = f"^{_TIME} *- *{_TIME}$"
DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DAY_PATTERN = "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"
FIRST_YEAR, LAST_YEAR = 1970, 2199
_MIDNIGHT = 24 * 60


def weekdays(text: str) -> tuple[int, ...]:
    """The weekdays (Monday is 0) in `wed`, `mon-fri` or `sun-thu`."""
    first, dash, last = text.partition("-")
    for name in (first, last) if dash else (first,):
        if name not in WEEKDAYS:
            raise Mistake(f"`{name}` is not a weekday: {hint(name, WEEKDAYS)}")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
    return tuple((start + i) % 7 for i in range((end - start) % 7 + 1))


def hours(text: str) -> Hours:
    """The stretch of a day in `09:00-18:00`; an end that is not after its start is on the next day."""
    if not re.fullmatch(HOURS_PATTERN, text, re.ASCII):
        raise Mistake(f"`{text}` are not hours: write for example 09:00-18:00")
    opens, closes = (_minutes(part) for part in text.split("-"))
    if opens == _MIDNIGHT:
        raise Mistake(f"`{text}` opens at 24:00, which is the next day: open at 00:00 there")
    if opens == closes:
        raise Mistake(f"`{text}` opens and closes at the same time: write 00:00-24:00 for a whole day")
    return Hours(opens, closes if closes > opens else closes + _MIDNIGHT)


def _minutes(text: str) -> int:
    hour, minute = map(int, text.strip().split(":"))
    if hour * 60 + minute > _MIDNIGHT:
        raise Mistake(f"`{text.strip()}` is not a time of the day: 24:00 is the last")
    return hour * 60 + minute


def day(text: str) -> date:
    """The date in `2026-02-28`."""
    if not re.fullmatch(DATE_PATTERN, text, re.ASCII):
        raise Mistake(f"`{text}` is not a date: write for example 2026-02-28")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Mistake(f"`{text}` does not exist") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Mistake(f"`{text}` is out of range: years go from {FIRST_YEAR} to {LAST_YEAR}")
    return found


def closed_day(text: str) -> date | tuple[int, int]:
    """The date in `2026-12-31`, or the month and day of every year in `12-25`."""
    if not re.fullmatch(DAY_PATTERN, text, re.ASCII):
        raise Mistake(f"`{text}` is not a day: write a date (2026-12-31) or a day of every year (12-25)")
    if len(text) > len("12-25"):
        return day(text)
    month, number = int(text[:2]), int(text[3:])
    try:
        date(2024, month, number)  # a leap year: 02-29 is a day of some years
    except ValueError:
        raise Mistake(f"`{text}` does not exist in any year") from None
    return month, number
