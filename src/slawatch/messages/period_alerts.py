"""Alerts about periods to messages: CloudEvents in Kafka's binary mode, on the same topics as those about tickets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from slawatch.core.alert import MET, MISSED, RETRACTED
from slawatch.core.periods.alert import MEASURED, PeriodAlert
from slawatch.core.promise import BREACHED, OVERDUE, WARNED
from slawatch.instants import rfc3339
from slawatch.messages.envelope import Envelope
from slawatch.messages.reports import TargetEntry, entry, ratio_text, seconds_of
from slawatch.messages.shapes import InstantText, Seconds, one_of
from slawatch.process import Message, Output

_TOPICS = {
    WARNED: Output.WARNINGS,
    BREACHED: Output.BREACHES,
    OVERDUE: Output.BREACHES,
    RETRACTED: Output.BREACHES,
    MET: Output.OUTCOMES,
    MISSED: Output.OUTCOMES,
    MEASURED: Output.OUTCOMES,
}


class PeriodAlertData(msgspec.Struct, frozen=True):
    """The data of an alert about a period: that of a clock's, `ticket` and `round` being null, and the period."""

    id: Annotated[
        str, Meta(description="`<agreement>/<name or metric>/<service | of | ratings>/<period>/<what>`, then `~n`.")
    ]
    what: Annotated[
        str,
        one_of(WARNED, BREACHED, OVERDUE, RETRACTED, MET, MISSED),
        Meta(description="What is said; `retracted` takes back a breach."),
    ]
    agreement: Annotated[str, Meta(description="The agreement's id; `silver@ACME` with `each: customer`.")]
    metric: Annotated[str, Meta(description="What is judged of the period.")]
    round: Annotated[None, Meta(description="Periods have no rounds.")]
    ticket: Annotated[None, Meta(description="It is about no single ticket.")]
    threshold: Annotated[str | None, Meta(description="As written in the agreement (`80%`, `10m`), else null.")]
    customer: Annotated[str | None, Meta(description="To whom the promise was made, where that is one customer.")]
    priority: Annotated[None, Meta(description="Null, as are `team` and `kind`.")]
    service: Annotated[str | None, Meta(description="The service that is judged; null for compliance, satisfaction.")]
    team: None
    kind: None
    period: Annotated[str, Meta(description="Its label: `2026-10-05`, `2026-W41`, `2026-10`, `2026-Q4`, `2026`.")]
    period_from: Annotated[InstantText, Meta(description="Where the period begins.")]
    period_until: Annotated[InstantText, Meta(description="Where it ends; not included.")]
    started_at: Annotated[
        InstantText, Meta(description="Since when the period is judged: its start or the agreement's.")
    ]
    due_at: Annotated[
        InstantText | None,
        Meta(description="Of a warning while the service is down: when the budget ends if it stays so."),
    ]
    happened_at: Annotated[
        InstantText,
        Meta(description="The last instant at which it was not so; a verdict's: the end; a correction's: its cause."),
    ]
    detected_at: Annotated[InstantText, Meta(description="The wall clock when it was decided.")]
    ratio: Annotated[
        str | None, Meta(description="The availability, share or mean at `happened_at`, cut to six decimals.")
    ]
    budget_seconds: Annotated[Seconds | None, Meta(description="Downtime, or length of an outage, that is allowed.")]
    elapsed_seconds: Annotated[Seconds | None, Meta(description="How much of it was used at `happened_at`.")]
    on_arrival: Annotated[bool, Meta(description="The promise was broken already when the period was first judged.")]
    used: Annotated[int | UnsetType, Meta(description="Outages so far.")] = UNSET
    limit: Annotated[int | UnsetType, Meta(description="Outages that are allowed.")] = UNSET
    met: Annotated[int | UnsetType, Meta(description="Tickets in time, or good ratings.")] = UNSET
    missed: Annotated[int | UnsetType, Meta(description="The others.")] = UNSET
    sample: Annotated[int | UnsetType, Meta(description="All of them.")] = UNSET
    figures: Annotated[TargetEntry | UnsetType, Meta(description="Of a verdict: the target's part of the report.")] = (
        UNSET
    )


