"""What was said, by label (`warned-75%`, `breached`, `met`, ...): twice the number of times, plus one while it stands."""

from __future__ import annotations

from typing import Final

from slawatch.core.alert import MET, MISSED

Said = dict[str, int]
STANDS: Final = 1
OUTCOMES: Final = (MET, MISSED)
_ONCE: Final = 2


def again(said: Said, label: str) -> int:
    """Note that something is said and stands; how often it was said with this time."""
    said[label] = (said.get(label, 0) & ~STANDS) + _ONCE | STANDS
    return said[label] // _ONCE


def correction(said: Said, label: str) -> int:
    """Note that something is said that does not stand, as it takes back; how often with this time."""
    said[label] = said.get(label, 0) + _ONCE
    return said[label] // _ONCE


def forget_outcome(said: Said) -> bool:
    """Let no outcome stand; whether one did."""
    stood = False
    for outcome in OUTCOMES:
        if said.get(outcome, 0) & STANDS:
            said[outcome] ^= STANDS
            stood = True
    return stood
