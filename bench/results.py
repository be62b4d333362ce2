"""What was measured: numbers of one run with what they must reach, as a table and as a file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Measure:
    """One line of the table; the median of `values` counts, one value for each turn.

    `cpu` has the same numbers by a second of processor time, which other programs on the machine disturb less. Where
    `lower` is set, less is better. `note` says what differs from the profile, or why there are no values.
    """

    part: str
    what: str
    unit: str
    values: list[float]
    must: float | None = None
    aim: float | None = None
    lower: bool = False
    note: str = ""
    cpu: list[float] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def by_cpu(self) -> float | None:
        return statistics.median(self.cpu) if self.cpu else None

    @property
    def reached(self) -> str:
        """`aim`, `must`, `no`; empty where nothing must be reached, `skipped` where nothing was measured."""
        value = self.value
        if value is None:
            return "skipped"
        for name, limit in (("aim", self.aim), ("must", self.must)):
            if limit is not None and (value <= limit if self.lower else value >= limit):
                return name
        return "" if self.must is None and self.aim is None else "no"


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(measures: Sequence[Measure]) -> str:
    """The lines of the table, with what was remarked below it."""
    heads = ("", "what", "value", "unit", "a CPU second", "must", "aim", "reached")
    rows = [
        (
            m.part,
            m.what,
            number(m.value),
            m.unit,
            number(m.by_cpu),
            number(m.must),
            number(m.aim),
            m.reached or "-",
        )
        for m in measures
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    right = {2, 4, 5, 6}
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, tuple("-" * width for width in widths), *rows)
    ]
    lines += [f"{m.part} {m.what}: {m.note}" for m in measures if m.note]
    return "\n".join(lines)


def save(path: Path, measures: Sequence[Measure], about: dict[str, Any]) -> None:
    """Write everything, the values of each turn too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(m) | {"value": m.value, "reached": m.reached} for m in measures]
    path.write_text(json.dumps(about | {"measures": rows}, indent=2) + "\n")
