"""What the repository says of itself is true: the README knows every setting and command, the examples are good."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from slawatch.agreements import load
from slawatch.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "maven" + ".org", "npmjs" + ".org", "docker" + ".io"]
KEPT = [
    "Dockerfile",
    "Makefile",
    "docker-compose.yml",
    "pyproject.toml",
    "requirements.lock",
    ".pre-commit-config.yaml",
    ".ci",
    "bench",
    "deploy",
    "docs",
    "examples",
    "scripts",
    "src",
]


@pytest.mark.parametrize("field", Settings.model_fields)
def test_the_readme_has_every_setting_with_its_own_row(field: str) -> None:
    assert f"\n| `{PREFIX}{field.upper()}` |" in README


def test_the_readme_has_no_setting_that_is_none() -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(re.findall(r"^\| `(SLAWATCH_\w+)` \|", README, re.MULTILINE)) == known


@pytest.mark.parametrize("command", ["worker", "demo", "check", "replay", "explain", "report", "topics"])
def test_the_readme_has_every_command(command: str) -> None:
    assert f"slawatch {command}" in README or f"make {command}" in README


def test_the_readme_has_every_make_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    assert {target for target in targets if f"make {target}" not in README} == set()


def test_the_readme_shows_the_example_that_is_there_and_it_is_valid() -> None:
    example = ROOT / "examples" / "agreements.yaml"
    assert f"```yaml\n{example.read_text()}```" in README
    assert load(example).warnings == []


def test_the_example_events_are_what_a_replay_reads() -> None:
    lines = (ROOT / "examples" / "events.jsonl").read_text().splitlines()
    assert {json.loads(line)["ticket"] for line in lines} == {"INC-7"}


def test_every_dependency_is_locked_with_its_hash() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    names = {re.split(r"[^A-Za-z0-9_-]", entry)[0].lower().replace("_", "-") for entry in wanted}
    locked = re.findall(
        r"^([a-z0-9-]+)==.*\\\n {4}--hash=sha256:", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert names - set(locked) == set()


def test_no_file_names_a_registry() -> None:
    files = [path for name in KEPT for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))]
    texts = {path: path.read_text() for path in files if path.is_file() and path.suffix not in (".pyc", ".gz")}
    assert len(texts) > len(KEPT)
    assert [(str(path), host) for path, text in texts.items() for host in HOSTS if host in text] == []


@pytest.mark.parametrize("command", ["report", "explain"])
def test_the_readme_shows_what_is_printed_of_the_example_month(command: str) -> None:
    shown = next(
        block
        for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
        if f"{command} examples/month" in block
    )
    asked, _, answer = shown.partition("\n")
    done = subprocess.run(
        [sys.executable, "-m", *asked.removeprefix("$ ").split()],
        cwd=ROOT, env=os.environ | {"COLUMNS": "100"}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    printed = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", done.stdout)
    assert printed.endswith(answer.removeprefix("…\n"))
