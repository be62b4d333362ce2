"""The one place where the service reads the wall clock."""

from __future__ import annotations

import time


def now_ms() -> int:
    """The instant, in ms since the epoch."""
    return time.time_ns() // 1_000_000  # noqa: TID251
