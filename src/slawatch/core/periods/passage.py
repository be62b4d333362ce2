"""How far time has come: the least of what all its sources have passed."""

from __future__ import annotations

from collections.abc import Iterable


class Passage:
    """`passed` by source, in ms; None as the least until every source was heard."""

    def __init__(self, sources: Iterable[str]) -> None:
        self.passed: dict[str, int] = {}
        self._sources = frozenset(sources)
        self.least: int | None = None

    def hear(self, source: str, passed: int) -> bool:
        """Take a mark; False if it says nothing new. Of a source that is none nothing is known."""
        if source not in self._sources or passed <= self.passed.get(source, -1):
            return False
        self.passed[source] = passed
        self._find()
        return True

    def restore(self, passed: dict[str, int]) -> None:
        """Go on from what was stored."""
        self.passed = {source: at for source, at in passed.items() if source in self._sources}
        self._find()

    def _find(self) -> None:
        if len(self.passed) == len(self._sources):
            self.least = min(self.passed.values())
