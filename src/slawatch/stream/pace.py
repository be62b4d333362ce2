"""How a task gets on, as the watchdog sees it: whether it has something to do, and whether it turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator


class Pace:
    """`turns` rises whenever the task gets somewhere; `idle` while it waits for what may take as long as it likes."""

    __slots__ = ("idle", "turns")

    def __init__(self) -> None:
        self.turns = 0
        self.idle = False

    @property
    def working(self) -> bool:
        return not self.idle

    def turned(self) -> None:
        self.turns += 1

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """For a record, for a deadline, or in a line: to wait is not to be stuck."""
        self.idle = True
        try:
            yield
        finally:
            self.idle = False

    @contextlib.asynccontextmanager
    async def turn_at(self, gate: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
        """What all partitions share, once it is this one's turn."""
        with self.waiting():
            await gate.acquire()
        try:
            yield
        finally:
            gate.release()
