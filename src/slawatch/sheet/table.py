"""Reports for programs: exactly the objects of the topic as JSON, or a row for each promise as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

import msgspec

from slawatch.messages.reports import Report, TargetEntry
from slawatch.sheet.standing import Standing, used_text

_OF_REPORT = ("agreement", "customer", "period", "from", "until", "timezone", "status", "revision", "complete_until")
_OF_TARGET = tuple(field.encode_name for field in msgspec.structs.fields(TargetEntry))
_OF_CREDIT = ("credit_percent", "credit_amount", "currency", "capped")
COLUMNS = (*_OF_REPORT, *_OF_TARGET, *_OF_CREDIT)
"""The fields of the report object; those of its targets in between."""


def as_json(reports: Iterable[Report]) -> str:
    """An array of report objects, also where there is one or none."""
    return msgspec.json.format(msgspec.json.encode(list(reports)), indent=1).decode() + "\n"


def as_csv(reports: Iterable[Report]) -> str:
    """A header, and a row for each target; absent fields and null are empty, lists have spaces between."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for report in reports:
        whole = msgspec.to_builtins(report)
        for target in whole["targets"]:
            # In credits a target has no part of its own: they are those of the report, on each of its rows.
            values = whole | target
            rows.writerow(_cell(name, values) for name in COLUMNS)
    return text.getvalue()


_OF_STANDING = ("customer", "agreements", "broken", "promises", "most_at_risk", "used", "credit_percent", "credit")


def standings_as_json(lines: Iterable[Standing]) -> str:
    """An array of objects, in the order of the lines."""
    return msgspec.json.format(msgspec.json.encode([_standing(line) for line in lines]), indent=1).decode() + "\n"


def standings_as_csv(lines: Iterable[Standing]) -> str:
    """A header, and a row for each customer."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_OF_STANDING)
    for line in lines:
        values = _standing(line)
        rows.writerow(_cell(name, values) for name in _OF_STANDING)
    return text.getvalue()


def _standing(line: Standing) -> dict[str, Any]:
    used = None if line.used is None else used_text(line.used)
    values = (line.customer, line.agreements, line.broken, line.promises, line.worst, used, line.percent, line.owed)
    return dict(zip(_OF_STANDING, values, strict=True))


def _cell(name: str, values: Mapping[str, Any]) -> str:
    value = values.get(name)
    if name == "outage_list" and value is not None:
        return " ".join(f"{each['from']}/{each['until'] or ''}" for each in value)
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else _unmistakable(str(value))


def _unmistakable(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
