"""What is said of services at the boundaries of the rules, as the process says it."""

from service_desk import ServiceDesk, one_agreement

AVAILABILITY = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}


def test_a_warning_says_when_the_budget_ends_if_the_service_stays_down() -> None:
    desk = ServiceDesk(one_agreement({**AVAILABILITY, "warn": ["50%", "10m"], "overdue": ["200%"]}))
    desk.event("2026-04-01T00:00:00Z", "up")
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


def test_a_late_fact_takes_a_breach_back_and_another_makes_it_true_again() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY))
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T02:00:00Z", "up")
    desk.event("2026-04-10T00:10:00Z", "up")
    desk.event("2026-04-10T00:20:00Z", "down")
    assert desk.said == [
        "a/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z",
        "a/availability/crm/2026-04/retracted @ 2026-04-10T00:10:00Z",
        "a/availability/crm/2026-04/breached~2 @ 2026-04-10T00:53:12Z",
    ]
