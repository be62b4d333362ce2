"""What `docker compose up` does before any worker starts: agreements and settings that are wrong are refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploying import ROOT, compose, image_environment

AGREEMENTS = "examples/agreements.yaml"


def setup(agreements: Path | str = AGREEMENTS, **variables: str) -> subprocess.CompletedProcess[str]:
    """The service `setup`, with a broker that is not there."""
    service = compose(AGREEMENTS="any", GRAFANA_PASSWORD="any", **variables)["services"]["setup"]
    ours = {"SLAWATCH_BROKERS": "127.0.0.1:1", "SLAWATCH_AGREEMENTS": str(agreements)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = image_environment() | service["environment"] | ours | {"PATH": path}
    command = [*service["entrypoint"], *service["command"]]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_variable_that_is_wrong_is_refused_by_its_name() -> None:
    wrong = {
        "SLAWATCH_GROUP": "sla watch",
        "SLAWATCH_PARTITIONS": "many",
        "SLAWATCH_PROCESSING": "twice",
        "SLAWATCH_STORE": "disk",
        "SLAWATCH_GRACE": "soon",
        "SLAWATCH_RETENTION": "1month",
        "SLAWATCH_FORGET": "-1d",
        "SLAWATCH_LOG_LEVEL": "loud",
    }
    there = set(compose(AGREEMENTS="any", GRAFANA_PASSWORD="any")["services"]["setup"]["environment"])
    assert there - {"SLAWATCH_BROKERS", "SLAWATCH_AGREEMENTS"} == set(wrong)
    refused = setup(**wrong)
    assert refused.returncode == 2
    assert {line.split(": ")[0] for line in refused.stderr.splitlines()} == set(wrong)


def test_wrong_agreements_are_refused_with_their_line(tmp_path: Path) -> None:
    wrong = tmp_path / "agreements.yaml"
    wrong.write_text("agreements:\n  - id: a\n    targets: [{metric: resolution, within: 3 days}]\n")
    refused = setup(wrong)
    assert refused.returncode == 1
    assert f"{wrong}:3: " in refused.stdout + refused.stderr


def test_good_ones_get_as_far_as_kafka() -> None:
    away = setup()
    assert away.returncode == 1
    assert "valid" in away.stdout
    assert "127.0.0.1:1" in away.stderr
