"""(a) The core alone: `slawatch replay` as a whole process with its start-up, output to a file."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
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
    script, mapping = ROOT / "scripts" / "convert_csv.py", ROOT / "examples" / "servicenow.yaml"
    with log.open("wb") as file:
        subprocess.run([sys.executable, script, shared / LOG, "--mapping", mapping], stdout=file, check=True)
    return [*measures, _timed(place, what, log, promises, 30_000, 50_000)]


def _timed(place: Place, what: str, events: Path, agreements: Path, must: float, aim: float) -> Measure:
    with events.open("rb") as file:
        count = sum(1 for _ in file)
    command = [sys.executable, "-m", "slawatch", "replay", str(events), "--agreements", str(agreements)]
    measure = Measure("a", what, "events/s", [], must, aim, details={"events": count, "seconds": []})
    for _ in range(place.runs):
        with (place.folder / "alerts.jsonl").open("wb") as alerts:
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            ended = subprocess.run(command, check=False, stdout=alerts, stderr=subprocess.PIPE, text=True)
            seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.returncode:
            raise SystemExit(f"{what} failed:\n{ended.stderr[-2000:]}")
        measure.values.append(count / seconds)
        measure.cpu.append(count / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        measure.details["seconds"].append(round(seconds, 3))
        place.say(f"{what}: {count / seconds:,.0f} events/s")
    return measure
