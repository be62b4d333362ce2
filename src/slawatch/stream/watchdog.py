"""A thread that notices when the worker stands still: a partition with work that does not turn, or a loop that hangs.

It counts its own beats and not seconds, so a process that was stopped for an hour and woken is not taken for stuck.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

_log = logging.getLogger(__name__)

STUCK_BEATS = 60
_GRACE_BEATS = 15  # to end in an orderly way once it was noticed
_BEAT_SECONDS = 1.0


class Turning(Protocol):
    """What is watched."""

    @property
    def working(self) -> bool: ...

    turns: int


class Watchdog:
    """Calls `bark` in the loop with a name when something is stuck; ends the process if the loop doesn't hear it."""

    def __init__(
        self, watched: Callable[[], Iterable[tuple[str, Turning]]], bark: Callable[[str], None], deadly: bool
    ) -> None:
        self._watched = watched
        self._bark = bark
        self._deadly = deadly
        self._ended = threading.Event()
        self._beats: dict[str, tuple[int, int]] = {}
        self._heard = True
        self._unheard_beats = 0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def healthy(self) -> bool:
        """Whether everything with work has turned recently."""
        return all(beats < STUCK_BEATS for _, beats in list(self._beats.values()))

    def beat(self) -> str | None:
        """Look once; the name of what has been stuck for too long."""
        seen = {}
        for name, watched in list(self._watched()):
            turns, beats = self._beats.get(name, (-1, 0))
            still = watched.working and watched.turns == turns
            seen[name] = (watched.turns, beats + 1 if still else 0)
        self._beats = seen
        return next((name for name, (_, beats) in seen.items() if beats >= STUCK_BEATS), None)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            self._unheard_beats = 0 if self._heard else self._unheard_beats + 1
            if self._deadly and self._unheard_beats > STUCK_BEATS + _GRACE_BEATS:
                _log.critical("the event loop has not turned for %d s; the process ends", self._unheard_beats)
                os._exit(1)
            try:
                if self._heard:
                    self._heard = False
                    loop.call_soon_threadsafe(self._hear)
                stuck = self.beat()
                if stuck is not None:
                    loop.call_soon_threadsafe(self._bark, stuck)
            except RuntimeError:
                if loop.is_closed():  # the worker has ended without stopping us
                    return
                raise

    def _hear(self) -> None:
        self._heard = True
