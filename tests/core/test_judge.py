"""The judge against the scenarios worked out by hand, the working-time cases, and each boundary of the rules."""

import json
import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from judge import FOREVER, Calendar, instant, judge, last_not_exceeding, rfc3339

from desk import PROFILES, Desk, desks, random_desk

SHARED = Path(os.environ.get("SLAWATCH_SHARED", Path(__file__).parents[3] / "shared"))
CASES = SHARED / "cases"
SCENARIOS = sorted(CASES.glob("scenarios/*.yaml"))
NO_CASES = "the case files are not beside the repository (SLAWATCH_SHARED)"
INSTANTS = ("happened_at", "due_at", "started_at")
Alerts = list[dict[str, Any]]


def said(
    agreements: list[dict[str, Any]], events: list[dict[str, Any]], until: str | None = None, **file: Any
) -> Alerts:
    """What the judge says; events without id and ticket are numbered and of T1."""
    events = [{"id": f"e{number:02}", "ticket": "T1"} | event for number, event in enumerate(events, 1)]
    return judge({"agreements": agreements, **file}, events, until)


def one(metric: str, within: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"id": "a", "targets": [{"metric": metric, "within": within, **more}]}]


def on(clock: str, **fields: Any) -> dict[str, Any]:
    """A fact of 5 January 2026, a Monday, at a time in UTC; one of an open ticket if nothing else is said."""
    return {"at": f"2026-01-05T{clock}Z"} | (fields or {"status": "open"})


def brief(alerts: Alerts) -> list[str]:
    """Id without what all have in common, and when it happened."""
    return [f"{a['id'].removeprefix('a/').replace('/T1', '')} {a['happened_at'][11:-1]}" for a in alerts]


AGENT = {"by": "agent", "public": True}
NOTE = {"by": "agent", "public": False}
CUSTOMER = {"by": "customer", "public": False}


@pytest.mark.shared
@pytest.mark.skipif(not SCENARIOS, reason=NO_CASES)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenarios_worked_out_by_hand(path: Path) -> None:
    scenario = yaml.safe_load(path.read_text(encoding="utf-8"))
    events = [{"id": f"e{n:02}", "ticket": "T1"} | event for n, event in enumerate(scenario["events"], 1)]
    alerts = {alert["id"]: alert for alert in judge(scenario["file"], events, scenario.get("until"))}
    expected = {alert["id"]: alert for alert in scenario["expect"]}
    assert sorted(alerts) == sorted(expected)
    for name, fields in expected.items():
        for key, value in fields.items():
            if key != "because":
                wanted = rfc3339(instant(value)) if key in INSTANTS else value
                assert alerts[name][key] == wanted, f"{name}: {key}"


def calendar_of_case(case: dict[str, Any]) -> Calendar:
    spec = case["calendar"]
    closed = [*spec["holidays"], *spec.get("yearly_holidays", [])]
    opened = {day: ["-".join(span) for span in spans] for day, spans in spec.get("shifts", {}).items()}
    hours = {day: ["-".join(span) for span in spans] for day, spans in spec["weekly"].items()}
    first = datetime.fromisoformat(case["start"]).date() - timedelta(days=3)
    return Calendar({"timezone": spec["tz"], "hours": hours, "closed": closed, "open": opened}, first)


def working_time_cases() -> list[dict[str, Any]]:
    path = CASES / "working_time.jsonl"
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [c for c in cases if c["op"] in ("add", "elapsed") and not c["calendar"].get("breaks")]


@pytest.mark.shared
@pytest.mark.skipif(not SCENARIOS, reason=NO_CASES)
@pytest.mark.parametrize("case", working_time_cases(), ids=lambda case: case["id"])
def test_working_time(case: dict[str, Any]) -> None:
    calendar, start = calendar_of_case(case), instant(case["start"])
    if case["op"] == "elapsed":
        end = instant(case["end"])
        assert sum(b - a for a, b in calendar.intervals(start, end)) == case["expect"]["seconds"] * 1000
        return
    amount = case["duration_s"] * 1000
    if case["boundary"] == "next_open" and case.get("boundary_sensitive"):
        end = last_not_exceeding(calendar.intervals(start, FOREVER), amount)
    else:
        end = last_not_exceeding(calendar.intervals(start, FOREVER), amount - 1)
        end = end + 1 if end is not None else None
    assert end == instant(case["expect"]["end"])


