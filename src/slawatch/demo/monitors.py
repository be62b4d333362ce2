"""What the monitors said of the customers' services in June, and which work on them was planned.

Three services are promised something; what happens to them is told as a story, the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from slawatch.demo.desk import BEGIN
from slawatch.instants import rfc3339, to_ms

FAILING: Final = "tracking"
"""The service that is down longer than its month allows."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A monitoring event of the contract: `at` is when it happened, `heard` when it reaches Kafka; ms since the epoch."""

    service: str
    at: int
    heard: int
    id: str
    observed: dict[str, object] = field(hash=False)

    def line(self) -> bytes:
        """The event as JSON."""
        data = {"id": self.id, "service": self.service, "at": rfc3339(self.at), **self.observed}
        return json.dumps(data, separators=(",", ":")).encode()


def watch() -> list[Observation]:
    """All that the monitors say, in the order in which it is heard of."""
    begin = to_ms(BEGIN)
    told = [
        Observation(service, at, max(at, begin), f"{service}.{number}", observed)
        for service, story in (("tracking", _tracking()), ("payments", _payments()), ("records", _records()))
        for number, (at, observed) in enumerate(story, 1)
    ]
    return sorted(told, key=lambda observation: (observation.heard, observation.id))


_Story = Iterator[tuple[int, dict[str, object]]]


def _june(day: int, hour: int = 0, minute: int = 0) -> int:
    return to_ms(datetime(2025, 6, day, hour, minute, tzinfo=UTC))


_BEFORE = to_ms(datetime(2025, 5, 31, tzinfo=UTC))


def _tracking() -> _Story:
    """It fails on Tuesday, for longer than a month allows, and once more later, briefly."""
    yield _BEFORE, {"status": "up"}
    yield _june(10, 12, 10), {"status": "down"}
    yield _june(10, 13, 5), {"status": "up"}
    yield _june(20, 8), {"status": "down"}
    yield _june(20, 8, 18), {"status": "up"}


def _payments() -> _Story:
    """Work at night that was announced excuses what is down meanwhile; ten minutes on another day are within the promise."""
    window = {"planned_from": rfc3339(_june(11, 1)), "planned_until": rfc3339(_june(11, 3))}
    yield _BEFORE, {"status": "up"}
    yield _june(9, 9), {"check": "CHG-77", "status": "maintenance", **window}
    yield _june(11, 1, 10), {"status": "down"}
    yield _june(11, 2, 50), {"status": "up"}
    yield _june(17, 14), {"status": "down"}
    yield _june(17, 14, 10), {"status": "up"}


def _records() -> _Story:
    """Two checks: one of them down makes it degraded; for a night nobody measures."""
    yield _BEFORE, {"check": "web", "status": "up"}
    yield _BEFORE, {"check": "archive", "status": "up"}
    yield _june(12, 6), {"check": "archive", "status": "degraded"}
    yield _june(12, 9), {"check": "archive", "status": "up"}
    yield _june(23, 22), {"check": "web", "status": "unknown"}
    yield _june(23, 22), {"check": "archive", "status": "unknown"}
    yield _june(24, 4), {"check": "web", "status": "up"}
    yield _june(24, 4), {"check": "archive", "status": "up"}
