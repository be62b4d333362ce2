"""What is stored of services: small records however long the past, folded repeats, metrics, a thousand customers."""

from typing import Any

import pytest

from service_desk import ServiceDesk, contracts_of, ms, one_agreement
from slawatch.core.fold import Bounds
from slawatch.instants import rfc3339
from slawatch.processes.services import ServiceProcess

AVAILABILITY: dict[str, Any] = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}
DAY = 86_400_000
START = ms("2026-04-02T00:00:00Z")


def samples(desk: ServiceDesk) -> dict[tuple[str, ...], float]:
    """What the stored states come to, as the lane asks for it."""
    tallies = {desk.process.tally(state) for state in desk.states.values()}
    return {
        (sample.name, *(value for _, value in sample.labels)): sample.amount
        for tally in tallies
        for sample in desk.process.gauges(tally, desk.stream_time)
    }


def figures(desk: ServiceDesk) -> list[Any]:
    return [account.figures for account in desk.accounts()]


def test_an_event_writes_little_however_many_there_were() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY), 30 * DAY)
    for number in range(3_000):
        desk.event(rfc3339(START + number * 60_000), ("down", "up")[number % 2])
    written = [sum(len(state or b"") for state in turn.states.values()) for turn in desk.turns[-200:]]
    assert max(written) < 16_000
    assert max(len(state) for state in desk.states.values()) < 16_000


def test_repeats_are_folded_when_they_are_more_than_a_day_old() -> None:
    kept, folded = (ServiceDesk(one_agreement(AVAILABILITY), retention) for retention in (None, 30 * DAY))
    for desk in (kept, folded):
        for number in range(4_000):
            desk.event(rfc3339(START + number * 180_000), "down" if number % 500 == 499 else "up")
    assert len(folded.states) < len(kept.states) / 2
    assert sum(turn.counts.get("folded_repeats", 0) for turn in folded.turns) > 2_000
    assert figures(folded) == figures(kept)
    assert folded.said == kept.said
    late = {"at": rfc3339(START + 100 * 180_000 - 60_000), "status": "down"}
    for desk in (kept, folded):
        desk.event(**late)
        desk.event(rfc3339(START + 100 * 180_000), "up", check="other")
    assert kept.event(rfc3339(START + 200 * 180_000 + 1), "up").outcome == "late"


@pytest.mark.parametrize("minutes", [3, 10])
def test_with_staleness_so_many_repeats_are_kept_as_it_takes(minutes: int) -> None:
    rule = {"crm": {"stale_after": f"{minutes}m"}}
    kept, folded = (
        ServiceDesk(one_agreement(AVAILABILITY, services=rule), retention) for retention in (None, 30 * DAY)
    )
    for desk in (kept, folded):
        for number in range(3_000):
            desk.event(rfc3339(START + number * 180_000 + (number % 97 == 0) * 240_000), "up")
        desk.event(rfc3339(START + 60_000), "up", check="late")
    assert figures(folded) == figures(kept)
    assert kept.entry("2026-04")["unknown_seconds"] > DAY // 1000


def test_metrics_show_the_period_that_runs_and_counters_that_never_fall() -> None:
    target = {**AVAILABILITY, "degraded": 0.5}
    desk = ServiceDesk(one_agreement(target, {**AVAILABILITY, "name": "day", "per": "day"}), 30 * DAY)
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.until("2026-04-10T00:21:36Z")
    shown = samples(desk)
    assert shown["period_ratio", "a", "availability", "crm"] == 0.9995
    assert shown["period_target_ratio", "a", "availability", "crm"] == 0.999
    assert shown["period_budget_left_ratio", "a", "availability", "crm"] == 0.5
    assert shown["period_budget_left_ratio", "a", "day", "crm"] == -14
    assert shown["service_down_seconds_total", "a", "crm"] == 0  # since this process began
    desk.until("2026-04-10T00:21:46Z")
    shown = samples(desk)
    assert shown["service_agreed_seconds_total", "a", "crm"] == 10
    assert shown["service_down_seconds_total", "a", "crm"] == 10
    desk.event("2026-04-10T00:11:36Z", "up")
    shown = samples(desk)
    assert shown["period_budget_left_ratio", "a", "availability", "crm"] > 0.7
    assert shown["service_down_seconds_total", "a", "crm"] == 10
    agreed = 10.0
    for month in range(5, 9):
        desk.until(f"2026-{month:02}-20T00:00:00Z")
        shown = samples(desk)
        assert shown["period_ratio", "a", "availability", "crm"] == 1
        assert shown["service_agreed_seconds_total", "a", "crm"] > agreed
        agreed = shown["service_agreed_seconds_total", "a", "crm"]
    assert agreed == (ms("2026-08-20T00:00:00Z") - ms("2026-04-10T00:21:36Z")) / 1000


