"""The worker with exactly the environment and the commands of docker-compose.yml and its image, on a real Kafka.

Different are the addresses alone: the broker's, the pages', and where the agreements and the data lie. Not tried is what
the container runtime adds: networks, mounts, limits, the read-only file system.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from deploying import ROOT, compose, image_command, image_environment, image_healthcheck
from lane_desk import eventually
from slawatch.local_kafka import LocalKafka, free_port

SERVICES: dict[str, dict[str, Any]] = compose(AGREEMENTS="any", GRAFANA_PASSWORD="any")["services"]


class Stack:
    """The services of the file as processes of this machine."""

    def __init__(self, brokers: str, folder: Path) -> None:
        self.brokers = brokers
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def environment(self, name: str, port: int) -> dict[str, str]:
        addresses = {
            "SLAWATCH_BROKERS": self.brokers,
            "SLAWATCH_AGREEMENTS": str(ROOT / "deploy" / "compose" / "demo.yaml"),
            "SLAWATCH_DATA": str(self._folder / f"{name}-{port}"),
            "SLAWATCH_WEB_HOST": "127.0.0.1",
            "SLAWATCH_WEB_PORT": str(port),
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return image_environment() | SERVICES[name]["environment"] | addresses | {"PATH": path}

    def command(self, name: str) -> list[str]:
        service = SERVICES[name]
        if "entrypoint" in service:
            return [*service["entrypoint"], *service["command"]]
        return image_command(service["command"])

    def once(self, name: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment(name, free_port())
        return subprocess.run(self.command(name), env=environment, capture_output=True, text=True, check=False)

    def start(self, name: str, port: int) -> subprocess.Popen[bytes]:
        with self.log(name, port).open("wb") as log:
            process = subprocess.Popen(
                self.command(name), env=self.environment(name, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._running.append(process)
        return process

    def log(self, name: str, port: int) -> Path:
        return self._folder / f"{name}-{port}.log"

    def healthy(self, port: int) -> bool:
        """What the image's own health check says."""
        probe = subprocess.run(
            image_healthcheck(), env=self.environment("worker", port), capture_output=True, check=False
        )
        return probe.returncode == 0

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


@pytest.fixture
async def stack(kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(kafka.brokers, tmp_path)
    yield stack
    stack.end()


async def test_setup_two_workers_and_the_simulated_desk(stack: Stack) -> None:
    ready = stack.once("setup")
    assert (ready.returncode, ready.stderr) == (0, "")
    assert ready.stdout.splitlines()[-1] == "all topics are as planned"
    ports = [free_port() for _ in range(SERVICES["worker"]["deploy"]["replicas"])]
    workers = [stack.start("worker", port) for port in ports]
    for port in ports:
        await eventually(lambda port=port: stack.healthy(port), 60, stack.log("worker", port).read_text)
    desk = stack.start("desk", free_port())
    consumer = AIOKafkaConsumer(
        "sla-warnings",
        "sla-breaches",
        "sla-outcomes",
        bootstrap_servers=stack.brokers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    said: set[str] = set()
    wanted = {"warned", "breached", "met"}

    async def listen() -> None:
        async with consumer:
            async for record in consumer:
                said.add(json.loads(record.value)["what"])
                if said >= wanted:
                    return

    listening = asyncio.create_task(listen())
    await eventually(listening.done, 90, lambda: f"said {said}; {stack.log('worker', ports[0]).read_text()}")
    await listening
    # Both have partitions: what was said came from a group of two.
    for port in ports:
        lines = map(json.loads, stack.log("worker", port).read_text().splitlines())
        assert any(line.get("message") == "partition restored" for line in lines), stack.log("worker", port).read_text()
    for process in (desk, *workers):
        process.send_signal(signal.SIGTERM)
    codes = [process.wait(12) for process in (desk, *workers)]
    assert codes == [0, 0, 0], stack.log("worker", ports[0]).read_text()
