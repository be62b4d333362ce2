"""Every command through a process: what it prints where, and its exit code."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

REPLAY = ("replay", "events.jsonl", "--agreements", "sla.yaml")


def said(output: bytes) -> list[str]:
    return [json.loads(line)["id"] for line in output.splitlines()]


ALERTS = [
    "gold/first_response/T-1/1/met",
    "gold/resolution/T-1/1/warned-75%",
    "gold/resolution/T-1/1/breached",
    "gold/resolution/T-1/1/missed",
]


def test_check_says_what_is_in_a_valid_file(run):
    done = run("check", "sla.yaml")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"sla.yaml: valid: 1 agreement, 2 targets, 1 calendar, 1 status word\n"


def test_check_reports_every_mistake(run, folder):
    text = (folder / "sla.yaml").read_text().replace("resolution", "resolutoin").replace("15m", "15x")
    (folder / "bad.yaml").write_text(text)
    done = run("check", "bad.yaml")
    assert done.returncode == 1
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert [line.split(":")[1] for line in lines[:2]] == ["14", "15"]
    assert lines[-1] == "bad.yaml: 2 mistakes"


PERIODS = """\
services: {crm: {down_when: any}}
agreements:
  - id: silver
    match: {customer: [ACME, BETA]}
    each: customer
    credits: [{metric: availability, credit: 5%}]
    targets:
      - {metric: resolution, within: 4h}
      - {metric: availability, service: [crm, erp], at_least: 100%, per: month, warn: [50%]}
