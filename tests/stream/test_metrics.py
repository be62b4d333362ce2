"""What a scrape sees of partitions that are restoring, and of a worker that has not begun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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

    def samples(self) -> Iterable[Sample]:
        return ()


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


def test_before_anything_has_happened() -> None:
    seen = page(Metrics(lambda: NOW))
    assert seen["slawatch_ready",] == 0
    assert seen["slawatch_assignments_total",] == 0
    assert [seen["slawatch_dead_letters_total", reason.value] for reason in Reason] == [0] * len(Reason)
