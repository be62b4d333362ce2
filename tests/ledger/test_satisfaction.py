"""Ratings: the mean, or the share of good ones."""

import pytest
from office import Office, agreement

from slawatch.process import Outcome

MEAN = {"metric": "satisfaction", "at_least": 4.5, "per": "month"}
SHARE = {"metric": "satisfaction", "at_least": "90%", "good": 4, "per": "month", "min_sample": 5}


def test_the_mean_is_exact() -> None:
    office = Office(agreement([MEAN]))
    for number, rating in enumerate((4.4, 4.6, 4.5)):
        office.rated(f"T{number}", "04-10T08", rating)
    office.passed("05-02T01")
    (target,) = office.last()["targets"]
    assert target == {
        "metric": "satisfaction", "subject": "ratings", "target": "4.5", "verdict": "met", "reason": None,
        "breached_at": None, "ratio": "4.500000", "sample": 3,
    }  # fmt: skip
    assert office.alerts == ["a/satisfaction/ratings/2026-04/met @ 2026-05-01T00:00:00Z"]
    office.rated("T9", "04-11T08", 4.499999)
    assert office.alerts[1:] == [
        "a/satisfaction/ratings/2026-04/breached @ 2026-05-01T00:00:00Z",
        "a/satisfaction/ratings/2026-04/missed @ 2026-05-01T00:00:00Z",
    ]
    assert office.last()["targets"][0]["ratio"] == "4.499999"


@pytest.mark.parametrize(("good", "bad", "verdict"), [(9, 1, "met"), (8, 1, "missed"), (4, 0, None)])
def test_the_share_of_good_ones(good: int, bad: int, verdict: str | None) -> None:
    office = Office(agreement([SHARE]))
    for number in range(good):
        office.rated(f"G{number}", "04-10T08", 4)
    for number in range(bad):
        office.rated(f"B{number}", "04-10T08", 3.9)
    office.passed("05-02T01")
    (target,) = office.last()["targets"]
    assert (target["verdict"], target["met"], target["missed"], target["sample"]) == (verdict, good, bad, good + bad)
    assert target["reason"] == (None if verdict else "too_few")


def test_the_last_rating_of_a_ticket_at_its_own_instant() -> None:
    office = Office(agreement([MEAN]))
    office.rated("T1", "04-10T08", 5)
    assert office.rated("T1", "04-10T08", 5) is Outcome.DUPLICATE
    office.rated("T1", "05-10T08", 2)
    assert (office.now_is("2026-04")["targets"][0]["sample"], office.now_is("2026-05")["targets"][0]["sample"]) == (
        0,
        1,
    )
    office.rated("T1", "05-10T09", None)
    assert (
        office.now_is("2026-05")["targets"][0] | {"sample": 0, "ratio": None} == office.now_is("2026-05")["targets"][0]
    )
    assert office.rated("T1", "05-10T09", None) is Outcome.DUPLICATE


def test_who_promised_no_satisfaction_counts_no_ratings() -> None:
    office = Office(agreement([{"metric": "outages", "service": ["crm"], "at_most": 1, "per": "month"}]))
    assert office.rated("T1", "04-10T08", 5) is Outcome.UNMATCHED


def test_ratings_are_dropped_when_their_period_is_final() -> None:
    office = Office(agreement([MEAN]))
    office.rated("T1", "04-10T08", 5)
    office.passed("06-01T01")
    assert [key for key in office.states if key[0] == 2] == []
    assert office.rated("T2", "04-10T08", 5) is Outcome.LATE