def test_a_thousand_customers_of_one_template_cost_what_one_does_until_they_have_events_of_their_own() -> None:
    customers = [f"C{number}" for number in range(1_000)]
    template = {"id": "silver", "each": "customer", "from": "2026-04-01", "match": {"customer": customers}}
    desk = ServiceDesk(contracts_of({"agreements": [template | {"targets": [AVAILABILITY]}]}), 30 * DAY)
    desk.event("2026-04-01T00:00:00Z", "up")
    turn = desk.event("2026-04-10T00:00:00Z", "down")
    assert sum(len(state or b"") for state in turn.states.values()) < 1_000
    desk.event("2026-04-10T00:10:00Z", "down", customer="C7")
    desk.event("2026-04-10T00:40:00Z", "up")
    turn = desk.event("2026-04-10T00:41:00Z", "down", customer="C7")
    assert sum(len(state or b"") for state in turn.states.values()) < 2_000
    desk.until("2026-04-11T00:00:00Z")
    assert desk.said == ["silver@C7/availability/crm/2026-04/breached @ 2026-04-10T00:43:12Z"]
    assert len({key for key in samples(desk) if key[0] == "period_ratio"}) == 1_000
    desk.until("2026-05-03T00:00:00Z")
    verdicts = [alert["what"] for alert in desk.alerts[1:]]
    assert (verdicts.count("met"), verdicts.count("missed")) == (999, 1)
    outcome = next(
        message for message in desk.messages if b"silver@C7/" in message.value and b'"missed"' in message.value
    )
    assert outcome.key == b"silver@C7"


def test_a_batch_that_failed_is_taken_back() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY))
    desk.event("2026-04-01T00:00:00Z", "up")
    before = dict(desk.states)
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.event("2026-04-10T00:30:00Z", "down")
    desk.states = before
    desk.event("2026-04-10T00:40:00Z", "up")
    assert desk.entry("2026-04")["down_seconds"] == 0
    assert isinstance(desk.process, ServiceProcess)


def test_what_was_stored_under_other_agreements_is_not_shown_under_these() -> None:
    erp = {**AVAILABILITY, "service": ["erp"]}
    desk = ServiceDesk(agreements("a", AVAILABILITY, erp))
    for service in ("crm", "erp"):
        desk.event("2026-04-02T00:00:00Z", "up", service)
        desk.event("2026-04-03T00:00:00Z", "down", service)
    assert services(desk) == {("a", "crm"), ("a", "erp")}

    desk.process = ServiceProcess(
        agreements("z", {**AVAILABILITY, "at_least": "95%"}, also=AVAILABILITY), "/x", Bounds()
    )
    assert samples(desk) == {}, "nothing is judged again yet, and nobody promises anything about the erp"
    again = [key for key, state in desk.states.items() if desk.process.on_restore(key, state) is None]
    for key in again:
        for part, state in desk.process.on_change(
            key, desk.states.get, desk.stream_time, desk.stream_time
        ).states.items():
            if state is None:
                desk.states.pop(part, None)
            else:
                desk.states[part] = state
    assert services(desk) == {("z", "crm"), ("a", "crm")}


def services(desk: ServiceDesk) -> set[tuple[str, ...]]:
    """Of which agreements and services the counters are shown."""
    return {key[1:] for key in samples(desk) if key[0] == "service_down_seconds_total"}


def agreements(name: str, *targets: dict[str, Any], also: dict[str, Any] | None = None) -> Any:
    """Contracts of one agreement, and of another behind it."""
    found = [{"id": name, "from": "2026-04-01", "targets": list(targets)}]
    if also is not None:
        found.append({"id": "a", "from": "2026-04-01", "targets": [also]})
    return contracts_of({"agreements": found})
