"""`slawatch check`: whether agreements are valid, and what is in them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from slawatch.agreements import AgreementsError, AgreementsFile, Summary, load, schema
from slawatch.cli.failure import Exit, Failure, complain


def check(file: str) -> int:
    """Report every mistake on standard error, or say what there is on standard output."""
    try:
        agreements = load(Path(file))
    except AgreementsError as error:
        count = len(error.problems)
        total = f"{file}: {_counted(count, 'mistake')}"
        raise Failure([*map(str, error.problems), total], Exit.PROBLEMS) from None
    for warning in agreements.warnings:
        complain(warning)
    sys.stdout.write(f"{file}: valid: {_contents(agreements.summary)}\n")
    return Exit.FINE


def print_schema() -> int:
    """Print the JSON Schema of an agreements file."""
    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
    return Exit.FINE


def read_agreements(file: str) -> AgreementsFile:
    """Agreements that a command can't do without: with all their mistakes it refuses."""
    try:
        agreements = load(Path(file))
    except AgreementsError as error:
        raise Failure(map(str, error.problems)) from None
    for warning in agreements.warnings:
        complain(warning)
    return agreements


def _contents(summary: Summary) -> str:
    agreements, targets = _counted(summary.agreements, "agreement"), _counted(summary.targets, "target")
    if summary.results != summary.agreements:
        agreements += f" ({summary.results} with each customer's own)"
    if summary.period_targets:
        targets += f" ({summary.period_targets} of periods)"
    parts = [agreements, targets]
    if summary.services:
        parts.append(_counted(summary.services, "service"))
    parts += [_counted(summary.calendars, "calendar"), _counted(summary.statuses, "status word")]
    files = f" in {_counted(summary.files, 'file')}" if summary.files != 1 else ""
    return ", ".join(parts) + files


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
