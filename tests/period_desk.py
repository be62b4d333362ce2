"""A help desk and monitored services in July 2026, for tests of periods on a broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord

from lane_desk import Desk
from slawatch.agreements import loads
from slawatch.cli.composition import processes
from slawatch.instants import rfc3339
from slawatch.process import Process
from slawatch.settings import Settings

HOUR, DAY = 3_600_000, 86_400_000
JULY = 1_782_864_000_000
"""The instant at which it begins in UTC."""

Timed = tuple[int, bytes, dict[str, Any]]
"""An event: its instant, its key, its fields."""


def at(day: float) -> int:
    """So many days after the begin of July."""
    return JULY + int(day * DAY)


def compose(settings: Settings, file: str) -> list[Process[Any]]:
    """The processes of a worker with these agreements."""
    return processes(settings, loads(file))


def ticket(name: str, opened: int, hours: float, **fields: str) -> list[Timed]:
    """A ticket that is resolved after some hours."""
    events = ((opened, "open"), (opened + int(hours * HOUR), "resolved"))
    return [
        (
            when,
            name.encode(),
            {"id": f"{name}-{status}", "ticket": name, "at": rfc3339(when), "status": status} | fields,
        )
        for when, status in events
    ]


def check(service: str, when: int, status: str, **fields: str) -> Timed:
    """What a monitor says of a service."""
    event = {"id": f"{service}-{when}", "service": service, "at": rfc3339(when), "status": status} | fields
    return when, service.encode(), event


def outcome_of(agreement: str, name: str, when: int, what: str) -> tuple[bytes, bytes]:
    """An outcome as the worker says it, with what the ledger asks for."""
    data = {"id": f"{agreement}/resolution/{name}/1/{what}", "what": what, "agreement": agreement, "ticket": name}
    data |= {"metric": "resolution", "round": 1, "due_at": rfc3339(when), "happened_at": rfc3339(when)}
    return agreement.encode(), json.dumps(data).encode()


async def send(desk: Desk, events: Iterable[Timed], partition: int = 0, role: str = "tickets") -> None:
    """Events in order of time, the timestamp of each record being its instant."""
    told = sorted(events, key=lambda event: event[0])
    pairs = [(key, json.dumps(event).encode()) for _, key, event in told]
    await desk.produce_raw(pairs, partition, [when for when, _, _ in told], role)


def reports(records: Iterable[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


def run(desk: Desk, folder: Path, name: str, file: str) -> subprocess.CompletedProcess[str]:
    """A command with the settings of a worker, to its end."""
    words = [sys.executable, "-m", "slawatch", name]
    environment = os.environ | _environment(desk, folder, file)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


def command(desk: Desk, folder: Path, file: str) -> subprocess.Popen[bytes]:
    """A `slawatch worker` by records in a process of its own, set up as a user would."""
    environment = os.environ | _environment(desk, folder, file)
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "slawatch", "worker"], env=environment, stdout=log, stderr=log)


def _environment(desk: Desk, folder: Path, file: str) -> dict[str, str]:
    path = folder / "agreements.yaml"
    path.write_text(file)
    settings = desk.settings()
    roles = ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters", "group", "brokers")
    values = {role: str(getattr(settings, role)) for role in roles}
    values |= {"agreements": str(path), "stream_time": "records", "grace": "0s", "session_timeout": "6s"}
    values |= {"web_port": "0", "partitions": "4"}
    return {f"SLAWATCH_{name.upper()}": value for name, value in values.items()}
