"""The keyed process of services: monitoring events and deadlines in, alerts about periods and new states out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from slawatch.core.fold import Bounds
from slawatch.core.periods.account import Account, accounts
from slawatch.core.periods.alert import PeriodAlert
from slawatch.core.periods.contract import Contracts, ServiceTarget
from slawatch.core.periods.final import thin
from slawatch.core.periods.judge import Use, apply, fire, rejudge
from slawatch.core.periods.measure import Measure, Seat, Table
from slawatch.core.periods.reading import Reading
from slawatch.core.periods.service import Service
from slawatch.instants import rfc3339
from slawatch.messages.envelope import linked
from slawatch.messages.monitoring import MonitoringEvent, read_monitoring_event
from slawatch.messages.period_alerts import PeriodPublisher
from slawatch.process import Get, Outcome, Place, Readable, Reason, Rejection, Sample, Turn
from slawatch.processes.marks import MARK_KEY, Marks
from slawatch.states import service as packed
from slawatch.states.service import Kept, Shown

_OUTCOMES = {
    Use.REPEATED: Outcome.APPLIED,
    Use.REPEATED_LATE: Outcome.LATE,
    Use.IN_ORDER: Outcome.APPLIED,
    Use.LATE: Outcome.LATE,
    Use.DUPLICATE: Outcome.DUPLICATE,
    Use.UNMATCHED: Outcome.UNMATCHED,
}
FOLDED_REPEATS = "folded_repeats"
RECENT = 4_096
"""Services kept unpacked beside the very bytes that they were packed to; only used for states of those bytes."""


class ServiceProcess:
    """Services under these contracts; `source` is the CloudEvents source of the alerts."""

    name = "monitoring"
    state_version = packed.VERSION

    def __init__(
        self, contracts: Contracts, source: str, bounds: Bounds | None = None, place: Place | None = None
    ) -> None:
        self._contracts = contracts
        self._source = source
        self._bounds = bounds or Bounds()
        self._retention = self._bounds.retention
        self._publisher = PeriodPublisher(source)
        self._marks = None if place is None else Marks(contracts, self._retention, place, source)
        self._promised = {
            service
            for contract in contracts.contracts
            for target in contract.targets
            if isinstance(target, ServiceTarget)
            for service in target.services
        }
        self._tables: dict[str, Table] = {}
        self._recent: dict[bytes, Kept] = {}
        self._counted: dict[tuple[str, str], tuple[tuple[float, float], tuple[float, float]]] = {}

    def placed(self, place: Place) -> ServiceProcess:
        return type(self)(self._contracts, self._source, self._bounds, place)

    def read(self, record: Readable) -> MonitoringEvent | Rejection | None:
        return None if record.value is None else read_monitoring_event(record)

    def on_event(self, event: MonitoringEvent, get: Get, stream_time: int, now: int) -> Turn:
        key, name, fact, traceparent = event
        if name not in self._promised:
            return Turn(outcome=Outcome.UNMATCHED)
        kept = self._take(key, name, get) or Kept(Service(name, self._table(name)))
        service = kept.service
        facts = len(service.facts)
        alerts, use = apply(service, fact, stream_time, self._retention)
        if use is Use.TOO_LATE or use is Use.DUPLICATE:
            if kept.head is not None:
                self._recent[key] = kept
            if use is Use.DUPLICATE:
                return Turn(outcome=Outcome.DUPLICATE)
            floor = rfc3339(service.floor)
            return Turn(rejection=Rejection(Reason.TOO_LATE, f"the service's periods until {floor} are final"))
        repeats = 0
        if self._retention is not None and len(service.facts) >= service.fat:
            repeats = len(service.facts)
            thin(service)
            repeats -= len(service.facts)
        folded = len(service.facts) != facts + 1
        states = kept.rewrite(key) if folded else kept.add(key, fact)
        same = use is Use.REPEATED or use is Use.REPEATED_LATE
        if not same or alerts or folded or kept.head is None or packed.wake_up(kept.head) != service.due:
            states |= kept.store(key, self._contracts.fingerprint)
        turn = self._turn(key, kept, states, alerts, _OUTCOMES[use], now, traceparent)
        if repeats:
            turn.counts = {FOLDED_REPEATS: repeats}
        return turn

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - other wake-ups have their service
        return Turn() if self._marks is None else self._marks.on_start(stream_time)

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:
        if key == MARK_KEY and self._marks is not None:
            return self._marks.on_wake_up(due, stream_time, now)
        kept = self._take(key, key.decode(), get)
        if kept is None:
            return Turn(wake_ups={key: None})
        facts = len(kept.service.facts)
        alerts = fire(kept.service, due + 1, self._retention)
        states = kept.rewrite(key) if len(kept.service.facts) != facts else {}
        states |= kept.store(key, self._contracts.fingerprint)
        return self._turn(key, kept, states, alerts, Outcome.APPLIED, now)

    def on_restore(self, key: bytes, state: bytes) -> Iterable[tuple[bytes, int]] | None:
        if packed.is_part(key):
            return ()
        if not packed.is_current(state, self._contracts.fingerprint):
            return None
        due = packed.wake_up(state)
        return () if due is None else ((key, due),)

    def on_change(self, key: bytes, get: Get, stream_time: int, now: int) -> Turn:
        name = key.decode()
        if get(key) is None or name not in self._promised:
            return Turn(wake_ups={key: None})  # nothing is promised about it now; what is known of it stays
        kept, heard = packed.load(name, key, get, self._table(name), None)
        facts = len(kept.service.facts)
        alerts = rejudge(kept.service, heard or {}, stream_time, self._retention)
        states = kept.rewrite(key) if len(kept.service.facts) != facts else {}
        states |= kept.store(key, self._contracts.fingerprint)
        return self._turn(key, kept, states, alerts, Outcome.APPLIED, now)

    def tally(self, state: bytes) -> bytes:
        return state if packed.kind_of(state) == packed.METERS else b""

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:
        if not tally:
            return
        name, rows, fingerprint = packed.service_of(tally)
        if name not in self._promised or fingerprint not in (None, self._contracts.fingerprint):
            return  # nothing is promised about it any more, or it is still to be judged again: its seats are others
        table = self._table(name)
        for row in rows:
            line = packed.shown(row, table, at)
            if line is not None:
                for seat in line.seats:
                    if table.counted[seat.contract.agreement] == seat.identity:
                        yield from self._grown(seat.contract.agreement, name, line)
                    if (
                        line.reading is not None
                        and table.labelled[seat.contract.agreement, seat.label] == seat.identity
                    ):
                        yield from _standing(name, line.measure, line.reading, seat)

    def _grown(self, agreement: str, service: str, line: Shown) -> Iterator[Sample]:
        """Counters of what has passed since this process began: they never fall, also where a late fact heals."""
        labels = (("agreement", agreement), ("service", service))
        before, grown = self._counted.get((agreement, service), ((line.agreed, line.lost), (0.0, 0.0)))
        agreed = grown[0] + max(0.0, line.agreed - before[0])
        lost = grown[1] + max(0.0, line.lost - before[1])
        self._counted[agreement, service] = ((line.agreed, line.lost), (agreed, lost))
        yield Sample("service_agreed_seconds_total", labels, agreed / 1000)
        yield Sample("service_down_seconds_total", labels, lost / 1000)

    def accounts(self, name: str, get: Get, at: int) -> Iterator[Account]:
        """How it stands with every promise about a service at an instant, from its states; none if it has no state."""
        key = name.encode()
        if name in self._promised and get(key) is not None:
            yield from accounts(
                packed.load(name, key, get, self._table(name), self._contracts.fingerprint)[0].service, at
            )

    def _table(self, name: str) -> Table:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(self._contracts, name)
        return table

    def _take(self, key: bytes, name: str, get: Get) -> Kept | None:
        """The service under a key; taken out of the recent ones, so that a turn that raises leaves nothing half done."""
        kept = self._recent.pop(key, None)
        if kept is not None and kept.is_current(key, get):
            return kept
        if get(key) is None:
            return None
        return packed.load(name, key, get, self._table(name), self._contracts.fingerprint)[0]

    def _turn(
        self, key: bytes, kept: Kept, states: dict[bytes, bytes | None], alerts: list[PeriodAlert], outcome: Outcome,
        now: int, traceparent: bytes | None = None,
    ) -> Turn:  # fmt: skip
        if len(self._recent) >= RECENT:
            del self._recent[next(iter(self._recent))]
        self._recent[key] = kept
        messages = linked(self._publisher.messages(alerts, now, traceparent)) if alerts else ()
        return Turn(states, {key: kept.service.due}, messages, outcome)


def _standing(service: str, measure: Measure, reading: Reading, seat: Seat) -> Iterator[Sample]:
    """How the period that runs stands; where two promises have the same labels, that of the first in the file."""
    promise = (("agreement", seat.contract.agreement), ("metric", seat.label), ("service", service))
    ratio, budget = reading.ratio(measure), reading.budget(measure)
    if ratio is not None:
        yield Sample("period_ratio", promise, float(ratio))
        yield Sample("period_target_ratio", promise, float(seat.target.at_least))
    if budget:
        left = 1 - Fraction(reading.used(measure), measure.scale) / budget
        yield Sample("period_budget_left_ratio", promise, float(left))
