"""A worker as a subprocess, as a user runs it: its environment, when it is ready, its memory, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from slawatch.local_kafka import free_port

COMMAND = (sys.executable, "-m", "slawatch", "worker")
STOP_SECONDS = 15.0


class WorkerEnded(Exception):  # noqa: N818 - what happened
    """The worker ended, or was not ready in time; with the end of its log."""


def environment(brokers: str, agreements: Path, group: str, topic: str, partitions: int, **more: str) -> dict[str, str]:
    """What a worker is told; `more` are settings by their name without the prefix."""
    settings = {
        "BROKERS": brokers,
        "AGREEMENTS": str(agreements),
        "GROUP": group,
        "TICKETS": topic,
        "PARTITIONS": str(partitions),
        "STREAM_TIME": "records",
        "GRACE": "0s",
        "WEB_PORT": "0",
        "LOG_LEVEL": "warning",
    } | more
    others = {name: value for name, value in os.environ.items() if not name.startswith("SLAWATCH_")}
    java = {name: os.environ[name] for name in ("SLAWATCH_JAVA", "SLAWATCH_CACHE") if name in os.environ}
    return others | java | {f"SLAWATCH_{name}": value for name, value in settings.items()}


class Worker:
    """`with Worker(environment, log) as worker:` runs one until the end of the block."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._port = free_port()
        self.started = time.monotonic()
        with log.open("ab") as output:
            self._program = subprocess.Popen(
                COMMAND, env=dict(settings) | {"SLAWATCH_WEB_PORT": str(self._port)}, stdout=output, stderr=output
            )

    def ready(self, seconds: float = 180.0) -> float:
        """Wait so long until it says that its tables are restored; the seconds since its start."""
        latest = time.monotonic() + seconds
        while time.monotonic() < latest:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=2):
                    return time.monotonic() - self.started
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                if not self.alive():
                    break
            time.sleep(0.02)
        raise WorkerEnded(f"the worker was not ready; its log ends with:\n{self._log.read_text()[-2000:]}")

    def watching(self, tickets: int, still: float = 60.0) -> None:
        """Wait until so many tickets are open in its tables; `still` seconds without a new one are a failure."""
        self.ready()
        seen, changed = -1.0, time.monotonic()
        while (found := self.metric("slawatch_open_tickets")) < tickets:
            if found != seen:
                seen, changed = found, time.monotonic()
            elif time.monotonic() - changed > still or not self.alive():
                raise WorkerEnded(f"the worker stands still at {found:,.0f} of {tickets:,} open tickets")
            time.sleep(0.1)

    def settled(self, alerts: float) -> None:
        """Wait until it says fewer alerts than that within a second: what was due when it came is said."""
        before = -alerts
        while (found := self.metric("slawatch_alerts_total", labels=True)) - before >= alerts:
            before = found
            time.sleep(1.0)

    def alive(self) -> bool:
        return self._program.poll() is None

    def metric(self, name: str, *, labels: bool = False) -> float:
        """The value of a metric without labels, or the sum of one with them."""
        total, first = 0.0, f"{name}{{" if labels else f"{name} "
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(first):
                    total += float(line.rsplit(" ", 1)[1])
        return total

    def resident(self) -> int:
        """The bytes of memory that it holds."""
        status = Path(f"/proc/{self._program.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
            return int(line.split()[1]) * 1024
        said = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self._program.pid)], capture_output=True, text=True, check=True
        )
        return int(said.stdout) * 1024

    def stop(self) -> None:
        self._program.send_signal(signal.SIGTERM)
        try:
            self._program.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