class Measured(msgspec.Struct, frozen=True):
    """The figures of a closed period of which no new verdict is said."""

    what: Annotated[Literal["measured"], Meta(description="It is no alert, but figures for the ledger.")]
    agreement: Annotated[str, Meta(description="The agreement's id.")]
    metric: Annotated[str, Meta(description="What is judged of the period.")]
    service: Annotated[str | None, Meta(description="The service that is judged.")]
    name: Annotated[str | None, Meta(description="The target's name, where it has one.")]
    period: Annotated[str, Meta(description="Its label.")]
    period_from: Annotated[InstantText, Meta(description="Where the period begins.")]
    period_until: Annotated[InstantText, Meta(description="Where it ends; not included.")]
    figures: Annotated[TargetEntry, Meta(description="The target's part of the report.")]


_encode = msgspec.json.Encoder().encode


class PeriodPublisher:
    """Turns alerts about periods into messages: `source` is the CloudEvents source, `/slawatch/<group>`."""

    def __init__(self, source: str) -> None:
        self._envelope = Envelope(source)

    def messages(
        self, alerts: Iterable[PeriodAlert], detected_at: int, traceparent: bytes | None = None
    ) -> list[Message]:
        """Every alert on its topic: under the service, or where there is none and on the outcomes' under the agreement."""
        decided = rfc3339(detected_at)
        found = []
        for alert in alerts:
            what, service, agreement = alert.what, alert.service, alert.contract.agreement
            subject = agreement if service is None else service
            name = alert.id
            headers = self._envelope.headers(name, f"slawatch.period.{what}.v1", subject, decided, traceparent)
            data = _measured(alert) if what == MEASURED else alert_data(alert, name, decided)
            output = _TOPICS[what]
            key = (agreement if output is Output.OUTCOMES else subject).encode()
            labels = None if what == MEASURED else (what, alert.target.metric.value)
            found.append(Message(output, key, _encode(data), headers, labels))
        return found


def alert_data(alert: PeriodAlert, name: str, detected_at: str) -> PeriodAlertData:
    """The data of an alert called `name`, `detected_at` being the wall clock when it was decided."""
    contract, target, period = alert.contract, alert.target, alert.period
    started_at = period.start if contract.since is None else max(period.start, contract.since)
    return PeriodAlertData(
        id=name,
        what=alert.what,
        agreement=contract.agreement,
        metric=target.metric.value,
        round=None,
        ticket=None,
        threshold=alert.threshold,
        customer=contract.customer,
        priority=None,
        service=alert.service,
        team=None,
        kind=None,
        period=period.label,
        period_from=rfc3339(period.start),
        period_until=rfc3339(period.end),
        started_at=rfc3339(started_at),
        due_at=None if alert.due_at is None else rfc3339(alert.due_at),
        happened_at=rfc3339(alert.happened_at),
        detected_at=detected_at,
        ratio=ratio_text(alert.ratio),
        budget_seconds=None if alert.budget is None else seconds_of(alert.budget),
        elapsed_seconds=None if alert.elapsed is None else seconds_of(alert.elapsed),
        on_arrival=alert.on_arrival,
        used=UNSET if alert.used is None else alert.used,
        limit=UNSET if alert.limit is None else alert.limit,
        met=UNSET if alert.met is None else alert.met,
        missed=UNSET if alert.missed is None else alert.missed,
        sample=UNSET if alert.sample is None else alert.sample,
        figures=UNSET if alert.figures is None else entry(target, alert.service, alert.figures),
    )


def _measured(alert: PeriodAlert) -> Measured:
    assert alert.figures is not None
    target, period = alert.target, alert.period
    return Measured(
        what=MEASURED,
        agreement=alert.contract.agreement,
        metric=target.metric.value,
        service=alert.service,
        name=target.name or None,
        period=period.label,
        period_from=rfc3339(period.start),
        period_until=rfc3339(period.end),
        figures=entry(target, alert.service, alert.figures),
    )
