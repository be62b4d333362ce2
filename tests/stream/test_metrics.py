"""What a scrape sees of partitions that are restoring, and of a worker that has not begun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from slawatch.metrics import Metrics
from slawatch.process import Reason, Sample

NOW = 1_700_000_000_000


@dataclass
class Shown:
    partition: int
    ready: bool = True
    restore_left: int | None = None
    stream_time: int | None = NOW - 7_000
    lag: int | None = 3
    topic: str = "tickets"
    held: tuple[Sample, ...] = ()

    def samples(self) -> Iterable[Sample]:
        return self.held


def page(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in ("topic", "partition", "reason") if name in sample.labels)): (
            sample.value
        )
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def test_a_restoring_partition_is_seen_with_what_is_left() -> None:
    metrics = Metrics(lambda: NOW)
    views = [Shown(0), Shown(1, ready=False, restore_left=1_200, stream_time=None, lag=None)]
    metrics.show(lambda: views, lambda: all(view.ready for view in views))
    seen = page(metrics)
    assert seen["slawatch_ready",] == 0
    assert seen["slawatch_partition_ready", "tickets", "0"] == 1
    assert seen["slawatch_partition_ready", "tickets", "1"] == 0
    assert ("slawatch_restore_left_records", "tickets", "0") not in seen
    assert seen["slawatch_restore_left_records", "tickets", "1"] == 1_200
    assert seen["slawatch_stream_time_seconds", "tickets", "0"] == NOW / 1000 - 7
    assert seen["slawatch_stream_time_lag_seconds", "tickets", "0"] == 7
    assert ("slawatch_stream_time_seconds", "tickets", "1") not in seen


def test_an_input_that_is_silent_is_seen() -> None:
    metrics = Metrics(lambda: NOW)
    metrics.reads("tickets", 8)
    seen = page(metrics)
    assert seen["slawatch_topic_partitions", "tickets"] == 8
    assert seen["slawatch_events_total", "tickets"] == 0


def test_before_anything_has_happened() -> None:
    seen = page(Metrics(lambda: NOW))
    assert seen["slawatch_ready",] == 0
    assert seen["slawatch_assignments_total",] == 0
    assert [seen["slawatch_dead_letters_total", reason.value] for reason in Reason] == [0] * len(Reason)


def test_what_the_states_of_all_partitions_come_to_is_summed_by_labels() -> None:
    crm: Any = (("agreement", "gold"), ("service", "crm"))
    erp: Any = (("agreement", "gold"), ("service", "erp"))
    promise: Any = (("agreement", "gold"), ("metric", "availability"), ("service", "crm"))
    views = [
        Shown(0, held=(Sample("service_down_seconds_total", crm, 60), Sample("open_tickets", (), 5))),
        Shown(1, held=(Sample("service_down_seconds_total", erp, 1.5), Sample("open_tickets", (), 7))),
        Shown(2, held=(Sample("period_ratio", promise, 0.998),)),
    ]
    metrics = Metrics(lambda: NOW)
    metrics.show(lambda: views, lambda: True)
    families = {family.name: family for family in text_string_to_metric_families(metrics.page().decode())}
    down = families["slawatch_service_down_seconds"]
    assert down.type == "counter"
    assert {(sample.name, *sample.labels.values(), sample.value) for sample in down.samples} == {
        ("slawatch_service_down_seconds_total", "gold", "crm", 60),
        ("slawatch_service_down_seconds_total", "gold", "erp", 1.5),
    }
    assert [sample.value for sample in families["slawatch_open_tickets"].samples] == [12]
    [ratio] = families["slawatch_period_ratio"].samples
    assert (dict(ratio.labels), ratio.value) == (dict(promise), 0.998)


def test_states_that_can_not_be_shown_take_nothing_else_off_the_page(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Shown):
        def samples(self) -> Iterable[Sample]:
            raise IndexError("no such seat")

    metrics = Metrics(lambda: NOW)
    metrics.show(lambda: [Broken(0), Shown(1, held=(Sample("open_tickets", (), 5),))], lambda: True)
    for _ in range(2):
        seen = page(metrics)
        assert seen["slawatch_open_tickets",] == 5
        assert seen["slawatch_partition_ready", "tickets", "0"] == 1
    assert [record.message for record in caplog.records] == ["the states of a partition can't be shown on /metrics"]
