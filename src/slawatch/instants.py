"""Instants between ms since the epoch and RFC 3339 text; formatting is on the hot path of every alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from slawatch.core.interval import DAY, HOUR, MINUTE, SECOND

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Small tables: one of every second of an hour would be faster only where nothing else is asked of a processor's cache.
_HOURS: Final = tuple(f"T{hour:02}:" for hour in range(24))
_MINUTES: Final = tuple(f"{minute:02}:" for minute in range(60))
_SECONDS: Final = tuple(f"{second:02}" for second in range(60))
_FRACTIONS: Final = tuple(f".{ms:03}Z" for ms in range(1_000))
_MS_OF_HOURS: Final = {text: HOUR * hour for hour, text in enumerate(_HOURS)}
_MS_OF_MINUTES: Final = {text: MINUTE * minute for minute, text in enumerate(_MINUTES)}
_MS_OF_SECONDS: Final = {text: SECOND * second for second, text in enumerate(_SECONDS)}
_MS_OF_FRACTIONS: Final = {text: ms for ms, text in enumerate(_FRACTIONS)}
_MOST_DAYS: Final = 4_096
_days: Final[dict[int, str]] = {}
_starts: Final[dict[str, int]] = {}
"""The first ms of a day by its text, `2026-10-12`."""


def to_ms(at: datetime) -> int:
    """An aware instant in ms since the epoch; what is finer is cut off."""
    since = at - EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def from_ms(ms: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def ms_of(text: str) -> int:
    """The ms of an instant in RFC 3339."""
    return to_ms(datetime.fromisoformat(text))


def rfc3339(ms: int) -> str:
    """`2026-10-12T09:44:38.400Z`; the milliseconds only where they are not zero."""
    ms, seconds = ms % 1_000, ms // 1_000
    minutes = seconds // 60
    hours = minutes // 60
    days = hours // 24
    day = _days.get(days)
    if day is None:
        day = _day(days)
    end = _FRACTIONS[ms] if ms else "Z"
    return f"{day}{_HOURS[hours % 24]}{_MINUTES[minutes % 60]}{_SECONDS[seconds % 60]}{end}"


def _day(days: int) -> str:
    if len(_days) >= _MOST_DAYS:
        _days.clear()
    day = _days[days] = (EPOCH + timedelta(days)).strftime("%Y-%m-%d")
    return day


def quick_ms(text: str) -> int | None:
    """The ms of an instant as `rfc3339` writes it, if its day was `learn`t; None: read it in another way."""
    start = _starts.get(text[:10])
    if start is None:
        return None
    hour, minute = _MS_OF_HOURS.get(text[10:14]), _MS_OF_MINUTES.get(text[14:17])
    second, end = _MS_OF_SECONDS.get(text[17:19]), text[19:]
    fraction = 0 if end == "Z" else _MS_OF_FRACTIONS.get(end)
    if hour is None or minute is None or second is None or fraction is None:
        return None
    return start + hour + minute + second + fraction


def learn(text: str, ms: int) -> None:
    """Let `quick_ms` know the day of an instant that was read in another way; only one in UTC says which it is."""
    if text.endswith("Z"):
        if len(_starts) >= _MOST_DAYS:
            _starts.clear()
        _starts[text[:10]] = ms - ms % DAY
