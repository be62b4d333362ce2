"""Services through the worker: their figures reach the ledger of every agreement that names them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from lane_desk import Desk
from period_desk import HOUR, at, check, compose, reports, run, send, ticket
from slawatch.stream.app import Worker
from slawatch.stream.topic_plan import changelog_name

SHARED = """
services:
  crm: {down_when: any}
agreements:
  - id: gold
    from: 2026-07-01
    targets:
      - {metric: availability, service: [crm], at_least: 99.9%, per: month, warn: [50%]}
      - {metric: resolution, within: 4h}
      - {metric: compliance, of: resolution, at_least: 75%, per: month}
    credits: [{metric: availability, below: 99.9%, credit: 10%}]
    fee: {amount: "1200.00", currency: EUR}
  - id: bronze
    from: 2026-07-01
    targets:
      - {metric: availability, service: [crm, erp], at_least: 99%, per: month}
"""


async def test_two_agreements_share_a_service_and_each_has_its_report(desk: Desk) -> None:
    """Down for an hour: lost for one of them, kept for the other; nobody has heard of erp."""
    settings = await desk.create_topics(partitions=1, stream_time="records")
    async with Worker(settings, compose(settings, SHARED)) as worker:
        await worker.ready()
        outage = [check("crm", at(0), "up"), check("crm", at(10), "down"), check("crm", at(10) + HOUR, "up")]
        await send(desk, [*outage, check("crm", at(33), "up")], role="monitoring")
        breaches = [json.loads(record.value) for record in await desk.read("breaches", 1)]
        assert [breach["id"] for breach in breaches] == ["gold/availability/crm/2026-07/breached"]
        assert breaches[0]["happened_at"] == "2026-07-11T00:44:38.400Z"
        assert reports(await desk.read("reports", 0, settle=1)) == [], "the tickets have not passed July"
        await send(desk, ticket("ONE", at(33), 1))
        found = {report["agreement"]: report for report in reports(await desk.read("reports", 2))}
        page = worker.metrics.page().decode()
    gold, bronze = found["gold"], found["bronze"]
    assert [target["verdict"] for target in gold["targets"]] == ["missed", None]
    assert (gold["targets"][0]["down_seconds"], gold["credit_amount"]) == (3_600, "120.00")
    assert [target["verdict"] for target in bronze["targets"]] == ["met", None]
    assert bronze["targets"][1]["reason"] == "no_data"
    assert 'slawatch_alerts_total{metric="availability",what="breached"} 1.0' in page


async def test_a_late_event_revises_a_closed_report(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1, stream_time="records")
    async with Worker(settings, compose(settings, SHARED)) as worker:
        await worker.ready()
        outage = [check("crm", at(0), "up"), check("crm", at(10), "down"), check("crm", at(10) + HOUR, "up")]
        await send(desk, [*outage, check("crm", at(33), "up")], role="monitoring")
        await send(desk, ticket("ONE", at(33), 1))
        await desk.read("reports", 2)
        # It was up again after ten minutes, as is found out later.
        _, key, event = check("crm", at(10) + HOUR // 6, "up")
        await desk.produce_raw([(key, json.dumps(event).encode())], 0, at(34), "monitoring")
        revised = reports(await desk.read("reports", 4))[2:]
        breaches = [json.loads(record.value) for record in await desk.read("breaches", 2)]
    assert {(report["agreement"], report["revision"]) for report in revised} == {("gold", 2), ("bronze", 2)}
    [gold] = [report for report in revised if report["agreement"] == "gold"]
    assert (gold["targets"][0]["verdict"], gold["targets"][0]["down_seconds"], gold["credits"]) == ("met", 600, [])
    assert [(breach["what"], breach["agreement"]) for breach in breaches] == [
        ("breached", "gold"),
        ("retracted", "gold"),
    ]


async def test_the_topics_are_those_that_the_agreements_need(desk: Desk, tmp_path: Path) -> None:
    settings = desk.settings()
    done = await asyncio.to_thread(run, desk, tmp_path, "topics", SHARED)
    made = [settings.tickets, settings.monitoring, settings.outcomes, settings.reports]
    made += [changelog_name(settings.group, topic) for topic in made[:3]]
    assert {f"{topic}: created" for topic in made} <= set(done.stdout.splitlines()), done
    assert done.returncode == 0
    again = await asyncio.to_thread(run, desk, tmp_path, "topics", SHARED)
    assert again.stdout == "all topics are as planned\n", again