# Hours


def berlin(**spec: Any) -> dict[str, Any]:
    return {"calendars": {"c": {"timezone": "Europe/Berlin", **spec}}}


def opening_hours(spec: dict[str, Any], first: str) -> list[str]:
    """The intervals of the four days from noon of the day before."""
    begin = datetime.fromisoformat(first + "T00:00Z") - timedelta(hours=12)
    span = instant(begin.isoformat()), instant((begin + timedelta(days=4)).isoformat())
    calendar = Calendar(spec, begin.date() - timedelta(days=3))
    return [f"{str(rfc3339(a))[5:16]}/{str(rfc3339(b))[5:16]}" for a, b in calendar.intervals(*span)]


@pytest.mark.parametrize(
    ("spec", "first", "expected"),
    [
        # 02:30 does not exist on 29 March: the opening moves to 03:00 CEST
        ({"hours": {"sun": ["02:30-05:00"]}}, "2026-03-29", ["03-29T01:00/03-29T03:00"]),
        # so does the closing; what lies in the gap altogether is no interval
        ({"hours": {"sun": ["01:00-02:30"]}}, "2026-03-29", ["03-29T00:00/03-29T01:00"]),
        ({"hours": {"sun": ["02:10-02:50"]}}, "2026-03-29", []),
        # 02:30 exists twice on 25 October: the first is meant, opening or closing
        ({"hours": {"sun": ["02:30-03:00"]}}, "2026-10-25", ["10-25T00:30/10-25T02:00"]),
        ({"hours": {"sun": ["01:00-02:30"]}}, "2026-10-25", ["10-24T23:00/10-25T00:30"]),
        # a night shift belongs to the day it begins on, and runs on into the holiday that closes the next one
        ({"hours": {"mon-wed": ["22:00-06:00"]}, "closed": ["2026-01-06"]}, "2026-01-05",
         ["01-05T21:00/01-06T05:00", "01-07T21:00/01-08T05:00"]),
        ({"hours": {"mon": ["09:00-00:00"]}}, "2026-01-05", ["01-05T08:00/01-05T23:00"]),
        ({"hours": {"mon": ["09:00-24:00"]}}, "2026-01-05", ["01-05T08:00/01-05T23:00"]),
        # overlaps count once
        ({"hours": {"mon": ["09:00-12:00", "10:00-11:00", "11:30-13:00"]}}, "2026-01-05",
         ["01-05T08:00/01-05T11:00", "01-05T11:00/01-05T12:00"]),
        # `open` beats a holiday, and replaces the hours
        ({"hours": {"thu-fri": ["09:00-17:00"]}, "holidays": {"country": "DE"},
          "open": {"2026-05-01": ["10:00-11:00"]}},
         "2026-04-30", ["04-30T07:00/04-30T15:00", "05-01T08:00/05-01T09:00"]),
        ({"hours": {"thu-fri": ["09:00-17:00"]}, "holidays": {"country": "DE"}}, "2026-04-30",
         ["04-30T07:00/04-30T15:00"]),
        ({"hours": {"thu-fri": ["09:00-17:00"]}, "holidays": {"country": "DE", "subdivision": "BY"}}, "2026-06-04",
         ["06-05T07:00/06-05T15:00"]),  # Corpus Christi, in Bavaria only
    ],
)  # fmt: skip
def test_hours(spec: dict[str, Any], first: str, expected: list[str]) -> None:
    assert opening_hours({"timezone": "Europe/Berlin"} | spec, first) == expected


