"""What a valid file means."""

import shutil
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from textwrap import dedent

import pytest

from slawatch.agreements import AgreementsFile, duration, loads, pinned
from slawatch.core.agreement import Agreement, Limit, Metric, OnChange, OnReopen, Percent, Target, TimeLeft
from slawatch.core.calendar import Hours
from slawatch.core.fact import CUSTOMER, KIND, Phase

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

EXAMPLE = """\
statuses:
  pending:  [Waiting for customer, Awaiting User Info]
  resolved: [Resolved, Done]
  closed:   [Closed]
calendars:
  moscow:
    timezone: Europe/Moscow
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}
    holidays: {country: RU}
    closed: [2026-12-31, "12-25"]
    open: {2026-02-28: ["09:00-18:00"]}
agreements:
  - id: acme-gold
    match: {customer: [ACME], kind: [incident]}
    from: 2026-01-01
    until: 2027-01-01
    calendar: moscow
    targets:
      - metric: first_response
        within: {P1: {time: 15m, calendar: 24x7}, P2: 1h, default: 4h}
        warn: [50%, 80%]
      - metric: resolution
        within: {P1: 4h, default: 3d}
        pause: [pending]
        on_reopen: resume
        on_change: retroactive
        warn: [75%, 30m]
        overdue: [150%, 200%]
"""


def agreement(lines: str, calendars: str = "") -> Agreement:
    return loads(f"calendars: {{{calendars}}}\nagreements:\n  - {{id: a, {lines}}}").agreements.agreements[0]


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


OFFICE = 'office: {timezone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}, day: 8h}'
TOKYO = 'tokyo: {timezone: Asia/Tokyo, hours: {mon-fri: ["09:00-17:00"]}}'


def the_target(lines: str) -> Target:
    return agreement(f"targets: [{{{lines}}}]", f"{OFFICE}, {TOKYO}").targets[0]


def limits(target: Target) -> dict[str, tuple[int, str]]:
    every = {**target.limits, "default": target.default}
    return {priority: (limit.budget, limit.hours.name) for priority, limit in every.items() if limit}


class TestTheExample:
    @pytest.fixture
    def file(self) -> AgreementsFile:
        return loads(EXAMPLE, "acme.yaml")

    def test_is_fine(self, file: AgreementsFile) -> None:
        assert file.warnings == []
        counted = (file.summary.files, file.summary.agreements, file.summary.targets, file.summary.calendars)
        assert counted == (1, 1, 2, 1)
        assert file.summary.statuses == 5
        assert set(file.versions) == {"holidays", "tzdata"}

    def test_statuses(self, file: AgreementsFile) -> None:
        phases = {
            word: file.agreements.phase(word) for word in ("Done", "Closed", "Awaiting User Info", "pending", "New")
        }
        assert phases == {
            "Done": Phase.RESOLVED,
            "Closed": Phase.CLOSED,
            "Awaiting User Info": Phase.PENDING,
            "pending": Phase.PENDING,
            "New": Phase.OPEN,
        }

    def test_the_calendar(self, file: AgreementsFile) -> None:
        calendar = file.calendars["moscow"]
        usual = (Hours(540, 780), Hours(840, 1080))
        assert str(calendar.zone) == "Europe/Moscow"
        assert calendar.hours(date(2026, 3, 2)) == usual
        assert calendar.hours(date(2026, 3, 1)) == ()  # a Sunday
        assert calendar.hours(date(2026, 2, 28)) == (Hours(540, 1080),)
        assert calendar.hours(date(2026, 12, 31)) == ()
        assert calendar.hours(date(2028, 12, 25)) == ()
        assert calendar.hours(date(2026, 6, 12)) == ()  # Russia Day

    def test_the_agreement(self, file: AgreementsFile) -> None:
        (gold,) = file.agreements.agreements
        assert gold.match == {CUSTOMER: frozenset({"ACME"}), KIND: frozenset({"incident"})}
        assert gold.since == instant("2026-01-01T00:00:00+03:00")
        assert gold.until == instant("2027-01-01T00:00:00+03:00")
        assert (str(gold.zone), gold.also, gold.where) == ("Europe/Moscow", False, "acme.yaml:13")

    def test_the_targets(self, file: AgreementsFile) -> None:
        response, resolution = file.agreements.agreements[0].targets
        assert limits(response) == {
            "P1": (15 * MINUTE, "24x7"),
            "P2": (HOUR, "moscow"),
            "default": (4 * HOUR, "moscow"),
        }
        assert [warn.text for warn in response.warn] == ["50%", "80%"]
        assert limits(resolution) == {"P1": (4 * HOUR, "moscow"), "default": (3 * DAY, "moscow")}
        assert resolution.warn[1] == TimeLeft("30m", 30 * MINUTE)
        assert resolution.overdue == (
            Percent("150%", resolution.overdue[0].share),
            Percent("200%", resolution.overdue[1].share),
        )
        assert [level.amount(HOUR) for level in resolution.overdue] == [90 * MINUTE, 120 * MINUTE]
        assert resolution.pause == {Phase.PENDING}
        assert (resolution.where, response.where) == ("acme.yaml:22", "acme.yaml:19")

    def test_one_calendar_is_one_axis(self, file: AgreementsFile) -> None:
        axes = {id(limit.hours) for target in file.agreements.agreements[0].targets for limit in _all(target)}
        assert len(axes) == 2  # moscow and round the clock


