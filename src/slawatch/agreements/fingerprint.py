"""Eight bytes that change with anything that may change a verdict, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from slawatch.agreements.built import Built
from slawatch.agreements.calendars import CalendarPart
from slawatch.core.agreement import Agreement, Limit, Percent, Target, TimeLeft, Warn
from slawatch.core.fact import Phase
from slawatch.core.periods.contract import Contract, PeriodTarget, SatisfactionTarget, ServiceRule, ServiceTarget, Tier

_FORM = 1
"""Of the canonical form below: another number makes every stored ticket be judged again."""


def fingerprint(
    agreements: Sequence[Built],
    statuses: Mapping[str, Phase],
    calendars: Mapping[str, CalendarPart],
    rules: Mapping[str, ServiceRule],
    versions: Mapping[str, str],
) -> bytes:
    """The fingerprint of these agreements; comments, formatting and the split into files make no difference."""
    form = {
        "form": _FORM,
        "versions": dict(versions),
        "statuses": statuses,
        "calendars": {name: _calendar(part) for name, part in calendars.items()},
        "services": {name: rule for name, rule in rules.items() if rule != ServiceRule()},
        "agreements": [  # their order decides
            _agreement(built.agreement)
            | {"each": bool(built.customers), "contract": _contract(built.contract) if built.contract else None}
            for built in agreements
        ],
    }
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return blake2b(text.encode(), digest_size=8).digest()


def _calendar(part: CalendarPart) -> Any:
    week = {day: sorted(spans) for days, spans in part.hours.items() for day in days if spans}
    return {
        "zone": part.timezone.key,
        "hours": week,
        "holidays": [part.holidays.country, part.holidays.subdivision] if part.holidays else None,
        "closed": sorted({str(day) for day in part.closed}),
        "open": {str(day): sorted(spans) for day, spans in part.open.items()},
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "id": agreement.id,
        "match": {number: sorted(words) for number, words in agreement.match.items()},
        "attributes": {name: sorted(words) for name, words in agreement.attributes.items()},
        "since": agreement.since,
        "until": agreement.until,
        "also": agreement.also,
        "targets": sorted((_target(target) for target in agreement.targets), key=lambda form: form["metric"]),
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "metric": target.metric.value,
        "limits": {priority: _limit(limit) for priority, limit in target.limits.items()},
        "default": _limit(target.default) if target.default else None,
        "warn": _thresholds(target.warn),
        "overdue": _thresholds(target.overdue),
        "pause": sorted(target.pause),
        "on_reopen": target.on_reopen.value,
        "on_change": target.on_change.value,
        "resolved_counts": target.resolved_counts,
    }


def _limit(limit: Limit) -> Any:
    return [limit.budget, limit.hours.name]


def _contract(contract: Contract) -> Any:
    return {
        "targets": [_period_target(target) for target in contract.targets],
        "zone": contract.zone_name,
        "settle": contract.settle,
        "credits": [
            _plain(credit._replace(text="") if isinstance(credit, Tier) else credit) for credit in contract.credits
        ],
        "fee": _plain(contract.fee),
        "cap": str(contract.credit_cap),
        "excluded": [_plain(excluded) for excluded in contract.exclusions],
    }


def _period_target(target: PeriodTarget) -> Any:
    form = {
        name: getattr(target, name) for name in target.__dataclass_fields__ if name not in ("where", "hours", "warn")
    }
    hours = target.hours.name if isinstance(target, ServiceTarget) else None
    warn = () if isinstance(target, SatisfactionTarget) else target.warn
    return {name: _plain(value) for name, value in form.items()} | {"hours": hours, "warn": _thresholds(warn)}


def _plain(value: Any) -> Any:
    """A value as JSON has it: exact numbers as texts, sets in order."""
    match value:
        case Percent():
            return [value.text, str(value.share)]
        case Fraction() | Decimal():
            return str(value)
        case Enum():
            return value.value
        case frozenset():
            return sorted(value)
        case tuple():
            # The kinds of credits are told apart by name: their fields alone would not do.
            return [type(value).__name__, *map(_plain, value)]
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case _:
            return value


def _thresholds(thresholds: Iterable[Warn]) -> list[Any]:
    # Their text is in the ids of alerts, and of equal ones the later is the higher: both stay as written.
    return [
        [threshold.text, threshold.left if isinstance(threshold, TimeLeft) else str(threshold.share)]
        for threshold in thresholds
    ]
