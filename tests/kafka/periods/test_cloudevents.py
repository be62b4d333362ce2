"""What a real worker writes is CloudEvents to the SDK that others read them with, and JSON as the contracts say."""

from __future__ import annotations

import json

import pytest
from aiokafka import ConsumerRecord
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator

from lane_desk import Desk
from period_desk import HOUR, at, check, compose, send, ticket
from slawatch.messages.catalogue import CHANNELS, CLOUD_EVENT_HEADERS, Direction, schema
from slawatch.stream.app import Worker

FILE = """
agreements:
  - id: gold
    from: 2026-07-01
    targets:
      - {metric: resolution, within: 4h, warn: [50%]}
      - {metric: availability, service: [crm], at_least: 99.9%, per: month, warn: [50%]}
      - {metric: compliance, of: resolution, at_least: 75%, per: month}
"""


async def test_every_record_is_a_cloud_event(desk: Desk) -> None:
    settings = await desk.create_topics(partitions=1, stream_time="records")
    async with Worker(settings, compose(settings, FILE)) as worker:
        await worker.ready()
        await send(desk, [*ticket("ONE", at(2), 6), *ticket("TWO", at(3), 1)])
        outage = [check("crm", at(0), "up"), check("crm", at(10), "down"), check("crm", at(10) + HOUR, "up")]
        await send(desk, [*outage, check("crm", at(33), "up")], role="monitoring")
        await send(desk, ticket("LAST", at(33), 1))
        await desk.read("reports", 1)
        found = {role: await desk.read(role, 1, settle=1) for role in ("warnings", "breaches", "outcomes")}
    for channel in CHANNELS:
        if channel.direction is Direction.WRITES and channel.role in found:
            for record in found[channel.role]:
                _check(record)
    whats = {json.loads(record.value)["what"] for records in found.values() for record in records}
    assert whats >= {"warned", "breached", "met", "missed", "passed"}


def _check(record: ConsumerRecord) -> None:
    headers = dict(record.headers)
    # The SDK invents an id where there is none, so the raw headers are asserted too.
    assert set(CLOUD_EVENT_HEADERS) <= set(headers)
    event = from_binary(KafkaMessage(headers, record.key, record.value), JSONFormat())
    data = event.get_data()
    assert isinstance(data, dict)
    assert event.get_id() == headers["ce_id"].decode() == data.get("id", event.get_id())
    assert event.get_specversion() == "1.0"
    assert event.get_source().startswith("/slawatch/")
    assert event.get_subject() in (data.get("ticket"), data.get("service"), data.get("agreement"), _source(data))
    time = event.get_time()
    assert time is not None
    assert time.tzinfo is not None
    kinds = [
        kind
        for channel in CHANNELS
        for kind in channel.kinds
        if kind.types and event.get_type() == kind.types.format(what=data["what"])
    ]
    assert kinds, event.get_type()
    Draft202012Validator(schema(kinds[0]), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)


def _source(data: dict[str, object]) -> str:
    return f"{data.get('topic')}/{data.get('partition')}"


def test_the_sdk_would_refuse_a_record_without_a_source() -> None:
    headers = dict.fromkeys(CLOUD_EVENT_HEADERS, b"1.0") | {"ce_time": b"2026-07-01T00:00:00Z"}
    del headers["ce_source"]
    with pytest.raises(Exception, match="source"):
        from_binary(KafkaMessage(headers, b"k", b"{}"), JSONFormat())
