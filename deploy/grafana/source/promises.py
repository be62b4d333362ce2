"""For whoever answers for customers and services: who is at risk, what is left, what was broken today."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from panels import GREEN, RED, YELLOW, board, choice, grid, lines, number, ranking, steps

JOB = 'job="$job"'
CHOSEN = f'{JOB}, agreement=~"$agreement", service=~"$service"'
LEFT = "slawatch_period_budget_left_ratio"
SHARES = "first_response|next_response|update|assignment|resolution|closure|ratings"
"""What shares are of stands where a service would: a ticket metric, or ratings."""
PROMISE = "{{agreement}} {{metric}} {{service}}"
RISKY = {0: YELLOW, 0.25: GREEN}


def promises() -> dashboard.Dashboard:
    """The dashboard of what was promised."""
    found = board(
        "slawatch-promises",
        "slawatch: promises",
        "Which customer is at risk, what is left of each budget, what was broken today.",
        span="now-7d",
        refresh="1m",
    )
    found = found.with_variable(choice("agreement", "agreement", f"label_values({LEFT}, agreement)", many=True))
    found = found.with_variable(choice("service", "service", f"label_values({LEFT}, service)", many=True))
    for part in (at_risk, periods, today, now):
        found = part(found)
    return found


def at_risk(found: dashboard.Dashboard) -> dashboard.Dashboard:
    left = f"min by (agreement, metric, service) ({LEFT}{{{CHOSEN}}})"
    figure = f"max by (agreement, metric, service) (slawatch_period_ratio{{{CHOSEN}}})"
    target = f"max by (agreement, metric, service) (slawatch_period_target_ratio{{{CHOSEN}}})"
    return (
        found.with_row(dashboard.Row("Who is at risk?"))
        .with_panel(
            number(
                "Promises broken in this period",
                f"count({LEFT}{{{CHOSEN}}} < 0) or vector(0)",
                "Budgets that are exceeded. Of a share (compliance, satisfaction) it is only so as of now.",
                above={1: RED},
                width=6,
            )
        )
        .with_panel(
            number(
                "Promises with little left",
                f"count({LEFT}{{{CHOSEN}}} <= 0.25 and {LEFT} >= 0) or vector(0)",
                "A quarter of the budget or less.",
                above={1: YELLOW},
                width=6,
            )
        )
        .with_panel(
            number(
                "Tickets broken today",
                f'sum(slawatch:alerts:increase1d{{{JOB}, what="breached"}}) or vector(0)',
                "Breaches of the last 24 hours, of all agreements.",
                above={1: YELLOW},
                width=6,
            )
        )
        .with_panel(
            number(
                "Overdue and still open",
                f'sum(slawatch_clocks{{{JOB}, state="breached"}}) or vector(0)',
                "Clocks past their budget whose ticket still waits.",
                above={1: YELLOW},
                width=6,
            )
        )
        .with_panel(
            grid(
                "Every promise about a period, the least left first",
                "Below nought it is broken. An agreement is a customer, or `template@customer`.",
                {"left": (left, "percentunit"), "so far": (figure, "percentunit"), "promised": (target, "percentunit")},
                sort_by="left",
                colours={"left": steps(RED, RISKY)},
                width=14,
            )
        )
        .with_panel(
            ranking(
                "Nearest to their limit",
                f"bottomk(10, {left})",
                PROMISE,
                "The ten with the least budget left.",
                unit="percentunit",
                base=RED,
                above=RISKY,
                width=10,
            )
        )
    )


def periods(found: dashboard.Dashboard) -> dashboard.Dashboard:
    shares = f'max by (agreement, metric, service) (slawatch_period_ratio{{{CHOSEN}, service=~"{SHARES}"}})'
    services = f"min by (agreement, metric, service) ({LEFT}{{{CHOSEN}, service!~'{SHARES}'}})"
    availability = f'min by (agreement, service) (slawatch_period_ratio{{{CHOSEN}, service!~"{SHARES}"}})'
    return (
        found.with_row(dashboard.Row("How does the period go?"))
        .with_panel(
            lines(
                "Budget left, of services",
                "A step down is an outage.",
                (services, PROMISE),
                unit="percentunit",
                limit=0,
            )
        )
        .with_panel(
            lines(
                "How fast it burns",
                "In multiples of what the agreement allows, over an hour. At 14.4 a month's budget lasts two days.",
                (f"slawatch:service_burn:rate1h{{{CHOSEN}}}", "{{agreement}} {{service}}"),
                limit=14.4,
            )
        )
        .with_panel(
            lines(
                "Availability so far",
                "Of the period that runs.",
                (availability, "{{agreement}} {{service}}"),
                unit="percentunit",
            )
        )
        .with_panel(
            lines(
                "Tickets in time, and good ratings, so far",
                "Of the period that runs; of few tickets it says little.",
                (shares, PROMISE),
                unit="percentunit",
            )
        )
    )


def today(found: dashboard.Dashboard) -> dashboard.Dashboard:
    said = f"slawatch:alerts:increase1d{{{JOB}"
    met, missed = (f'sum by (metric) ({said}, what="{what}"}})' for what in ("met", "missed"))
    usual = f"sum by (metric) (slawatch:breaches:usual1h{{{JOB}}})"
    return (
        found.with_row(dashboard.Row("What happened today?"))
        .with_panel(
            ranking(
                "Broken today, by promise",
                f'sum by (metric) ({said}, what="breached"}})',
                "{{metric}}",
                "Breaches of the last 24 hours.",
                unit="short",
                base=GREEN,
                above={1: YELLOW},
                width=8,
            )
        )
        .with_panel(
            ranking(
                "Kept today, by promise",
                f"{met} / ({met} + ({missed} or 0 * {met}))",
                "{{metric}}",
                "The share of the clocks that ended within 24 hours and met their target.",
                unit="percentunit",
                base=RED,
                above={0.9: YELLOW, 0.95: GREEN},
                width=8,
            )
        )
        .with_panel(
            lines(
                "Broken in an hour, and what is usual",
                "Usual: the same hours of a week ago, or the week's average, whichever is more.",
                (f"sum by (metric) (slawatch:breaches:increase1h{{{JOB}}})", "{{metric}}"),
                (usual, "{{metric}}, usual"),
                width=8,
            )
        )
    )


def now(found: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        found.with_row(dashboard.Row("What is running?"))
        .with_panel(
            lines(
                "Clocks, by promise and state",
                "Running, paused, standing still, or past their budget.",
                (f"sum by (metric, state) (slawatch_clocks{{{JOB}}})", "{{metric}} {{state}}"),
                stacked=True,
            )
        )
        .with_panel(
            lines("Open tickets", "In all partitions.", (f"sum(slawatch_open_tickets{{{JOB}}})", "open tickets"))
        )
    )
