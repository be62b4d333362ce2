"""Durations as they are written: `15m`, `1h30m`, `3d`, where the length of a day depends on the calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slawatch.agreements.problem import Mistake
from slawatch.core.interval import DAY, HOUR, MINUTE, SECOND

PATTERN = "^([0-9]+[smhd])+$"
LONGEST = 36_525 * DAY
"""A hundred years: beyond that no instant can be told."""
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": 0}
_PARTS = re.compile(r"([0-9]+)([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration as written: so many days, whatever they are, and so many ms besides."""

    text: str
    days: int
    rest: int

    def ms(self, day: int = DAY) -> int:
        """Its length where a day is `day` ms."""
        return self.days * day + self.rest


def parse(text: str) -> Duration:
    """The duration in a text: more than nothing, at most a hundred years; else a `Mistake`."""
    found = parse_any(text)
    if found.ms() == 0:
        raise Mistake(f"`{text}` is no time at all: a duration must be more than zero")
    return found


def parse_any(text: str) -> Duration:
    """The same, and `0s` too."""
    if not re.fullmatch(PATTERN, text):
        raise Mistake(f"`{text}` is not a duration: write for example 15m, 1h30m or 3d")
    parts = [(int(amount[:20]), unit) for amount, unit in _PARTS.findall(text)]
    days = sum(amount for amount, unit in parts if unit == "d")
    found = Duration(text, days, sum(amount * _UNITS[unit] for amount, unit in parts))
    if found.ms() > LONGEST:
        raise Mistake(f"`{text}` is longer than a hundred years")
    return found


def duration(text: str) -> int:
    """The ms in a duration such as `15m`, `1h30m` or `3d`, with days of 24 h; else a `ValueError`."""
    return parse(text).ms()