"""


def test_check_counts_what_is_promised_about_periods_and_warns(run, folder):
    (folder / "periods.yaml").write_text(PERIODS)
    done = run("check", "periods.yaml")
    assert done.returncode == 0
    assert done.stdout.decode() == (
        "periods.yaml: valid: 1 agreement (2 with each customer's own), 2 targets (1 of periods), 2 services, "
        "0 calendars, 0 status words\n"
    )
    assert done.stderr.decode() == (
        "periods.yaml:9: warning: agreements[0].targets[1].warn[0]: "
        "never comes: `at_least: 100%` leaves nothing to warn of\n"
    )


def test_check_refuses_a_promise_about_periods(run, folder):
    (folder / "periods.yaml").write_text(PERIODS.replace("at_least: 100%", "at_least: 101%"))
    done = run("check", "periods.yaml")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines() == [
        "periods.yaml:9: agreements[0].targets[1].at_least: `101%` is more than all: write at most 100%",
        "periods.yaml: 1 mistake",
    ]


def test_check_prints_the_schema(run):
    done = run("check", "--schema")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["title"] == "slawatch agreements"


def test_replay_says_alerts_and_a_summary(run):
    done = run(*REPLAY)
    assert done.returncode == 0
    assert said(done.stdout) == ALERTS
    summary = done.stderr.decode()
    assert "duplicates        1  dropped" in summary
    assert "monitoring        1  moved time only: nothing is promised about periods" in summary
    assert "  resolution      warned 1, breached 1, missed 1" in summary


def test_replay_names_the_status_words_that_are_not_mapped(run, folder):
    events = (folder / "events.jsonl").read_text()
    words = ["Parked", *"abcdef"]
    event = '{{"id":"{0}","ticket":"T-2","customer":"ACME","at":"2026-10-14T10:0{0}:00+03:00","status":"{1}"}}'
    events += "\n" + "\n".join(event.format(number, word) for number, word in enumerate([*words, "Parked"]))
    summary = run("replay", "-", "--agreements", "sla.yaml", stdin=events.encode()).stderr.decode()
    assert "unknown statuses   8  counted as open: 'Parked' 2, 'a' 1, 'b' 1, 'c' 1, 'd' 1, 2 more\n" in summary
    with (folder / "sla.yaml").open("a") as file:
        file.write("      - {metric: availability, service: [crm], at_least: 99%, per: month}\n")
    joint = run("replay", "-", "--agreements", "sla.yaml", stdin=events.encode()).stderr.decode()
    assert "unknown statuses   8  counted as open: 'Parked' 2, " in joint


def test_replay_reads_gzip_and_standard_input_alike(run, folder):
    plain = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl.gz").write_bytes(gzip.compress(plain))
    expected = run(*REPLAY).stdout
    assert run("replay", "events.jsonl.gz", "--agreements", "sla.yaml").stdout == expected
    assert run("replay", "-", "--agreements", "sla.yaml", stdin=plain).stdout == expected


def test_replay_runs_on_until_an_instant(run):
    first = b'{"id":"1","ticket":"T","at":"2026-10-12T10:00:00+03:00","customer":"ACME","priority":"P1"}'
    arguments = ("replay", "-", "--agreements", "sla.yaml")
    assert run(*arguments, stdin=first).stdout == b""
    done = run(*arguments, "--until", "2026-10-12T10:15:00.001+03:00", stdin=first)
    assert said(done.stdout) == ["gold/first_response/T/1/breached"]
    assert run(*arguments, "--until", "2026-10-12t07:15:00.001z", stdin=first).stdout == done.stdout


def test_replay_says_what_is_odd_about_the_time(run):
    event = b'{"id":"1","ticket":"T","at":"2093-10-12T10:00:00+03:00","customer":"ACME","priority":"P1"}'
    done = run("replay", "-", "--agreements", "sla.yaml", "--until", "2026-10-12T10:00:00Z", stdin=event)
    assert done.returncode == 0
    assert done.stderr.splitlines()[-2:] == [
        b"--until 2026-10-12T10:00:00Z is before the last event, of 2093-10-12T07:00:00Z: it changes nothing",
        b"the last event is of 2093-10-12T07:00:00Z, which is still to come: all was due that is due by then",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line(run, folder):
    plain = (folder / "events.jsonl").read_bytes()
    done = run("replay", "-", "--agreements", "sla.yaml", stdin=b"\xef\xbb\xbf" + plain)
    assert (done.returncode, said(done.stdout)) == (0, ALERTS)


def test_without_retention_no_ticket_has_too_many_facts(run):
    start = datetime(2026, 10, 12, tzinfo=UTC)
    lines = [
        json.dumps(
            {"id": f"e{n}", "ticket": "T", "at": (start + timedelta(minutes=n)).isoformat(), "team": f"t{n % 2}"}
        )
        for n in (*range(1, 2_102), 0)
    ]
    done = run("replay", "-", "--agreements", "sla.yaml", stdin="\n".join(lines).encode())
    assert done.returncode == 0
    assert ["late", "1"] in [line.split()[:2] for line in done.stderr.decode().splitlines()]


def test_bad_lines_are_reported_with_their_numbers_and_make_the_exit_code_1(run, folder):
    plain = (folder / "events.jsonl").read_bytes()
    done = run("replay", "-", "--agreements", "sla.yaml", stdin=b"nonsense\n" + plain + b'\n{"ticket": 1}\n')
    assert done.returncode == 1
    assert said(done.stdout) == ALERTS
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("standard input:1: not_json: ")
    assert lines[1].startswith("standard input:11: invalid: ")


def test_more_bad_lines_than_anybody_reads_are_summed_up(run):
    done = run("replay", "-", "--agreements", "sla.yaml", stdin=b"x\n" * 1_003)
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert lines[999].startswith("standard input:1000: ")
    assert lines[1_000] == "standard input: 3 more bad lines"


def test_a_reader_that_has_enough_is_no_error(folder):
    with subprocess.Popen(
        [sys.executable, "-m", "slawatch", *REPLAY], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "absent.jsonl", "--agreements", "sla.yaml"), "absent.jsonl: can't be read"),
        (("replay", ".", "--agreements", "sla.yaml"), ".: can't be read"),
        (("replay", "plain.gz", "--agreements", "sla.yaml"), "plain.gz: can't be read"),
        (("replay", "events.jsonl", "--agreements", "absent.yaml"), "absent.yaml: can't be read"),
        ((*REPLAY, "--until", "2026-10-12"), "--until: "),
        ((*REPLAY, "--retention", "soon"), "--retention: "),
        (
            ("explain", "events.jsonl", "--agreements", "sla.yaml", "--ticket", "T-9"),
            "there is no event of ticket 'T-9'",
        ),
        (("worker",), "SLAWATCH_AGREEMENTS: is not set"),
        (("topics", "now"), "unrecognized arguments"),
        ((), "required"),
    ],
)
def test_what_can_not_be_done_is_refused_in_a_sentence(run, folder, arguments, words):
    Path(folder, "plain.gz").write_text("{}\n")
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_worker_names_every_wrong_variable(run):
    done = run("worker", SLAWATCH_BROKERS="here", SLAWATCH_GRACE="soon")
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.decode().splitlines()] == ["SLAWATCH_BROKERS", "SLAWATCH_GRACE"]


def test_version(run):
    done = run("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, b"slawatch")
