"""What is said of services at the boundaries of the rules, as the process says it."""

from typing import Any

import pytest

from service_desk import ServiceDesk, contracts_of, one_agreement

AVAILABILITY: dict[str, Any] = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}
"""Of the 30 days of April it leaves 43 minutes and 12 seconds."""
OUTAGES: dict[str, Any] = {"metric": "outages", "service": ["crm"], "at_most": 0, "per": "month"}
OUTAGE: dict[str, Any] = {"metric": "outage", "service": ["crm"], "at_most": "1h", "per": "month"}


def up_since_april(*targets: dict[str, Any], **more: Any) -> ServiceDesk:
    desk = ServiceDesk(one_agreement(*(targets or (AVAILABILITY,)), **more))
    desk.event("2026-04-01T00:00:00Z", "up")
    return desk


def test_a_warning_says_when_the_budget_ends_if_the_service_stays_down() -> None:
    desk = up_since_april({**AVAILABILITY, "warn": ["50%", "10m"], "overdue": ["200%"]})
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.said == [
        "a/availability/crm/2026-04/warned-50% @ 2026-04-10T00:21:36Z",
        "a/availability/crm/2026-04/warned-10m @ 2026-04-10T00:33:12Z",
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z",
        "a/availability/crm/2026-04/overdue-200% @ 2026-04-10T01:26:24Z",
    ]
    first, second, breach, _ = desk.alerts
    assert first["due_at"] == second["due_at"] == "2026-04-10T00:43:12Z"
    assert breach["due_at"] is None
    assert (first["elapsed_seconds"], breach["elapsed_seconds"], breach["budget_seconds"]) == (1296, 2592, 2592)
    assert breach["ratio"] == "0.999000"


def test_one_event_that_makes_several_thresholds_true_says_the_breach_and_the_highest_overdue_level() -> None:
    desk = up_since_april({**AVAILABILITY, "warn": ["50%", "80%"], "overdue": ["200%", "300%"]})
    desk.until("2026-04-10T03:00:00Z")
    desk.event("2026-04-10T00:00:00Z", "down")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z",
        "a/availability/crm/2026-04/overdue-300% @ 2026-04-10T02:09:36Z",
    ]


def test_an_event_at_the_deadline_comes_first() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T00:43:12Z", "up")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.said == []


def test_a_budget_of_nought_has_no_warnings_and_is_exceeded_at_once() -> None:
    desk = up_since_april({**AVAILABILITY, "at_least": "100%", "warn": ["50%"], "overdue": ["200%"]})
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.until("2026-04-10T00:00:01Z")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:00:00Z",
        "a/availability/crm/2026-04/overdue-200% @ 2026-04-10T00:00:00Z",
    ]


def test_a_late_fact_takes_a_breach_back_and_another_makes_it_true_again() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T02:00:00Z", "up")
    desk.event("2026-04-10T00:10:00Z", "up")
    desk.event("2026-04-10T00:20:00Z", "down")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z",
        "a/availability/crm/2026-04/retracted @ 2026-04-10T00:10:00Z",
        "a/availability/crm/2026-04/breached~2 @ 2026-04-10T00:53:12Z",
    ]


def test_a_late_announcement_heals_what_an_announcement_afterwards_does_not() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T02:00:00Z", "up")
    window = {"planned_from": "2026-04-10T00:00:00Z", "planned_until": "2026-04-10T02:00:00Z"}
    desk.event("2026-04-10T03:00:00Z", "maintenance", check="CHG1", **window)
    assert len(desk.said) == 1
    desk.event("2026-04-09T00:00:00Z", "maintenance", check="CHG2", **window)
    assert desk.said[1:] == ["a/availability/crm/2026-04/retracted @ 2026-04-09T00:00:00Z"]
    assert desk.entry("2026-04")["excluded_seconds"] == 7200


