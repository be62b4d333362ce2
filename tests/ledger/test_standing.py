"""What a scrape sees of the shares of the period that runs."""

from __future__ import annotations

from office import Office, at

FILE = """
agreements:
  - id: a
    targets:
      - {metric: resolution, within: 4h}
      - {metric: compliance, of: resolution, at_least: 90%, per: month}
      - {metric: compliance, name: urgent, of: resolution, match: {priority: [P1]}, at_least: 95%, per: month}
      - {metric: satisfaction, at_least: 4.5, per: month}
"""


def seen(office: Office, instant: str) -> dict[tuple[str, str, str], float]:
    """By the metric of the page, that of the promise, and what it is of; all are of the agreement."""
    found = {}
    for state in office.states.values():
        for name, labels, amount in office.process.gauges(office.process.tally(state), at(instant)):
            of = dict(labels)
            assert of.pop("agreement") == "a"
            place = (name, of["metric"], of["service"])
            assert place not in found
            found[place] = round(amount, 6)
    return found


def test_the_share_what_was_promised_and_what_is_left_of_the_misses() -> None:
    office = Office(FILE)
    for number in range(19):
        office.met(f"T{number}", "04-10T08")
    office.missed("T19", "04-10T09", "04-10T10", priority="P1")
    office.rated("T0", "04-11T08", 4)
    assert seen(office, "2026-04-12T00:00:00Z") == {
        ("period_ratio", "compliance", "resolution"): 0.95,
        ("period_target_ratio", "compliance", "resolution"): 0.9,
        ("period_budget_left_ratio", "compliance", "resolution"): 0.5,
        ("period_ratio", "urgent", "resolution"): 0.0,
        ("period_target_ratio", "urgent", "resolution"): 0.95,
        ("period_budget_left_ratio", "urgent", "resolution"): -19.0,
        ("period_ratio", "satisfaction", "ratings"): 4.0,
        ("period_target_ratio", "satisfaction", "ratings"): 4.5,
    }


def test_a_new_month_begins_with_nothing_to_say() -> None:
    office = Office(FILE)
    office.met("T1", "04-10T08")
    assert seen(office, "2026-05-01T00:00:00Z") == {}
