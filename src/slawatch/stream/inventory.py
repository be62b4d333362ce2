"""What a restored table holds: looked through once, a million states as quickly as can be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slawatch.process import Process


class Inventory:
    """Wake-ups by key and how many states have each tally; `to_judge` are the keys of states to be judged again first."""

    __slots__ = ("_on_restore", "_tally", "dues", "tallies", "to_judge")

    def __init__(self, process: Process[Any]) -> None:
        self._tally, self._on_restore = process.tally, process.on_restore
        self.dues: list[tuple[bytes, int]] = []
        self.tallies: dict[bytes, int] = {}
        self.to_judge: list[bytes] = []

    def add(self, states: Iterable[tuple[bytes, bytes]]) -> None:
        """Look at some states of the table; one that can't be read is judged again, and becomes a dead letter there."""
        tallies = self.tallies
        for key, state in states:
            try:
                tally = self._tally(state)
                tallies[tally] = tallies.get(tally, 0) + 1
                wakes = self._on_restore(key, state)
                self.dues.extend(wakes or ())
            except Exception:
                wakes = None
            if wakes is None:
                self.to_judge.append(key)
