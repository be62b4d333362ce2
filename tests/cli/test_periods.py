"""Periods as a user sees them: replayed, reported, explained, compared."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest

AGREEMENTS = """\
calendars:
  desk:
    timezone: Europe/Moscow
    hours: {mon-fri: ["09:00-18:00"]}
agreements:
  - id: gold
    match: {customer: [ACME]}
    from: 2026-04-01
    timezone: Europe/Moscow
    fee: {amount: "1200.00", currency: EUR}
    exclude: [{from: 2026-04-20T10:00:00+03:00, until: 2026-04-20T12:00:00+03:00, reason: their own network}]
    targets:
      - {metric: resolution, within: {P1: 4h, default: 1d}}
      - {metric: availability, service: [crm], at_least: 99.9%, per: month, warn: [50%], maintenance: {notice: 1h}}
      - {metric: outage, service: [crm], at_most: 2h, per: month, min_outage: 1m, calendar: desk}
      - {metric: compliance, of: resolution, at_least: 95%, per: month}
    credits: [{metric: availability, below: 99.9%, credit: 10%}, {metric: availability, below: 99.0%, credit: 25%}]
  - id: silver
    match: {customer: [BETA]}
    from: 2026-04-01
    timezone: Europe/Moscow
    targets:
      - {metric: availability, service: [crm], at_least: 99%, per: month}
