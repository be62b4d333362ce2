"""Periods through the worker: they wait for whoever lags, are reported once, and are revised until they are final."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from lane_desk import Desk
from period_desk import HOUR, at, command, compose, outcome_of, reports, send, ticket
from slawatch.stream.app import Worker

SHARE = """
agreements:
  - id: gold
    from: 2026-07-01
    targets:
      - {metric: resolution, within: 4h}
      - {metric: compliance, of: resolution, at_least: 75%, per: month}
"""
EVERYBODY = """
agreements:
  - id: silver
    from: 2026-07-01
    match: {customer: [%s]}
    each: customer
    targets:
      - {metric: resolution, within: 4h}
      - {metric: compliance, of: resolution, at_least: 75%%, per: month}
"""
CUSTOMERS = 1_000


async def test_a_period_waits_for_the_partition_that_lags_behind_its_end(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=2, stream_time="records")
    async with Worker(settings, compose(settings, SHARE)):
        await send(desk, [*ticket("EARLY", at(3), 1), *ticket("NEXT", at(40), 1)], partition=0)
        await send(desk, ticket("SLOW", at(30), 1), partition=1)
        assert reports(await desk.read("reports", 0, settle=2)) == [], "one partition is still in July"
        await send(desk, ticket("LAST", at(31) - 6 * HOUR, 8), partition=1)  # due in July, ended in August
        await send(desk, ticket("LATER", at(35), 1), partition=1)
        [report] = reports(await desk.read("reports", 1))
    [share] = report["targets"]
    assert (report["period"], report["status"], report["revision"]) == ("2026-07", "closed", 1)
    assert (share["met"], share["missed"], share["verdict"]) == (2, 1, "missed")
    assert share["missed_tickets"] == ["LAST"]
    assert report["complete_until"] >= "2026-08-02T00:00:00Z"


async def test_a_closed_period_is_revised_and_a_final_one_is_not(desk: Desk) -> None:
    options = {"partitions": 1, "stream_time": "records", "retention": "10d"}
    settings = await desk.create_topics(**options)
    breach = outcome_of("gold", "OUTSIDE", at(10), "missed")
    async with Worker(settings, compose(settings, SHARE)):
        await send(desk, [*ticket("ONE", at(3), 1), *ticket("NEXT", at(33), 1)])
        [closed] = reports(await desk.read("reports", 1))
        assert closed["targets"][0]["verdict"] == "met"
        await desk.produce_raw([breach], 0, role="outcomes")
        [_, revised] = reports(await desk.read("reports", 2))
        assert (revised["status"], revised["revision"], revised["targets"][0]["verdict"]) == ("closed", 2, "missed")
        said = [json.loads(record.value) for record in await desk.read("breaches", 1)]
        assert [alert["id"] for alert in said] == ["gold/compliance/resolution/2026-07/breached"]
        await send(desk, ticket("FAR", at(60), 1))
        [*_, final] = reports(await desk.read("reports", 3))
        assert (final["status"], final["revision"], final["targets"]) == ("final", 2, revised["targets"])
    # Nothing of July changes any more, in another worker either.
    async with Worker(settings, compose(settings, SHARE)):
        await desk.produce_raw([outcome_of("gold", "TOO-LATE", at(11), "met")], 0, role="outcomes")
        await send(desk, ticket("END", at(75), 1))
        found = reports(await desk.read("reports", 5))
    assert [(report["period"], report["status"]) for report in found[2:]] == [
        ("2026-07", "final"),
        ("2026-08", "closed"),
        ("2026-08", "final"),
    ]


async def test_a_worker_killed_while_it_closes_a_thousand_periods_reports_each_once(desk: Desk, tmp_path: Path) -> None:
    names = [f"customer-{number}" for number in range(CUSTOMERS)]
    file = EVERYBODY % ", ".join(names)
    settings = await desk.create_topics(stream_time="records")
    for partition in range(4):
        mine = [(number, name) for number, name in enumerate(names) if number % 4 == partition]
        events = [ticket(f"T-{number}", at(5), 8 if partition == 0 else 1, customer=name) for number, name in mine]
        await send(desk, chain.from_iterable(events), partition)
    async with Worker(settings, compose(settings, file)):
        await desk.read("outcomes", lambda found: len(found) >= CUSTOMERS * 5 // 4, 60)
    worker = command(desk, tmp_path, file)
    try:
        for partition in range(4):
            await send(desk, ticket(f"END-{partition}", at(35), 1, customer="customer-0"), partition)
        # What is written and not yet committed is enough to know that it is closing.
        await seen(desk, "reports", lambda count: count >= 20)
    finally:
        worker.kill()
        worker.wait()
    committed = reports(await desk.read("reports", 0))
    assert len(committed) < CUSTOMERS, "killed too late"
    async with Worker(settings, compose(settings, file)):
        found = reports(await desk.read("reports", CUSTOMERS, 60, settle=1))
    assert sorted(report["agreement"] for report in found) == sorted(f"silver@{name}" for name in names)
    assert {report["revision"] for report in found} == {1}
    assert sum(report["targets"][0]["verdict"] == "missed" for report in found) == CUSTOMERS // 4
    verdicts = [
        json.loads(record.value)["id"]
        for record in await desk.read("outcomes", 0)
        if b"slawatch.period." in dict(record.headers)["ce_type"]
    ]
    assert len(verdicts) == len(set(verdicts))


async def seen(desk: Desk, role: str, enough: Callable[[int], bool], seconds: float = 60) -> None:
    """Return when enough records were written to a topic, committed or not."""
    consumer = AIOKafkaConsumer(desk.settings().topic_of(role), bootstrap_servers=desk.brokers, fetch_max_wait_ms=5,
                                auto_offset_reset="earliest")  # fmt: skip
    await consumer.start()
    count = 0
    try:
        async with asyncio.timeout(seconds):
            while not enough(count):
                count += sum(len(records) for records in (await consumer.getmany(timeout_ms=100)).values())
    finally:
        await consumer.stop()
