"""(a) The core alone: `slawatch replay` as a whole process with its start-up, output to a file."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import desk
from bench.place import ROOT, Place
from bench.results import Measure

LOG = "data/uci/incident_event_log.half.csv.gz"
PROMISES = """\
statuses:
  open: [New, Active, Awaiting Problem, Awaiting Vendor, Awaiting Evidence]
  pending: [Awaiting User Info]
  resolved: [Resolved]
  closed: [Closed]
calendars:
  office: {timezone: Europe/Moscow, hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}}
agreements:
  - id: everyone
    from: 2015-01-01
    calendar: office
    targets:
      - metric: first_response
        within: {"1 - Critical": {time: 15m, calendar: 24x7}, "2 - High": 1h, default: 4h}
        warn: [50%, 80%]
      - metric: resolution
        within: {"1 - Critical": {time: 4h, calendar: 24x7}, "2 - High": 8h, default: 24h}
        pause: [pending]
        warn: [75%]
"""


def measure(place: Place) -> list[Measure]:
    """Events a second on the generated desk, and on the UCI log of incidents where it is."""
    events = place.folder / "desk.jsonl"
    with events.open("w") as file:
        file.writelines(f"{event.value}\n" for event in desk.history(place.desk))
    measures = [_timed(place, "replay, the desk", events, place.agreements, 40_000, 60_000)]
    shared = Path(os.environ.get("SLAWATCH_SHARED") or ROOT.parent / "shared")
    what = "replay, the UCI log"
    if not (shared / LOG).exists():
        note = "skipped: there is no UCI log of incidents; SLAWATCH_SHARED names the folder that has it"
        return [*measures, Measure("a", what, "events/s", [], 30_000, 50_000, note=note)]
    log, promises = place.folder / "uci.jsonl", place.folder / "uci.yaml"
    promises.write_text(PROMISES)
    with gzip.open(shared / LOG, "rt", newline="") as packed, log.open("w") as file:
        file.writelines(f"{line}\n" for line in converted(csv.DictReader(packed)))
    return [*measures, _timed(place, what, log, promises, 30_000, 50_000)]


def converted(rows: Iterator[dict[str, str]]) -> Iterator[str]:
    """The rows of the audit log as events in time order: a row is a snapshot of its incident."""
    changes = []
    for row in rows:
        at = _instant(row["sys_updated_at"])
        if at is not None:
            changes.append((at, int(row["sys_mod_count"]), row["number"], row))
    changes.sort(key=lambda change: change[:3])
    for count, (at, _, number, row) in enumerate(changes):
        event = {"id": f"uci:{count}", "ticket": number, "at": at, "status": row["incident_state"]}
        fields = {"priority": "priority", "team": "assignment_group", "assignee": "assigned_to"}
        event |= {name: row[column] for name, column in fields.items() if row[column] != "?"}
        opened = _instant(row["opened_at"])
        if opened is not None and opened <= at:
            event["opened_at"] = opened
        yield json.dumps(event, separators=(",", ":"))


def _instant(text: str) -> str | None:
    """An instant of the log, whose clock has no zone, taken as UTC; None where it is missing."""
    if text == "?":
        return None
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _timed(place: Place, what: str, events: Path, agreements: Path, must: float, aim: float) -> Measure:
    with events.open("rb") as file:
        count = sum(1 for _ in file)
    command = [sys.executable, "-m", "slawatch", "replay", str(events), "--agreements", str(agreements)]
    measure = Measure("a", what, "events/s", [], must, aim, details={"events": count, "seconds": []})
    for _ in range(place.runs):
        with (place.folder / "alerts.jsonl").open("wb") as alerts:
            began = time.perf_counter()
            ended = subprocess.run(command, check=False, stdout=alerts, stderr=subprocess.PIPE, text=True)
            seconds = time.perf_counter() - began
        if ended.returncode:
            raise SystemExit(f"{what} failed:\n{ended.stderr[-2000:]}")
        measure.values.append(count / seconds)
        measure.details["seconds"].append(round(seconds, 3))
        place.say(f"{what}: {count / seconds:,.0f} events/s")
    return measure