def test_a_day_that_begins_an_hour_late() -> None:
    spec = {"timezone": "America/Santiago", "hours": {"sun": ["00:00-24:00"]}}
    assert opening_hours(spec, "2026-09-06") == ["09-06T04:00/09-07T03:00"]
    assert opening_hours(spec, "2026-04-05") == ["04-05T04:00/04-06T04:00"]


# Thresholds


def test_exactly_the_budget_is_met_and_a_millisecond_more_is_missed() -> None:
    hour = one("resolution", "1h")
    assert brief(said(hour, [on("10:00:00"), on("11:00:00", status="resolved")])) == ["resolution/1/met 11:00:00"]
    assert brief(said(hour, [on("10:00:00"), on("11:00:00.001", status="resolved")])) == [
        "resolution/1/breached 11:00:00",
        "resolution/1/missed 11:00:00.001",
    ]


def test_a_deadline_equal_to_stream_time_has_not_passed() -> None:
    hour = one("resolution", "1h", warn=["50%"])
    assert said(hour, [on("10:00:00")], "2026-01-05T10:30:00Z") == []
    assert brief(said(hour, [on("10:00:00")], "2026-01-05T10:30:00.001Z")) == ["resolution/1/warned-50% 10:30:00"]
    assert said(hour, [on("10:00:00")], "2026-01-04T00:00:00Z") == []
    assert brief(said(hour, [on("10:00:00"), on("11:00:00", priority="P1")])) == ["resolution/1/warned-50% 10:30:00"]


def test_finer_than_a_millisecond_is_cut_off() -> None:
    alerts = said(one("resolution", "1h"), [on("10:00:00.0009"), on("11:00:00.000999", status="resolved")])
    assert brief(alerts) == ["resolution/1/met 11:00:00"]


def test_every_field_of_a_warning() -> None:
    file = berlin(hours={"mon-fri": ["09:00-17:00"]})
    agreement = {
        "id": "gold/x y~%@", "calendar": "c",
        "targets": [{"metric": "resolution", "within": {"P1": "8h", "default": "1h"}, "warn": ["30m"]}],
    }  # fmt: skip
    facts = [on("15:00:00", ticket="T 1/2", priority="P2", customer="ACME"), on("15:10:00", ticket="T 1/2", team="net")]
    assert said([agreement], facts, "2026-01-05T15:40:00Z", **file) == [
        {
            "id": "gold%2Fx%20y%7E%25%40/resolution/T%201%2F2/1/warned-30m", "what": "warned",
            "agreement": "gold/x y~%@", "metric": "resolution", "round": 1, "ticket": "T 1/2", "threshold": "30m",
            "customer": "ACME", "priority": "P2", "service": None, "team": "net", "kind": None,
            "started_at": "2026-01-05T15:00:00Z", "due_at": "2026-01-05T16:00:00Z",
            "happened_at": "2026-01-05T15:30:00Z", "budget_seconds": 3600, "elapsed_seconds": 1800, "on_arrival": False,
        }
    ]  # fmt: skip


def test_due_at_closing_time_is_exceeded_at_the_next_opening() -> None:
    file = berlin(hours={"mon-fri": ["09:00-17:00"]})
    agreements = [{"id": "a", "calendar": "c", "targets": [{"metric": "resolution", "within": "1h"}]}]
    [alert] = said(agreements, [on("15:00:00")], "2026-01-06T09:00:00Z", **file)
    assert (alert["due_at"], alert["happened_at"]) == ("2026-01-05T16:00:00Z", "2026-01-06T08:00:00Z")
    night = {"at": "2026-01-06T08:00:00Z", "status": "resolved"}
    assert [a["what"] for a in said(agreements, [on("15:00:00"), night], **file)] == ["met"]