@pytest.mark.parametrize(
    ("said", "until", "excluded"),
    [
        ("2026-04-09T00:00:00Z", "2026-04-10T00:30:00Z", 1800),
        ("2026-04-09T00:00:00Z", "2026-04-10T00:00:00Z", 0),
        ("2026-04-10T00:30:00Z", "2026-04-10T02:00:00Z", 7200),
        ("2026-04-10T00:30:00Z", "2026-04-10T00:45:00Z", 2700),
        ("2026-04-10T01:30:00Z", "2026-04-10T02:00:00Z", 5400),
        ("2026-04-10T01:30:00Z", "2026-04-10T00:15:00Z", 900),
    ],
    ids=["shortened", "cancelled", "longer", "shorter under way", "longer afterwards", "shorter afterwards"],
)
def test_the_last_announcement_of_work_says_until_when(said: str, until: str, excluded: int) -> None:
    desk = up_since_april()
    work = {"check": "CHG1", "planned_from": "2026-04-10T00:00:00Z"}
    desk.event("2026-04-08T00:00:00Z", "maintenance", planned_until="2026-04-10T01:00:00Z", **work)
    desk.event(said, "maintenance", planned_until=until, **work)
    desk.until("2026-04-11T00:00:00Z")
    assert desk.entry("2026-04")["excluded_seconds"] == excluded


def test_of_two_announcements_at_one_instant_the_higher_version_happened() -> None:
    desk = up_since_april()
    work = {"check": "CHG1", "planned_from": "2026-04-10T00:00:00Z"}
    desk.event("2026-04-08T00:00:00Z", "maintenance", version=2, planned_until="2026-04-10T02:00:00Z", **work)
    desk.event("2026-04-08T00:00:00Z", "maintenance", version=1, planned_until="2026-04-10T01:00:00Z", **work)
    desk.until("2026-04-11T00:00:00Z")
    assert desk.entry("2026-04")["excluded_seconds"] == 7200


def test_maintenance_is_excused_up_to_the_cap_in_order_of_time() -> None:
    desk = up_since_april({**AVAILABILITY, "maintenance": {"cap": "2h"}}, OUTAGES | {"maintenance": {"cap": "2h"}})
    desk.event("2026-04-10T00:00:00Z", "maintenance", planned_until="2026-04-10T01:30:00Z")
    desk.event("2026-04-12T00:00:00Z", "maintenance")
    desk.event("2026-04-12T01:00:00Z", "up")
    desk.until("2026-04-13T00:00:00Z")
    entry = desk.entry("2026-04")
    assert (entry["excluded_seconds"], entry["down_seconds"]) == (7200, 1800)
    assert desk.said == ["a/outages/crm/2026-04/breached @ 2026-04-12T00:30:00Z"]


def test_planned_work_beyond_the_cap_counts_as_what_the_checks_say() -> None:
    desk = up_since_april({**AVAILABILITY, "maintenance": {"cap": "1h"}})
    desk.event("2026-04-10T00:00:00Z", "maintenance", check="CHG1", planned_until="2026-04-10T03:00:00Z")
    desk.event("2026-04-10T02:00:00Z", "down")
    desk.event("2026-04-10T02:30:00Z", "up")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.entry("2026-04")["excluded_seconds"] == 3600
    assert desk.entry("2026-04")["down_seconds"] == 1800


def test_without_excused_maintenance_a_check_that_says_only_that_is_down() -> None:
    desk = up_since_april({**AVAILABILITY, "maintenance": "none"})
    desk.event("2026-04-10T00:00:00Z", "maintenance")
    desk.event("2026-04-10T00:30:00Z", "maintenance", check="CHG1", planned_until="2026-04-10T05:00:00Z")
    desk.event("2026-04-10T00:40:00Z", "up")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.entry("2026-04")["down_seconds"] == 2400
    assert desk.entry("2026-04")["excluded_seconds"] == 0


@pytest.mark.parametrize(
    ("down_when", "minutes"), [("any", 30), (2, 20), ("all", 10)], ids=["any", "a number", "all that are not unknown"]
)
def test_a_service_is_down_when_so_many_checks_are(down_when: str | int, minutes: int) -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY, services={"crm": {"down_when": down_when}}))
    for check in "ABC":
        desk.event("2026-04-01T00:00:00Z", "up", check=check)
    desk.event("2026-04-10T00:00:00Z", "down", check="A")
    desk.event("2026-04-10T00:10:00Z", "down", check="B")
    desk.event("2026-04-10T00:20:00Z", "unknown", check="C")
    desk.event("2026-04-10T00:30:00Z", "up", check="A")
    desk.event("2026-04-10T00:30:00Z", "up", check="B")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.entry("2026-04")["down_seconds"] == minutes * 60


