"""One history, told in every order of arrival: what stands of it in the end, and what is counted, is the same."""

from __future__ import annotations

import itertools
import json
from typing import Any, NamedTuple

import pytest
import yaml

from slawatch.agreements import loads
from slawatch.explain.collected import Collected
from slawatch.messages.reports import Report

UNTIL = 1_770_163_200_000  # 4 February 2026


class Told(NamedTuple):
    """Everything that is known when all was heard, and what was said until then."""

    known: Collected
    alerts: list[dict[str, Any]]


def told(agreements: list[dict[str, Any]], events: list[dict[str, Any]], until: int = UNTIL) -> Told:
    known = Collected(loads(yaml.safe_dump({"agreements": agreements})), "/slawatch/orders")
    lines = [json.dumps({"id": f"e{number}", **event}).encode() for number, event in enumerate(events)]
    return Told(known, [json.loads(alert) for alert in known.run(lines, until)])


def reports(
    agreements: list[dict[str, Any]], events: list[dict[str, Any]], label: str = "2026-01", until: int = UNTIL
) -> list[Report]:
    return [dossier.report for dossier in told(agreements, events, until).known.dossiers(label)]


def compliance(agreements: list[dict[str, Any]], events: list[dict[str, Any]]) -> tuple[Any, Any, Any]:
    """How many were met and missed, and how many of these have not ended."""
    [report] = reports(agreements, events)
    [target] = report.targets
    return target.met, target.missed, target.open_overdue


def at(clock: str, **fields: Any) -> dict[str, Any]:
    return {"ticket": "T1", "at": f"2026-01-05T{clock}:00Z", **fields}


RESOLUTION = {"metric": "resolution", "within": "1h"}
P1_ONLY = [{"id": "a", "targets": [{**RESOLUTION, "within": {"P1": "1h"}}]}]
ACME_ONLY = [{"id": "a", "match": {"customer": ["ACME"]}, "targets": [RESOLUTION]}]


@pytest.mark.parametrize(
    ("agreements", "promised"),
    [(P1_ONLY, {"priority": "P1"}), (ACME_ONLY, {"customer": "ACME"})],
    ids=["limit", "match"],
)
def test_what_is_promised_after_the_end_counts_once_it_reopens(
    agreements: list[dict[str, Any]], promised: dict[str, str]
) -> None:
    events = [
        at("09:00", status="open", priority="P3"),
        at("10:00", status="resolved"),
        at("10:30", **promised),
        at("11:00", status="open"),
        at("14:00", status="pending"),
    ]
    [breach] = told(agreements, events).alerts
    assert (breach["what"], breach["happened_at"]) == ("breached", "2026-01-05T11:00:00Z")
    [late] = told(agreements, [*events, at("09:10", reply={"by": "agent", "public": False})]).alerts
    assert late["happened_at"] == breach["happened_at"]


def test_a_clock_that_is_no_more_tells_what_it_had_spent() -> None:
    events = [
        at("09:00", status="open", priority="P1"),
        at("11:00", status="resolved"),
        at("12:00", status="open"),
        at("12:30", priority="P3"),
    ]
    spent = {alert["what"]: alert["elapsed_seconds"] for alert in told(P1_ONLY, events).alerts}
    assert spent == {"breached": 3_600, "missed": 7_200, "retracted": 3_600, "withdrawn": 9_000}


def counted(**more: Any) -> list[dict[str, Any]]:
    share = {"metric": "compliance", "of": "resolution", "at_least": "90%", "per": "month"}
    match = {"match": more.pop("match")} if "match" in more else {}
    return [{"id": "a", "from": "2026-01-01", "targets": [{**RESOLUTION, **more}, share | match]}]


@pytest.mark.parametrize(
    ("more", "ends", "figures"),
    [
        ({"within": "4h", "warn": ["50%"]}, ("10:00", "12:00", "14:00"), (1, 0, 0)),
        ({"within": "4h"}, ("10:00", "12:00", "14:00"), (1, 0, 0)),
        ({"overdue": ["200%"]}, ("10:30", "12:00", "14:00"), (0, 1, 0)),
    ],
    ids=["warned between", "silent", "overdue between"],
)
def test_a_second_end_is_counted_whatever_was_said_before_it(
    more: dict[str, Any], ends: tuple[str, str, str], figures: tuple[int, int, int]
) -> None:
    resolved, reopened, again = ends
    events = [
        at("09:00", status="open"), at(resolved, status="resolved"), at(reopened, status="open"), at(again, status="resolved"),
    ]  # fmt: skip
    assert compliance(counted(**more), events) == figures


def test_a_breach_counts_with_the_fields_of_its_instant_whatever_came_after() -> None:
    events = [
        at("09:00", status="open", priority="P1"),
        at("10:30", status="resolved"),
        at("11:00", priority="P2"),
        at("12:00", status="open"),
    ]
    agreements = counted(match={"priority": ["P1"]})
    assert {compliance(agreements, list(one)) for one in itertools.permutations(events)} == {(0, 1, 1)}


AVAILABILITY = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}


def check(at: str, status: str) -> dict[str, Any]:
    return {"service": "crm", "at": at, "status": status}


def test_a_late_fact_revises_a_closed_period_while_an_outage_goes_on() -> None:
    agreements = [{"id": "a", "from": "2026-01-01", "targets": [AVAILABILITY]}]
    events = [
        check("2026-01-01T00:00:00Z", "up"),
        check("2026-01-10T00:00:00Z", "down"),
        check("2026-01-10T20:00:00Z", "up"),
        check("2026-01-31T23:50:00Z", "down"),
        check("2026-02-03T00:00:00Z", "down"),
    ]
    [report] = reports(agreements, events)
    assert (report.revision, report.targets[0].down_seconds) == (1, 72_600)
    [report] = reports(agreements, [*events, check("2026-01-10T02:00:00Z", "up")])
    assert (report.revision, report.targets[0].down_seconds) == (2, 7_800)


def test_an_outage_at_the_closing_is_as_long_as_it_is_then() -> None:
    outage = {"metric": "outage", "service": ["crm"], "at_most": "1h", "per": "month"}
    agreements = [{"id": "a", "from": "2026-01-01", "targets": [outage]}]
    events = [check("2026-01-01T00:00:00Z", "up"), check("2026-01-31T23:30:00Z", "down")]
    [report] = reports(agreements, events)
    assert report.targets[0].longest_seconds == 88_200  # until the end of 1 February, a day after the period's


def test_a_day_that_a_zone_has_left_out_has_a_report_without_time() -> None:
    agreements = [
        {"id": "a", "from": "2011-12-01", "timezone": "Pacific/Apia", "targets": [{**AVAILABILITY, "per": "day"}]}
    ]
    events = [check("2011-12-28T00:00:00Z", "up"), check("2012-01-05T00:00:00Z", "up")]
    for report in reports(agreements, events, "2011-12-30", 1_325_721_600_000):
        assert report.targets[0].agreed_seconds == 0


def test_before_the_first_fact_there_is_no_report() -> None:
    agreements = [{"id": "a", "targets": [AVAILABILITY]}]
    events = [check("2026-01-05T00:00:00Z", "up")]
    assert reports(agreements, events, "2025-11") == []
    assert len(reports(agreements, events)) == 1