def test_a_ticket_opened_in_a_night_shift() -> None:
    agreements = [{"id": "a", "calendar": "c", "targets": [{"metric": "resolution", "within": "1h"}]}]
    [alert] = said(agreements, [on("03:00:00")], "2026-01-05T05:00:00Z", **berlin(hours={"sun": ["22:00-06:00"]}))
    assert alert["happened_at"] == "2026-01-05T04:00:00Z"


def test_a_day_of_working_time() -> None:
    hours = {"mon-fri": ["09:00-17:00"]}
    agreements = [{"id": "a", "calendar": "c", "targets": [{"metric": "resolution", "within": "1d"}]}]
    [short] = said(agreements, [on("08:00:00")], "2026-02-01T00:00:00Z", **berlin(hours=hours, day="8h"))
    [long] = said(agreements, [on("08:00:00")], "2026-02-01T00:00:00Z", **berlin(hours=hours))
    assert (short["due_at"], long["due_at"]) == ("2026-01-05T16:00:00Z", "2026-01-07T16:00:00Z")


def test_of_equal_thresholds_the_later_is_said() -> None:
    for warn, label in ((["50%", "30m"], "30m"), (["30m", "50%"], "50%")):
        alerts = said(one("resolution", "1h", warn=warn), [on("10:00:00")], "2026-01-05T10:45:00Z")
        assert brief(alerts) == [f"resolution/1/warned-{label} 10:30:00"]


def test_time_left_that_is_the_whole_budget_is_no_warning() -> None:
    alerts = said(one("resolution", "30m", warn=["30m", "29m"]), [on("10:00:00")], "2026-01-05T10:20:00Z")
    assert brief(alerts) == ["resolution/1/warned-29m 10:01:00"]


def test_a_percentage_finer_than_a_millisecond() -> None:
    [alert] = said(one("resolution", "1s", warn=["33.33%"]), [on("10:00:00")], "2026-01-05T10:00:00.334Z")
    assert (alert["happened_at"], alert["elapsed_seconds"]) == ("2026-01-05T10:00:00.333Z", 0.333)


def test_deadlines_fire_one_at_a_time_however_far_stream_time_jumps() -> None:
    target = one("resolution", "1h", warn=["50%", "80%"], overdue=["150%", "200%"])
    alone = said(target, [on("10:00:00"), on("20:00:00", ticket="X", status="closed")])
    ticks = [on(f"{10 + n // 4}:{n % 4 * 15:02}:00", id=f"x{n}", ticket="X", status="closed") for n in range(1, 40)]
    assert said(target, [on("10:00:00"), *ticks]) == alone
    assert brief(alone) == [
        "resolution/1/warned-50% 10:30:00",
        "resolution/1/warned-80% 10:48:00",
        "resolution/1/breached 11:00:00",
        "resolution/1/overdue-150% 11:30:00",
        "resolution/1/overdue-200% 12:00:00",
    ]


def test_a_finished_clock_says_no_warning_and_no_level() -> None:
    fact = on("12:00:00", opened_at="2026-01-05T10:00:00Z", status="resolved")
    alerts = said(one("resolution", "1h", warn=["50%"], overdue=["150%"]), [fact])
    assert brief(alerts) == ["resolution/1/breached 11:00:00", "resolution/1/missed 12:00:00"]
    assert [alert["on_arrival"] for alert in alerts] == [True, True]


def test_a_pause_hides_due_at_until_the_budget_is_spent() -> None:
    target = one("resolution", "1h", pause=["pending"], warn=["50%"])
    late = [on("10:00:00"), on("10:55:00", ticket="X", status="closed"), on("10:40:00", status="pending")]
    early = [on("10:20:00", opened_at="2026-01-05T10:00:00Z", status="resolved"), on("10:30:00", status="open")]
    [warned] = said(target, [on("10:40:00", opened_at="2026-01-05T10:00:00Z", status="pending")])
    assert (warned["due_at"], warned["happened_at"]) == (None, "2026-01-05T10:30:00Z")
    assert said(target, late, "2026-01-06T00:00:00Z")[0]["due_at"] == "2026-01-05T11:00:00Z"
    assert said(target, early)[0]["due_at"] == "2026-01-05T11:00:00Z"  # met: as if it had run on


