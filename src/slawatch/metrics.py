"""What Prometheus sees; in a registry of its own, so that nothing shows up that was not meant to.

Label values come from enumerations and from configuration, never from data; ticket ids are for logs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from platform import python_version
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from slawatch.process import Outcome, Reason, Sample

_log = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

PROCESS_COUNTERS = {
    "unknown_statuses": "status words that the agreements do not map; they count as open",
    "folded_tickets": "tickets folded into their base after the retention",
    "folded_rounds": "finished reply rounds folded into the base",
    "folded_facts": "facts folded into the base because a ticket has too many",
    "folded_repeats": "monitoring events folded because they only repeat what their check said",
    "forgotten_tickets": "stubs of folded tickets that were taken away",
}
"""The counters that a process may raise by name, with their help."""

_SERVICE = ("agreement", "service")
_PROMISE = ("agreement", "metric", "service")
_SAMPLES: dict[str, tuple[type[GaugeMetricFamily | CounterMetricFamily], str, tuple[str, ...]]] = {
    "clocks": (GaugeMetricFamily, "clocks of tickets, by metric and state", ("metric", "state")),
    "open_tickets": (GaugeMetricFamily, "tickets that are neither resolved, closed nor cancelled", ()),
    "period_ratio": (GaugeMetricFamily, "what the period that runs comes to so far, as a share of 1", _PROMISE),
    "period_budget_left_ratio": (GaugeMetricFamily, "what is left of the budget of the period that runs", _PROMISE),
    "period_target_ratio": (GaugeMetricFamily, "what it was promised to be at least", _PROMISE),
    "service_agreed_seconds_total": (CounterMetricFamily, "time that was promised and measured", _SERVICE),
    "service_down_seconds_total": (CounterMetricFamily, "time of it that the service was down", _SERVICE),
}
"""What the states of the tables come to, by the names of samples: kind, help, labels."""

_DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class View(Protocol):
    """What a partition shows when it is asked."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def ready(self) -> bool:
        """Whether its table is restored."""
        ...

    @property
    def restore_left(self) -> int | None:
        """Changelog records that are still to be read; None before that is known and once it is ready."""
        ...

    @property
    def stream_time(self) -> int | None:
        """None while there is none: before the restore, or when nothing has moved it yet."""
        ...

    @property
    def lag(self) -> int | None: ...

    def samples(self) -> Iterable[Sample]: ...


