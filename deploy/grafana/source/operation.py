"""For whoever is woken at three: is it alive, is it behind, is anything lost, and why."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from panels import GREEN, RED, YELLOW, board, grid, lines, number

RATE = "[$__rate_interval]"
JOB = '{job="$job"}'


def quantile(share: float, histogram: str) -> str:
    """What that share of the observations of a histogram is below."""
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket{JOB}{RATE})))"


def operation() -> dashboard.Dashboard:
    """The dashboard of the service itself."""
    found = board(
        "slawatch-operation",
        "slawatch: operation",
        "Is it alive, is it behind, is anything lost, and why.",
        span="now-3h",
    )
    for part in (alive, behind, lost, why):
        found = part(found)
    return found


def alive(found: dashboard.Dashboard) -> dashboard.Dashboard:
    orphans = (
        f"sum(max by (topic) (slawatch_topic_partitions{JOB})) - (count(slawatch_partition_ready{JOB}) or vector(0))"
    )
    firing = 'count(ALERTS{alertstate="firing", about="service"}) or vector(0)'
    differing = f"count(count by (fingerprint) (slawatch_agreements_info{JOB}))"
    restoring = f"sum(slawatch_restore_left_records{JOB}) or vector(0)"
    handed = f"max(increase(slawatch_assignments_total{JOB}{RATE}))"
    return (
        found.with_row(dashboard.Row("Is it alive?"))
        .with_panel(
            number("Workers that answer", f"sum(up{JOB})", "Targets that were scraped.", base=RED, above={1: GREEN})
        )
        .with_panel(
            number(
                "Workers that are ready", f"sum(slawatch_ready{JOB})", "As /readyz says.", base=RED, above={1: GREEN}
            )
        )
        .with_panel(number("Partitions without a worker", orphans, "Nobody watches their tickets.", above={1: RED}))
        .with_panel(number("Records left to restore", restoring, "Nought when all tables are back.", above={1: YELLOW}))
        .with_panel(number("Alerts that fire", firing, "Of the service; the runbooks say what to do.", above={1: RED}))
        .with_panel(
            number("Different agreements", differing, "More than one: workers judge differently.", above={2: YELLOW})
        )
        .with_panel(
            lines(
                "Partitions by worker",
                "Restored ones. A step is a rebalance.",
                (f"sum by (instance) (slawatch_partition_ready{JOB})", "{{instance}}"),
                stacked=True,
            )
        )
        .with_panel(
            lines(
                "Restarts and rebalances",
                "How often a worker was started, and partitions were handed around.",
                (f"sum(changes(process_start_time_seconds{JOB}{RATE}))", "restarts"),
                (handed, "rebalances"),
                bars=True,
            )
        )
    )


def behind(found: dashboard.Dashboard) -> dashboard.Dashboard:
    lag = f"max by (topic, partition) (slawatch_stream_time_lag_seconds{JOB})"
    delay, batch = "slawatch_detection_delay_seconds", "slawatch_batch_seconds"
    return (
        found.with_row(dashboard.Row("Is it behind?"))
        .with_panel(
            number(
                "Furthest behind",
                f"max(slawatch_stream_time_lag_seconds{JOB})",
                "Deadlines fire this late. An idle partition looks at the clock every few seconds.",
                unit="s",
                above={30: YELLOW, 120: RED},
                width=6,
            )
        )
        .with_panel(
            number(
                "Records that wait",
                f"sum(slawatch_lag_records{JOB})",
                "In all partitions.",
                above={10_000: YELLOW},
                width=6,
            )
        )
        .with_panel(
            number(
                "Deadlines said late",
                'sum(slawatch:deadlines_late:increase15m{job="$job"})',
                "More than 10 s after their time, within 15 minutes.",
                above={1: YELLOW},
                width=6,
            )
        )
        .with_panel(
            number(
                "Clock skew",
                f"max(abs(slawatch_clock_skew_seconds{JOB}))",
                "Against the broker's; beyond the grace, false breaches are possible.",
                unit="s",
                above={0.5: YELLOW, 1: RED},
                width=6,
            )
        )
        .with_panel(
            lines(
                "Behind, by partition",
                "Wall clock minus stream time.",
                (lag, "{{topic}} {{partition}}"),
                unit="s",
                limit=120,
            )
        )
        .with_panel(
            lines(
                "Records that wait, by partition",
                "When last asked, every five seconds.",
                (f"max by (topic, partition) (slawatch_lag_records{JOB})", "{{topic}} {{partition}}"),
            )
        )
        .with_panel(
            lines(
                "From a deadline to its alert",
                "Beyond the grace, to the commit.",
                (quantile(0.5, delay), "half within"),
                (quantile(0.99, delay), "99 of 100 within"),
                unit="s",
            )
        )
        .with_panel(
            lines(
                "Transactions",
                "From the begin of a batch to its commit. Slow brokers show here first.",
                (quantile(0.5, batch), "half within"),
                (quantile(0.99, batch), "99 of 100 within"),
                unit="s",
            )
        )
    )


def lost(found: dashboard.Dashboard) -> dashboard.Dashboard:
    named = '{job="$job"}'
    return (
        found.with_row(dashboard.Row("Is anything lost?"))
        .with_panel(
            number(
                "Events lost to retention",
                f"sum(slawatch:events_lost:increase1h{named})",
                "Deleted before they were read, within an hour.",
                above={1: RED},
                width=6,
            )
        )
        .with_panel(
            number(
                "Dead letters",
                f"sum(slawatch:dead_letters:increase15m{named})",
                "Records that could not be used, within 15 minutes.",
                above={1: YELLOW, 20: RED},
                width=6,
            )
        )
        .with_panel(
            number(
                "Unknown statuses",
                f"sum(slawatch:unknown_statuses:increase1h{named})",
                "Events with a word that the agreements do not map, within an hour.",
                above={1: YELLOW},
                width=6,
            )
        )
        .with_panel(
            number(
                "Breaches taken back",
                'sum(slawatch:alerts:increase1d{job="$job", what="retracted"}) or vector(0)',
                "Retracted within a day: something came late.",
                above={5: YELLOW},
                width=6,
            )
        )
        .with_panel(
            lines(
                "Dead letters, by reason",
                "Within 15 minutes each.",
                (f"slawatch:dead_letters:increase15m{named}", "{{reason}}"),
                stacked=True,
            )
        )
        .with_panel(
            lines(
                "What became of events",
                "A second. Late and duplicate ones are fine; dead letters are not.",
                (f"sum by (topic, outcome) (rate(slawatch_events_total{JOB}{RATE}))", "{{topic}} {{outcome}}"),
                unit="cps",
                stacked=True,
            )
        )
    )


def why(found: dashboard.Dashboard) -> dashboard.Dashboard:
    builds = f"max by (instance, version, python, holidays, tzdata) (slawatch_build_info{JOB})"
    judged = f"max by (instance, fingerprint) (slawatch_agreements_info{JOB})"
    folded = " + ".join(
        f"sum(rate(slawatch_folded_{what}_total{JOB}{RATE}))" for what in ("tickets", "rounds", "facts")
    )
    return (
        found.with_row(dashboard.Row("Why?"))
        .with_panel(
            lines(
                "Alerts said",
                "A second, by what they say.",
                (f"sum by (what) (rate(slawatch_alerts_total{JOB}{RATE}))", "{{what}}"),
                unit="cps",
                stacked=True,
                width=8,
            )
        )
        .with_panel(
            lines(
                "Processor",
                "Cores. A worker uses one: near 1 it is at its limit.",
                (f"rate(process_cpu_seconds_total{JOB}{RATE})", "{{instance}}"),
                limit=0.9,
                width=8,
            )
        )
        .with_panel(
            lines(
                "Memory",
                "Resident. Tables in memory are most of it.",
                (f"process_resident_memory_bytes{JOB}", "{{instance}}"),
                unit="bytes",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Records of a batch",
                "Small when idle; near the limit of SLAWATCH_BATCH_RECORDS it catches up.",
                (quantile(0.5, "slawatch_batch_records"), "half have at most"),
                (quantile(0.99, "slawatch_batch_records"), "99 of 100 have at most"),
                width=8,
            )
        )
        .with_panel(
            lines(
                "Open tickets, and states restored",
                "States in the tables since the last assignment began.",
                (f"sum(slawatch_open_tickets{JOB})", "open tickets"),
                (f"sum(slawatch_restored_states{JOB})", "states restored"),
                width=8,
            )
        )
        .with_panel(
            lines(
                "Folded and forgotten",
                "A second: what is put away after the retention.",
                (folded, "folded"),
                (f"sum(rate(slawatch_forgotten_tickets_total{JOB}{RATE}))", "forgotten"),
                unit="cps",
                width=8,
            )
        )
        .with_panel(
            grid(
                "What runs", "Versions that verdicts depend on.", {"is": (builds, "short")}, hidden=("Value",), height=6
            )
        )
        .with_panel(
            grid(
                "What it judges by",
                "Fingerprints of the agreements.",
                {"is": (judged, "short")},
                hidden=("Value",),
                height=6,
            )
        )
    )
