"""Calendar periods: half-open, without gaps, found again by their labels; at every kind of local midnight."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.core.periods.period import Per, Period, next_period, period_at, period_of
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import to_ms

ZONES = ("UTC", "Europe/Moscow", "Europe/Berlin", "America/Asuncion", "Africa/Cairo", "America/Havana", "Pacific/Apia")


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("per", "label", "start", "end"),
    [
        (Per.DAY, "2026-10-05", "2026-10-04T21:00:00Z", "2026-10-05T21:00:00Z"),
        (Per.WEEK, "2026-W41", "2026-10-04T21:00:00Z", "2026-10-11T21:00:00Z"),
        (Per.MONTH, "2026-10", "2026-09-30T21:00:00Z", "2026-10-31T21:00:00Z"),
        (Per.QUARTER, "2026-Q4", "2026-09-30T21:00:00Z", "2026-12-31T21:00:00Z"),
        (Per.YEAR, "2026", "2025-12-31T21:00:00Z", "2026-12-31T21:00:00Z"),
    ],
)
def test_a_period_is_from_local_midnight_to_local_midnight(per: Per, label: str, start: str, end: str) -> None:
    zone = ZoneInfo("Europe/Moscow")
    expected = Period(label, ms(start), ms(end))
    assert period_of(label, zone) == (per, expected)
    assert period_at(per, ms("2026-10-05T12:00:00Z"), zone) == expected
    assert period_at(per, expected.start, zone) == expected
    assert period_at(per, expected.end, zone).start == expected.end


def test_a_midnight_that_a_gap_skips_is_the_first_existing_instant() -> None:
    _, day = period_of("2026-04-24", ZoneInfo("Africa/Cairo"))  # clocks go from 00:00 to 01:00
    assert day.start == ms("2026-04-23T22:00:00Z")
    assert day.end - day.start == 23 * 3_600_000


def test_of_a_midnight_that_comes_twice_the_first_is_meant() -> None:
    _, day = period_of("2026-11-01", ZoneInfo("America/Havana"))  # clocks go from 01:00 back to 00:00
    assert day.start == ms("2026-11-01T04:00:00Z")
    assert day.end - day.start == 25 * 3_600_000


def test_the_first_days_of_january_may_belong_to_a_week_of_the_year_before() -> None:
    assert period_at(Per.WEEK, ms("2027-01-01T00:00:00Z"), UTC).label == "2026-W53"


@pytest.mark.parametrize(
    "label",
    ["", "2026-13", "2026-W54", "2026-Q5", "2026-Q0", "26", "2026-1", "2026-02-30", "2026W41", "20261005", "٢٠٢٦"],
)
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        period_of(label, UTC)


@given(st.sampled_from(Per), st.integers(EARLIEST, LATEST - 1), st.sampled_from(ZONES))
def test_every_instant_lies_in_one_period_and_periods_follow_each_other(per: Per, at: int, name: str) -> None:
    zone = ZoneInfo(name)
    period = period_at(per, at, zone)
    assert period.start <= at < period.end
    assert period_of(period.label, zone) == (per, period)
    following = next_period(per, period, zone)
    assert following.start == period.end
    assert period_at(per, period.end - 1, zone) == period
