"""A help desk on the shared broker for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lane_desk import Desk
from slawatch.local_kafka import LocalKafka


@pytest.fixture
async def desk(kafka: LocalKafka, unique_name: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(kafka.brokers, unique_name, tmp_path)
    yield desk
    await desk.close()
