"""What the demo has seen so far: the desk's side from the events that were sent, the watcher's from its alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from slawatch.demo.desk import BY_NAME, LATE_TICKET, Event
from slawatch.demo.script import MONTH, Alert, Script
from slawatch.instants import from_ms, to_ms
from slawatch.messages.reports import Report

SHOWN: Final = ("warned", "breached", "overdue", "retracted")
"""What is told one by one; outcomes are only counted."""


@dataclass(frozen=True, slots=True)
class Said:
    """An alert as it came, and how late: `wall_ms` after the event that made it due was sent, `simulated_ms` by the
    desk's clock after it happened, which for what a late event changes is when that event got through."""

    alert: Alert
    wall_ms: float
    simulated_ms: int

    @property
    def customer(self) -> str:
        return str(self.alert["customer"])

    @property
    def subject(self) -> str:
        """The ticket or service that it is about, with a ticket's priority; of shares the agreement."""
        alert = self.alert
        if alert["ticket"] is not None:
            return f"{alert['ticket']} {alert['priority'] or '-'}"
        return str(alert["service"] or alert["agreement"])

    @property
    def due(self) -> str:
        """When it was due where the customer is: `Tue 11:10 MSK`."""
        # Of a period it is when its budget ends if nothing changes; a broken promise was due when it broke.
        due = self.alert["due_at"] or ("period" in self.alert and self.alert["happened_at"])
        if not due:
            return "not known"
        return local(str(due), self.customer)


def local(instant: str, customer: str, form: str = "%a %H:%M %Z") -> str:
    """An instant as the customer's people say it."""
    at = datetime.fromisoformat(instant)
    known = BY_NAME.get(customer)
    return (at.astimezone(known.zone) if known else at).strftime(form)


def dated(instant: str, customer: str) -> str:
    """The same with its date, for what lies weeks apart."""
    return local(instant, customer, "%d %b %H:%M %Z")


class Board:
    """Takes in what is sent and what is said; `now` is the desk's clock."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.now = script.begin
        self.events = 0
        self.observations = 0
        self.reports: dict[str, Report] = {}
        self.tickets: set[str] = set()
        self.said: list[Said] = []
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.by_customer: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.problems: list[str] = []
        self._sent_at: list[float] = []
        self._ids: set[str] = set()
        self._open: dict[str, tuple[int, str, bool]] = {}

    def sent(self, number: int, wall: float) -> None:
        """A sending of the script has been handed to Kafka at this instant of the wall clock, in seconds."""
        sending = self.script.sendings[number]
        self._sent_at.append(wall)
        self.now = sending.heard
        if isinstance(sending.event, Event):
            self.events += 1
            self.tickets.add(sending.event.ticket)
            self._follow(sending.event)
        elif sending.event is not None:
            self.observations += 1

    def open_tickets(self, customer: str) -> int:
        """How many of the customer's tickets are neither solved nor closed."""
        return sum(name == customer and is_open for _, name, is_open in self._open.values())

    def heard(self, alert: Alert, wall: float) -> Said | None:
        """An alert has come at this instant of the wall clock; None if it must not be there."""
        identity = alert["id"]
        expected = self.script.expected.get(identity)
        if expected is None or _content(expected.alert) != _content(alert):
            self.problems.append(f"{identity} was said, but not so by a replay")
            return None
        if identity in self._ids:
            self.problems.append(f"{identity} was said twice")
            return None
        self._ids.add(identity)
        cause = self.script.sendings[expected.cause]
        happened = _ms(alert["happened_at"])
        was_late = alert["what"] in ("retracted", "withdrawn")
        said = Said(alert, (wall - self._sent_at[expected.cause]) * 1000, 0 if was_late else cause.heard - happened)
        self.said.append(said)
        self.kinds[alert["what"], alert["metric"]] += 1
        self.by_customer[said.customer][alert["what"]] += 1
        return said

    def reported(self, report: Report) -> None:
        """A report has come; a later one of the same agreement and period replaces it."""
        if report.agreement in self.script.reports and report.period == MONTH:
            self.reports[report.agreement] = report

    @property
    def complete(self) -> bool:
        """Whether all has been said and reported that must be."""
        return len(self._ids) == len(self.script.expected) and self.reports.keys() == self.script.reports.keys()

    def wrong_reports(self) -> list[str]:
        """The agreements whose report is not that of a replay."""
        return [
            agreement
            for agreement, expected in self.script.reports.items()
            if agreement not in self.reports or _told(self.reports[agreement]) != _told(expected.report)
        ]

    @property
    def missing(self) -> list[str]:
        """What must be said and was not."""
        return [identity for identity in self.script.expected if identity not in self._ids]

    def late_story(self) -> list[Said]:
        """The breach that was said and taken back, if it lies in the part that was played."""
        return [
            said
            for said in self.said
            if said.alert["ticket"] == LATE_TICKET
            and said.alert["metric"] == "first_response"
            and said.alert["what"] in ("breached", "retracted", "met")
        ]

    def _follow(self, event: Event) -> None:
        at, customer, is_open = self._open.get(event.ticket, (-1, "", True))
        customer = str(event.observed.get("customer", customer))
        status = event.observed.get("status")
        if status is not None and event.at >= at:
            at, is_open = event.at, status not in ("Solved", "Closed")
        self._open[event.ticket] = (at, customer, is_open)


def _told(report: Report) -> Report:
    """All but how far the data of all partitions reached when it was made."""
    return msgspec.structs.replace(report, complete_until=None)


def _content(alert: Alert) -> Alert:
    """All but when it was decided."""
    return {name: value for name, value in alert.items() if name != "detected_at"}


def _ms(instant: str) -> int:
    return to_ms(datetime.fromisoformat(instant))


def clock(ms: int) -> str:
    """The desk's clock, in UTC."""
    return from_ms(ms).strftime("%a %d %b %Y %H:%M UTC")
