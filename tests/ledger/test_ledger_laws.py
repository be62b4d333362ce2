"""Laws of the ledger: the result depends on what is known, not on the order of arrival, nor on restarts."""

import json
from collections.abc import Collection
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from office import Office, agreement, instant

from slawatch.process import Outcome

SHARE = {"metric": "compliance", "of": "resolution", "at_least": "75%", "per": "month", "warn": ["50%"]}
URGENT = SHARE | {"name": "urgent", "match": {"priority": ["P1"]}, "min_sample": 2, "by": "ended"}
WEEKLY = SHARE | {"per": "week", "warn": []}
CONTENT = {"metric": "satisfaction", "at_least": "60%", "good": 4, "per": "month"}
OWED = {
    "fee": {"amount": "1000", "currency": "JPY"},
    "credits": [
        {"metric": "compliance", "below": "75%", "credit": "10%"},
        {"metric": "satisfaction", "credit": "5%"},
        {"metric": "resolution", "each_miss": "33", "cap": "70"},
    ],
}
FILES = [
    agreement([SHARE, URGENT, CONTENT], **OWED, settle="2d"),
    agreement([SHARE, WEEKLY, CONTENT], timezone="America/Santiago", until="2026-06-15"),
]
DAYS = [
    f"{day}T{hour}"
    for day in ("03-31", "04-01", "04-04", "04-30", "05-01", "05-20", "06-14")
    for hour in ("00", "03", "12")
]
LIVES: list[list[str]] = [
    ["met"],
    ["breached"],
    ["breached", "missed"],
    ["breached", "retracted", "met"],
    ["met", "breached", "missed"],
    ["met", "withdrawn"],
    ["breached", "missed", "retracted", "withdrawn"],
    ["breached", "missed", "retracted", "met", "breached"],
]


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, list[list[dict[str, Any]]]]:
    """A file, and for each clock and each rated ticket what is heard of it, in its own order."""
    file = draw(st.sampled_from(FILES))
    days, priorities = st.sampled_from(DAYS), st.sampled_from(["P1", "P2", None])
    told: list[list[dict[str, Any]]] = []
    for number in range(draw(st.integers(0, 7))):
        due = draw(days)
        told.append([
            {
                "what": what, "agreement": "a", "metric": "resolution", "ticket": f"T{number}", "round": 1,
                "happened_at": instant(draw(days)), "due_at": instant(due), "priority": draw(priorities),
            }
            for what in draw(st.sampled_from(LIVES))
        ])  # fmt: skip
    told += [
        [
            {"what": "rated", "agreement": "a", "ticket": f"T{number}", "rating": rating, "at": instant(draw(days))}
            for rating in draw(st.lists(st.sampled_from([5, 4, 3.9, None]), min_size=1, max_size=3))
        ]
        for number in range(draw(st.integers(0, 3)))
    ]
    return file, told


def woven(draw: st.DrawFn, told: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """All that is heard in one order, that of each clock kept."""
    order = draw(st.permutations([index for index, one in enumerate(told) for _ in one]))
    left = [iter(one) for one in told]
    return [next(left[index]) for index in order]


MARKS = ["04-10T00", "05-02T00", "05-04T01", "06-04T12"]
END = "06-20T00"
"""Later than all closings, and earlier than any period of which anything is heard is final."""


def tell(office: Office, heard: list[dict[str, Any]], marks: list[int], restarts: Collection[int] = ()) -> Office:
    waiting = sorted(zip(marks, MARKS, strict=False))
    for index, data in enumerate(heard):
        while waiting and waiting[0][0] <= index:
            office.passed(waiting.pop(0)[1])
        if index in restarts:
            office.restart()
        office.hear(data)
    for _, mark in waiting:
        office.passed(mark)
    office.passed(END)
    return office


def truth(office: Office) -> dict[str, Any]:
    """The newest report of each period, without what tells how it came to be."""
    return {
        one["period"]: {name: value for name, value in one.items() if name not in ("revision", "complete_until")}
        for one in office.reports
    }


@given(st.data())
@settings(max_examples=150)
def test_the_order_of_arrival_changes_no_report(data: st.DataObject) -> None:
    file, told = data.draw(stories())
    reports = []
    for _ in range(2):
        heard = woven(data.draw, told)
        marks = sorted(data.draw(st.lists(st.integers(0, max(0, len(heard) - 1)), min_size=4, max_size=4)))
        reports.append(truth(tell(Office(file, retention=100 * 86_400_000), heard, marks)))
    assert reports[0] == reports[1]


@given(st.data())
@settings(max_examples=100)
def test_a_restart_anywhere_changes_nothing(data: st.DataObject) -> None:
    file, told = data.draw(stories())
    heard = woven(data.draw, told)
    marks = sorted(data.draw(st.lists(st.integers(0, max(0, len(heard) - 1)), min_size=4, max_size=4)))
    restarts = data.draw(st.sets(st.integers(0, max(0, len(heard) - 1)), min_size=1))
    straight = tell(Office(file), heard, marks)
    cut = tell(Office(file), heard, marks, restarts)
    assert [message.value for message in cut.messages] == [message.value for message in straight.messages]
    assert cut.states == straight.states


@given(st.data())
@settings(max_examples=100)
def test_the_counts_are_those_of_a_recount(data: st.DataObject) -> None:
    file, told = data.draw(stories())
    office = tell(Office(file, retention=100 * 86_400_000), woven(data.draw, told), [0, 0, 0, 0])
    before = [office.now_is(period) for period in ("2026-04", "2026-05", "2026-06")]
    office.restart()
    assert [office.now_is(period) for period in ("2026-04", "2026-05", "2026-06")] == before


@given(st.data())
@settings(max_examples=100)
def test_what_comes_twice_changes_nothing(data: st.DataObject) -> None:
    file, told = data.draw(stories())
    once, twice = Office(file), Office(file)
    heard = woven(data.draw, told)
    marks = sorted(data.draw(st.lists(st.integers(0, max(0, len(heard) - 1)), min_size=4, max_size=4)))
    tell(once, heard, marks)
    doubled = [one for one in heard for _ in range(2)]
    tell(twice, doubled, [mark * 2 for mark in marks])
    assert [message.value for message in twice.messages] == [message.value for message in once.messages]
    assert twice.outcomes.count(Outcome.APPLIED) == once.outcomes.count(Outcome.APPLIED)


@given(st.data())
@settings(max_examples=60)
def test_every_promise_is_said_to_be_what_it_is_and_nothing_else_stands(data: st.DataObject) -> None:
    file, told = data.draw(stories())
    heard = woven(data.draw, told)
    marks = sorted(data.draw(st.lists(st.integers(0, max(0, len(heard) - 1)), min_size=4, max_size=4)))
    office = tell(Office(file, retention=100 * 86_400_000), heard, marks)
    stands: dict[str, str | None] = {}
    for alert in office.said:
        promise = alert["id"].rpartition("/")[0]
        if alert["what"] in ("met", "missed"):
            stands[promise] = alert["what"]
        if alert["what"] == "retracted":
            stands[promise] = None
    for report in truth(office).values():
        for target in report["targets"]:
            name = target.get("name") or target["metric"]
            promise = f"a/{name}/{target['subject']}/{report['period']}"
            if target["verdict"] is not None:
                assert stands[promise] == target["verdict"], json.dumps(report)
            else:
                assert stands.get(promise) in (None, "met"), "that it is no longer met can't be said"
    assert len({alert["id"] for alert in office.said}) == len(office.said)
