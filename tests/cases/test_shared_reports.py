"""The cases about periods that lie beside the repository, run as a user would run them: `slawatch replay` and `report`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

SHARED = Path(os.environ.get("SLAWATCH_SHARED") or Path(__file__).parents[3] / "shared")
FILES = sorted((SHARED / "cases").glob("periods*.yaml"))
CASES = [case for file in FILES for case in yaml.safe_load(file.read_text())["cases"]]
PERIOD_METRICS = {"availability", "outage", "outages", "compliance", "satisfaction"}
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES, reason=f"no cases of periods in {SHARED}; SLAWATCH_SHARED names their folder"),
]


def slawatch(*arguments: str) -> str:
    """What a command prints; it must succeed."""
    command = [sys.executable, "-m", "slawatch", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def agreements_of(case: dict[str, Any]) -> dict[str, Any]:
    """The agreements file: one agreement `a` from April unless the case has its own."""
    own = {"id": "a", "from": "2026-04-01", "targets": case.get("targets")} | case.get("agreement", {})
    whole = {name: case[name] for name in ("statuses", "calendars", "services") if name in case}
    return whole | {"agreements": case.get("agreements") or [own]}


def promise_of(identity: str) -> str:
    """The part of an id that names one promise about one period."""
    return identity.rsplit("/", 1)[0]


def by_promise(said: list[tuple[str, datetime]]) -> dict[str, list[tuple[str, datetime]]]:
    found: dict[str, list[tuple[str, datetime]]] = {}
    for identity, at in said:
        found.setdefault(promise_of(identity), []).append((identity, at))
    return found


def wanted(case: dict[str, Any], identity: str) -> bool:
    """Whether a case speaks of an alert."""
    only = case.get("only")
    return only is None or (f"/{only['metric']}/" in identity and f"/{only['period']}/" in identity)


def text_of(report: dict[str, Any], field: str) -> str:
    """A field of a report as the cases write it; `0.down_seconds` is of its first target, a bare name of any level."""
    number, _, name = field.rpartition(".")
    if number:
        return as_text(report["targets"][int(number)][name])
    if field in report:
        return as_text(report[field])
    return as_text(report["targets"][0][name])


def as_text(value: Any) -> str:
    return "null" if value is None else str(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_said_and_reported(case: dict[str, Any], tmp_path: Path) -> None:
    agreements, events = tmp_path / "agreements.yaml", tmp_path / "events.jsonl"
    agreements.write_text(yaml.safe_dump(agreements_of(case), sort_keys=False))
    with events.open("w") as file:
        for number, event in enumerate(case["events"], 1):
            version = {"version": int(event["version"])} if "version" in event else {}
            file.write(json.dumps({"id": f"e{number:02}"} | event | version) + "\n")
    common = [str(events), "--agreements", str(agreements), "--until", case["until"]]
    alerts = [json.loads(line) for line in slawatch("replay", *common).splitlines()]
    said = [
        (alert["id"], datetime.fromisoformat(alert["happened_at"]))
        for alert in alerts
        if alert["metric"] in PERIOD_METRICS and wanted(case, alert["id"])
    ]
    expected = [entry.split(" @ ") for entry in case["alerts"]]
    assert by_promise(said) == by_promise([(identity, datetime.fromisoformat(at)) for identity, at in expected])
    for label, fields in case.get("reports", {}).items():
        *agreement, period = str(label).split()
        only = ["--agreement", agreement[0]] if agreement else []
        (report,) = json.loads(slawatch("report", *common, "--period", period, *only, "--format", "json"))
        assert {name: text_of(report, name) for name in fields} == fields, label
