"""A real Apache Kafka for the tests of this folder: one broker for all of them, unique names for each."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from lane_desk import Desk
from slawatch.local_kafka import KafkaUnavailable, LocalKafka


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the broker: all that asks for the fixture, directly or through another one.

    These tests wait more than they compute, so where tests run side by side it is those of the lane beside all others:
    two brokers, not one for each test that finds a process idle.
    """
    folder = Path(__file__).parent
    for item in items:
        if isinstance(item, pytest.Function) and "kafka" in item.fixturenames:
            item.add_marker(pytest.mark.kafka)
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.xdist_group("lane" if item.path.parent.name == "lane" else "desk"))


@pytest.fixture(scope="session")
def kafka() -> Iterator[LocalKafka]:
    """A running broker, shared: a test that stops, pauses or kills one starts its own."""
    broker = LocalKafka()
    try:
        broker.start()
    except KafkaUnavailable as error:
        broker.close()
        if os.environ.get("CI") == "true":
            pytest.fail(f"there must be a kafka in CI: {error}")
        pytest.skip(f"no kafka: {error}")
    except BaseException:
        broker.close()
        raise
    yield broker
    broker.close()


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Names of topics and groups that no other test has: `unique_name("tickets")`."""
    suffix = uuid.uuid4().hex[:12]
    return lambda name: f"{name}-{suffix}"


@pytest.fixture
def topic_name(unique_name: Callable[[str], str]) -> str:
    """One such name, for a test with a single topic."""
    return unique_name("topic")


@pytest.fixture
async def desk(kafka: LocalKafka, unique_name: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(kafka.brokers, unique_name, tmp_path)
    yield desk
    await desk.close()
