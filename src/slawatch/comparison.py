"""What is said and owed under two agreements files, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from slawatch.messages.reports import Report


class _Alert(msgspec.Struct):
    """What of an alert's data is compared."""

    id: str
    what: str
    agreement: str
    metric: str
    happened_at: str


_decode = msgspec.json.Decoder(_Alert).decode


class Side:
    """What is said and owed under one file: alerts by id, and reports by agreement and period."""

    def __init__(self, name: str, alerts: Iterable[bytes], reports: Mapping[tuple[str, str], Report]) -> None:
        self.name = name
        self.alerts = {alert.id: alert for alert in map(_decode, alerts)}
        self.reports = reports


class Count(NamedTuple):
    """How often something is said of a metric under an agreement, under the one file and the other."""

    agreement: str
    metric: str
    what: str
    one: int
    other: int


class Moved(NamedTuple):
    """An alert of both, which happened at different instants."""

    id: str
    one: str
    other: str


class Owed(NamedTuple):
    """What a period's credits come to under an agreement; None where the other file has no such report."""

    agreement: str
    period: str
    one: str | None
    other: str | None


class Comparison(NamedTuple):
    """Two sides: `only_one` and `only_other` are ids of alerts that the other does not say."""

    names: tuple[str, str]
    counts: list[Count]
    only_one: list[str]
    only_other: list[str]
    moved: list[Moved]
    owed: list[Owed]


def compare(one: Side, other: Side) -> Comparison:
    """Set two sides beside each other; everything in the order of its names."""
    sides = [
        Counter((alert.agreement, alert.metric, alert.what) for alert in side.alerts.values()) for side in (one, other)
    ]
    return Comparison(
        names=(one.name, other.name),
        counts=[Count(*key, sides[0][key], sides[1][key]) for key in sorted(sides[0].keys() | sides[1].keys())],
        only_one=sorted(one.alerts.keys() - other.alerts.keys()),
        only_other=sorted(other.alerts.keys() - one.alerts.keys()),
        moved=[
            Moved(name, one.alerts[name].happened_at, other.alerts[name].happened_at)
            for name in sorted(one.alerts.keys() & other.alerts.keys())
            if one.alerts[name].happened_at != other.alerts[name].happened_at
        ],
        owed=[
            Owed(*key, _owed(one.reports.get(key)), _owed(other.reports.get(key)))
            for key in sorted(one.reports.keys() | other.reports.keys())
        ],
    )


def _owed(report: Report | None) -> str | None:
    """`120.00 EUR`, `10%`, `0% so far`."""
    if report is None:
        return None
    amount = f"{Decimal(report.credit_percent)}%"
    if report.credit_amount is not None:
        amount = f"{report.credit_amount} {report.currency}"
    return f"{amount} so far" if report.status == "open" else amount


def as_json(found: Comparison) -> str:
    """For tools: one object."""
    one, other = found.names
    whole: dict[str, Any] = {
        "files": [one, other],
        "alerts": [count._asdict() for count in found.counts],
        "only_one": found.only_one,
        "only_other": found.only_other,
        "moved": [moved._asdict() for moved in found.moved],
        "owed": [owed._asdict() for owed in found.owed],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1).decode() + "\n"


def as_text(found: Comparison, listed: int = 20) -> str:
    """For people; of differences only the first `listed` each."""
    one, other = found.names
    lines = [f"one    {one}", f"other  {other}", ""]
    wide = max([len(f"{count.metric} {count.what}") for count in found.counts], default=0) + 2
    lines.append(f"{'':<{wide + 2}}{'one':>8}{'other':>8}")
    agreement = None
    for count in found.counts:
        if count.agreement != agreement:
            agreement = count.agreement
            lines.append(agreement)
        sign = "" if count.one == count.other else f"  {count.other - count.one:+d}"
        lines.append(f"  {count.metric + ' ' + count.what:<{wide}}{count.one:>8}{count.other:>8}{sign}")
    if not found.counts:
        lines.append("nothing is said under either")
    if found.owed:
        lines += ["", "owed"]
        names = max(len(f"{owed.agreement} {owed.period}") for owed in found.owed) + 2
        for owed in found.owed:
            sums = "".join(f"{amount or '-':>20}" for amount in (owed.one, owed.other))
            lines.append(f"  {owed.agreement + ' ' + owed.period:<{names}}{sums}")
    for title, ids in (("only under one", found.only_one), ("only under the other", found.only_other)):
        lines += _listed(title, ids, listed)
    moved = [f"{each.id}  {each.one} -> {each.other}" for each in found.moved]
    return "\n".join([*lines, *_listed("at another instant", moved, listed)]) + "\n"


def _listed(title: str, entries: list[str], listed: int) -> list[str]:
    if not entries:
        return []
    lines = ["", f"{title}: {len(entries)}", *(f"  {entry}" for entry in entries[:listed])]
    if len(entries) > listed:
        lines.append(f"  and {len(entries) - listed} more; --format json lists all")
    return lines
