"""The scenarios that lie beside the repository, run as a user would run them: `slawatch replay` over files."""

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
SCENARIOS = sorted((SHARED / "cases" / "scenarios").glob("*.yaml"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SCENARIOS, reason=f"no scenarios in {SHARED}; SLAWATCH_SHARED names their folder"),
]


def same_instants(value: Any) -> Any:
    """An instant, however it is written."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_a_replay_says(path: Path, tmp_path: Path) -> None:
    scenario = yaml.safe_load(path.read_text())
    agreements, events = tmp_path / "agreements.yaml", tmp_path / "events.jsonl"
    agreements.write_text(yaml.safe_dump(scenario["file"], sort_keys=False))
    with events.open("w") as file:
        for number, event in enumerate(scenario["events"], 1):
            file.write(json.dumps({"id": f"e{number:02}", "ticket": "T1"} | event) + "\n")
    command = [
        sys.executable,
        "-c",
        "import sys; from slawatch.cli import main; sys.exit(main())",
        "replay",
        str(events),
    ]
    command += ["--agreements", str(agreements)]
    if scenario.get("until"):
        command += ["--until", scenario["until"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = {alert["id"]: alert for alert in map(json.loads, done.stdout.splitlines())}
    assert sorted(said) == sorted(alert["id"] for alert in scenario["expect"])
    for expected in scenario["expect"]:
        for name in expected.keys() - {"because"}:
            assert same_instants(said[expected["id"]][name]) == same_instants(expected[name]), (expected["id"], name)
