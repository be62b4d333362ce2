"""A help desk on a broker: topics and a group of its own for each test, workers in this process or in others."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from slawatch.settings import Settings, read_settings
from slawatch.stream.topics import ensure
from slawatch.stream.wall_clock import now_ms

_TESTS = Path(__file__).parent
_PROGRAM = """
import os, sys
from counting import Counting, Passing
from slawatch.settings import read_settings
from slawatch.stream.app import run_worker
pad = int(os.environ.get("COUNTING_PAD", "0"))
passing = "COUNTING_PASSING" in os.environ
sys.exit(run_worker(read_settings(), [Passing(), Counting("outcomes")] if passing else [Counting(pad=pad)]))
"""


class Process:
    """A worker in a process of its own."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM],
                env=os.environ | environment | {"PYTHONPATH": str(_TESTS)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def code(self) -> int | None:
        return self._process.poll()

    async def wait(self, seconds: float) -> int:
        """The exit code; fails when it takes longer."""
        await eventually(lambda: self.code is not None, seconds, lambda: f"no exit; its log:\n{self.log()}")
        assert self.code is not None
        return self.code

    def log(self) -> str:
        return self.output.read_text()

    def end(self) -> None:
        if self.code is None:
            self._process.kill()
        self._process.wait()


async def eventually(condition: Callable[[], Any], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    """Return when the condition holds; fail with `why` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {why()}"
        await asyncio.sleep(0.02)


class Desk:
    """Topics, events and what was said."""

    def __init__(self, brokers: str, name: Callable[[str], str], folder: Path) -> None:
        self.brokers = brokers
        self._folder = folder
        self._overrides: dict[str, Any] = {
            "brokers": brokers,
            "partitions": 4,
            "web_port": 0,
            "grace": 0,
            "data": folder / "tables",
            "session_timeout": 6_000,
            "group": name("group"),
        }
        for role in ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters"):
            self._overrides[role] = name(role)
        self._processes: list[Process] = []
        self._producer: AIOKafkaProducer | None = None

    def settings(self, **overrides: Any) -> Settings:
        return read_settings(**(self._overrides | overrides))

    def spawn(self, **overrides: Any) -> Process:
        """A worker with these settings, each a string as in the environment."""
        values = {name: str(value) for name, value in (self._overrides | overrides).items()}
        for name in ("grace", "session_timeout"):
            if values[name].isdigit():
                values[name] = f"{int(values[name]) // 1000}s"
        environment = {f"SLAWATCH_{name.upper()}": value for name, value in values.items()}
        environment |= {name: str(value) for name, value in overrides.items() if name.isupper()}
        process = Process(environment, self._folder / f"worker-{len(self._processes)}.log")
        self._processes.append(process)
        return process

    async def create_topics(self, **overrides: Any) -> Settings:
        settings = self.settings(**overrides)
        await ensure(settings, ["tickets"])
        return settings

    async def create_topic(self, name: str, partitions: int, **configs: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        configs = {config.replace("_", "."): value for config, value in configs.items()}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        await admin.close()

    async def delete_topic(self, name: str) -> None:
        """Return when the topic is gone."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        await admin.delete_topics([name])
        for _ in range(100):
            if name not in await admin.list_topics():
                break
            await asyncio.sleep(0.1)
        await admin.close()

    async def produce(
        self,
        events: Iterable[dict[str, Any]],
        partition: int | None = None,
        timestamp_ms: int | None = None,
        role: str = "tickets",
    ) -> None:
        """Counting events; `id` is the event's, the record's key its `key`."""
        pairs = [(event["key"].encode(), json.dumps(event).encode()) for event in events]
        await self.produce_raw(pairs, partition, timestamp_ms, role)

    async def produce_raw(
        self,
        pairs: Iterable[tuple[bytes | None, bytes | None]],
        partition: int | None = None,
        timestamp_ms: int | list[int] | None = None,
        role: str = "tickets",
    ) -> None:
        """Keys and values; one timestamp for all, or one for each."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self.brokers, linger_ms=5, max_request_size=4_000_000, max_batch_size=200_000
            )
            await self._producer.start()
        stamps = timestamp_ms if isinstance(timestamp_ms, list) else repeat(timestamp_ms)
        sent = [
            await self._producer.send(self._overrides[role], value, key=key, partition=partition, timestamp_ms=stamp)
            for (key, value), stamp in zip(pairs, stamps, strict=False)
        ]
        await asyncio.gather(*sent)

    async def read(
        self, role: str, count: int | Callable[[list[ConsumerRecord]], bool], seconds: float = 30, settle: float = 0.3
    ) -> list[ConsumerRecord]:
        """What was committed in a topic, once there are `count`, and whatever comes within `settle` after that."""
        topic = self._overrides.get(role, role)
        enough = count if callable(count) else lambda found: len(found) >= count
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.brokers, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        found: list[ConsumerRecord] = []
        deadline, settled = time.monotonic() + seconds, 0.0
        try:
            while not settled or time.monotonic() < settled:
                for records in (await consumer.getmany(timeout_ms=50)).values():
                    found += records
                if not settled and enough(found):
                    settled = time.monotonic() + settle
                assert settled or time.monotonic() < deadline, f"{topic}: {len(found)} records after {seconds} s"
        finally:
            await consumer.stop()
        return found

    async def committed(self, partition: int, role: str = "tickets") -> int | None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.brokers, group_id=self._overrides["group"])
        await consumer.start()
        try:
            return await consumer.committed(TopicPartition(self._overrides[role], partition))
        finally:
            await consumer.stop()

    async def set_offset(self, partition: int, offset: int) -> None:
        """Move the group's offset, as an operator would; the group must be empty."""
        source = TopicPartition(self._overrides["tickets"], partition)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.brokers, group_id=self._overrides["group"], enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([source])
            await consumer.commit({source: offset})
        finally:
            await consumer.stop()

    async def close(self) -> None:
        for process in self._processes:
            process.end()
        if self._producer is not None:
            await self._producer.stop()


def events(start: int, stop: int, keys: int = 50, **fields: Any) -> list[dict[str, Any]]:
    """Events with the ids of a range, spread over keys; `due` and `do` go with each."""
    return [{"key": f"k{number % keys}", "id": number, **fields} for number in range(start, stop)]


def due_in(seconds: float) -> int:
    """An instant from now on, in ms."""
    return now_ms() + int(seconds * 1000)


def ids(records: Iterable[ConsumerRecord]) -> list[int]:
    """The event ids in what the counting process said."""
    return [int(record.value.split(b" ")[2].rstrip(b"z")) for record in records]


def assert_once(records: list[ConsumerRecord], expected: int, keys: int = 50) -> None:
    """Every event was said once, and each key's counts rise by one from 1: no state was lost, none counted twice."""
    assert sorted(ids(records)) == list(range(expected))
    counts: dict[bytes, list[int]] = {}
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        key, count, _ = record.value.split(b" ")
        counts.setdefault(key, []).append(int(count))
    assert len(counts) == min(keys, expected)
    for key, said in counts.items():
        assert said == list(range(1, len(said) + 1)), key