# Which promise


def test_the_first_match_wins_even_without_a_limit_for_the_priority() -> None:
    first = {"id": "a", "match": {"customer": ["ACME"]}, "targets": [{"metric": "resolution", "within": {"P1": "1h"}}]}
    second = {"id": "b", "targets": [{"metric": "resolution", "within": "2h"}]}
    assert said([first, second], [on("10:00:00", customer="ACME", priority="P2")], "2026-01-06T00:00:00Z") == []
    assert said([first, second], [on("10:00:00", customer="ACME")], "2026-01-06T00:00:00Z") == []
    [alert] = said([first, second], [on("10:00:00", priority="P1")], "2026-01-06T00:00:00Z")
    assert alert["agreement"] == "b"


def test_the_first_that_applies_later_counts_from_the_start_of_the_round() -> None:
    agreement = one("resolution", "1h")[0] | {"match": {"attributes": {"region": ["EU"]}}}
    alerts = said([agreement], [on("10:00:00"), on("12:00:00", attributes={"region": "EU"})])
    assert brief(alerts) == ["resolution/1/breached 11:00:00"]
    assert alerts[0]["on_arrival"]


def test_from_is_the_local_midnight_and_is_compared_with_the_start_of_the_round() -> None:
    agreement = one("next_response", "1h")[0] | {"timezone": "Europe/Berlin", "from": date(2026, 1, 6)}
    for clock, count in (("22:59:59.999", 0), ("23:00:00", 1)):
        facts = [on("10:00:00"), on("11:00:00", reply=AGENT), on(clock, reply=CUSTOMER)]
        assert len(said([agreement], facts, "2026-01-07T00:00:00Z")) == count


def test_from_now_gives_a_new_budget_and_breaches_once() -> None:
    limits = one("resolution", {"P1": "1h", "P2": "2h"}, on_change="from_now", warn=["50%"])
    facts = [on("10:00:00", priority="P1"), on("11:30:00", priority="P2"), on("12:45:00", status="resolved")]
    alerts = said(limits, facts)
    assert brief(alerts) == [
        "resolution/1/warned-50% 10:30:00",
        "resolution/1/breached 11:00:00",
        "resolution/1/warned-50%~2 12:30:00",
        "resolution/1/missed 12:45:00",
    ]
    missed = alerts[-1]
    assert (missed["started_at"], missed["elapsed_seconds"]) == ("2026-01-05T11:30:00Z", 4500)


def test_from_now_ends_the_agreement_that_is_left() -> None:
    acme = one("resolution", "1h", on_change="from_now")[0] | {"match": {"customer": ["ACME"]}}
    rest = {"id": "b", "targets": [{"metric": "resolution", "within": "1h"}]}
    within = said([acme, rest], [on("10:00:00", customer="ACME"), on("10:30:00", customer="B")], "2026-01-05T12:00:00Z")
    assert brief(within) == ["b/resolution/1/breached 11:30:00"]
    beyond = said([acme, rest], [on("10:00:00", customer="ACME"), on("11:30:00", customer="B")], "2026-01-05T12:00:00Z")
    assert brief(beyond) == ["resolution/1/breached 11:00:00", "resolution/1/missed 11:30:00"]


def test_keep_stays_with_the_first() -> None:
    limits = one("resolution", {"P1": "1h", "P2": "2h"}, on_change="keep")
    facts = [on("10:00:00", priority="P2"), on("10:10:00", priority="P1")]
    assert brief(said(limits, facts, "2026-01-06T00:00:00Z")) == ["resolution/1/breached 12:00:00"]