def test_a_check_that_says_nothing_for_too_long_is_unknown_from_then_on() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY, services={"crm": {"stale_after": "1h"}}))
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-01T00:50:00Z", "up")
    desk.event("2026-04-01T03:00:00Z", "up")
    desk.event("2026-04-01T03:59:59Z", "up")
    desk.until("2026-04-01T04:30:00Z")
    assert desk.entry("2026-04")["unknown_seconds"] == 70 * 60


@pytest.mark.parametrize(
    ("unknown", "entry", "said"),
    [
        ("exclude", {"unknown_seconds": 3600, "down_seconds": 0}, []),
        ("up", {"unknown_seconds": 0, "down_seconds": 0}, []),
        (
            "down",
            {"unknown_seconds": 0, "down_seconds": 3600},
            ["a/availability/crm/2026-04/breached @ 2026-04-01T00:43:12Z"],
        ),
    ],
)
def test_time_of_which_nothing_is_known_counts_as_the_agreement_says(
    unknown: str, entry: dict[str, int], said: list[str]
) -> None:
    desk = ServiceDesk(one_agreement({**AVAILABILITY, "unknown": unknown}))
    desk.event("2026-04-01T01:00:00Z", "up")
    desk.until("2026-04-02T00:00:00Z")
    assert {name: desk.entry("2026-04")[name] for name in entry} == entry
    assert desk.said == said
    assert all(alert["on_arrival"] for alert in desk.alerts)


def test_a_budget_that_shrinks_is_exceeded_without_more_downtime() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T00:36:00Z", "up")  # of 43 min 12 s: 36 min are the budget of 25 days
    desk.event("2026-04-20T00:00:00Z", "unknown")
    desk.until("2026-04-28T00:00:00Z")
    assert desk.said == ["a/availability/crm/2026-04/breached @ 2026-04-25T00:00:00Z"]
    assert desk.alerts[0]["budget_seconds"] == 2160


def test_work_that_is_only_announced_leaves_the_budget_as_it_is() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T00:43:00Z", "up")
    window = {"planned_from": "2026-04-20T00:00:00Z", "planned_until": "2026-04-30T00:00:00Z"}
    desk.event("2026-04-11T00:00:00Z", "maintenance", check="CHG1", **window)
    desk.until("2026-04-19T00:00:00Z")
    assert desk.said == []
    desk.until("2026-04-21T00:00:00Z")
    assert desk.said == ["a/availability/crm/2026-04/breached @ 2026-04-20T03:20:00Z"]


def test_an_outage_as_long_as_the_least_counts_whole_and_a_shorter_one_not_at_all() -> None:
    desk = up_since_april({**AVAILABILITY, "min_outage": "1m"}, {**OUTAGES, "min_outage": "1m"})
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T00:00:59.999Z", "up")
    desk.until("2026-04-10T01:00:00Z")
    assert desk.entry("2026-04")["down_seconds"] == 0
    desk.event("2026-04-11T00:00:00Z", "down")
    desk.event("2026-04-11T00:01:00Z", "up")
    desk.until("2026-04-11T01:00:00Z")
    assert desk.entry("2026-04")["down_seconds"] == 60
    assert desk.said == ["a/outages/crm/2026-04/breached @ 2026-04-11T00:01:00Z"]


def test_an_outage_that_becomes_one_after_midnight_counts_before_it_too() -> None:
    desk = up_since_april({**AVAILABILITY, "at_least": "100%", "min_outage": "1m"})
    desk.event("2026-04-30T23:59:30Z", "down")
    desk.event("2026-05-01T00:01:30Z", "up")
    desk.until("2026-05-01T02:00:00Z")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-05-01T00:00:30Z",
        "a/availability/crm/2026-05/breached @ 2026-05-01T00:00:30Z",
    ]
    assert desk.entry("2026-04")["down_seconds"] == 30
    assert desk.entry("2026-05")["down_seconds"] == 90


