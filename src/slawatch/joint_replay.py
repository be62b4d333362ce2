"""All three processes over one file: what a worker of one partition would have said of tickets, services and agreements.

What the tickets and the services say to the ledger is given to it at once. Whatever is due is woken in the order of
its instant, at one instant the tickets first, then the services, then the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from slawatch.agreements import AgreementsFile
from slawatch.core.fact import STATUS
from slawatch.core.fold import Bounds
from slawatch.core.periods.status import Fact
from slawatch.core.schedule import Wakes
from slawatch.core.ticket import Ticket
from slawatch.messages.events import TicketEvent, decode_ticket_event
from slawatch.messages.monitoring import MonitoringEvent, decode_monitoring_event
from slawatch.messages.reports import Report
from slawatch.process import Outcome, Output, Place, Process, Record, Rejection, State, Turn
from slawatch.processes.ledger import LedgerProcess
from slawatch.processes.pages import Present
from slawatch.processes.services import ServiceProcess
from slawatch.processes.tickets import UNKNOWN_STATUSES
from slawatch.replay import BadLine, OpenTickets

_INPUTS = ("tickets", "monitoring")


class Part:
    """A process with what it has made: its states and its wake-ups."""

    __slots__ = ("process", "states", "wakes")

    def __init__(self, process: Process[Any]) -> None:
        self.process = process
        self.states: dict[bytes, State] = {}
        self.wakes = Wakes()

    def keep(self, turn: Turn) -> None:
        """Take over the states and wake-ups that a turn has changed."""
        for key, state in turn.states.items():
            if state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state
        for key, due in turn.wake_ups.items():
            self.wakes.set(key, due)


def _forget(_service: str, _fact: Fact) -> None:
    """Nobody asks which facts there were."""


class JointReplay:
    """Runs the three over lines, each of them placed already; counts what `Replay` counts, and monitoring events.

    `reports` are the latest of the ledger by their key, as JSON. `on_fact` is told of a service's facts, each once.
    """

    def __init__(
        self,
        tickets: OpenTickets,
        services: ServiceProcess,
        ledger: LedgerProcess,
        on_bad: Callable[[BadLine], None] | None = None,
        on_fact: Callable[[str, Fact], None] | None = None,
    ) -> None:
        self._open, self._ledger = tickets, ledger
        self.parts = (Part(tickets), Part(services), Part(ledger))
        self.stream_time = -(2**63)
        self.last_event = self.stream_time
        """How far time had come by events alone, once they are over."""
        self.outcomes: Counter[Outcome] = Counter()
        self.monitoring_outcomes: Counter[Outcome] = Counter()
        self.alerts: Counter[tuple[str, str]] = Counter()
        self.unmapped: Counter[str] = Counter()
        self.reports: dict[bytes, bytes] = {}
        self.bad: list[BadLine] = []
        self.bad_lines = 0
        self._on_bad = on_bad or self.bad.append
        self._on_fact = on_fact or _forget

    @property
    def tickets(self) -> int:
        """How many tickets have a state."""
        return len(self.parts[0].states.keys() | self._open.open.keys())

    @property
    def monitoring(self) -> int:
        """How many monitoring events were taken."""
        return self.monitoring_outcomes.total()

    def ticket(self, name: str) -> Ticket | None:
        """A ticket as it is now."""
        part, key = self.parts[0], name.encode()
        ticket = self._open.take(key, name, part.states.get)
        if ticket is not None:
            self._open.open[key] = ticket
        return ticket

    def report(self, agreement: str, label: str, present: Present) -> Report | None:
        """A period's report as it is now; `present` gives the figures of services in an open one."""
        return self._ledger.report(agreement, label, self.parts[2].states.get, present)

    def run(self, lines: Iterable[bytes], until: int | None = None) -> Iterator[bytes]:
        """The data of every alert, as JSON, in the order in which they are said; `until` lets time run on, in ms."""
        for part in self.parts:
            yield from self._take(part, part.process.on_start(part.states.get, self.stream_time, 0), 0)
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            event = read_event(line)
            if isinstance(event, Rejection):
                self._reject(number, event)
                continue
            yield from self._apply(number, event)
            self.stream_time = max(self.stream_time, event.fact.at)
            # The ledger's work is due in the past, so it may have something to do though no time has passed.
            if any(part.wakes.may_be_due(self.stream_time) for part in self.parts):
                yield from self._fire()
        self.last_event = self.stream_time
        if until is not None and until > self.stream_time:
            self.stream_time = until
            yield from self._fire()

    def _apply(self, number: int, event: TicketEvent | MonitoringEvent) -> Iterator[bytes]:
        of_ticket = isinstance(event, TicketEvent)
        part = self.parts[0 if of_ticket else 1]
        now = max(self.stream_time, event.fact.at)
        turn = part.process.on_event(event, part.states.get, self.stream_time, now)
        if turn.rejection is not None:
            self._reject(number, turn.rejection)
            return
        outcomes = self.outcomes if of_ticket else self.monitoring_outcomes
        outcomes[turn.outcome] += 1
        if isinstance(event, TicketEvent) and UNKNOWN_STATUSES in turn.counts:
            self.unmapped[event.fact.observed[STATUS]] += 1
        if isinstance(event, MonitoringEvent) and turn.outcome is not Outcome.DUPLICATE:
            self._on_fact(event.service, event.fact)
        yield from self._take(part, turn, now)

    def _reject(self, number: int, rejection: Rejection) -> None:
        self.bad_lines += 1
        self._on_bad(BadLine(number, f"{rejection.reason}: {rejection.error}"))

    def _fire(self) -> Iterator[bytes]:
        """Wake everything that is due earlier than stream time."""
        time = self.stream_time
        while True:
            due, part = time, None
            for each in self.parts:
                soonest = each.wakes.soonest()
                if soonest is not None and soonest < due:
                    due, part = soonest, each
            if part is None:
                return
            woken = part.wakes.pop(time)
            assert woken is not None
            yield from self._take(part, part.process.on_wake_up(woken[1], due, part.states.get, time, time), time)

    def _take(self, part: Part, turn: Turn, now: int) -> Iterator[bytes]:
        """Keep what a turn has led to, say its alerts, and let the ledger hear what is for it."""
        part.keep(turn)
        ledger = self.parts[-1]
        for message in turn.messages:
            if message.labels is not None:  # else the copy of an alert on another topic, or none
                self.alerts[message.labels] += 1
                yield message.value
            if message.output is Output.REPORTS:
                self.reports[message.key] = message.value
            elif message.output is Output.OUTCOMES:
                event = ledger.process.read(Record(message.key, message.value, now, message.headers))
                assert not isinstance(event, Rejection), event.error
                if event is not None:
                    heard = ledger.process.on_event(event, ledger.states.get, self.stream_time, now)
                    yield from self._take(ledger, heard, now)