def test_an_agreement_that_no_longer_applies_leaves_no_clock() -> None:
    agreement = one("resolution", "1h", on_reopen="resume")[0] | {"match": {"customer": ["ACME"]}}
    facts = [on("10:00:00", customer="ACME"), on("11:30:00", customer=None), on("12:00:00", customer="ACME")]
    alerts = said([agreement], facts)
    assert brief(alerts) == [
        "resolution/1/breached 11:00:00",
        "resolution/1/retracted 11:30:00",
        "resolution/1/breached~2 11:00:00",
    ]


def test_changes_after_the_end_do_not_matter_and_that_of_the_end_does() -> None:
    limits = one("resolution", {"P1": "1h", "P2": "3h"})
    facts = [on("10:00:00", priority="P2"), on("12:00:00", status="resolved")]
    assert brief(said(limits, [*facts, on("12:30:00", priority="P1")])) == ["resolution/1/met 12:00:00"]
    facts[1] |= {"priority": "P1"}
    assert brief(said(limits, facts)) == ["resolution/1/breached 11:00:00", "resolution/1/missed 12:00:00"]


# Clocks


def test_between_opened_at_and_the_first_fact_it_is_open_and_unassigned() -> None:
    fact = on("10:00:00", opened_at="2026-01-05T08:00:00Z", status="pending", assignee="ann")
    target = [{"metric": "assignment", "within": "1h"}, {"metric": "resolution", "within": "3h", "pause": ["pending"]}]
    alerts = said([{"id": "a", "targets": target}], [fact, on("11:00:00", status="resolved")])
    assert [(alert["what"], alert["elapsed_seconds"]) for alert in alerts] == [
        ("breached", 3600), ("missed", 7200), ("met", 7200),
    ]  # fmt: skip


def test_first_seen_resolved_has_no_clock_until_it_is_open() -> None:
    facts = [on("10:00:00", status="resolved"), on("12:00:00", status="open"), on("12:30:00", status="closed")]
    [met] = said(one("resolution", "1h"), facts)
    assert (met["started_at"], met["elapsed_seconds"]) == ("2026-01-05T12:00:00Z", 1800)
    assert said(one("resolution", "1h"), facts[:1], "2026-01-06T00:00:00Z") == []


def test_a_reply_at_the_opening_is_the_description() -> None:
    target = one("first_response", "1h")
    assert said(target, [on("10:00:00", reply=AGENT), on("10:00:00", reply=AGENT)]) == []
    assert brief(said(target, [on("10:00:00", opened_at="2026-01-05T09:59:59Z", reply=AGENT)])) == [
        "first_response/1/met 10:00:00"
    ]


def test_closing_ends_a_first_response_without_a_verdict_within_the_budget() -> None:
    facts = [
        on("10:00:00"),
        on("11:00:00", status="closed"),
        on("11:10:00", status="open"),
        on("15:00:00", reply=AGENT),
    ]
    assert said(one("first_response", "1h"), facts) == []
    facts[1] = on("11:00:00.001", status="closed")
    assert brief(said(one("first_response", "1h"), facts)) == [
        "first_response/1/breached 11:00:00",
        "first_response/1/missed 11:00:00.001",
    ]


def test_resolving_answers_if_it_counts() -> None:
    facts = [on("10:00:00"), on("10:30:00", status="resolved"), on("15:00:00", status="open")]
    assert brief(said(one("first_response", "1h", resolved_counts=True), facts, "2026-01-06T00:00:00Z")) == [
        "first_response/1/met 10:30:00"
    ]
    assert brief(said(one("first_response", "1h"), facts, "2026-01-06T00:00:00Z")) == [
        "first_response/1/breached 15:30:00"
    ]


def test_a_reply_on_a_resolved_ticket_starts_its_round_at_the_reopening() -> None:
    facts = [
        on("10:00:00"), on("10:10:00", reply=AGENT, status="resolved"), on("11:00:00", reply=CUSTOMER),
        on("12:00:00", status="open"), on("12:30:00", reply=NOTE), on("13:00:00", reply=AGENT),
    ]  # fmt: skip
    [met] = said(one("next_response", "1h"), facts)
    assert (met["started_at"], met["round"], met["what"]) == ("2026-01-05T12:00:00Z", 1, "met")