def test_an_outage_that_outlasts_the_closing_of_its_month_revises_it() -> None:
    desk = up_since_april({**OUTAGE, "at_most": "3d"})
    desk.event("2026-04-30T12:00:00Z", "down")
    desk.event("2026-05-04T00:00:00Z", "up")
    desk.until("2026-05-05T00:00:00Z")
    assert desk.said == [
        "a/outage/crm/2026-04/met @ 2026-05-01T00:00:00Z",
        "a/outage/crm/2026-04/breached @ 2026-05-03T12:00:00Z",
        "a/outage/crm/2026-04/missed @ 2026-05-01T00:00:00Z",
    ]
    assert desk.measured[-1]["figures"]["longest_seconds"] == 84 * 3600
    assert desk.entry("2026-05", metric="outage")["outages"] == 0


def test_an_outage_in_closed_hours_begins_to_count_at_the_next_opening() -> None:
    desk = ServiceDesk(
        one_agreement(
            {**OUTAGES, "service": ["crm"]},
            calendars={"desk": {"timezone": "UTC", "hours": {"mon-fri": ["09:00-18:00"]}}},
            calendar="desk",
        )
    )
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-04T00:00:00Z", "down")  # a Saturday
    desk.event("2026-04-04T12:00:00Z", "up")
    desk.event("2026-04-05T12:00:00Z", "down")
    desk.event("2026-04-06T10:00:00Z", "up")
    desk.until("2026-04-07T00:00:00Z")
    assert desk.said == ["a/outages/crm/2026-04/breached @ 2026-04-06T09:00:00Z"]
    entry = desk.entry("2026-04", metric="outages")
    assert entry["outage_list"] == [{"from": "2026-04-06T09:00:00Z", "until": "2026-04-06T10:00:00Z", "seconds": 3600}]
    assert "budget_seconds" not in entry
    assert (desk.alerts[0]["used"], desk.alerts[0]["limit"], desk.alerts[0]["budget_seconds"]) == (1, 0, None)


def test_a_recovery_between_two_events_of_one_instant_is_none() -> None:
    desk = up_since_april({**OUTAGE, "at_most": "90m"}, {**OUTAGES, "at_most": 1})
    desk.event("2026-04-10T00:00:00Z", "down", check="A")
    desk.event("2026-04-10T01:00:00Z", "up", check="A")
    desk.event("2026-04-10T01:00:00Z", "down", check="B")
    desk.event("2026-04-10T02:00:00Z", "up", check="B")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.said == ["a/outage/crm/2026-04/breached @ 2026-04-10T01:30:00Z"]


def test_degraded_time_counts_with_its_weight() -> None:
    desk = up_since_april({**AVAILABILITY, "degraded": 0.5})
    desk.event("2026-04-10T00:00:00Z", "degraded")
    desk.until("2026-04-11T00:00:00Z")
    assert desk.said == ["a/availability/crm/2026-04/breached @ 2026-04-10T01:26:24Z"]


def test_only_the_part_of_a_period_within_the_agreement_is_judged() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY, **{"from": "2026-04-11", "until": "2026-04-21"}))
    desk.event("2026-04-01T00:00:00Z", "down")
    desk.event("2026-04-11T00:10:00Z", "up")
    desk.event("2026-04-20T23:55:00Z", "down")
    desk.until("2026-06-10T00:00:00Z")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-20T23:59:24Z",
        "a/availability/crm/2026-04/missed @ 2026-05-01T00:00:00Z",
    ]
    assert desk.entry("2026-04")["agreed_seconds"] == 864_000


def test_what_was_agreed_afterwards_not_to_count_revises_a_closed_period() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T01:00:00Z", "up")
    desk.until("2026-05-03T00:00:00Z")
    span = {"from": "2026-04-10T00:00:00Z", "until": "2026-04-10T00:30:00Z", "reason": "customer's own network"}
    changed = one_agreement(AVAILABILITY, exclude=[span])
    desk.under(changed.__class__(changed.contracts, changed.rules, b"another!"))
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z",
        "a/availability/crm/2026-04/missed @ 2026-05-01T00:00:00Z",
        "a/availability/crm/2026-04/retracted @ 2026-05-03T00:00:00Z",
        "a/availability/crm/2026-04/met @ 2026-05-01T00:00:00Z",
    ]
    assert desk.entry("2026-04")["agreed_seconds"] == 30 * 86_400 - 1800


