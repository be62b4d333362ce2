"""Calendar periods of a zone: half-open, from local midnight to local midnight, with the labels that people give them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from slawatch.core.calendar import EPOCH, midnight


class Per(StrEnum):
    """How long a period is. The order is that of the stored numbers: append only."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Period(NamedTuple):
    """`[start, end)` in ms; `label` is `2026-10-05`, `2026-W41` (ISO year and week), `2026-10`, `2026-Q4` or `2026`."""

    label: str
    start: int
    end: int


def period_at(per: Per, at: int, zone: tzinfo) -> Period:
    """The period that an instant lies in."""
    local = (EPOCH + timedelta(milliseconds=at)).astimezone(zone).date()
    # In a zone whose midnight a gap skips, or comes twice, the local date alone does not decide.
    for day in (local - timedelta(1), local, local + timedelta(1)):
        period = _period(per, day, zone)
        if period.start <= at < period.end:
            return period
    raise AssertionError(f"no {per} in {zone} has {at}")


def next_period(per: Per, period: Period, zone: tzinfo) -> Period:
    """The period that begins when this one ends."""
    return period_at(per, period.end, zone)


def period_of(label: str, zone: tzinfo) -> tuple[Per, Period]:
    """The period with a label; ValueError if it is none."""
    per, first = _parsed(label)
    return per, _period(per, first, zone)


def _parsed(label: str) -> tuple[Per, date]:
    digits = label.replace("-", "")
    try:
        if "W" in label and len(label) == 8:
            return Per.WEEK, date.fromisocalendar(int(label[:4]), int(label[6:]), 1)
        if "Q" in label and len(label) == 7 and label[5:6] == "Q" and label[6] in "1234":
            return Per.QUARTER, date(int(label[:4]), 3 * int(label[6]) - 2, 1)
        if digits.isascii() and digits.isdigit():
            if len(label) == 4:
                return Per.YEAR, date(int(label), 1, 1)
            if len(label) == 7:
                return Per.MONTH, datetime.strptime(label, "%Y-%m").replace(tzinfo=UTC).date()
            if len(label) == 10:
                return Per.DAY, date.fromisoformat(label)
    except ValueError:
        pass
    raise ValueError(f"{label!r} is not a period: write 2026-10-05, 2026-W41, 2026-10, 2026-Q4 or 2026")


def _period(per: Per, day: date, zone: tzinfo) -> Period:
    """The period that a local date belongs to."""
    first, after = _days(per, day)
    return Period(_label(per, first), midnight(first, zone), midnight(after, zone))


def _days(per: Per, day: date) -> tuple[date, date]:
    match per:
        case Per.DAY:
            return day, day + timedelta(1)
        case Per.WEEK:
            monday = day - timedelta(day.weekday())
            return monday, monday + timedelta(7)
        case Per.MONTH:
            return _months(day, day.month, 1)
        case Per.QUARTER:
            return _months(day, (day.month - 1) // 3 * 3 + 1, 3)
        case Per.YEAR:
            return _months(day, 1, 12)


def _months(day: date, first: int, count: int) -> tuple[date, date]:
    after = first + count
    return date(day.year, first, 1), date(day.year + (after > 12), (after - 1) % 12 + 1, 1)


def _label(per: Per, first: date) -> str:
    match per:
        case Per.DAY:
            return first.isoformat()
        case Per.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02d}"
        case Per.MONTH:
            return f"{first.year}-{first.month:02d}"
        case Per.QUARTER:
            return f"{first.year}-Q{(first.month + 2) // 3}"
        case Per.YEAR:
            return f"{first.year}"