def test_resolving_ends_a_reply_round() -> None:
    facts = [on("10:00:00"), on("10:10:00", reply=AGENT), on("11:00:00", reply=CUSTOMER)]
    assert said(one("next_response", "1h"), [*facts, on("12:00:00", status="resolved")], "2026-01-06T00:00:00Z") == []
    late = said(one("next_response", "1h"), [*facts, on("12:00:01", status="resolved")])
    assert [alert["what"] for alert in late] == ["breached", "missed"]


def test_updates() -> None:
    facts = [
        on("10:00:00"), on("10:10:00", reply=AGENT), on("11:00:00", reply=AGENT, status="resolved"),
        on("12:00:00", reply=AGENT), on("13:00:00", status="open"), on("14:30:00", reply=AGENT),
    ]  # fmt: skip
    alerts = said(one("update", "1h"), facts)
    assert brief(alerts) == ["update/1/met 11:00:00", "update/2/breached 14:00:00", "update/2/missed 14:30:00"]


def test_reopening() -> None:
    facts = [on("10:00:00"), on("10:30:00", status="resolved"), on("12:00:00", status="open")]
    facts += [on("12:40:00", status="closed"), on("13:00:00", status="resolved")]

    def reopened(how: str) -> list[str]:
        return brief(said(one("resolution", "1h", on_reopen=how), facts))

    assert reopened("ignore") == ["resolution/1/met 10:30:00"]
    assert reopened("new_round") == ["resolution/1/met 10:30:00", "resolution/2/met 12:40:00"]
    assert reopened("resume") == [
        "resolution/1/met 10:30:00", "resolution/1/breached 12:30:00", "resolution/1/missed 12:40:00",
    ]  # fmt: skip


def test_a_merged_ticket_stands_still_and_runs_on() -> None:
    facts = [on("10:00:00"), on("10:30:00", merged_into="T9"), on("11:00:00", reply=AGENT, status="resolved")]
    facts += [on("12:00:00", status="open"), on("13:00:00", merged_into=None)]
    targets = [{"metric": metric, "within": "1h"} for metric in ("first_response", "resolution")]
    assert brief(said([{"id": "a", "targets": targets}], facts, "2026-01-06T00:00:00Z")) == [
        "first_response/1/breached 13:30:00",
        "resolution/1/breached 13:30:00",
    ]
    broken = [on("10:00:00"), on("11:30:00", deleted=True)]
    assert brief(said(one("resolution", "1h"), broken, "2026-01-06T00:00:00Z")) == ["resolution/1/breached 11:00:00"]


# What is said


def test_a_late_fact_forgets_a_warning_silently_and_withdraws_an_outcome() -> None:
    target = one("first_response", "1h", warn=["50%"])
    forgotten = [on("10:00:00"), on("10:40:00", priority="P1"), on("10:30:00", status="resolved")]
    forgotten += [on("11:00:00", status="open")]
    assert brief(said(target, forgotten, "2026-01-05T11:10:00Z")) == [
        "first_response/1/warned-50% 10:30:00", "first_response/1/warned-50%~2 11:00:00",
    ]  # fmt: skip
    withdrawn = [on("10:00:00"), on("10:20:00", reply=AGENT), on("10:10:00", status="closed")]
    assert brief(said(target, withdrawn)) == ["first_response/1/met 10:20:00", "first_response/1/withdrawn 10:10:00"]


def test_an_outcome_is_said_again_only_if_it_changed() -> None:
    facts = [on("10:00:00"), on("10:10:00", status="resolved"), on("10:20:00", status="open")]
    assert brief(said(one("resolution", "1h"), [*facts, on("10:30:00", status="resolved")])) == [
        "resolution/1/met 10:10:00"
    ]


