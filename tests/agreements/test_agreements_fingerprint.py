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
