"""A report with everything in it: a missed and a met promise, late tickets, a credit, earlier months."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from slawatch.instants import ms_of
from slawatch.messages.reports import CreditEntry, OutageEntry, Report, TargetEntry
from slawatch.sheet.evidence import Evidence, Kind, LateTicket, Stretch, Terms

TIMES = {
    "agreed_seconds": 2678400, "measured_seconds": 2664000, "excluded_seconds": 7200, "unknown_seconds": 7200,
    "down_seconds": 3720.4, "degraded_seconds": 0, "outages": 2, "longest_seconds": 3420,
    "outage_list": [
        OutageEntry("2026-10-12T09:00:00Z", "2026-10-12T09:57:00Z", 3420),
        OutageEntry("2026-10-27T13:00:00Z", "2026-10-27T13:05:00.400Z", 300.4),
    ],
}  # fmt: skip


def availability(ratio: str = "0.998603", verdict: str = "missed", **changed: object) -> TargetEntry:
    fields = {**TIMES, "budget_seconds": 2664, **changed}
    breached = "2026-10-12T09:44:24Z" if verdict == "missed" else None
    return TargetEntry("availability", "crm", "99.9%", verdict, None, breached, ratio, **fields)


TARGETS = [
    availability(),
    TargetEntry("outage", "crm", "1h", "met", None, None, None, **TIMES, budget_seconds=3600),
    TargetEntry(
        "compliance", "resolution", "95%", "met", None, None, "0.970000", name="urgent", met=97, missed=3, sample=100,
        open_overdue=1, missed_tickets=["INC-7", "INC-12", "INC-31"],
    ),
    TargetEntry("satisfaction", "ratings", "4.5", None, "too_few", None, "4.666666", sample=3, open_overdue=0, missed_tickets=[]),
]  # fmt: skip


def report(**changed: object) -> Report:
    fields: dict[str, object] = {
        "agreement": "acme-gold", "customer": "ACME & Söhne <GmbH>", "period": "2026-10", "start": "2026-09-30T21:00:00Z",
        "until": "2026-10-31T21:00:00Z", "timezone": "Europe/Moscow", "status": "closed", "revision": 2,
        "closed_at": "2026-11-01T21:00:00Z", "complete_until": "2026-11-01T21:00:02Z", "targets": TARGETS,
        "credits": [CreditEntry("availability", "crm", "10", below="99.9%")], "credit_percent": "10",
        "credit_amount": "120.00", "currency": "EUR", "capped": False,
    }  # fmt: skip
    return Report(**(fields | changed))


def earlier() -> list[Report]:
    months = [
        ("2026-07", "2026-06-30T21:00:00Z", "0.999870", "met", 342),
        ("2026-08", "2026-07-31T21:00:00Z", "1.000000", "met", 0),
        ("2026-09", "2026-08-31T21:00:00Z", "0.997204", "missed", 7248),
    ]
    return [
        report(period=label, start=start, targets=[availability(ratio, verdict, down_seconds=down)])
        for label, start, ratio, verdict, down in months
    ]


def evidence() -> Evidence:
    def stretch(start: str, end: str, kind: Kind) -> Stretch:
        return Stretch(ms_of(start), ms_of(end), kind)

    seen = [
        stretch("2026-10-12T09:00:00Z", "2026-10-12T09:57:00Z", Kind.DOWN),
        stretch("2026-10-27T13:00:00Z", "2026-10-27T13:05:00.400Z", Kind.DOWN),
        stretch("2026-10-17T20:00:00Z", "2026-10-17T22:00:00Z", Kind.PLANNED),
        stretch("2026-10-05T20:00:00Z", "2026-10-05T22:00:00Z", Kind.UNKNOWN),
        stretch("2026-10-20T05:00:00Z", "2026-10-21T05:00:00Z", Kind.DEGRADED),
    ]
    hour = 3_600_000

    def late(
        ticket: str, priority: str | None, began: str, due: str, ended: str | None, budget: int, spent: int
    ) -> LateTicket:
        stopped = None if ended is None else ms_of(ended)
        return LateTicket(ticket, priority, ms_of(began), ms_of(due), stopped, budget * hour, spent)

    tickets = [
        late("INC-7", "P1", "2026-10-05T06:30:00Z", "2026-10-05T10:30:00Z", "2026-10-05T11:15:00Z", 4, 4 * hour + 2_700_000),
        late("INC-12", "P2", "2026-10-15T06:30:00Z", "2026-10-15T14:30:00Z", None, 8, 21 * hour),
        late("INC-31 <b>", None, "2026-10-25T06:30:00Z", "2026-10-25T10:30:00Z", "2026-10-25T10:30:07Z", 4, 4 * hour + 7_000),
    ]  # fmt: skip
    keys = [("availability", "crm"), ("outage", "crm")]
    terms = Terms(Decimal("1200.00"), "EUR", Fraction(1))
    return Evidence(dict.fromkeys(keys, tuple(seen)), {("urgent", "resolution"): tickets}, terms)
