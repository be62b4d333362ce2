"""Working time as other help desks and libraries count it: the shared case file, if it is there."""

import json
import os
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from slawatch.agreements import localtime, pinned
from slawatch.core.calendar import EPOCH, Calendar, Hours
from slawatch.core.interval import SECOND
from slawatch.core.worktime import OpenHours

SHARED = Path(os.environ.get("SLAWATCH_SHARED") or Path(__file__).resolve().parents[3] / "shared")
FILE = SHARED / "cases" / "working_time.jsonl"
CASES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()] if FILE.exists() else []
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES, reason=f"no {FILE.name}: set SLAWATCH_SHARED to the folder with the cases"),
]


def cases(*ops: str) -> pytest.MarkDecorator:
    found = [pytest.param(case, id=case["id"]) for case in CASES if case["op"] in ops]
    return pytest.mark.parametrize("case", found or [pytest.param({}, marks=pytest.mark.skip("no cases"))])


def ms(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def spans(listed: list[list[str]]) -> tuple[Hours, ...]:
    return tuple(localtime.hours("-".join(pair)) for pair in listed)


def without(open_hours: tuple[Hours, ...], breaks: tuple[Hours, ...]) -> tuple[Hours, ...]:
    """The hours less the breaks of a day."""
    for starts, ends in breaks:
        rest = [(Hours(opens, min(closes, starts)), Hours(max(opens, ends), closes)) for opens, closes in open_hours]
        open_hours = tuple(part for both in rest for part in both if part.opens < part.closes)
    return open_hours


def calendar(given: dict[str, Any]) -> Calendar:
    weekly = tuple(spans(given["weekly"].get(day, [])) for day in localtime.WEEKDAYS)
    holidays = {localtime.day(text) for text in given["holidays"]}
    special = {localtime.day(text): spans(listed) for text, listed in given.get("shifts", {}).items()}
    for text, listed in given.get("breaks", {}).items():
        day = localtime.day(text)
        if day not in holidays:
            special[day] = without(special.get(day, weekly[day.weekday()]), spans(listed))
    yearly = [localtime.closed_day(text) for text in given["yearly_holidays"]]
    closed_yearly = frozenset(day for day in yearly if isinstance(day, tuple))
    return Calendar("case", pinned.zone(given["tz"]), weekly, special, frozenset(holidays), closed_yearly)


class Clock:
    """Working time of a case, less its pauses."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.axis = OpenHours(calendar(case["calendar"]))
        applies = case.get("pauses_apply", True)
        self.pauses = [(ms(start), ms(end)) for start, end in case.get("pauses", []) if applies]

    def elapsed(self, start: int, end: int) -> int:
        cuts = [(max(begins, start), min(ends, end)) for begins, ends in self.pauses]
        paused = sum(self.axis.work(ends) - self.axis.work(begins) for begins, ends in cuts if begins < ends)
        return self.axis.work(end) - self.axis.work(start) - paused

    def due(self, start: int, budget: int) -> int:
        """The first instant at which so much is spent."""
        at = start
        for begins, ends in [pause for pause in self.pauses if pause[1] > start]:
            begins = max(begins, at)
            if self.axis.work(begins) - self.axis.work(at) >= budget:
                break
            budget -= self.axis.work(begins) - self.axis.work(at)
            at = ends
        return self.axis.first(self.axis.work(at) + budget)

    def exceeded(self, start: int, budget: int) -> int:
        """The last instant at which no more is spent; what comes after it is beyond the budget."""
        return self.due(start, budget + 1) - 1


@cases("add", "deadline_with_pauses")
def test_so_much_working_time_ends_then(case: dict[str, Any]) -> None:
    clock, start, budget = Clock(case), ms(case["start"]), case["duration_s"] * SECOND
    due, exceeded = clock.due(start, budget), clock.exceeded(start, budget)
    expected = ms(case["expect"]["end"])
    if case.get("boundary_sensitive"):
        assert expected == (exceeded if case["boundary"] == "next_open" else due)
        assert due != exceeded
    else:
        assert expected == due
    assert clock.elapsed(start, due) == clock.elapsed(start, exceeded) == budget
    level = case.get("level_offset", {})
    if level.get("mode") == "seconds":  # an escalation so much working time before or after the deadline
        assert ms(case["expect"]["level_at"]) == clock.axis.first(clock.axis.work(due) + level["seconds"] * SECOND)
    if "pause_business_s" in case["expect"]:
        paused = sum(clock.axis.work(ends) - clock.axis.work(begins) for begins, ends in clock.pauses)
        assert paused == case["expect"]["pause_business_s"] * SECOND


@cases("elapsed", "elapsed_with_pauses")
def test_so_much_working_time_passes(case: dict[str, Any]) -> None:
    clock = Clock(case)
    start, end = ms(case["start"]), ms(case["end"])
    # A span that ends before it begins has no time in it; the axis itself would say how much lies between, negated.
    spent = clock.elapsed(start, end) if start < end else 0
    assert spent == case["expect"]["seconds"] * SECOND


@cases("is_open")
def test_it_is_open_or_closed(case: dict[str, Any]) -> None:
    axis, at = OpenHours(calendar(case["calendar"])), ms(case["start"])
    assert (axis.work(at + 1) > axis.work(at)) is case["expect"]["open"]


@cases("windows")
def test_the_next_open_windows(case: dict[str, Any]) -> None:
    found, start = calendar(case["calendar"]), ms(case["start"])
    first = datetime.fromisoformat(case["start"]).date() - timedelta(days=2)
    expected = [(ms(opens), ms(closes)) for opens, closes in case["expect"]["windows"]]
    intervals = found.intervals(first, first + timedelta(days=60))
    later = ((max(opens, start), closes) for opens, closes in intervals if closes > start)
    assert list(islice(later, len(expected))) == expected


def test_they_are_all_there() -> None:
    tested = {"add", "deadline_with_pauses", "elapsed", "elapsed_with_pauses", "is_open", "windows"}
    assert len(CASES) == 72
    assert {case["op"] for case in CASES} == tested
