"""What a replay says of services and periods is what a worker says, field for field."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from lane_desk import Desk
from period_desk import DAY, HOUR, Timed, at, check, compose, send, ticket
from slawatch.agreements import loads
from slawatch.cli.running import replay_of
from slawatch.core.fold import Bounds
from slawatch.instants import rfc3339
from slawatch.stream.app import Worker

FILE = """
services:
  crm: {down_when: all}
agreements:
  - id: gold
    from: 2026-06-01
    timezone: Europe/Moscow
    match: {customer: [ACME]}
    fee: {amount: "1200.00", currency: EUR}
    credits:
      - {metric: availability, below: 99.9%, credit: 10%}
      - {metric: resolution, each_miss: "5.00"}
    targets:
      - {metric: resolution, within: 8h, warn: [50%], overdue: [200%]}
      - metric: availability
        service: [crm, erp]
        at_least: 99.9%
        per: month
        warn: [50%]
        overdue: [300%]
        maintenance: {cap: 4h}
      - {metric: outages, service: [erp], at_most: 2, per: month, min_outage: 10m}
      - {metric: compliance, of: resolution, at_least: 90%, per: month, warn: [80%]}
      - {metric: satisfaction, at_least: "4.5", per: month, min_sample: 3}
  - id: rest
    from: 2026-06-01
    targets:
      - {metric: resolution, within: 1d}
      - {metric: outage, service: [crm], at_most: 2h, per: week}
      - {metric: compliance, of: resolution, at_least: 50%, per: week}
"""
DAYS = 35
END = 75  # July is final then, August is closed


def monitored(dice: random.Random) -> list[Timed]:
    found = []
    for service, checks in (("crm", ("web", "db")), ("erp", ("web",))):
        for name in checks:
            when = at(0) + dice.randrange(HOUR)
            while when < at(DAYS):
                found.append(check(service, when, dice.choice(["up", "up", "up", "down", "degraded"]), check=name))
                when += dice.randrange(HOUR // 6, 2 * DAY)
    until = rfc3339(at(12) + 2 * HOUR)
    found.append(check("erp", at(11), "maintenance", check="CHG-1", planned_from=rfc3339(at(12)), planned_until=until))
    return found


def desk_events(dice: random.Random) -> list[Timed]:
    found: list[Timed] = []
    for number in range(60):
        customer = dice.choice(["ACME", "Beta"])
        found += ticket(f"T-{number}", at(dice.uniform(0, DAYS)), dice.uniform(0.1, 30), customer=customer)
        when, key, event = found[-1]
        found[-1] = when, key, event | ({"rating": dice.choice([3, 4, 5])} if number % 3 else {})
    return found


def by_key(records: Iterable[tuple[bytes, bytes]]) -> dict[str, dict[str, Any]]:
    """Reports without how far the data reached: that is a stream time of each partition there, and one for all here."""
    found = {key.decode(): json.loads(report) for key, report in records}
    assert all(report.pop("complete_until") >= report["until"] for report in found.values())
    return found


def pairs(records: list[ConsumerRecord]) -> Iterator[tuple[bytes, bytes]]:
    return ((record.key, record.value) for record in records)


def statuses(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {key: report["status"] for key, report in found.items()}


def without_detected(alert: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in alert.items() if name != "detected_at"}


@pytest.mark.parametrize("kinds", [("monitoring",), ("tickets", "monitoring")])
async def test_a_worker_says_what_a_replay_says(desk: Desk, kinds: tuple[str, ...]) -> None:
    dice = random.Random(11)
    told = {"monitoring": monitored(dice), "tickets": desk_events(dice) if "tickets" in kinds else []}
    told["monitoring"].append(check("crm", at(END), "up", check="web"))
    told["tickets"] += ticket("END", at(END), 0, customer="nobody")[:1]

    replay = replay_of(loads(FILE), Bounds(30 * DAY, 400 * DAY), lambda bad: pytest.fail(str(bad)))
    lines = sorted(told["monitoring"] + told["tickets"], key=lambda event: event[0])
    want = [json.loads(said) for said in replay.run(json.dumps(event).encode() for _, _, event in lines)]
    written = by_key(replay.reports.items())
    assert {report["status"] for report in written.values()} == {"closed", "final"}

    settings = await desk.create_topics(partitions=1, stream_time="records")
    async with Worker(settings, compose(settings, FILE)) as worker:
        await worker.ready()
        for kind, events in told.items():
            await send(desk, events, role=kind)
        found = await desk.read("reports", lambda seen: statuses(by_key(pairs(seen))) == statuses(written), 60)
    assert by_key(pairs(found)) == written

    said = {}
    for role in ("warnings", "breaches", "outcomes"):
        for record in await desk.read(role, 0):
            alert = json.loads(record.value)
            if "id" in alert:  # else a mark or a rating
                said[alert["id"]] = without_detected(alert)
    assert said == {alert["id"]: without_detected(alert) for alert in want}
    assert {alert["what"] for alert in want} > {"breached", "warned", "met", "missed"}