def test_the_same_id_again_is_dropped_and_nothing_observed_is_no_fact() -> None:
    twice = [on("10:00:00", id="x", status="open"), on("10:30:00", id="y", status="resolved")]
    alerts = said(one("resolution", "1h"), [*twice, *twice])
    assert brief(alerts) == ["resolution/1/met 10:30:00"]
    nothing = {"at": "2026-01-05T10:00:00Z", "version": 1}
    assert brief(said(one("resolution", "1h"), [nothing, on("12:00:00"), on("12:30:00", status="resolved")])) == [
        "resolution/1/met 12:30:00"
    ]


def test_order_within_a_step() -> None:
    targets = [{"metric": m, "within": "1h", "overdue": ["150%"]} for m in ("resolution", "closure", "first_response")]
    fact = on("12:00:00", opened_at="2026-01-05T10:00:00Z", status="resolved")
    assert [a["id"][2:] for a in said([{"id": "a", "targets": targets}], [fact])] == [
        "closure/T1/1/breached", "first_response/T1/1/breached", "resolution/T1/1/breached",
        "closure/T1/1/overdue-150%", "first_response/T1/1/overdue-150%", "resolution/T1/1/missed",
    ]  # fmt: skip


def test_own_deadlines_fire_before_an_event_and_those_of_others_after_it() -> None:
    facts = [on("10:00:00"), on("10:10:00", ticket="T2"), on("12:00:00", ticket="T2", status="resolved")]
    facts = [fact | {"priority": "P1"} for fact in facts]
    alerts = said(one("resolution", "1h"), facts)
    assert [(a["ticket"], a["what"]) for a in alerts] == [("T2", "breached"), ("T2", "missed"), ("T1", "breached")]


# Laws of what is said, on made-up desks

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def standing(alerts: Alerts) -> set[str]:
    """The breaches said and not taken back."""
    stands: dict[str, bool] = {}
    for alert in alerts:
        if alert["what"] in ("breached", "retracted"):
            name = alert["id"].rpartition("/")[0]
            assert stands.get(name, False) == (alert["what"] == "retracted"), f"{alert['id']} says nothing new"
            stands[name] = alert["what"] == "breached"
    return {name for name, stood in stands.items() if stood}


@LAW
@given(desks())
def test_what_stands_in_the_end_does_not_depend_on_the_order_of_arrival(desk: Desk) -> None:
    backwards = judge(desk.file, desk.events[::-1], desk.until)
    assert standing(judge(desk.file, desk.events, desk.until)) == standing(backwards)


@LAW
@given(desks())
def test_no_alert_has_the_id_of_another(desk: Desk) -> None:
    names = [alert["id"] for alert in judge(desk.file, desk.events, desk.until)]
    assert len(names) == len(set(names))


@LAW
@given(desks("in_order"))
def test_what_is_said_does_not_depend_on_when_stream_time_moves(desk: Desk) -> None:
    ticks = [event | {"id": f"x{event['id']}", "ticket": "other"} for event in desk.events]
    ticks = [{name: tick[name] for name in ("id", "ticket", "at")} for tick in ticks]
    often = [event for pair in zip(ticks, desk.events, strict=True) for event in pair]

    def of_tickets(events: list[dict[str, Any]]) -> dict[str, Alerts]:
        by_ticket: dict[str, Alerts] = {}
        for alert in judge(desk.file, events, desk.until):
            by_ticket.setdefault(alert["ticket"], []).append(alert)
        return by_ticket

    assert of_tickets(often) == of_tickets(desk.events)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_desks_reach_what_they_are_made_for(profile: str) -> None:
    alerts = [a for seed in range(40) for d in [random_desk(seed, profile)] for a in judge(d.file, d.events, d.until)]
    assert {a["metric"] for a in alerts} == set(PROFILES[profile].metrics)
    assert {"warned", "breached", "overdue", "met", "missed"} <= {a["what"] for a in alerts}
    if PROFILES[profile].late or "priority" in PROFILES[profile].kinds:
        assert "retracted" in {a["what"] for a in alerts}
