"""Eight bytes that change with anything that may change a verdict, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from slawatch.agreements.models import CalendarPart
from slawatch.core.agreement import Agreement, Limit, Target, TimeLeft, Warn
from slawatch.core.fact import Phase

_FORM = 1
"""Of the canonical form below: another number makes every stored ticket be judged again."""


def fingerprint(
    agreements: Sequence[Agreement],
    statuses: Mapping[str, Phase],
    calendars: Mapping[str, CalendarPart],
    versions: Mapping[str, str],
) -> bytes:
    """The fingerprint of these agreements; comments, formatting and the split into files make no difference."""
    form = {
        "form": _FORM,
        "versions": dict(versions),
        "statuses": statuses,
        "calendars": {name: _calendar(part) for name, part in calendars.items()},
        "agreements": [_agreement(agreement) for agreement in agreements],  # their order decides
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


def _agreement(agreement: Agreement) -> Any:
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


def _thresholds(thresholds: Iterable[Warn]) -> list[Any]:
    # Their text is in the ids of alerts, and of equal ones the later is the higher: both stay as written.
    return [
        [threshold.text, threshold.left if isinstance(threshold, TimeLeft) else str(threshold.share)]
        for threshold in thresholds
    ]
