"""A simulated help desk: what happened to some hundred tickets of four customers, and when each event was heard of.

The same seed gives the same events. It knows nothing of Kafka, of agreements or of how fast its time is played.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from slawatch.instants import rfc3339, to_ms

BEGIN: Final = datetime(2025, 6, 9, 5, tzinfo=UTC)  # in the past of any clock: stream time never passes the wall clock
LENGTH: Final = timedelta(hours=84)
"""How long tickets are opened; what comes of them, and of the month, is played faster."""
MONTH_END: Final = datetime(2025, 7, 2, 6, tzinfo=UTC)
"""June is over everywhere, and closed."""
SEED: Final = 20250609
LATE_TICKET: Final = "INC-2042"
"""The ticket whose answer is heard of when its breach was said already."""

_MINUTE: Final = 60_000


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom tickets come from; between the local hours `first` and `last` people are at work, over midnight too."""

    name: str
    zone: ZoneInfo
    first: int
    last: int
    tickets: int
    services: tuple[str, ...]

    def at_work(self, at: datetime) -> bool:
        """Whether people write and answer then; who works on a holiday is not asked."""
        hour = at.astimezone(self.zone).hour
        inside = self.first <= hour < self.last
        return inside if self.first < self.last else hour >= self.first or hour < self.last


CUSTOMERS: Final = (
    Customer("Volga Logistics", ZoneInfo("Europe/Moscow"), 9, 18, 95, ("tracking", "billing")),
    Customer("Spree Bank", ZoneInfo("Europe/Berlin"), 8, 18, 85, ("payments", "cards")),
    Customer("Tagus Hospital", ZoneInfo("Europe/Lisbon"), 0, 24, 80, ("records", "imaging")),
    Customer("Prairie Bakeries", ZoneInfo("America/Chicago"), 20, 6, 50, ("ordering", "ovens")),
)
BY_NAME: Final = {customer.name: customer for customer in CUSTOMERS}


@dataclass(frozen=True, slots=True)
class Event:
    """A ticket event of the contract: `at` is when it happened, `heard` when it reaches Kafka; ms since the epoch."""

    ticket: str
    at: int
    heard: int
    id: str
    observed: dict[str, object] = field(hash=False)

    def line(self) -> bytes:
        """The event as JSON."""
        data = {"id": self.id, "ticket": self.ticket, "at": rfc3339(self.at), **self.observed}
        return json.dumps(data, separators=(",", ":")).encode()


def simulate(seed: int = SEED, until: datetime = BEGIN + LENGTH) -> list[Event]:
    """All events that are heard of before an instant, in the order in which they are."""
    chance = random.Random(seed)  # noqa: S311 - a play
    lives = [life for customer in CUSTOMERS for life in _lives(customer, chance)]
    lives.sort(key=lambda life: life[0])
    events = [
        event for number, (opened, life) in enumerate(lives, 1001) for event in life.happen(f"INC-{number}", opened)
    ]
    events += _late_answer()
    events = [_delayed(event, chance) for event in events]
    events += [_again(event, chance) for event in events if chance.random() < 0.03]
    end = to_ms(until)
    return sorted((event for event in events if event.heard < end), key=lambda event: (event.heard, event.id))


def _lives(customer: Customer, chance: random.Random) -> Iterator[tuple[datetime, _Life]]:
    """When the customer's tickets are opened, and what becomes of them."""
    found = 0
    while found < customer.tickets:
        opened = BEGIN + LENGTH * chance.random() * 0.95
        if customer.at_work(opened) or chance.random() < 0.05:
            found += 1
            yield opened, _Life(customer, random.Random(chance.random()))  # noqa: S311 - a play


