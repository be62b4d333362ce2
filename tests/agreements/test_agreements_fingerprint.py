"""The fingerprint changes with what may change a verdict, and with nothing else."""

import subprocess
import sys

import pytest

from slawatch.agreements import loads, pinned

FILE = """\
statuses: {pending: [Waiting, Hold], resolved: [Done]}
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"], sat: []}
    holidays: {country: DE, subdivision: BY}
    closed: [2026-12-31, "12-25"]
    open: {2026-02-28: ["09:00-18:00"]}
    day: 8h
agreements:
  - id: a
    match: {customer: [A, B], attributes: {region: [EU]}}
    from: 2026-01-01
    calendar: office
    targets:
      - metric: resolution
        within: {P1: 4h, default: {time: 8h, calendar: 24x7}}
        warn: [50%, 30m]
        overdue: [150%, 200%]
        pause: [pending]
      - {metric: first_response, within: 1d}
  - {id: b, targets: [{metric: closure, within: 8h}]}
"""


def fingerprint(text: str) -> bytes:
    return loads(text).agreements.fingerprint


def test_it_has_eight_bytes_and_is_the_same_in_every_process() -> None:
    program = (
        "import sys; from slawatch.agreements import loads; print(loads(sys.stdin.read()).agreements.fingerprint.hex())"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=FILE,
            text=True,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        assert bytes.fromhex(done.stdout) == fingerprint(FILE)
    assert len(fingerprint(FILE)) == 8


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pending: [Waiting, Hold]", "pending: [Waiting]"),
        ("pending: [Waiting, Hold], resolved: [Done]", "pending: [Waiting, Hold], closed: [Done]"),
        ("timezone: Europe/Berlin", "timezone: Europe/Paris"),
        ("09:00-13:00", "09:00-13:01"),
        ("mon-fri:", "mon-thu:"),
        ("country: DE", "country: AT, subdivision: '9'}\n    # {"),
        (", subdivision: BY", ""),
        ("2026-12-31", "2026-12-30"),
        ('"12-25"', '"12-24"'),
        ("2026-02-28:", "2026-03-07:"),
        ("day: 8h", "day: 7h"),
        ("id: a", "id: c"),
        ("customer: [A, B]", "customer: [A]"),
        ("customer: [A, B]", "service: [A, B]"),
        ("region: [EU]", "region: [US]"),
        ("from: 2026-01-01", "from: 2026-01-02"),
        ("from: 2026-01-01", "until: 2026-01-01"),
        ("from: 2026-01-01", "from: 2026-01-01\n    timezone: UTC"),
        ("calendar: office\n", "calendar: office\n    also: true\n"),
        ("P1: 4h", "P1: 5h"),
        ("P1: 4h", "P2: 4h"),
        ("calendar: 24x7", "calendar: office"),
        ("metric: first_response", "metric: next_response"),
        ("within: 1d", "within: 1d, resolved_counts: true"),
        ("within: 1d", "within: 1d, on_change: keep"),
        ("warn: [50%, 30m]", "warn: [50%, 31m]"),
        ("warn: [50%, 30m]", "warn: [30m, 50%]"),
        ("warn: [50%, 30m]", "warn: [50.0%, 30m]"),
        ("overdue: [150%, 200%]", "overdue: [150%]"),
        ("pause: [pending]", "pause: [pending, resolved]"),
        ("pause: [pending]", "pause: [pending]\n        on_reopen: ignore"),
        (
            "{id: b, targets: [{metric: closure, within: 8h}]}",
            "{id: b, targets: [{metric: closure, within: 8h}]}\n  - {id: c, targets: [{metric: update, within: 8h}]}",
        ),
    ],
)
def test_it_changes(old: str, new: str) -> None:
    assert old in FILE
    assert fingerprint(FILE.replace(old, new, 1)) != fingerprint(FILE)


def test_the_order_of_agreements_counts() -> None:
    head, first, second = FILE.partition("  - id: a")[0], "  - id: a" + FILE.partition("  - id: a")[2], "  - {id: b"
    a, b = first.partition(second)[0], second + first.partition(second)[2]
    assert fingerprint(head + b + a) != fingerprint(FILE)


@pytest.mark.parametrize("package", ["holidays", "tzdata"])
def test_a_new_version_of_what_it_was_read_with_counts(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(FILE)
    versions = pinned.versions() | {package: "9999.1"}
    monkeypatch.setattr(pinned, "versions", lambda: versions)
    assert fingerprint(FILE) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("statuses:", "# a word\n\nstatuses:"),
        ("pending: [Waiting, Hold]", "pending: [Hold, 'Waiting']"),
        ("mon-fri:", "mon: [14:00-18:00, 9:00-13:00]\n      , tue-fri:"),
        (", sat: []", ""),
        ("customer: [A, B]", "customer: [B, A, B]"),
        ("P1: 4h", "P1: 240m"),
        ("P1: 4h, default: {time: 8h, calendar: 24x7}", "default: {calendar: 24x7, time: 8h}, P1: {time: 4h}"),
        ("within: 1d", "within: {default: 8h}"),
        ("within: 1d", "within: 1d, calendar: office, on_change: retroactive, resolved_counts: false, warn: []"),
        ("from: 2026-01-01", "from: 2026-01-01\n    timezone: Europe/Berlin"),
        ("id: a\n", "id: 'a'\n    also: no\n"),
    ],
)
def test_it_stays(old: str, new: str) -> None:
    assert old in FILE
    assert fingerprint(FILE.replace(old, new, 1)) == fingerprint(FILE)