def read_event(line: bytes) -> TicketEvent | MonitoringEvent | Rejection:
    """The event in a line: with `ticket` one of a ticket, without it and with `service` one of a monitored service."""
    if b'"ticket"' not in line:
        event = decode_monitoring_event(line)
        if not isinstance(event, Rejection) or b'"service"' in line:
            return event
    ticket = decode_ticket_event(line)
    if isinstance(ticket, Rejection):
        other = decode_monitoring_event(line)
        if not isinstance(other, Rejection):
            return other
    return ticket


def joint_replay(
    file: AgreementsFile,
    source: str,
    bounds: Bounds,
    on_bad: Callable[[BadLine], None] | None = None,
    on_fact: Callable[[str, Fact], None] | None = None,
) -> JointReplay:
    """Tickets, services and the ledger under one file, each on the one partition of its topic."""
    contracts = file.contracts
    tickets = OpenTickets(file.agreements, source, bounds, contracts, Place(_INPUTS[0], 0, 1))
    services = ServiceProcess(contracts, source, bounds).placed(Place(_INPUTS[1], 0, 1))
    ledger = LedgerProcess(contracts, _INPUTS, source, bounds.retention).placed(Place("outcomes", 0, 1))
    return JointReplay(tickets, services, ledger, on_bad, on_fact)
