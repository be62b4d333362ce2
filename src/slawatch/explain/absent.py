"""Why an agreement leads to no clock on a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slawatch.core.agreement import Agreement
from slawatch.core.clock import Clock
from slawatch.core.fact import ATTRIBUTES, FIELD_NAMES, PRIORITY, Fact, Fields, no_fields, observe
from slawatch.core.promise import Agreements
from slawatch.explain.page import Page, said_text


def without_clock(
    facts: Sequence[Fact],
    opening: int | None,
    clocks: Sequence[Clock],
    agreements: Agreements,
    alerts: Sequence[Mapping[str, Any]],
) -> Iterator[str]:
    """Why an agreement leads to no clock on the ticket as it is now, and what was said of one that it led to once."""
    fields = no_fields()
    for fact in facts:
        observe(fields, fact.observed)
    if opening is None:
        yield "the ticket was never open, so no clock began"
    attached = {(clock.promise.agreement.id, clock.promise.target.metric) for clock in clocks}
    winners = {
        clock.promise.target.metric: clock.promise.agreement for clock in clocks if not clock.promise.agreement.also
    }
    for agreement in agreements.agreements:
        reason = _not_covered(agreement, fields, opening)
        for target in agreement.targets:
            if (agreement.id, target.metric) in attached:
                continue
            where = f" ({target.where})" if target.where else ""
            why = reason
            if why is None and fields[PRIORITY] not in target.limits and target.default is None:
                why = f"it has no limit for priority {_or_none(fields[PRIORITY])}"
            winner = winners.get(target.metric)
            if why is None and winner is not None and not agreement.also:
                why = f"{winner.id} comes first in the file"
            if why is None:
                why = "nothing has begun a round, or an earlier agreement has the metric"
            page = Page(0, agreement.zone)
            mine = [
                said_text(page, alert)
                for alert in alerts
                if (alert["agreement"], alert["metric"]) == (agreement.id, target.metric.value)
            ]
            yield f"{agreement.id}, {target.metric}{where}: {why}" + "".join(f"; said {said}" for said in mine)


def _not_covered(agreement: Agreement, fields: Fields, opening: int | None) -> str | None:
    """Why an agreement does not apply to a ticket with these fields that opened then."""
    for number, accepted in agreement.match.items():
        if fields[number] not in accepted:
            return f"{FIELD_NAMES[number]} is {_or_none(fields[number])}, not {' or '.join(sorted(accepted))}"
    given = fields[ATTRIBUTES] or {}
    for name, accepted in agreement.attributes.items():
        if given.get(name) not in accepted:
            return f"attribute {name} is {_or_none(given.get(name))}, not {' or '.join(sorted(accepted))}"
    page = Page(0, agreement.zone)
    if opening is not None and agreement.since is not None and opening < agreement.since:
        return f"it applies from {page.instant(agreement.since)}, the ticket opened {page.instant(opening)}"
    if opening is not None and agreement.until is not None and opening >= agreement.until:
        return f"it applied until {page.instant(agreement.until)}, the ticket opened {page.instant(opening)}"
    return None


def _or_none(value: object) -> str:
    return "unknown" if value is None else str(value)
