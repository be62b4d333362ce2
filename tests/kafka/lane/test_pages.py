"""The pages and the topics, as Prometheus, an orchestrator and an operator see them."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from importlib import metadata
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from counting import Counting
from lane_desk import Desk, due_in, events
from slawatch.local_kafka import free_port
from slawatch.metrics import Metrics
from slawatch.process import Output
from slawatch.stream import preparation
from slawatch.stream.app import Worker
from slawatch.stream.restore import restore
from slawatch.stream.table import Table
from slawatch.stream.topics import TopicAdmin, ensure, inspect
from slawatch.stream.wall_clock import now_ms


async def get(port: int, page: str) -> tuple[int, str]:
    def ask() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(ask)


async def test_health_readiness_and_metrics(desk: Desk) -> None:
    port = free_port()
    settings = desk.settings(web_port=port)
    async with Worker(settings, [Counting()]) as worker:
        assert (await get(port, "/readyz"))[0] == 503
        assert (await get(port, "/healthz"))[0] == 200
        assert "\nslawatch_ready 0.0\n" in (await get(port, "/metrics"))[1]
        await worker.ready()
        assert await get(port, "/readyz") == (200, "ready\n")
        await desk.produce(events(0, 60, 60, due=due_in(3_600)))
        await desk.produce(events(60, 80, 60, due=0))
        await desk.produce(events(0, 1, 1, due=due_in(0.2)))
        await desk.read("breaches", 1)
        status, page = await get(port, "/metrics")
        assert status == 200
        families = {family.name: family for family in text_string_to_metric_families(page)}
        samples = {(s.name, *sorted(s.labels.items())): s.value for f in families.values() for s in f.samples}
        assert samples["slawatch_events_total", ("outcome", "applied"), ("topic", settings.tickets)] == 81
        assert samples["slawatch_alerts_total", ("metric", "count"), ("what", "breached")] == 1
        assert samples["slawatch_clocks", ("metric", "count"), ("state", "running")] == 40
        assert samples["slawatch_open_tickets",] == 60
        assert samples["slawatch_detection_delay_seconds_count",] == 1
        assert abs(samples["slawatch_clock_skew_seconds",]) < 5
        assert samples["slawatch_lag_records", ("partition", "0"), ("topic", settings.tickets)] >= 0
        assert samples["slawatch_events_lost_total",] == 0
        assert samples["slawatch_unknown_statuses_total",] == 0
        assert samples["slawatch_ready",] == 1
        assert samples["slawatch_assignments_total",] == 1
        assert samples["slawatch_topic_partitions", ("topic", settings.tickets)] == 4
        assert samples["slawatch_dead_letters_total", ("reason", "too_late")] == 0
        for number in "0123":
            where = (("partition", number), ("topic", settings.tickets))
            assert samples["slawatch_partition_ready", *where] == 1
            behind = samples["slawatch_stream_time_lag_seconds", *where]
            assert abs(now_ms() / 1000 - behind - samples["slawatch_stream_time_seconds", *where]) < 5
        assert samples["process_start_time_seconds",] <= now_ms() / 1000
        [build] = [name for name in samples if name[0] == "slawatch_build_info"]
        assert ("version", metadata.version("slawatch")) in build
        assert all(name.startswith(("slawatch_", "process_")) for name in families)
        assert (await get(port, "/"))[0] == 404
        worker.lane.fail(ValueError("a failure of the shell"))
        assert (await get(port, "/healthz"))[0] == 503
        assert (await get(port, "/readyz"))[0] == 503


async def test_a_restore_says_how_much_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk.settings(partitions=1)
    async with Worker(settings, [Counting()]):
        await desk.produce(events(0, 100, 100))
        await desk.read("warnings", 100)
    metrics: list[Metrics] = []

    def left() -> float | None:
        labels = {"topic": settings.tickets, "partition": "0"}
        return metrics[0].registry.get_sample_value("slawatch_restore_left_records", labels)

    seen: list[float | None] = []

    async def watched(table: Table, *args: Any) -> int:
        seen.append(left())
        count = await restore(table, *args)
        seen.append(left())
        return count

    monkeypatch.setattr(preparation, "restore", watched)
    worker = Worker(settings, [Counting()])
    metrics.append(worker.metrics)
    async with worker:
        await worker.ready()
        assert left() is None
    assert seen[0] is not None
    assert seen[0] > 100
    assert seen[1] == 0


async def test_topics_are_created_as_designed_and_verified(desk: Desk) -> None:
    settings = desk.settings(partitions=3, monitoring="unused")
    missing = await inspect(settings, ["tickets"])
    assert {difference.text for difference in missing} == {"is missing"}
    assert len(missing) == 7
    topics, differences = await ensure(settings, ["tickets"])
    assert differences == await inspect(settings, ["tickets"]) == []
    admin = TopicAdmin(settings)
    await admin.start()
    changelog = f"{settings.group}-{settings.tickets}-changelog"
    names = [settings.tickets, changelog, settings.dead_letters, *(settings.topic_of(output) for output in Output)]
    found = await admin.find([*names, "no-such-topic"])
    await admin.close()
    assert {name: topic.partitions for name, topic in found.items()} == dict.fromkeys(names, 3)
    assert found[settings.tickets].configs["message.timestamp.type"] == "LogAppendTime"
    expected = {
        "cleanup.policy": "compact",
        "segment.bytes": "16777216",
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": "86400000",
        "delete.retention.ms": "86400000",
    }
    assert expected.items() <= found[changelog].configs.items()
    assert found[settings.reports].configs["cleanup.policy"] == "compact"
    assert topics.input_partitions == 3


async def test_created_topics_copy_the_count_of_an_input_that_exists(desk: Desk) -> None:
    settings = desk.settings()
    await desk.create_topic(settings.tickets, 5, message_timestamp_type="CreateTime")
    topics, differences = await ensure(settings, ["tickets"])
    assert set(topics.partitions.values()) == {5}
    [difference] = differences
    assert "deadlines wait until a partition is caught up" in str(difference)
