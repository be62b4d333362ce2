"""The process of services over events, as a one-partition topic with `records` and no grace would have it run.

With `restart` it is made anew from the stored bytes before every turn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import yaml

from slawatch.agreements import loads
from slawatch.core.fold import Bounds
from slawatch.core.periods.account import Account
from slawatch.core.periods.contract import Contracts
from slawatch.core.schedule import Wakes
from slawatch.instants import to_ms
from slawatch.messages.reports import entry
from slawatch.process import Message, Outcome, Record, Rejection, Turn
from slawatch.processes.services import ServiceProcess


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def contracts_of(file: Mapping[str, Any]) -> Contracts:
    """The contracts of an agreements file."""
    return loads(yaml.safe_dump(dict(file), sort_keys=False)).contracts


def one_agreement(*targets: Mapping[str, Any], **more: Any) -> Contracts:
    """One agreement `a` from 2026-04-01; `services` and `calendars` go where they belong."""
    beside = {name: more.pop(name) for name in ("services", "calendars") if name in more}
    agreement = {"id": "a", "from": "2026-04-01", **more, "targets": [dict(target) for target in targets]}
    return contracts_of({**beside, "agreements": [agreement]})


class ServiceDesk:
    """What is said and stored; alerts as they stand in their records."""

    def __init__(self, contracts: Contracts, retention: int | None = None, *, restart: bool = False) -> None:
        self.contracts = contracts
        self.bounds = Bounds(retention)
        self.restart = restart
        self.states: dict[bytes, bytes] = {}
        self.stream_time = -(2**63)
        self.messages: list[Message] = []
        self.outcomes: Counter[Outcome] = Counter()
        self.rejections: list[Rejection] = []
        self.turns: list[Turn] = []
        self._number = 0
        self._begin()

    def _begin(self) -> None:
        self.process = ServiceProcess(self.contracts, "/slawatch/desk", self.bounds)
        self.wakes = Wakes()
        again = []
        for key, state in self.states.items():
            wakes = self.process.on_restore(key, state)
            if wakes is None:
                again.append(key)
            for name, due in wakes or ():
                self.wakes.set(name, due)
        for key in again:
            self._take(self.process.on_change(key, self.states.get, self.stream_time, self.stream_time))

    def under(self, contracts: Contracts) -> None:
        """A changed agreements file, at a restart."""
        self.contracts = contracts
        self._begin()

    def event(self, at: str, status: str, service: str = "crm", **more: Any) -> Turn:
        """One event; `id` is its number unless it is given."""
        self._number += 1
        event = {"id": f"e{self._number:02}", "at": at, "service": service, "status": status, **more}
        return self.record(event)

    def record(self, event: Mapping[str, Any]) -> Turn:
        if self.restart:
            self._begin()
        value = json.dumps(event).encode()
        at = ms(event["at"])
        read = self.process.read(Record(event["service"].encode(), value, at))
        assert read is not None
        assert not isinstance(read, Rejection), read
        turn = self.process.on_event(read, self.states.get, self.stream_time, max(self.stream_time, at))
        self._take(turn)
        if turn.rejection is None:
            self.outcomes[turn.outcome] += 1
        else:
            self.rejections.append(turn.rejection)
        self.until(at)
        return turn

    def events(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            self.record(event)

    def until(self, at: int | str) -> None:
        """Let stream time pass."""
        at = ms(at) if isinstance(at, str) else at
        self.stream_time = max(self.stream_time, at)
        while (woken := self.wakes.pop(self.stream_time)) is not None:
            due, key = woken
            self._take(self.process.on_wake_up(key, due, self.states.get, self.stream_time, self.stream_time))
            if self.restart:
                self._begin()

    def _take(self, turn: Turn) -> None:
        for key, state in turn.states.items():
            if state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state
        for key, due in turn.wake_ups.items():
            self.wakes.set(key, due)
        self.messages += turn.messages
        self.turns.append(turn)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The data of all alerts."""
        return [json.loads(message.value) for message in self.messages if message.labels is not None]

    @property
    def measured(self) -> list[dict[str, Any]]:
        """The records for the ledger that are no alerts."""
        return [json.loads(message.value) for message in self.messages if message.labels is None]

    @property
    def said(self) -> list[str]:
        """`id @ happened_at` of all alerts."""
        return [f"{alert['id']} @ {alert['happened_at']}" for alert in self.alerts]

    def accounts(self, service: str = "crm", at: int | str | None = None) -> list[Account]:
        """How it stands with the promises about a service."""
        at = self.stream_time if at is None else ms(at) if isinstance(at, str) else at
        return [*self.process.accounts(service, self.states.get, at)]

    def entry(
        self, period: str, service: str = "crm", *, agreement: str = "a", metric: str = "availability"
    ) -> dict[str, Any]:
        """A target's part of the report of a period."""
        found = [
            account
            for account in self.accounts(service)
            if account.period.label == period
            and account.contract.agreement == agreement
            and account.target.metric.value == metric
        ]
        assert len(found) == 1, found
        entered: dict[str, Any] = msgspec.to_builtins(entry(found[0].target, service, found[0].figures))
        return entered
