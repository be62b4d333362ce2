"""Opening hours at every boundary: changes of clocks, nights, holidays, days that do not exist."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slawatch.core.calendar import EPOCH, Calendar, Hours, instant, midnight
from slawatch.core.interval import DAY, HOUR, MINUTE, Interval, union

BERLIN, NEW_YORK, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")


def at(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def hours(text: str) -> Hours:
    (opens, closes) = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Hours(opens, closes if closes > opens else closes + 1440)


def calendar(*every_day: str, zone: ZoneInfo = BERLIN, days: str = "1111111", **other: object) -> Calendar:
    spans = tuple(hours(text) for text in every_day)
    return Calendar("c", zone, tuple(spans if day == "1" else () for day in days), **other)  # type: ignore[arg-type]


def opened(calendar: Calendar, day: str, days: int = 1) -> list[tuple[str, str]]:
    """The intervals of the hours that begin on a date, as local times with their offsets."""
    first = date.fromisoformat(day)
    found = calendar.intervals(first, first + timedelta(days=days))
    return [(local(start, calendar.zone), local(end, calendar.zone)) for start, end in found]


def local(ms: int, zone: object) -> str:
    return (EPOCH + timedelta(milliseconds=ms)).astimezone(zone).isoformat(timespec="minutes")  # type: ignore[arg-type]


class TestChangesOfClocks:
    """Berlin: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00."""

    @pytest.mark.parametrize(
        ("span", "expected"),
        [
            ("01:00-04:00", [("2026-03-29T01:00+01:00", "2026-03-29T04:00+02:00")]),
            ("02:30-04:00", [("2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00")]),
            ("02:00-04:00", [("2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00")]),
            ("01:00-02:00", [("2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00")]),
            ("01:00-02:30", [("2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00")]),
            ("02:15-02:45", []),
            ("02:59-03:01", [("2026-03-29T03:00+02:00", "2026-03-29T03:01+02:00")]),
            ("03:00-04:00", [("2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00")]),
        ],
    )
    def test_a_time_that_is_skipped_is_the_first_that_exists(self, span: str, expected: list[tuple[str, str]]) -> None:
        assert opened(calendar(span), "2026-03-29") == expected

    def test_a_gap_counts_nothing_twice(self) -> None:
        found = opened(calendar("00:00-02:30", "02:00-03:30"), "2026-03-29")
        assert found == [("2026-03-29T00:00+01:00", "2026-03-29T03:30+02:00")]

    @pytest.mark.parametrize(
        ("span", "expected"),
        [
            ("01:00-04:00", [("2026-10-25T01:00+02:00", "2026-10-25T04:00+01:00")]),
            ("02:30-04:00", [("2026-10-25T02:30+02:00", "2026-10-25T04:00+01:00")]),
            ("01:00-02:30", [("2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00")]),
            ("02:00-02:30", [("2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00")]),
            ("02:00-03:00", [("2026-10-25T02:00+02:00", "2026-10-25T03:00+01:00")]),
            ("03:00-04:00", [("2026-10-25T03:00+01:00", "2026-10-25T04:00+01:00")]),
        ],
    )
    def test_of_a_time_that_comes_twice_the_first_is_meant(self, span: str, expected: list[tuple[str, str]]) -> None:
        assert opened(calendar(span), "2026-10-25") == expected

    def test_a_night_shift_is_an_hour_shorter_or_longer(self) -> None:
        night = calendar("22:00-06:00")
        lengths = [
            [(end - start) / HOUR for start, end in night.intervals(day, day + timedelta(days=1))]
            for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25))
        ]
        assert lengths == [[7], [8], [9], [8]]

    def test_a_night_shift_that_ends_in_the_gap(self) -> None:
        assert opened(calendar("22:00-02:30"), "2026-03-28") == [("2026-03-28T22:00+01:00", "2026-03-29T03:00+02:00")]

    def test_a_night_shift_that_ends_in_the_fold(self) -> None:
        assert opened(calendar("22:00-02:30"), "2026-10-24") == [("2026-10-24T22:00+02:00", "2026-10-25T02:30+02:00")]

    def test_a_day_without_midnight(self) -> None:
        santiago = ZoneInfo("America/Santiago")  # 2026-09-06 begins at 01:00
        assert opened(calendar("00:00-24:00", zone=santiago), "2026-09-05", 2) == [
            ("2026-09-05T00:00-04:00", "2026-09-07T00:00-03:00")
        ]
        assert midnight(date(2026, 9, 6), santiago) == at("2026-09-06T04:00:00Z")

    def test_a_day_with_two_midnights(self) -> None:
        havana = ZoneInfo("America/Havana")  # 2026-11-01 01:00 becomes 00:00
        assert midnight(date(2026, 11, 1), havana) == at("2026-11-01T00:00:00-04:00")
        assert opened(calendar("00:00-01:00", zone=havana), "2026-11-01") == [
            ("2026-11-01T00:00-04:00", "2026-11-01T01:00-05:00")
        ]

    def test_half_an_hour(self) -> None:
        lord_howe = ZoneInfo("Australia/Lord_Howe")  # 2026-10-04 02:00 becomes 02:30
        assert opened(calendar("02:15-03:00", zone=lord_howe), "2026-10-04") == [
            ("2026-10-04T02:30+11:00", "2026-10-04T03:00+11:00")
        ]

    def test_an_offset_with_seconds(self) -> None:
        # Until 1972-01-07 Liberia was 44 minutes and 30 seconds behind; 00:00 became 00:44:30.
        monrovia = ZoneInfo("Africa/Monrovia")
        assert instant(date(1972, 1, 6), 12 * 60, monrovia) == at("1972-01-06T12:44:30Z")
        assert instant(date(1972, 1, 7), 15, monrovia) == at("1972-01-07T00:44:30Z")
        assert instant(date(1972, 1, 7), 45, monrovia) == at("1972-01-07T00:45:00Z")


class TestTheDayThatSamoaSkipped:
    """2011-12-30 did not exist in Apia: after the 29th, at UTC-10, came the 31st, at UTC+14."""

    def test_its_hours_do_not_exist(self) -> None:
        assert opened(calendar("09:00-17:00", zone=APIA), "2011-12-30") == []

    def test_round_the_clock_nothing_is_missing(self) -> None:
        assert opened(calendar("00:00-24:00", zone=APIA), "2011-12-29", 3) == [
            ("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00")
        ]
        found = calendar("00:00-24:00", zone=APIA).intervals(date(2011, 12, 29), date(2012, 1, 1))
        assert sum(end - start for start, end in found) == 2 * DAY

    def test_a_night_into_it_ends_where_it_would_begin(self) -> None:
        assert opened(calendar("22:00-06:00", zone=APIA), "2011-12-29") == [
            ("2011-12-29T22:00-10:00", "2011-12-31T00:00+14:00")
        ]

    def test_a_night_out_of_it_begins_where_it_would_end(self) -> None:
        assert opened(calendar("22:00-06:00", zone=APIA), "2011-12-30") == [
            ("2011-12-31T00:00+14:00", "2011-12-31T06:00+14:00")
        ]


class TestDates:
    """2026-01-05 is a Monday."""

    def test_hours_until_midnight(self) -> None:
        expected = [("2026-01-05T09:00+01:00", "2026-01-06T00:00+01:00")]
        assert opened(calendar("09:00-24:00"), "2026-01-05") == expected
        assert opened(calendar("09:00-00:00"), "2026-01-05") == expected

    def test_midnight_loses_nothing(self) -> None:
        assert opened(calendar("00:00-24:00"), "2026-01-05", 3) == [
            ("2026-01-05T00:00+01:00", "2026-01-08T00:00+01:00")
        ]

    def test_weekdays(self) -> None:
        found = opened(calendar("09:00-10:00", days="1010001"), "2026-01-05", 7)
        assert [start[:10] for start, _ in found] == ["2026-01-05", "2026-01-07", "2026-01-11"]

    def test_overlaps_count_once(self) -> None:
        assert opened(calendar("12:00-16:00", "08:00-14:00", "16:00-17:00", "09:00-10:00"), "2026-01-05") == [
            ("2026-01-05T08:00+01:00", "2026-01-05T17:00+01:00")
        ]

    def test_a_night_overlaps_the_next_day(self) -> None:
        assert opened(calendar("22:00-06:00", "05:00-09:00"), "2026-01-05", 2) == [
            ("2026-01-05T05:00+01:00", "2026-01-05T09:00+01:00"),
            ("2026-01-05T22:00+01:00", "2026-01-06T09:00+01:00"),
            ("2026-01-06T22:00+01:00", "2026-01-07T06:00+01:00"),
        ]

    def test_a_holiday_closes_only_what_begins_on_it(self) -> None:
        night = calendar("22:00-06:00", holidays=lambda year: {date(year, 1, 6)})
        assert opened(night, "2026-01-05", 3) == [
            ("2026-01-05T22:00+01:00", "2026-01-06T06:00+01:00"),
            ("2026-01-07T22:00+01:00", "2026-01-08T06:00+01:00"),
        ]

    @pytest.mark.parametrize(
        "closed",
        [
            {"closed": frozenset({date(2026, 1, 6)})},
            {"closed_yearly": frozenset({(1, 6)})},
            {"holidays": lambda year: [date(year, 1, 6)]},
        ],
    )
    def test_open_beats_whatever_closes(self, closed: dict[str, object]) -> None:
        usual = calendar("09:00-17:00", **closed)
        special = calendar("09:00-17:00", open={date(2026, 1, 6): (hours("20:00-02:00"),)}, **closed)
        assert opened(usual, "2026-01-06") == []
        assert opened(special, "2026-01-06") == [("2026-01-06T20:00+01:00", "2026-01-07T02:00+01:00")]

    def test_open_replaces_the_hours_of_that_day(self) -> None:
        found = calendar("09:00-17:00", open={date(2026, 1, 6): (hours("10:00-12:00"),)})
        assert opened(found, "2026-01-06") == [("2026-01-06T10:00+01:00", "2026-01-06T12:00+01:00")]

    def test_every_year_and_one_year(self) -> None:
        found = calendar("09:00-17:00", closed=frozenset({date(2026, 1, 7)}), closed_yearly=frozenset({(1, 6)}))
        closed = [year for year in (2025, 2026, 2027) if not found.hours(date(year, 1, 6))]
        assert closed == [2025, 2026, 2027]
        assert [year for year in (2025, 2026, 2027) if not found.hours(date(year, 1, 7))] == [2026]

    def test_a_leap_day_of_every_year(self) -> None:
        found = calendar("09:00-17:00", closed_yearly=frozenset({(2, 29)}))
        assert found.hours(date(2028, 2, 29)) == ()
        assert found.hours(date(2027, 3, 1)) == (hours("09:00-17:00"),)

    def test_the_date_is_local(self) -> None:
        found = calendar("20:00-22:00", zone=NEW_YORK, closed=frozenset({date(2026, 1, 6)}))
        assert opened(found, "2026-01-05") == [("2026-01-05T20:00-05:00", "2026-01-05T22:00-05:00")]  # the 6th in UTC


# Laws

NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/Santiago", date(2026, 4, 4)),
    ("America/Havana", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Europe/Moscow", date(2014, 10, 26)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Kolkata", date(2026, 1, 1)),
    ("UTC", date(2028, 2, 29)),
]
STEP = 15  # minutes; all the changes above are at its multiples
spans = st.builds(
    lambda opens, length: Hours(opens * STEP, (opens + length) * STEP),
    st.integers(0, 1440 // STEP - 1),
    st.integers(1, 1440 // STEP),
)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, date]:
    """A calendar, and a date near which something happens to its clocks."""
    zone, night = draw(st.sampled_from(NIGHTS))
    day = st.lists(spans, max_size=3).map(tuple)
    near = st.integers(-3, 3).map(lambda days: night + timedelta(days=days))
    return Calendar(
        "c",
        ZoneInfo(zone),
        tuple(draw(st.tuples(*[day] * 7))),
        draw(st.dictionaries(near, day, max_size=2)),
        frozenset(draw(st.sets(near, max_size=2))),
        frozenset((found.month, found.day) for found in draw(st.sets(near, max_size=1))),
    ), night


def counted(calendar: Calendar, first: date, until: date) -> Iterator[int]:
    """The open steps, found by looking at a clock on the wall: at each step, is it open?

    The hand only goes forward: while a fold repeats an hour it waits, and over a gap it jumps.
    """
    spoken = [
        (midnight_on_the_wall + timedelta(minutes=opens), midnight_on_the_wall + timedelta(minutes=closes))
        for day in range(first.toordinal(), until.toordinal())
        for midnight_on_the_wall in [datetime.combine(date.fromordinal(day), datetime.min.time())]
        for opens, closes in calendar.hours(date.fromordinal(day))
    ]
    hand = datetime.min
    now = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=2)
    while now.date() <= until + timedelta(days=3):
        hand = max(hand, now.astimezone(calendar.zone).replace(tzinfo=None))
        if any(opens <= hand < closes for opens, closes in spoken):
            yield (now - EPOCH) // timedelta(milliseconds=1)
        now += timedelta(minutes=STEP)


@settings(deadline=None)
@given(calendars())
def test_intervals_are_ordered_disjoint_and_what_a_clock_on_the_wall_says(given: tuple[Calendar, date]) -> None:
    calendar, night = given
    first, until = night - timedelta(days=4), night + timedelta(days=5)
    found = list(calendar.intervals(first, until))
    assert all(start < end for start, end in found)
    assert all(one.end < other.start for one, other in pairwise(found))
    steps = [step for start, end in found for step in range(start, end, STEP * MINUTE)]
    assert steps == list(counted(calendar, first, until))


@given(st.sampled_from(NIGHTS), st.integers(-2, 2), st.integers(0, 2 * 1440 - 1))
@example(("Europe/Berlin", date(2026, 3, 29)), 0, 2 * 60)
@example(("Europe/Berlin", date(2026, 3, 29)), 0, 3 * 60 - 1)
@example(("Europe/Berlin", date(2026, 10, 25)), 0, 2 * 60)
def test_an_instant_is_the_first_at_which_the_clock_shows_at_least_that(
    where: tuple[str, date], days: int, minute: int
) -> None:
    zone, day = ZoneInfo(where[0]), where[1] + timedelta(days=days)
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    found = EPOCH + timedelta(milliseconds=instant(day, minute, zone))
    assert found.astimezone(zone).replace(tzinfo=None) >= wall
    for before in (timedelta(seconds=1), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3)):
        assert (found - before).astimezone(zone).replace(tzinfo=None) < wall


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-2, 10)), max_size=12))
def test_a_union_covers_the_same_instants(pairs: list[tuple[int, int]]) -> None:
    given = sorted(Interval(start, start + length) for start, length in pairs)
    found = list(union(given))
    assert all(one.end < other.start for one, other in pairwise(found))
    assert all(start < end for start, end in found)
    assert {t for start, end in found for t in range(start, end)} == {
        t for start, end in given for t in range(start, end)
    }