class _Life:
    """What happens to one ticket."""

    def __init__(self, customer: Customer, chance: random.Random) -> None:
        self._customer = customer
        self._chance = chance
        self._ticket = ""
        self._now = BEGIN
        self._events: list[Event] = []

    def happen(self, ticket: str, opened: datetime) -> list[Event]:
        """Opened, taken on, answered; perhaps waiting, more urgent, reopened; in the end solved and closed."""
        chance, customer = self._chance, self._customer
        self._ticket, self._now = ticket, opened
        priority = chance.choices(("P1", "P2", "P3"), (1, 3, 6))[0]
        pace = {"P1": 0.25, "P2": 1.0, "P3": 2.5}[priority]
        self._observe(
            status="New",
            priority=priority,
            customer=customer.name,
            service=chance.choice(customer.services),
            kind="incident",
            team=chance.choices(("service desk", "platform"), (3, 1))[0],
        )
        self._agent(9 * pace, status="In progress", assignee=chance.choice(("anna", "boris", "chen", "dilara")))
        self._agent(12 * pace, reply={"by": "agent"})
        if priority != "P1" and chance.random() < 0.1:
            self._agent(30, priority="P1" if priority == "P2" else "P2")
        if chance.random() < 0.35:
            self._agent(15 * pace, status="Waiting for customer", reply={"by": "agent"})
            self._wait(90 * pace)
            self._observe(status="In progress", reply={"by": "customer"})
            self._agent(20 * pace, reply={"by": "agent"})
        self._agent(90 * pace, status="Solved", reply={"by": "agent"})
        if chance.random() < 0.12:
            self._wait(120)
            self._observe(status="Reopened", reply={"by": "customer"})
            self._agent(25 * pace, reply={"by": "agent"})
            self._agent(80 * pace, status="Solved")
        self._wait(600)
        # By chance of its own: who rates must not change what happens to anybody else.
        rating = random.Random(ticket).choice((None, None, 3, 4, 5, 5))  # noqa: S311 - a play
        self._observe(status="Closed", **({} if rating is None else {"rating": rating}))
        return self._events

    def _wait(self, minutes: float) -> None:
        """Some time passes: about so much, seldom much more."""
        self._now += timedelta(minutes=minutes * self._chance.lognormvariate(0, 0.85), seconds=1)

    def _agent(self, minutes: float, **observed: object) -> None:
        """An agent does something, in the hours in which this customer's agents are there."""
        self._wait(minutes)
        while not self._customer.at_work(self._now):
            self._now += timedelta(minutes=10 + 20 * self._chance.random())
        self._observe(**observed)

    def _observe(self, **observed: object) -> None:
        at = to_ms(self._now)
        self._events.append(Event(self._ticket, at, at, f"{self._ticket}.{len(self._events) + 1}", observed))


def _late_answer() -> Iterator[Event]:
    """An agent answers from a train, within the hour that was promised; the event gets through two hours later."""
    opened = to_ms(datetime(2025, 6, 10, 7, 10, tzinfo=UTC))  # ten past ten in Moscow, and no lunch within the hour
    fields = {"status": "New", "priority": "P2", "customer": "Volga Logistics", "service": "tracking"}
    steps: list[tuple[int, int, dict[str, object]]] = [
        (0, 0, {**fields, "kind": "incident", "team": "service desk"}),
        (12, 0, {"status": "In progress", "assignee": "anna"}),
        (41, 125, {"reply": {"by": "agent"}}),
        (230, 0, {"status": "Solved", "reply": {"by": "agent"}}),
    ]
    for number, (minutes, late, observed) in enumerate(steps, 1):
        at = opened + minutes * _MINUTE
        yield Event(LATE_TICKET, at, at + late * _MINUTE, f"{LATE_TICKET}.{number}", observed)


def _delayed(event: Event, chance: random.Random) -> Event:
    """Most events are heard of at once, some a few minutes later and so perhaps after their successors."""
    if event.heard != event.at or chance.random() >= 0.03:
        return event
    return Event(event.ticket, event.at, event.at + chance.randrange(5 * _MINUTE), event.id, event.observed)


def _again(event: Event, chance: random.Random) -> Event:
    """The same event, delivered twice."""
    return Event(event.ticket, event.at, event.heard + chance.randrange(20 * _MINUTE), event.id, event.observed)
