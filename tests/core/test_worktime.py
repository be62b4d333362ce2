"""The axis of working time: how much has passed, and when so much has."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calendar import APIA, BERLIN, NIGHTS, at, calendar, calendars, hours

from slawatch.core.calendar import Calendar, midnight
from slawatch.core.interval import DAY, HOUR, MINUTE
from slawatch.core.worktime import EARLIEST, LATEST, NEVER, AlwaysOpen, OpenHours

OFFICE = calendar("09:00-17:00", days="1111100")


def elapsed(axis: OpenHours, start: str, end: str) -> float:
    return (axis.work(at(end)) - axis.work(at(start))) / HOUR


class TestOfficeHours:
    """Berlin, Monday 2026-01-05 to Friday."""

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            ("2026-01-05T09:00:00+01:00", "2026-01-05T17:00:00+01:00", 8),
            ("2026-01-05T08:00:00+01:00", "2026-01-05T09:00:00+01:00", 0),
            ("2026-01-05T17:00:00+01:00", "2026-01-06T09:00:00+01:00", 0),
            ("2026-01-05T16:00:00+01:00", "2026-01-06T10:00:00+01:00", 2),
            ("2026-01-09T16:00:00+01:00", "2026-01-12T10:00:00+01:00", 2),
            ("2026-01-10T00:00:00+01:00", "2026-01-12T00:00:00+01:00", 0),
            ("2026-03-27T16:00:00+01:00", "2026-03-30T10:00:00+02:00", 2),
            ("2026-01-05T10:00:00+01:00", "2026-01-05T10:00:00+01:00", 0),
            ("2026-01-06T10:00:00+01:00", "2026-01-05T16:00:00+01:00", -2),
        ],
    )
    def test_elapsed(self, start: str, end: str, expected: float) -> None:
        assert elapsed(OpenHours(OFFICE), start, end) == expected

    def test_a_day_ends_at_closing_and_goes_on_at_the_next_opening(self) -> None:
        axis = OpenHours(OFFICE)
        full = axis.work(at("2026-01-05T09:00:00+01:00")) + 8 * HOUR
        assert axis.first(full) == at("2026-01-05T17:00:00+01:00")
        assert axis.last(full) == at("2026-01-06T09:00:00+01:00")

    def test_a_week_ends_on_friday_and_goes_on_on_monday(self) -> None:
        axis = OpenHours(OFFICE)
        full = axis.work(at("2026-01-05T09:00:00+01:00")) + 40 * HOUR
        assert axis.first(full) == at("2026-01-09T17:00:00+01:00")
        assert axis.last(full) == at("2026-01-12T09:00:00+01:00")

    def test_one_millisecond_to_either_side_of_closing(self) -> None:
        axis = OpenHours(OFFICE)
        full = axis.work(at("2026-01-05T17:00:00+01:00"))
        assert axis.first(full - 1) == axis.last(full - 1) == at("2026-01-05T17:00:00+01:00") - 1
        assert axis.first(full + 1) == axis.last(full + 1) == at("2026-01-06T09:00:00+01:00") + 1

    def test_within_hours_both_are_the_same_instant(self) -> None:
        axis = OpenHours(OFFICE)
        noon = at("2026-01-05T12:00:00+01:00")
        assert axis.first(axis.work(noon)) == axis.last(axis.work(noon)) == noon


class TestTheBordersOfYears:
    def test_a_night_shift_over_new_year_is_whole(self) -> None:
        night = calendar("22:00-06:00")
        for year in (1999, 2023, 2024, 2025, 2031):
            axis = OpenHours(night)
            before = f"{year}-12-31T21:00:00+01:00"
            assert elapsed(axis, before, f"{year + 1}-01-01T00:00:00+01:00") == 2
            assert elapsed(axis, before, f"{year + 1}-01-01T07:00:00+01:00") == 8
            amount = axis.work(at(before))
            assert axis.first(amount + 8 * HOUR) == at(f"{year + 1}-01-01T06:00:00+01:00")
            assert axis.last(amount + 8 * HOUR) == at(f"{year + 1}-01-01T22:00:00+01:00")

    def test_a_night_that_covers_a_morning_of_the_new_year(self) -> None:
        # Laid out from the year's own hours alone, 01:00-02:00 would be all that January 1st has in its morning.
        found = calendar("22:00-06:00", "01:00-02:00")
        axis = OpenHours(found)
        evening = axis.work(at("2023-12-31T22:00:00+01:00"))
        assert axis.first(evening + 7 * HOUR) == at("2024-01-01T05:00:00+01:00")
        assert elapsed(axis, "2023-12-31T22:00:00+01:00", "2024-01-01T06:00:00+01:00") == 8

    def test_midnight_of_new_year_is_no_border(self) -> None:
        axis = OpenHours(calendar("00:00-24:00"))
        midnight = at("2027-01-01T00:00:00+01:00")
        assert axis.first(axis.work(midnight)) == axis.last(axis.work(midnight)) == midnight

    def test_the_origin_does_not_move(self) -> None:
        fresh, grown = OpenHours(OFFICE), OpenHours(OFFICE)
        grown.work(at("1995-06-01T00:00:00Z"))
        grown.work(at("2055-06-01T00:00:00Z"))
        now = at("2026-10-12T10:00:00Z")
        assert fresh.work(now) == grown.work(now)
        assert fresh.work(midnight(date(2024, 1, 1), BERLIN)) == 0


class TestTheEndsOfTime:
    def test_what_never_comes(self) -> None:
        axis = OpenHours(OFFICE)
        assert axis.first(10**15) == axis.last(10**15) == NEVER

    def test_what_was_before_everything(self) -> None:
        axis = OpenHours(OFFICE)
        assert axis.first(-(10**15)) == axis.last(-(10**15)) == EARLIEST

    def test_beyond_them_it_is_closed(self) -> None:
        axis = OpenHours(OFFICE)
        assert axis.work(LATEST + 10 * DAY) == axis.work(LATEST) == axis.work(LATEST + 400 * DAY)
        assert axis.work(EARLIEST - 10 * DAY) == axis.work(EARLIEST) == axis.work(EARLIEST - 400 * DAY)

    @pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
    def test_they_are_within_the_axis(self, zone: str) -> None:
        axis = OpenHours(calendar("00:00-24:00", zone=ZoneInfo(zone)))
        assert axis.work(LATEST) - axis.work(EARLIEST) == LATEST - EARLIEST
        assert axis.last(axis.work(LATEST) - 1) == LATEST - 1
        assert axis.first(axis.work(EARLIEST) + 1) == EARLIEST + 1


def test_round_the_clock_working_time_is_time() -> None:
    axis = AlwaysOpen()
    assert axis.work(5) - axis.work(3) == 2
    assert axis.first(axis.work(7)) == axis.last(axis.work(7)) == 7


def test_round_the_clock_as_hours_is_the_same() -> None:
    axis, always = OpenHours(calendar("00:00-24:00")), AlwaysOpen()
    start = at("2026-03-28T12:00:00Z")
    for hour in range(72):
        assert axis.work(start + hour * HOUR) - axis.work(start) == always.work(start + hour * HOUR) - start
        assert axis.last(axis.work(start) + hour * HOUR) == start + hour * HOUR


def test_the_day_that_samoa_skipped() -> None:
    axis = OpenHours(calendar("09:00-17:00", zone=APIA))
    assert elapsed(axis, "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00") == 16
    full = axis.work(at("2011-12-29T17:00:00-10:00"))
    assert axis.last(full) == at("2011-12-31T09:00:00+14:00")


def test_one_hour_a_year() -> None:
    axis = OpenHours(
        Calendar("c", BERLIN, ((),) * 7, {date(year, 7, 1): (hours("09:00-10:00"),) for year in range(1970, 2200)})
    )
    amount = axis.work(at("2026-07-01T09:30:00+02:00"))
    assert axis.first(amount + HOUR) == at("2027-07-01T09:30:00+02:00")
    assert axis.last(amount + 10 * HOUR + 30 * MINUTE) == at("2037-07-01T09:00:00+02:00")
    assert axis.first(amount - HOUR) == at("2025-07-01T09:30:00+02:00")


# Laws

UNHURRIED = settings(deadline=None)  # the machine may be busy with other things


@st.composite
def axes(draw: st.DrawFn) -> tuple[Calendar, int, int]:
    """A calendar and two instants near a change of its clocks or near New Year."""
    found, night = draw(calendars())
    around = midnight(draw(st.sampled_from([night, date(night.year, 1, 1), date(night.year + 1, 1, 1)])), found.zone)
    near = st.one_of(
        st.integers(-4 * 96, 4 * 96).map(lambda quarters: quarters * 15 * MINUTE),
        st.integers(-4 * DAY, 4 * DAY),
    )
    return found, around + draw(near), around + draw(near)


@UNHURRIED
@given(axes())
def test_work_is_the_length_of_the_open_intervals(given: tuple[Calendar, int, int]) -> None:
    found, *instants = given
    start, end = sorted(instants)
    axis = OpenHours(found)
    days = (
        date.fromordinal(date(1970, 1, 1).toordinal() + start // DAY - 3),
        date(1970, 1, 1) + timedelta(end // DAY + 4),
    )
    naive = sum(max(0, min(closes, end) - max(opens, start)) for opens, closes in found.intervals(*days))
    assert axis.work(end) - axis.work(start) == naive


@UNHURRIED
@given(axes(), st.integers(0, 3 * DAY))
def test_the_inverses(given: tuple[Calendar, int, int], more: int) -> None:
    found, start, _ = given
    if not any(found.weekly):
        return
    axis = OpenHours(found)
    spent = axis.work(start)
    assert axis.first(spent) <= start <= axis.last(spent)
    for amount in (spent, spent + more, spent - more):
        first, last = axis.first(amount), axis.last(amount)
        assert first <= last
        assert axis.work(first) == axis.work(last) == amount
        assert axis.work(first - 1) == amount - 1
        assert axis.work(last + 1) == amount + 1


@UNHURRIED
@given(axes())
def test_work_neither_falls_nor_runs_ahead_of_time(given: tuple[Calendar, int, int]) -> None:
    found, *instants = given
    start, end = sorted(instants)
    axis = OpenHours(found)
    assert 0 <= axis.work(end) - axis.work(start) <= end - start


@settings(UNHURRIED, max_examples=25)  # each lays out some ten years several times
@given(calendars(), st.data())
def test_growth_changes_no_answer(given: tuple[Calendar, date], data: st.DataObject) -> None:
    """Whatever was asked before, forwards or backwards, an axis says what a fresh one says."""
    found, _ = given
    if not any(found.weekly):
        return
    used = OpenHours(found)
    around = midnight(date(2024, 1, 1), found.zone)
    for _ in range(data.draw(st.integers(1, 5))):
        fresh = OpenHours(found)
        ask = data.draw(st.sampled_from(["work", "first", "last"]))
        instant = around + data.draw(st.integers(-1000, 1000)) * DAY + data.draw(st.integers(0, DAY))
        if ask == "work":
            assert used.work(instant) == fresh.work(instant)
        else:
            amount = (instant - around) // 8
            assert getattr(used, ask)(amount) == getattr(fresh, ask)(amount)


def test_the_nights_are_nights() -> None:
    """The laws aim at changes of clocks: they must be there, but for the two zones without."""
    changes = {
        zone
        for zone, night in NIGHTS
        if midnight(night + timedelta(days=2), ZoneInfo(zone)) - midnight(night - timedelta(days=1), ZoneInfo(zone))
        != 3 * DAY
    }
    assert changes == {zone for zone, _ in NIGHTS} - {"Asia/Kolkata", "UTC"}