PERIODS = """\
services: {crm: {down_when: 2, stale_after: 5m}, erp: {down_when: any}}
calendars:
  office: {timezone: Europe/Berlin, hours: {mon-fri: ["09:00-13:00"]}, day: 8h}
agreements:
  - id: a
    match: {customer: [A, B]}
    each: customer
    timezone: Europe/Moscow
    settle: 2d
    fee: {amount: "1200.00", currency: EUR}
    credit_cap: 50%
    exclude: [{from: 2026-10-03T10:00:00+03:00, until: 2026-10-03T12:00:00+03:00, service: [crm], reason: agreed}]
    credits:
      - {metric: availability, below: 99.0%, credit: 25%, service: [crm]}
      - {metric: availability, each: 1h, credit: 5%}
      - {metric: resolution, each_miss: "50.00", cap: "500.00"}
    targets:
      - {metric: availability, service: [crm, erp], at_least: 99.9%, per: month, calendar: office, warn: [50%, 10m],
         overdue: [200%], unknown: up, degraded: 0.5, min_outage: 1m, maintenance: {cap: 8h, notice: 48h}}
      - {metric: resolution, within: 8h}
      - {metric: outage, service: [crm], at_most: 4h, per: month}
      - {metric: outages, service: [crm], at_most: 2, per: month}
      - {metric: compliance, name: p1, of: resolution, match: {priority: [P1, P2]}, at_least: 95%, per: month,
         min_sample: 20, by: ended, warn: [80%]}
      - {metric: satisfaction, at_least: 90%, good: 4, per: month, min_sample: 5}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("down_when: 2", "down_when: all"),
        ("stale_after: 5m", "stale_after: 6m"),
        ("erp: {down_when: any}", "erp: {down_when: all}"),
        ("customer: [A, B]", "customer: [A]"),
        ("    each: customer\n", ""),
        ("Europe/Moscow", "Asia/Tokyo"),
        ("settle: 2d", "settle: 3d"),
        ('"1200.00"', '"1200.0"'),
        ("EUR", "USD"),
        ("credit_cap: 50%", "credit_cap: 60%"),
        ("2026-10-03T10:00:00", "2026-10-03T10:00:01"),
        (", service: [crm], reason", ", reason"),
        ("reason: agreed", "reason: not agreed"),
        ("below: 99.0%", "below: 99.1%"),
        ("below: 99.0%, ", ""),
        ("credit: 25%", "credit: 24%"),
        ("25%, service: [crm]", "25%, service: [erp]"),
        ("each: 1h", "each: 2h"),
        ("each: 1h, credit: 5%", "below: 1%, credit: 5%"),
        ('each_miss: "50.00"', 'each_miss: "51.00"'),
        (', cap: "500.00"', ""),
        ("service: [crm, erp]", "service: [crm]"),
        ("99.9%", "99.90%"),
        ("99.9%", "99.8%"),
        ("calendar: office", "calendar: 24x7"),
        ("warn: [50%, 10m]", "warn: [50%]"),
        ("warn: [50%, 10m]", "warn: [10m, 50%]"),
        ("warn: [50%, 10m]", "warn: [50%, 600s]"),
        ("overdue: [200%]", "overdue: [300%]"),
        ("unknown: up", "unknown: exclude"),
        ("degraded: 0.5", "degraded: 0.6"),
        ("min_outage: 1m", "min_outage: 2m"),
        ("cap: 8h", "cap: 9h"),
        ("notice: 48h", "notice: 47h"),
        ("maintenance: {cap: 8h, notice: 48h}", "maintenance: none"),
        ("at_most: 4h", "at_most: 5h"),
        ("at_most: 2", "at_most: 3"),
        ("name: p1", "name: p2"),
        ("{priority: [P1, P2]}", "{priority: [P1]}"),
        ("min_sample: 20", "min_sample: 21"),
        ("by: ended", "by: verdict"),
        ("warn: [80%]", "warn: [81%]"),
        ("good: 4", "good: 3"),
        ("at_least: 90%, good: 4", "at_least: 4.5"),
        ("min_sample: 5", "min_sample: 6"),
    ],
)
def test_it_changes_with_promises_about_periods(old: str, new: str) -> None:
    assert old in PERIODS
    assert fingerprint(PERIODS.replace(old, new, 1)) != fingerprint(PERIODS)


def test_it_changes_with_the_kind_of_period() -> None:
    assert fingerprint(PERIODS.replace("per: month", "per: week")) != fingerprint(PERIODS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("services:", "# a word\nservices:"),
        (", erp: {down_when: any}", ""),
        ("customer: [A, B]", "customer: [B, A]"),
        ("settle: 2d", "settle: 48h"),
        ("2026-10-03T10:00:00+03:00", "2026-10-03T07:00:00Z"),
        ("99.0%, credit: 25%", "99%, credit: 25.0%"),
        ("each: 1h", "each: 60m"),
        ("degraded: 0.5", "degraded: 0.50"),
        ("min_outage: 1m", "min_outage: 60s"),
        ("cap: 8h", "cap: 1d"),
        ("[P1, P2]", "[P2, P1]"),
        ("min_sample: 5", 'min_sample: "5"'),
        ("at_most: 2", "overdue: [], unknown: exclude, min_outage: 0s, maintenance: {}, at_most: 2"),
    ],
)
def test_it_stays_with_promises_about_periods(old: str, new: str) -> None:
    assert old in PERIODS
    assert fingerprint(PERIODS.replace(old, new, 1)) == fingerprint(PERIODS)


def test_in_a_template_the_customers_own_agreements_differ_from_one_for_all() -> None:
    one = PERIODS.replace("    each: customer\n", "").replace("customer: [A, B]", "customer: [A]")
    assert fingerprint(one) != fingerprint(one.replace("    timezone:", "    each: customer\n    timezone:"))