def _all(target: Target) -> list[Limit]:
    return [*target.limits.values(), *([target.default] if target.default else [])]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1s", 1000),
        ("15m", 15 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("3d", 3 * DAY),
        ("1d1h1m1s", 90_061_000),
        ("5m5m", 600_000),
    ],
)
def test_durations(text: str, ms: int) -> None:
    assert duration(text) == ms


@pytest.mark.parametrize("text", ["", "15", "m", "1H", "1 h", "1h ", "1w", "0s", "١h", "1h\n"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(text)


class TestWhichCalendar:
    def test_round_the_clock_without_one(self) -> None:
        assert limits(the_target("metric: update, within: 1h")) == {"default": (HOUR, "24x7")}

    def test_the_targets_before_the_agreements(self) -> None:
        lines = (
            "calendar: office, targets: [{metric: update, within: 1h}, {metric: closure, within: 1h, calendar: 24x7}]"
        )
        update, closure = agreement(lines, OFFICE).targets
        assert (limits(update), limits(closure)) == ({"default": (HOUR, "office")}, {"default": (HOUR, "24x7")})

    def test_the_limits_before_the_targets(self) -> None:
        found = the_target(
            "metric: update, calendar: office, within: {P1: 1h, P2: {time: 2h, calendar: tokyo}, P3: {time: 3h}}"
        )
        assert limits(found) == {"P1": (HOUR, "office"), "P2": (2 * HOUR, "tokyo"), "P3": (3 * HOUR, "office")}
        assert found.default is None

    def test_one_limit_with_a_calendar(self) -> None:
        found = the_target("metric: update, calendar: office, within: {time: 2h, calendar: 24x7}")
        assert limits(found) == {"default": (2 * HOUR, "24x7")}

    def test_a_day_is_that_of_the_limits_calendar(self) -> None:
        found = the_target("metric: update, calendar: office, within: {P1: 1d4h, P2: {time: 1d, calendar: tokyo}}")
        assert limits(found) == {"P1": (12 * HOUR, "office"), "P2": (DAY, "tokyo")}

    def test_a_day_of_a_warning_is_that_of_the_limits(self) -> None:
        assert the_target("metric: update, calendar: office, within: 3d, warn: [1d]").warn == (
            TimeLeft("1d", 8 * HOUR),
        )


class TestWhichZone:
    """Of `from` and `until`."""

    @pytest.mark.parametrize(
        ("lines", "zone"),
        [
            ("targets: [{metric: update, within: 1h}]", "UTC"),
            ("calendar: 24x7, targets: [{metric: update, within: 1h}]", "UTC"),
            ("calendar: office, targets: [{metric: update, within: 1h, calendar: tokyo}]", "Europe/Berlin"),
            ("timezone: Asia/Kolkata, calendar: office, targets: [{metric: update, within: 1h}]", "Asia/Kolkata"),
            ("targets: [{metric: update, within: 1h, calendar: tokyo}, {metric: closure, within: 1h}]", "Asia/Tokyo"),
            ("targets: [{metric: update, within: {P1: 1h, P2: {time: 1h, calendar: tokyo}}}]", "Asia/Tokyo"),
            ("calendar: 24x7, targets: [{metric: update, within: 1h, calendar: office}]", "Europe/Berlin"),
        ],
    )
    def test_is_found(self, lines: str, zone: str) -> None:
        found = agreement(f"from: 2026-07-01, {lines}", f"{OFFICE}, {TOKYO}")
        offsets = {"UTC": "Z", "Europe/Berlin": "+02:00", "Asia/Kolkata": "+05:30", "Asia/Tokyo": "+09:00"}
        assert str(found.zone) == zone
        assert found.since == instant("2026-07-01T00:00:00" + offsets[zone])

    def test_two_calendars_of_one_zone_are_one(self) -> None:
        targets = "[{metric: update, within: 1h, calendar: x}, {metric: closure, within: 1h, calendar: office}]"
        lines = f"from: 2026-07-01, targets: {targets}"
        twin = "x: {timezone: Europe/Berlin, hours: {mon: [09:00-10:00]}}"
        assert str(agreement(lines, f"{OFFICE}, {twin}").zone) == "Europe/Berlin"

    def test_midnight_in_a_gap_is_the_first_instant_after_it(self) -> None:
        found = agreement("from: 2026-09-06, timezone: America/Santiago, targets: [{metric: update, within: 1h}]")
        assert found.since == instant("2026-09-06T04:00:00Z")


class TestCalendars:
    @pytest.mark.parametrize(
        ("hours", "day", "expected"),
        [
            ('mon-fri: ["22:00-06:00"]', "2026-01-05", (Hours(1320, 1800),)),
            ('mon: ["09:00-00:00"]', "2026-01-05", (Hours(540, 1440),)),
            ('mon: ["9:00 - 24:00"]', "2026-01-05", (Hours(540, 1440),)),
            ("mon: [00:00-24:00]", "2026-01-05", (Hours(0, 1440),)),
            ("sun-thu: [09:00-17:00]", "2026-01-04", (Hours(540, 1020),)),
            ("sun-thu: [09:00-17:00]", "2026-01-08", (Hours(540, 1020),)),
            ("sun-thu: [09:00-17:00]", "2026-01-09", ()),
            ("mon: [09:00-17:00], tue: []", "2026-01-06", ()),
        ],
    )
    def test_hours(self, hours: str, day: str, expected: tuple[Hours, ...]) -> None:
        file = loads(
            f"calendars: {{c: {{timezone: UTC, hours: {{{hours}}}}}}}\n"
            "agreements: [{id: a, calendar: c, targets: [{metric: update, within: 1h}]}]"
        )
        assert file.calendars["c"].hours(date.fromisoformat(day)) == expected

    def test_holidays_of_a_subdivision(self) -> None:
        text = """\
        calendars:
          here: {timezone: Europe/Berlin, hours: {mon-fri: [09:00-17:00]}, holidays: {country: DE, subdivision: Bayern}}
          there: {timezone: Europe/Berlin, hours: {mon-fri: [09:00-17:00]}, holidays: {country: DE}}
        agreements: [{id: a, calendar: here, targets: [{metric: update, within: {time: 1h, calendar: there}}]}]
        """
        calendars = loads(dedent(text)).calendars
        epiphany = date(2026, 1, 6)
        assert (calendars["here"].hours(epiphany), calendars["there"].hours(epiphany)) == ((), (Hours(540, 1020),))

    def test_a_leap_day_alone_is_not_closed_for_good(self) -> None:
        text = "calendars: {c: {timezone: UTC, hours: {mon-sun: [09:00-17:00]}, closed: ['02-29']}}\n"
        assert loads(text + "agreements: [{id: a, calendar: c, targets: [{metric: update, within: 1h}]}]").calendars[
            "c"
        ]

    def test_zones_come_from_the_package_not_from_the_machine(self, tmp_path: Path) -> None:
        (tmp_path / "Pacific").mkdir()
        shutil.copy(str(resources.files("tzdata") / "zoneinfo" / "UTC"), tmp_path / "Pacific" / "Apia")
        zoneinfo.reset_tzpath([tmp_path])
        try:
            pinned.zone.cache_clear()
            zone = agreement("timezone: Pacific/Apia, targets: [{metric: update, within: 1h}]").zone
            of_the_machine = zoneinfo.ZoneInfo.no_cache("Pacific/Apia")
        finally:
            zoneinfo.reset_tzpath()
        offsets = [datetime(2026, 1, 1, tzinfo=found).utcoffset() for found in (zone, of_the_machine)]
        assert offsets == [timedelta(hours=13), timedelta(0)]


def test_choices_and_switches() -> None:
    found = agreement(
        "also: yes, targets: [{metric: closure, within: 1h, on_reopen: new_round, on_change: keep, "
        "pause: [resolved, open]}, {metric: first_response, within: 1h, resolved_counts: TRUE, on_change: from_now}]"
    )
    closure, response = found.targets
    assert found.also
    assert (closure.on_reopen, closure.on_change) == (OnReopen.NEW_ROUND, OnChange.KEEP)
    assert closure.pause == {Phase.RESOLVED, Phase.OPEN}
    assert (response.resolved_counts, response.on_change, response.metric) == (
        True,
        OnChange.FROM_NOW,
        Metric.FIRST_RESPONSE,
    )


def test_attributes() -> None:
    found = agreement("match: {attributes: {region: [EU, 1], vip: ['yes']}}, targets: [{metric: update, within: 1h}]")
    assert found.attributes == {"region": frozenset({"EU", "1"}), "vip": frozenset({"yes"})}


def test_a_status_word_of_ours_can_mean_something_else() -> None:
    text = "statuses: {closed: [resolved]}\nagreements: [{id: a, targets: [{metric: update, within: 1h}]}]"
    assert loads(text).agreements.phase("resolved") is Phase.CLOSED


class TestWarnings:
    @staticmethod
    def warnings(text: str) -> list[str]:
        found = loads(dedent(text), "a.yaml").warnings
        assert all(problem.warning for problem in found)
        return [str(problem) for problem in found]

    @pytest.mark.parametrize(
        ("first", "second", "text"),
        [
            ("", "match: {customer: [A]}, ", "it never applies to a ticket"),
            ("match: {customer: [A, B]}, ", "match: {customer: [B], kind: [x]}, ", "it never applies to a ticket"),
            ("match: {attributes: {r: [A, B]}}, ", "match: {attributes: {r: [A]}}, ", "it never applies to a ticket"),
            ("from: 2026-01-01, ", "from: 2026-01-01, until: 2027-01-01, ", "it never applies to a ticket"),
            ("until: 2027-01-01, ", "until: 2027-01-01, ", "it never applies to a ticket"),
            ("match: {customer: [A]}, ", "", None),
            ("match: {customer: [A]}, ", "match: {customer: [A, B]}, ", None),
            ("match: {customer: [A]}, ", "match: {kind: [A]}, ", None),
            ("match: {attributes: {r: [A]}}, ", "match: {attributes: {s: [A]}}, ", None),
            ("from: 2026-01-01, ", "", None),
            ("from: 2026-01-02, ", "from: 2026-01-01, ", None),
            ("until: 2027-01-01, ", "until: 2027-01-02, ", None),
            ("until: 2027-01-01, ", "", None),
            ("also: true, ", "", None),
            ("", "also: true, ", None),
        ],
    )
    def test_an_agreement_that_never_applies(self, first: str, second: str, text: str | None) -> None:
        found = self.warnings(f"""\
            agreements:
              - {{id: a, {first}targets: [{{metric: update, within: 1h}}, {{metric: closure, within: 1h}}]}}
              - {{id: b, {second}targets: [{{metric: update, within: 1h}}]}}
            """)
        expected = (
            f"a.yaml:3: warning: agreements[1]: {text}: all that it matches goes to `a` (a.yaml:2) before it; "
            "move it up, or narrow what stands before"
        )
        assert found == ([expected] if text else [])

    def test_one_metric_that_never_applies(self) -> None:
        (found,) = self.warnings("""\
            agreements:
              - {id: a, targets: [{metric: update, within: 1h}]}
              - {id: b, targets: [{metric: update, within: 1h}, {metric: closure, within: 1h}]}
            """)
        assert "its update never applies: all that it matches goes to `a` (a.yaml:2) before it" in found

    def test_between_them_earlier_ones_take_all(self) -> None:
        (found,) = self.warnings("""\
            agreements:
              - {id: a, targets: [{metric: update, within: 1h}]}
              - {id: b, targets: [{metric: closure, within: 1h}]}
              - {id: c, targets: [{metric: update, within: 1h}, {metric: closure, within: 1h}]}
            """)
        assert (
            "it never applies to a ticket: all that it matches goes to `a` (a.yaml:2) and `b` (a.yaml:3) before it"
            in found
        )

    def test_a_warning_that_never_comes(self) -> None:
        assert self.warnings("""\
            agreements:
              - id: a
                targets:
                  - {metric: update, within: {P1: 15m, P2: 30m}, warn: [29m, 30m]}
            """) == ["a.yaml:4: warning: agreements[0].targets[0].warn[1]: never comes: no limit is longer than 30m"]

    def test_a_calendar_without_use(self) -> None:
        assert self.warnings("""\
            calendars:
              office: {timezone: UTC, hours: {mon: [09:00-10:00]}}
            agreements: [{id: a, targets: [{metric: update, within: 15m}]}]
            """) == ["a.yaml:2: warning: calendars.office: no limit is measured in this calendar"]

    def test_a_day_both_open_and_closed(self) -> None:
        assert self.warnings("""\
            calendars:
              office:
                timezone: UTC
                hours: {mon: [09:00-10:00]}
                closed: [2026-01-03]
                open:
                  2026-01-02: [09:00-10:00]
                  2026-01-03: [09:00-10:00]
            agreements: [{id: a, calendar: office, targets: [{metric: update, within: 15m}]}]
            """) == [
            "a.yaml:8: warning: calendars.office.open.2026-01-03: 2026-01-03 is in `closed` too: these hours count"
        ]


def test_without_zones_dates_are_in_utc() -> None:
    assert agreement("from: 2026-01-01, targets: [{metric: update, within: 1h}]").zone is UTC
