"""Two agreements files side by side."""

from __future__ import annotations

import json
from typing import Literal

import msgspec

from slawatch.comparison import Side, as_json, as_text, compare
from slawatch.messages.reports import Report


def alert(name: str, what: str, at: str) -> bytes:
    agreement, metric = name.split("/")[:2]
    data = {
        "id": f"{name}/{what}",
        "what": what,
        "agreement": agreement,
        "metric": metric,
        "happened_at": at,
        "round": 1,
    }
    return msgspec.json.encode(data)


def report(
    agreement: str, amount: str | None, percent: str = "10", status: Literal["open", "closed"] = "closed"
) -> Report:
    currency = None if amount is None else "EUR"
    return Report(
        agreement, None, "2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", "UTC", status, 1, None, None, [], [],
        percent, amount, currency, False,
    )  # fmt: skip


def sides() -> tuple[Side, Side]:
    one = Side(
        "now.yaml",
        [alert("a/resolution/T1/1", "breached", "1"), alert("a/resolution/T2/1", "met", "2")],
        {("a", "2026-10"): report("a", "120.00")},
    )
    other = Side(
        "then.yaml",
        [
            alert("a/resolution/T1/1", "breached", "5"),
            alert("a/resolution/T2/1", "breached", "3"),
            alert("b/outage/crm/2026-10", "met", "3"),
        ],
        {("a", "2026-10"): report("a", "60.00"), ("b", "2026-10"): report("b", None, "2.5", "open")},
    )
    return one, other


def test_what_is_said_is_counted_by_agreement_metric_and_kind():
    found = compare(*sides())
    assert [tuple(count) for count in found.counts] == [
        ("a", "resolution", "breached", 1, 2),
        ("a", "resolution", "met", 1, 0),
        ("b", "outage", "met", 0, 1),
    ]


def test_differences_are_told_by_id():
    found = compare(*sides())
    assert found.only_one == ["a/resolution/T2/1/met"]
    assert found.only_other == ["a/resolution/T2/1/breached", "b/outage/crm/2026-10/met"]
    assert [tuple(moved) for moved in found.moved] == [("a/resolution/T1/1/breached", "1", "5")]


def test_what_is_owed_stands_side_by_side():
    found = compare(*sides())
    assert [tuple(owed) for owed in found.owed] == [
        ("a", "2026-10", "120.00 EUR", "60.00 EUR"),
        ("b", "2026-10", None, "2.5% so far"),
    ]


def test_for_tools_it_is_one_object():
    whole = json.loads(as_json(compare(*sides())))
    assert whole["files"] == ["now.yaml", "then.yaml"]
    assert whole["alerts"][0] == {"agreement": "a", "metric": "resolution", "what": "breached", "one": 1, "other": 2}
    assert whole["owed"][1] == {"agreement": "b", "period": "2026-10", "one": None, "other": "2.5% so far"}


def test_for_people_it_is_a_table_that_says_what_it_leaves_out():
    text = as_text(compare(*sides()), listed=1)
    assert (
        text
        == """\
one    now.yaml
other  then.yaml

                            one   other
a
  resolution breached         1       2  +1
  resolution met              1       0  -1
b
  outage met                  0       1  +1

owed
  a 2026-10            120.00 EUR           60.00 EUR
  b 2026-10                     -         2.5% so far

only under one: 1
  a/resolution/T2/1/met

only under the other: 2
  a/resolution/T2/1/breached
  and 1 more; --format json lists all

at another instant: 1
  a/resolution/T1/1/breached  1 -> 5
"""
    )


def test_two_sides_alike_differ_in_nothing():
    one, _ = sides()
    found = compare(one, one)
    assert (found.only_one, found.only_other, found.moved) == ([], [], [])
    assert "only under" not in as_text(found)
