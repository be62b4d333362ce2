"""(g) Monitoring events a second through the worker, beside its rate of ticket events in the same run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

from bench import desk
from bench.against import take, watched
from bench.place import Place
from bench.results import Measure
from bench.worker import COMMAND, environment

SERVICES_AN_AGREEMENT = 10


def measure(place: Place, tickets: Measure) -> list[Measure]:
    """The rate, and what part of that of tickets it is."""
    topic = place.name("monitoring")
    place.say(f"filling {topic}")
    asyncio.run(desk.preload(place.brokers, topic, place.partitions, history(place.profile)))
    promises = place.folder / "services.yaml"
    promises.write_text(agreements(place.profile))
    rate = Measure("g", "worker, monitoring events", "events/s", [])
    share = Measure("g", "monitoring / tickets", "x", [], 0.7)
    for _ in range(place.runs):
        group = place.name("services")
        more = {"MONITORING": topic, "OUTCOMES": f"{group}-outcomes"}
        settings = environment(place.brokers, promises, group, f"{group}-tickets", place.partitions, **more)
        take(place, rate, watched(place, topic, group, COMMAND, settings))
        share.values.append(rate.values[-1] / (tickets.value or 1))
        share.cpu.append(rate.cpu[-1] / (tickets.by_cpu or 1))
    return [rate, share]


def history(profile: dict[str, Any]) -> Iterator[desk.Event]:
    """One check of each service, in time order: up, now and then down for a while."""
    of, start = profile["monitoring"], desk.Desk.of(profile).start
    random, services = Random(profile["desk"]["seed"]), of["services"]
    down = [0] * services
    step = of["every"] * desk.MINUTE
    for number in range(of["events"]):
        service, at = number % services, start + step * number // services
        if down[service]:
            down[service] -= 1
        elif random.random() < of["failing"]:
            down[service] = random.randrange(1, 12)
        status = "down" if down[service] else "up"
        name = f"service-{service:03d}"
        value = f'{{"id":"{name}:{number}","service":"{name}","at":"{desk.written(at)}","status":"{status}"}}'
        yield desk.Event(at, name, value)


def agreements(profile: dict[str, Any]) -> str:
    """An agreement for ten services each, with three promises."""
    of, text = profile["monitoring"], "agreements:\n"
    for first in range(0, of["services"], SERVICES_AN_AGREEMENT):
        last = min(first + SERVICES_AN_AGREEMENT, of["services"])
        services = ", ".join(f"service-{service:03d}" for service in range(first, last))
        text += f"""\
  - id: hosting-{first // SERVICES_AN_AGREEMENT:02d}
    from: 2025-01-01
    timezone: {profile["agreements"]["timezone"]}
    targets:
      - {{metric: availability, service: [{services}], at_least: 99.9%, per: month, warn: [50%, 80%]}}
      - {{metric: outage, service: [{services}], at_most: 4h, per: month}}
      - {{metric: outages, service: [{services}], at_most: 3, per: month}}
"""
    return text