"""
EVENTS = """\
{"id":"1","service":"crm","at":"2026-04-01T00:00:00+03:00","status":"up"}
{"id":"2","ticket":"T-1","at":"2026-04-02T10:00:00+03:00","priority":"P1","customer":"ACME"}
{"id":"3","ticket":"T-1","at":"2026-04-02T15:30:00+03:00","status":"resolved"}
{"id":"4","service":"crm","check":"CHG-1","at":"2026-04-07T09:00:00+03:00","status":"maintenance",\
"planned_from":"2026-04-08T22:00:00+03:00","planned_until":"2026-04-08T23:00:00+03:00"}
{"id":"5","service":"crm","check":"","at":"2026-04-10T17:30:00+03:00","status":"down"}
{"id":"5","service":"crm","check":"","at":"2026-04-10T17:30:00+03:00","status":"down"}
{"id":"6","service":"crm","at":"2026-04-10T19:00:00+03:00","status":"up"}
{"id":"7","service":"crm","at":"2026-04-14T12:00:00+03:00","status":"down"}
{"id":"8","service":"crm","at":"2026-04-14T12:00:40+03:00","status":"up"}
{"id":"9","ticket":"T-2","at":"2026-04-20T10:00:00+03:00","priority":"P1","customer":"ACME"}
{"id":"10","service":"hr","at":"2026-04-20T10:00:00+03:00","status":"down"}
"""
UNTIL = ("--until", "2026-05-03T00:00:00+03:00")
COMMON = ("events.jsonl", "--agreements", "sla.yaml")
APRIL = ("report", *COMMON, *UNTIL, "--period", "2026-04")


@pytest.fixture
def folder(folder):
    (folder / "sla.yaml").write_text(AGREEMENTS)
    (folder / "events.jsonl").write_text(EVENTS)
    return folder


def test_a_replay_says_what_is_promised_about_periods_too(run):
    done = run("replay", *COMMON, *UNTIL)
    assert done.returncode == 0
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert {alert["what"] for alert in said} == {"warned", "breached", "met", "missed"}
    april = [(alert["id"], alert["happened_at"]) for alert in said if alert.get("period") == "2026-04"]
    assert sorted(april) == [
        ("gold/availability/crm/2026-04/breached", "2026-04-10T15:13:01.200Z"),
        ("gold/availability/crm/2026-04/missed", "2026-04-30T21:00:00Z"),
        ("gold/availability/crm/2026-04/warned-50%", "2026-04-10T14:51:30.600Z"),
        ("gold/compliance/resolution/2026-04/breached", "2026-04-30T21:00:00Z"),
        ("gold/compliance/resolution/2026-04/missed", "2026-04-30T21:00:00Z"),
        ("gold/outage/crm/2026-04/met", "2026-04-30T21:00:00Z"),
        ("silver/availability/crm/2026-04/met", "2026-04-30T21:00:00Z"),
    ]
    summary = done.stderr.decode()
    assert "monitoring         8  1 duplicate, 1 of services or customers that no promise is about" in summary
    assert "  availability    warned 1, breached 1, met 1, missed 1" in summary


def test_a_report_is_what_stands_on_the_topic(run):
    done = run(*APRIL, "--format", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    gold, silver = json.loads(done.stdout)
    assert [report["agreement"] for report in (gold, silver)] == ["gold", "silver"]
    assert (gold["status"], gold["revision"], gold["credit_amount"]) == ("closed", 1, "120.00")
    availability, outage, compliance = gold["targets"]
    assert (availability["ratio"], availability["down_seconds"]) == ("0.997892", 5440)
    assert (availability["excluded_seconds"], availability["agreed_seconds"]) == (3600, 2584800)
    assert (outage["verdict"], outage["longest_seconds"], outage["outages"]) == ("met", 1800, 1)
    assert (compliance["missed_tickets"], compliance["open_overdue"]) == (["T-1", "T-2"], 1)
    only = json.loads(run(*APRIL, "--format", "json", "--agreement", "silver").stdout)
    assert only == [silver]


def test_an_open_period_is_reported_as_it_is_by_now(run):
    done = run("report", *COMMON, "--period", "2026-04", "--agreement", "gold", "--format", "json")
    (report,) = json.loads(done.stdout)
    assert (report["status"], report["revision"], report["closed_at"]) == ("open", 0, None)
    assert report["complete_until"] == "2026-04-20T07:00:00Z"
    availability = report["targets"][0]
    assert (availability["verdict"], availability["breached_at"]) == (None, "2026-04-10T15:13:01.200Z")
    assert report["credits"] == [{"metric": "availability", "subject": "crm", "percent": "10", "below": "99.9%"}]


def test_all_customers_stand_in_the_order_of_their_risk(run):
    lines = run(*APRIL, "--all").stdout.decode().splitlines()
    assert lines[0].split() == ["customer", "broken", "most", "at", "risk", "used", "credit"]
    assert lines[1].split() == ["ACME", "2/3", "Tickets", "in", "time:", "resolution", "2,000%", "€120.00"]
    assert lines[2].split() == ["BETA", "0/1", "Availability", "of", "crm", "21.1%"]
    assert len(lines) == 3


def test_a_page_is_written_with_timeline_tickets_and_fee(run, folder):
    done = run(*APRIL, "--agreement", "gold", "--format", "html", "--output", "april.html", "--language", "ru")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    page = (folder / "april.html").read_text()
    assert '<html lang="ru">' in page
    assert page.count('class="planned"') >= 1
    assert page.count('class="agreed"') >= 1
    assert page.count('class="closed"') > 20
    assert '<th scope="row">T-1</th>' in page
    assert "1\N{NO-BREAK SPACE}200,00\N{NO-BREAK SPACE}€" in page
    may = run("report", *COMMON, "--until", "2026-05-10T00:00:00Z", "--period", "2026-05", "--format", "html").stdout
    assert b"Earlier periods" in may


def test_other_forms(run):
    assert run(*APRIL, "--format", "md").stdout.startswith(b"# ACME, April 2026\n")
    rows = list(csv.DictReader(StringIO(run(*APRIL, "--format", "csv").stdout.decode())))
    assert [(row["agreement"], row["metric"]) for row in rows] == [
        ("gold", "availability"), ("gold", "outage"), ("gold", "compliance"), ("silver", "availability"),
    ]  # fmt: skip
    assert b"T-1 P1: 5 hrs 30 mins of 4 hrs" in run(*APRIL).stdout.replace("\N{NO-BREAK SPACE}".encode(), b" ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*APRIL, "--period", "2026-4"), 2, "--period: '2026-4' is not a period"),
        ((*APRIL, "--period", "2026-W14"), 2, "no agreement promises anything per week"),
        (
            (*APRIL, "--agreement", "bronze"),
            2,
            "no agreement 'bronze' promises anything per month, as 2026-04 is; write",
        ),
        ((*APRIL, "--agreement", "silvr"), 2, "as 2026-04 is; did you mean `silver`?"),
        (
            (*APRIL, "--until", "2026-04-05T00:00:00Z"),
            0,
            "--until 2026-04-05T00:00:00Z is before the last event, of 2026-04-20T07:00:00Z: it changes nothing",
        ),
        (
            ("report", *COMMON, "--period", "2026-05"),
            2,
            "2026-05 has not begun: the events go until 2026-04-20T07:00:00Z",
        ),
        ((*APRIL, "--period", "2026-03"), 1, "there is no report for 2026-03"),
        (("report", "events.jsonl", "--period", "2026-04"), 2, "--agreements: is needed"),
        (("report", "--period", "2026-04"), 2, "name a file of events, or with --brokers"),
        ((*APRIL, "--brokers", "localhost:1"), 2, "one of the two"),
        ((*APRIL, "--all", "--format", "html"), 2, "--all: there is no html of it"),
        ((*APRIL, "--output", "no/where.html"), 2, "no/where.html: can't be written"),
        (
            ("report", "--brokers", "127.0.0.1:1", "--period", "2026-04"),
            1,
            "slawatch: no broker at 127.0.0.1:1, or none",
        ),
        (("report", "--brokers", "nowhere", "--period", "2026-04"), 2, "SLAWATCH_BROKERS: 'nowhere' is not host:port"),
        (("explain", *COMMON, "--service", "crm"), 2, "--service: needs a --period too"),
        (("explain", *COMMON, "--ticket", "T-1", "--period", "2026-04"), 2, "go with --service"),
        (("explain", *COMMON, "--service", "erp", "--period", "2026-04"), 2, "about service 'erp' per month"),
        (("explain", *COMMON, "--service", "crm", "--period", "04.2026"), 2, "--period: '04.2026' is not a period"),
        (("replay", *COMMON, "--format", "json"), 2, "--format: goes with --compare"),
        (("replay", *COMMON, "--compare", "sla.yaml", "--retention", "30d"), 2, "--retention: says nothing together"),
        (("replay", *COMMON, "--compare", "absent.yaml"), 2, "absent.yaml: can't be read"),
    ],
)
def test_what_can_not_be_done_is_refused_in_a_sentence(run, arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_bad_lines_are_told_and_make_the_exit_code_1(run, folder):
    (folder / "events.jsonl").write_text(
        EVENTS + '{"id":"x","service":"crm","at":"2026-04-20T10:00:00Z","status":"dwn"}\n'
    )
    for arguments in (APRIL, ("replay", *COMMON), ("replay", *COMMON, "--compare", "sla.yaml")):
        done = run(*arguments)
        assert done.returncode == 1
        lines = done.stderr.decode().splitlines()
        assert [line for line in lines if line.startswith("events.jsonl:12: invalid: ")] == lines[:1]
        assert "dwn" in lines[0]
        assert done.stdout


def test_why_a_services_number_stands(run):
    text = run(
        "explain", *COMMON, *UNTIL, "--service", "crm", "--period", "2026-04", "--agreement", "gold"
    ).stdout.decode()
    observed, availability, outage = text.split("\n\n")[1:]
    observed = " ".join(observed.split())
    assert "the check says down [line 6]; dropped: the id '5' was known already" in observed
    assert "planned work CHG-1: Wed 2026-04-08 22:00:00 +03:00 until Wed 2026-04-08 23:00:00" in observed
    assert "hr" not in observed
    assert availability == AVAILABILITY
    assert "Tue 2026-04-14 12:00:00 +03:00  up: an outage of less than 1m (the check down): 40s agreed" in outage
    assert "Fri 2026-04-10 17:30:00 +03:00  down (the check down): 30m agreed, 1h closed; down so far 30m" in outage
    assert "the longest outage that began here: 30m, allowed 2h" in outage


AVAILABILITY = """\
availability, agreement gold
  promise  at least 99.9% a month in calendar 24x7
  rule     sla.yaml:14
  zone     Europe/Moscow
  period   Wed 2026-04-01 00:00:00 +03:00 until Fri 2026-05-01 00:00:00 +03:00
  unknown  neither up nor down (exclude)
  planned  work is excused, 1h after it is announced
  what counted
    Wed 2026-04-01 00:00:00 +03:00  up: 190h agreed
    Wed 2026-04-08 22:00:00 +03:00  excused: CHG-1: 1h agreed
    Wed 2026-04-08 23:00:00 +03:00  up: 42h30m agreed
    Fri 2026-04-10 17:30:00 +03:00  down (the check down): 1h30m agreed; down so far 1h30m
    Fri 2026-04-10 19:00:00 +03:00  up: 89h agreed
    Tue 2026-04-14 12:00:00 +03:00  down (the check down): 40s agreed; down so far 1h30m40s
    Tue 2026-04-14 12:00:40 +03:00  up: 141h59m20s agreed
    Mon 2026-04-20 10:00:00 +03:00  agreed not to count, 'their own network'; else up: 0s agreed
    Mon 2026-04-20 12:00:00 +03:00  up: 252h agreed
    Fri 2026-05-01 00:00:00 +03:00  the period ends
  thresholds
    warned-50% at 21m30.600s: exceeded after Fri 2026-04-10 17:51:30.600 +03:00
    breached at 43m1.200s: exceeded after Fri 2026-04-10 18:13:01.200 +03:00
  said
    Fri 2026-04-10 19:00:00 +03:00  warned 50%, which happened Fri 2026-04-10 17:51:30.600 +03:00
    Fri 2026-04-10 19:00:00 +03:00  breached, which happened Fri 2026-04-10 18:13:01.200 +03:00
    Sun 2026-05-03 00:00:00 +03:00  missed, which happened Fri 2026-05-01 00:00:00 +03:00
  the number
    agreed 718h - excused 1h - unknown 0s = measured 717h
    down 1h30m40s, allowed (1 - 99.9%) x 717h = 43m1.200s
    1 - 1h30m40s / 717h = 0.997892...
    missed"""


def test_what_another_file_would_have_led_to(run, folder):
    (folder / "other.yaml").write_text(
        AGREEMENTS.replace("at_least: 99.9%", "at_least: 99%").replace("P1: 4h", "P1: 6h")
    )
    done = run("replay", *COMMON, *UNTIL, "--compare", "other.yaml", "--format", "json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["files"] == ["sla.yaml", "other.yaml"]
    counts = {
        (each["agreement"], each["metric"], each["what"]): (each["one"], each["other"]) for each in found["alerts"]
    }
    assert counts["gold", "availability", "breached"] == (1, 0)
    assert counts["gold", "availability", "met"] == (0, 1)
    assert "gold/resolution/T-1/1/met" in found["only_other"]
    assert [moved["id"] for moved in found["moved"]] == ["gold/resolution/T-2/1/breached"]
    owed = {(each["agreement"], each["period"]): (each["one"], each["other"]) for each in found["owed"]}
    assert owed["gold", "2026-04"] == ("120.00 EUR", "0.00 EUR")
    assert owed["gold", "2026-05"] == ("0.00 EUR so far", "0.00 EUR so far")
    text = run("replay", *COMMON, *UNTIL, "--compare", "other.yaml").stdout.decode()
    assert "  gold 2026-04" in text
    events = (folder / "events.jsonl").read_bytes()
    again = run("replay", "-", "--agreements", "sla.yaml", *UNTIL, "--compare", "other.yaml", stdin=events)
    assert again.stdout.decode() == text


def test_of_no_events_nothing_is_reported(run):
    for arguments in (
        ("report", "-", "--period", "2026-04"),
        ("explain", "-", "--service", "crm", "--period", "2026-04"),
    ):
        done = run(*arguments, "--agreements", "sla.yaml")
        assert (done.returncode, done.stderr) == (2, b"-: there is no event\n")
    done = run("replay", "-", "--agreements", "sla.yaml", "--compare", "sla.yaml")
    assert done.returncode == 0
    assert b"nothing is said under either" in done.stdout
    assert (run("replay", "-", "--agreements", "sla.yaml").returncode) == 0
