"""A ledger at work: what it is told by hand, in the bytes of the contract, and what it says and reports."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from slawatch.agreements import loads
from slawatch.core.interval import DAY
from slawatch.core.schedule import Wakes
from slawatch.instants import to_ms
from slawatch.messages.envelope import MORE
from slawatch.process import Message, Outcome, Output, Place, Record, Rejection, Turn
from slawatch.processes.ledger import LedgerProcess

SOURCES = ("tickets", "monitoring")
FOREVER = 2**52


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).astimezone(UTC))


def instant(text: str) -> str:
    """`04-10T08` or `04-10T08:30` of 2026, or a whole instant."""
    if text.endswith("Z"):
        return text
    return f"2026-{text}{':00' * (3 - text.count(':') - 1)}Z"


@dataclass
class Office:
    """One ledger over all partitions; `said` are its alerts, `reports` all it has written, both as JSON."""

    file: str
    retention: int | None = 30 * DAY
    place: Place | None = None
    start: str = "2026-04-01T00:00:00Z"
    said: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    states: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wakes = Wakes()
        self.now = at("2026-01-01T00:00:00Z")
        self.process = self._process()
        self.keep(self.process.on_start(self.states.get, 0, self.now))
        self.passed(self.start)

    def _process(self) -> LedgerProcess:
        contracts = loads(self.file, "a.yaml").contracts
        process = LedgerProcess(contracts, SOURCES, "/slawatch/test", self.retention)
        return process.placed(self.place) if self.place else process

    def restart(self, file: str | None = None) -> None:
        """Begin again with nothing but the bytes."""
        self.file = file or self.file
        self.process, self.wakes = self._process(), Wakes()
        changed = []
        for key, state in self.states.items():
            wakes = self.process.on_restore(key, state)
            if wakes is None:
                changed.append(key)
        for key in changed:
            self.keep(self.process.on_change(key, self.states.get, self.now, self.now))
        self.keep(self.process.on_start(self.states.get, self.now, self.now))
        self.settle()

    def keep(self, turn: Turn) -> None:
        assert turn.rejection is None
        for key, state in turn.states.items():
            if state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state
        for key, due in turn.wake_ups.items():
            self.wakes.set(key, due)
        self.messages += turn.messages
        for message in turn.messages:
            if message.output is Output.REPORTS:
                self.reports.append(json.loads(message.value))
            else:
                self.said.append(json.loads(message.value))

    def settle(self) -> None:
        """Let everything fire that is due."""
        while (woken := self.wakes.pop(FOREVER)) is not None:
            self.keep(self.process.on_wake_up(*woken, self.states.get, FOREVER, self.now))

    def hear(self, data: dict[str, Any], more: bool = False, key: bytes | None = None) -> Outcome:
        value = json.dumps(data).encode()
        record = Record(key or data["agreement"].encode(), value, self.now, (MORE,) if more else ())
        event = self.process.read(record)
        assert event is not None
        assert not isinstance(event, Rejection), event
        turn = self.process.on_event(event, self.states.get, self.now, self.now)
        self.outcomes.append(turn.outcome)
        self.keep(turn)
        self.settle()
        return turn.outcome

    def clock(
        self, what: str, ticket: str, happened_at: str, due_at: str | None = None, more: bool = False, **rest: Any
    ) -> Outcome:
        data = {"what": what, "agreement": "a", "metric": "resolution", "ticket": ticket, "round": 1}
        due = None if due_at is None else instant(due_at)
        return self.hear(data | {"happened_at": instant(happened_at), "due_at": due} | rest, more)

    def breached(self, ticket: str, due_at: str, **rest: Any) -> Outcome:
        return self.clock("breached", ticket, due_at, due_at, **rest)

    def met(self, ticket: str, ended_at: str, **rest: Any) -> Outcome:
        return self.clock("met", ticket, ended_at, **rest)

    def missed(self, ticket: str, due_at: str, ended_at: str, **rest: Any) -> None:
        self.clock("breached", ticket, due_at, due_at, **rest)
        self.clock("missed", ticket, ended_at, due_at, **rest)

    def rated(self, ticket: str, rated_at: str, rating: float | None, **rest: Any) -> Outcome:
        return self.hear(
            {"what": "rated", "agreement": "a", "ticket": ticket, "rating": rating, "at": instant(rated_at)} | rest
        )

    def figures(self, service: str, period: str, figures: dict[str, Any], what: str = "met", **rest: Any) -> Outcome:
        entry = {
            "metric": "availability", "subject": service, "target": "99.9%", "verdict": what, "reason": None,
            "breached_at": None, "ratio": "1.000000", "agreed_seconds": 2592000, "measured_seconds": 2592000,
            "excluded_seconds": 0, "unknown_seconds": 0, "down_seconds": 0, "degraded_seconds": 0,
            "budget_seconds": 2592, "outages": 0, "longest_seconds": 0, "outage_list": [],
        } | figures  # fmt: skip
        data = {
            "what": what if what in ("met", "missed") else "measured", "agreement": "a", "metric": entry["metric"],
            "service": service, "name": None, "period": period, "ticket": None, "round": None, "figures": entry,
        } | rest  # fmt: skip
        return self.hear(data)

    def passed(self, until: str, *sources: str) -> None:
        """These sources (else all) have passed an instant."""
        partitions = self.place.partitions if self.place else 1
        for source in sources or [f"{topic}/{number}" for topic in SOURCES for number in range(partitions)]:
            topic, _, number = source.partition("/")
            self.hear(
                {"what": "passed", "topic": topic, "partition": int(number), "passed": instant(until)},
                key=source.encode(),
            )

    @property
    def alerts(self) -> list[str]:
        return [f"{data['id']} @ {data['happened_at']}" for data in self.said]

    def last(self, period: str = "2026-04", agreement: str = "a") -> dict[str, Any]:
        """The newest report of a period."""
        found = [one for one in self.reports if (one["agreement"], one["period"]) == (agreement, period)]
        return found[-1]

    def now_is(self, period: str = "2026-04", agreement: str = "a") -> dict[str, Any]:
        """The report of a period as it is now."""
        report = self.process.report(agreement, period, self.states.get)
        assert report is not None
        found: dict[str, Any] = json.loads(msgspec.json.encode(report))
        return found


def compliance(**rest: Any) -> str:
    """An agreement `a` from April 2026 with one promise about its tickets."""
    target = {"metric": "compliance", "of": "resolution", "at_least": "90%", "per": "month"} | rest
    return agreement([target])


def agreement(targets: Iterable[dict[str, Any]], **rest: Any) -> str:
    tickets = {"metric": "resolution", "within": "4h"}
    return json.dumps({"agreements": [{"id": "a", "from": "2026-04-01", "targets": [tickets, *targets]} | rest]})
