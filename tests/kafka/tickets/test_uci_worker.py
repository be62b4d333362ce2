"""A year of real incidents through Kafka: the worker says what a replay says, on every topic, in the same order."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

import uci_log
from lane_desk import Desk
from slawatch.agreements import loads
from slawatch.core.fold import Bounds
from slawatch.instants import to_ms
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay
from slawatch.stream.app import Worker

pytestmark = uci_log.needs_the_log
KINDS = {
    "warnings": {"warned"},
    "breaches": {"breached", "overdue", "retracted"},
    "outcomes": {"met", "missed", "withdrawn", "breached", "retracted"},
}


def process(bounds: Bounds | None = None) -> TicketProcess:
    return TicketProcess(loads(uci_log.AGREEMENTS, "company.yaml").agreements, "/slawatch/test", bounds)


async def produce(brokers: str, topic: str, lines: list[bytes]) -> None:
    """All of it at once, the record's timestamp being the event's `at`."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=20, max_batch_size=500_000)
    await producer.start()
    try:
        for line in lines:
            event = json.loads(line)
            at = to_ms(datetime.fromisoformat(event["at"]))
            await producer.send(topic, line, event["ticket"].encode(), 0, at)
        await producer.flush()
    finally:
        await producer.stop()


def comparable(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in alert.items() if name != "detected_at"} for alert in alerts]


def said(records: list[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


async def test_a_worker_says_of_real_incidents_what_a_replay_says(desk: Desk) -> None:
    lines = uci_log.converted()
    want = [json.loads(alert) for alert in Replay(process()).run(lines)]
    settings = await desk.create_topics(partitions=1, stream_time="records")
    await produce(desk.brokers, settings.tickets, lines)
    got: dict[str, list[dict[str, Any]]] = {}
    # Old tickets are folded as in service: nothing comes late here, so it changes nothing that is said.
    async with Worker(settings, [process(Bounds(settings.retention, settings.forget))]):
        for role, kinds in KINDS.items():
            expected = comparable([alert for alert in want if alert["what"] in kinds])
            assert expected, f"the log says nothing on {role}"
            got[role] = said(await desk.read(role, len(expected), 120, settle=1))
            assert len(got[role]) == len(expected)
            for ours, theirs in zip(comparable(got[role]), expected, strict=True):
                assert ours == theirs
    assert uci_log.agreeing(uci_log.our_verdicts(got["outcomes"])) >= 0.998
