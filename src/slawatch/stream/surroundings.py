"""What the partitions of a worker share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer

from slawatch.metrics import Metrics
from slawatch.settings import Settings
from slawatch.stream.ends import Ends
from slawatch.stream.topics import Topics

_RESTORES = 4  # at the same time: they share one core, and overlap only while they wait


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The worker's settings, its connections, and the gates through which partitions go one after another."""

    settings: Settings
    topics: Topics
    options: dict[str, Any]
    consumer: AIOKafkaConsumer
    ends: Ends
    metrics: Metrics
    verified: Callable[[], Awaitable[None]]
    """Waits until the partition counts were compared for this assignment; raises `Refused`."""
    restored: Callable[[], None]
    """Hears that a partition is ready."""
    computing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One partition computes at a time; while one waits for Kafka another does."""
    restoring: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_RESTORES))
