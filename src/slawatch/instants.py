"""Instants between ms since the epoch and RFC 3339 text; formatting is on the hot path of every alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from slawatch.core.interval import HOUR

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OF_THE_HOUR: Final = tuple(f"{minute:02}:{second:02}" for minute in range(60) for second in range(60))
_MILLISECONDS: Final = ("Z", *(f".{ms:03}Z" for ms in range(1, 1_000)))
_SECONDS: Final = {text: 1_000 * second for second, text in enumerate(_OF_THE_HOUR)}
_FRACTIONS: Final = {".000Z": 0, **{text: ms for ms, text in enumerate(_MILLISECONDS)}}
_MOST_HOURS: Final = 16_384  # almost two years of them
_hours: Final[dict[int, str]] = {}
_starts: Final[dict[str, int]] = {}
"""The first ms of an hour by its text, `2026-10-12T09:`."""


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
    hours = ms // HOUR
    ms -= hours * HOUR
    hour = _hours.get(hours)
    if hour is None:
        hour = _hour(hours)
    return f"{hour}{_OF_THE_HOUR[ms // 1_000]}{_MILLISECONDS[ms % 1_000]}"


def _hour(hours: int) -> str:
    if len(_hours) >= _MOST_HOURS:
        _hours.clear()
    hour = _hours[hours] = (EPOCH + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:")
    return hour


def quick_ms(text: str) -> int | None:
    """The ms of an instant as `rfc3339` writes it, if its hour was `learn`t; None: read it in another way."""
    start = _starts.get(text[:14])
    if start is None:
        return None
    second, fraction = _SECONDS.get(text[14:19]), _FRACTIONS.get(text[19:])
    return None if second is None or fraction is None else start + second + fraction


def learn(text: str, ms: int) -> None:
    """Let `quick_ms` know the hour of an instant that was read in another way; only one in UTC says which it is."""
    if text.endswith("Z"):
        if len(_starts) >= _MOST_HOURS:
            _starts.clear()
        _starts[text[:14]] = ms - ms % HOUR
