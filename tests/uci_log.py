"""A year of a company's real incidents, which lies beside the repository, with the company's own verdict on each."""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("SLAWATCH_SHARED") or ROOT.parent / "shared")
LOG = SHARED / "data" / "uci" / "incident_event_log.half.csv.gz"
ROWS, INCIDENTS = 70_709, 12_411
needs_the_log = [
    pytest.mark.shared,
    pytest.mark.skipif(not LOG.exists(), reason=f"there is no {LOG}; SLAWATCH_SHARED names the folder of data"),
]
AGREEMENTS = """
statuses:
  open: [New, Active, Awaiting User Info, Awaiting Vendor, Awaiting Problem, Awaiting Evidence, "-100"]
  resolved: [Resolved]
  closed: [Closed]
calendars:
  desk: {timezone: UTC, hours: {mon-fri: ["14:00-23:00"]}}
agreements:
  - id: company
    calendar: desk
    targets:
      - metric: closure
        within: {1 - Critical: 4h, 2 - High: 4h30m, 3 - Moderate: 62h1m, 4 - Low: 134h}
        on_reopen: ignore
        on_change: retroactive
        warn: [75%]
        overdue: [200%]
"""


def converted() -> list[bytes]:
    """The log's events as lines, through the script as a user would run it."""
    command = [sys.executable, str(ROOT / "scripts" / "convert_csv.py"), str(LOG)]
    command += ["--mapping", str(ROOT / "examples" / "servicenow.yaml")]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.splitlines()


def company_verdicts() -> dict[str, str]:
    """`made_sla` of each incident's last Closed row, in our words."""
    with gzip.open(LOG, "rt", newline="") as file:
        closed = [row for row in csv.DictReader(file) if row["incident_state"] == "Closed"]
    closed.sort(key=lambda row: int(row["sys_mod_count"]))
    return {row["number"]: "met" if row["made_sla"] == "true" else "missed" for row in closed}


def our_verdicts(alerts: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The last verdict said of each incident."""
    return {alert["ticket"]: alert["what"] for alert in alerts if alert["what"] in ("met", "missed", "withdrawn")}


def agreeing(ours: dict[str, str]) -> float:
    """The share of all incidents on which the company and slawatch say the same."""
    theirs = company_verdicts()
    assert len(theirs) == INCIDENTS
    same = sum(ours.get(incident) == verdict for incident, verdict in theirs.items())
    figure = f"made_sla: {same} of {INCIDENTS} incidents judged as the company did, {same / INCIDENTS:.3%}"
    print(figure)  # noqa: T201 - the figure is what one runs this for
    return same / INCIDENTS