class Metrics:
    """The counters and histograms of a worker, and gauges that are read from its partitions when they are asked for."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.events = Counter(
            "slawatch_events", "input records by what became of them", ("topic", "outcome"), registry=registry
        )
        self.alerts = Counter("slawatch_alerts", "alerts that were committed", ("what", "metric"), registry=registry)
        self.dead_letters = Counter("slawatch_dead_letters", "dead letters by reason", ("reason",), registry=registry)
        for reason in Reason:
            self.dead_letters.labels(reason.value)  # a rate needs to see the nought before the first one
        self.detection_delay = Histogram(
            "slawatch_detection_delay_seconds",
            "from a deadline, and the grace after it, to the commit of what it led to",
            buckets=_DELAYS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "slawatch_batch_seconds", "from the begin of a batch to its commit", buckets=_SECONDS, registry=registry
        )
        self.batch_records = Histogram(
            "slawatch_batch_records", "input records of a batch", buckets=_RECORDS, registry=registry
        )
        self.restored_states = Gauge(
            "slawatch_restored_states", "states in the tables restored since the last assignment", registry=registry
        )
        self.restore_seconds = Gauge(
            "slawatch_restore_seconds", "from the last assignment to its last restored table", registry=registry
        )
        self.events_lost = Counter(
            "slawatch_events_lost", "events that retention deleted before they were read", registry=registry
        )
        self.clock_skew = Gauge(
            "slawatch_clock_skew_seconds", "the worker's clock minus the broker's", registry=registry
        )
        self.assignments = Counter(
            "slawatch_assignments",
            "assignments that the group has given this worker: one a rebalance",
            registry=registry,
        )
        self._topic_partitions = Gauge(
            "slawatch_topic_partitions",
            "partitions of an input topic, whoever reads them",
            ("topic",),
            registry=registry,
        )
        self.agreements = Gauge(
            "slawatch_agreements_info",
            "what this worker judges by, holidays included",
            ("fingerprint",),
            registry=registry,
        )
        versions = {package: metadata.version(package) for package in ("holidays", "tzdata")}
        Info("slawatch_build", "versions that verdicts depend on", registry=registry).info(
            {"version": metadata.version("slawatch"), "python": python_version(), **versions}
        )
        ProcessCollector(registry=registry)  # when it was started, its memory, its processor time
        self._process_counters = {
            name: Counter(f"slawatch_{name}", text, registry=registry) for name, text in PROCESS_COUNTERS.items()
        }
        self._partitions = _Partitions(now)
        registry.register(self._partitions)

    def show(self, views: Callable[[], Iterable[View]], ready: Callable[[], bool]) -> None:
        """Read the gauges from these partitions from now on, and whether the worker is ready."""
        self._partitions.views = views
        self._partitions.ready = ready

    def reads(self, topic: str, partitions: int) -> None:
        """This input is read by somebody; its events are counted from nought, so that silence shows too."""
        self._topic_partitions.labels(topic).set(partitions)
        for outcome in Outcome:
            self.events.labels(topic, outcome.value)

    def count(self, counts: Mapping[str, int]) -> None:
        """Raise process counters; raises KeyError for a name that is not in `PROCESS_COUNTERS`."""
        for name, amount in counts.items():
            self._process_counters[name].inc(amount)

    def page(self) -> bytes:
        """The text that Prometheus scrapes."""
        return bytes(generate_latest(self.registry))


class _Partitions(Collector):
    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._told: set[tuple[str, int]] = set()
        self.views: Callable[[], Iterable[View]] = tuple
        self.ready: Callable[[], bool] = bool

    def collect(self) -> Iterable[Metric]:
        place = ("topic", "partition")
        ready = GaugeMetricFamily(
            "slawatch_partition_ready", "1 for an assigned partition whose table is restored, else 0", labels=place
        )
        left = GaugeMetricFamily(
            "slawatch_restore_left_records", "changelog records that a restore still has to read", labels=place
        )
        time = GaugeMetricFamily(
            "slawatch_stream_time_seconds", "stream time, in seconds since the epoch", labels=place
        )
        behind = GaugeMetricFamily("slawatch_stream_time_lag_seconds", "wall clock minus stream time", labels=place)
        lag = GaugeMetricFamily("slawatch_lag_records", "records that wait in the partition", labels=place)
        sums: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in _SAMPLES}
        for view in self.views():
            where = (view.topic, str(view.partition))
            ready.add_metric(where, view.ready)
            if view.restore_left is not None:
                left.add_metric(where, view.restore_left)
            if view.stream_time is not None:
                time.add_metric(where, view.stream_time / 1000)
                behind.add_metric(where, max(0, self._now() - view.stream_time) / 1000)
            if view.lag is not None:
                lag.add_metric(where, view.lag)
            for name, labels, amount in self._samples_of(view):
                values = tuple(value for _, value in labels)
                sums[name][values] = sums[name].get(values, 0) + amount
        yield GaugeMetricFamily("slawatch_ready", "1 while /readyz says yes, else 0", value=self.ready())
        yield from (ready, left, time, behind, lag)
        for name, (kind, text, names) in _SAMPLES.items():
            family = kind(f"slawatch_{name}", text, labels=names)
            for values, amount in (sums[name] if names else sums[name] or {(): 0}).items():
                family.add_metric(values, amount)
            yield family

    def _samples_of(self, view: View) -> list[Sample]:
        """What the states of a partition come to; a state that can't be shown takes no more than that off the page."""
        try:
            return list(view.samples())
        except Exception:
            if (view.topic, view.partition) not in self._told:
                self._told.add((view.topic, view.partition))
                fields = {"topic": view.topic, "partition": view.partition}
                _log.exception("the states of a partition can't be shown on /metrics", extra={"fields": fields})
            return []