def test_a_late_fact_revises_a_closed_period_and_its_figures_alone_are_measured_again() -> None:
    desk = up_since_april()
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T01:00:00Z", "up")
    desk.until("2026-05-03T00:00:00Z")
    desk.event("2026-04-10T00:50:00Z", "up")
    assert len(desk.said) == 2
    assert desk.measured[-1]["figures"]["down_seconds"] == 3000
    desk.event("2026-04-10T00:20:00Z", "up")
    desk.event("2026-04-10T00:25:00Z", "down")
    assert desk.said[2:] == [
        "a/availability/crm/2026-04/retracted @ 2026-04-10T00:20:00Z",
        "a/availability/crm/2026-04/met @ 2026-05-01T00:00:00Z",
        "a/availability/crm/2026-04/breached~2 @ 2026-04-10T00:48:12Z",
        "a/availability/crm/2026-04/missed~2 @ 2026-05-01T00:00:00Z",
    ]


def test_a_final_period_is_not_judged_again_and_its_facts_are_let_go() -> None:
    day = 86_400_000
    desk = ServiceDesk(one_agreement(AVAILABILITY), retention=30 * day)
    desk.event("2026-04-01T00:00:00Z", "up")
    for number in range(200):
        desk.event(f"2026-04-{10 + number // 24:02}T{number % 24:02}:00:00Z", ("down", "up")[number % 2])
    stored = len(desk.states)
    desk.event("2026-05-15T00:00:00Z", "up")
    desk.until("2026-06-01T00:00:00Z")
    assert desk.event("2026-04-30T00:00:00Z", "down").rejection is None
    desk.until("2026-06-01T00:00:01Z")
    assert desk.event("2026-04-29T00:00:00Z", "down").rejection is not None
    assert "final" in desk.rejections[0].error
    assert len(desk.states) < stored
    desk.event("2026-05-01T00:00:00Z", "up")
    assert desk.entry("2026-05")["down_seconds"] == 0


def test_an_outage_from_a_final_period_is_not_counted_in_the_next() -> None:
    day = 86_400_000
    desk = ServiceDesk(one_agreement({**OUTAGES, "at_most": 3, "per": "day"}, settle="0s"), retention=day)
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-02T12:00:00Z", "down")
    desk.event("2026-04-02T23:00:00Z", "unknown")
    desk.until("2026-04-04T00:00:01Z")
    desk.event("2026-04-04T06:00:00Z", "down")
    desk.until("2026-04-04T08:00:00Z")
    for late, outages in (("unknown", 0), ("degraded", 1)):  # all is derived again; the latter ends the old outage
        assert desk.event("2026-04-03T01:00:00Z", late, check=late).outcome == "late"
        assert desk.entry("2026-04-04", metric="outages")["outages"] == outages


def test_a_month_without_an_event_is_measured_and_has_no_verdict() -> None:
    desk = ServiceDesk(one_agreement({**AVAILABILITY}, services={"crm": {"stale_after": "1h"}}))
    desk.event("2026-04-30T22:00:00Z", "up")
    desk.until("2026-06-03T00:00:00Z")
    assert desk.said == ["a/availability/crm/2026-04/met @ 2026-05-01T00:00:00Z"]
    (measured,) = desk.measured
    assert (measured["what"], measured["period"], measured["figures"]["reason"]) == ("measured", "2026-05", "no_data")


def test_a_service_that_nobody_was_promised_is_not_kept() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY))
    turn = desk.event("2026-04-01T00:00:00Z", "down", service="erp")
    assert turn.outcome == "unmatched"
    assert not desk.states


def test_two_agreements_judge_one_service_each_by_its_own_customers() -> None:
    both = [
        {"id": "gold", "from": "2026-04-01", "match": {"customer": ["ACME"]}, "targets": [AVAILABILITY]},
        {"id": "all", "from": "2026-04-01", "targets": [AVAILABILITY]},
    ]
    desk = ServiceDesk(contracts_of({"agreements": both}))
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-10T00:00:00Z", "down", customer="BETA")
    desk.event("2026-04-10T01:00:00Z", "up", customer="BETA")
    assert desk.said == ["all/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z"]
