"""The command as a user runs it: a process of its own, with files of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

AGREEMENTS = """\
statuses:
  pending: [Waiting]
calendars:
  office:
    timezone: Europe/Moscow
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}
agreements:
  - id: gold
    match: {customer: [ACME]}
    from: 2026-01-01
    calendar: office
    targets:
      - metric: first_response
        within: {P1: 15m, P2: 1h}
      - metric: resolution
        within: {P1: 4h, default: 8h}
        pause: [pending]
        warn: [75%]
"""
EVENTS = """\
{"id":"1","ticket":"T-1","at":"2026-10-12T10:00:00+03:00","status":"open","priority":"P2","customer":"ACME"}
{"id":"2","ticket":"T-1","at":"2026-10-12T10:30:00+03:00","reply":{"by":"agent"}}
{"id":"3","ticket":"T-1","at":"2026-10-12T12:00:00+03:00","status":"Waiting"}

{"id":"4","service":"crm","at":"2026-10-12T12:30:00+03:00","status":"up"}
{"id":"5","ticket":"T-1","at":"2026-10-13T11:00:00+03:00","status":"open"}
{"id":"5","ticket":"T-1","at":"2026-10-13T11:00:00+03:00","status":"open"}
{"id":"6","ticket":"T-1","at":"2026-10-13T12:00:00+03:00","priority":"P1"}
{"id":"7","ticket":"T-1","at":"2026-10-13T16:00:00+03:00","status":"resolved"}"""

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sla.yaml").write_text(AGREEMENTS)
    (tmp_path / "events.jsonl").write_text(EVENTS)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def call(*arguments: str, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SLAWATCH_")}
        return subprocess.run(
            [sys.executable, "-m", "slawatch", *arguments],
            input=stdin, capture_output=True, cwd=folder, env=inherited | {"COLUMNS": "100"} | settings, timeout=60,
            check=False,
        )  # fmt: skip

    return call
