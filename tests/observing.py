"""Rules, dashboards and their expressions as the tests read them, and Prometheus' own programs where there are any."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from slawatch.metrics import Metrics

ROOT = Path(__file__).parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
LABELS = frozenset(
    [
        "namespace",
        "job",
        "instance",
        "topic",
        "partition",
        "outcome",
        "reason",
        "what",
        "metric",
        "state",
        "le",
        "agreement",
        "service",
        "fingerprint",
        "version",
        "python",
        "holidays",
        "tzdata",
    ]
)
"""Every label that slawatch's metrics have, and those of a target."""

ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

_SELECTOR = re.compile(r"\b((?:slawatch|process)[_:][\w:]*|up|ALERTS)\b(\{[^}]*\})?")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|group_left|without) *\(([^)]*)\)")
_VALUES = re.compile(r"label_values\((.*), *\w+\)")


def program(name: str) -> str:
    """The path of promtool, amtool or a server; a machine without it skips, except in CI."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"there is no {name}: apt-get install prometheus prometheus-alertmanager"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, stdin: bytes | None = None) -> tuple[int, str]:
    """The exit code of a program and all that it printed; it runs at the top of the repository."""
    done = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@cache
def rules() -> list[dict[str, Any]]:
    """All rules, recording and alerting, in the order of the files."""
    return [rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerting rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    """What the recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


@cache
def offered() -> frozenset[str]:
    """Every name that may be asked for: a worker's metrics, recorded ones, and Prometheus' own."""
    metrics = Metrics(lambda: 0)
    metrics.reads("tickets", 8)
    shown = {family.name for family in metrics.registry.collect()}
    shown |= {f"{name}{suffix}" for name in shown for suffix in ("_total", "_count", "_bucket", "_sum", "_info")}
    return frozenset(shown | recorded() | {"up", "ALERTS"})


def names(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    return {selector.partition("{")[0] for selector in selectors(expression)}


def selectors(expression: str) -> set[str]:
    """The metrics that an expression asks for, with the labels that it asks them to have."""
    bare = _GROUPING.sub(" ", expression)
    return {f"{name}{labels}" for name, labels in _SELECTOR.findall(bare)}


def labels(text: str) -> set[str]:
    """The labels that an expression groups by, or that a legend or an annotation shows."""
    grouped = {label.strip() for group in _GROUPING.findall(text) for label in group.split(",")}
    return (grouped | set(re.findall(r"\{\{ *(?:\$labels\.)?(\w+) *\}\}", text))) - {""}


def expressions(node: Any) -> Iterator[str]:
    """Every expression of a dashboard, wherever it stands: panels, rows, annotations, the values of variables."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr" and isinstance(value, str):
                yield value
            elif key == "query" and isinstance(value, str) and (of := _VALUES.fullmatch(value)):
                yield of[1]
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
