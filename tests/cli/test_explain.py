"""The explanation, word for word."""

from __future__ import annotations

import pytest

EXPLAIN = ("explain", "events.jsonl", "--agreements", "sla.yaml", "--ticket", "T-1")
GOLDEN = """\
Ticket T-1
as known at Tue 2026-10-13 16:00:00 +03:00 (Europe/Moscow)

What happened
  Mon 2026-10-12 10:00:00 +03:00  status open; priority P2; customer ACME [line 1]
  Mon 2026-10-12 10:30:00 +03:00  an agent replies [line 2]
  Mon 2026-10-12 12:00:00 +03:00  status 'Waiting' (pending) [line 3]
  Tue 2026-10-13 11:00:00 +03:00  status open [line 6]
  Tue 2026-10-13 11:00:00 +03:00  status open [line 7]; dropped: the id '5' was known already
  Tue 2026-10-13 12:00:00 +03:00  priority P1 [line 8]
  Tue 2026-10-13 16:00:00 +03:00  status resolved [line 9]

first_response, round 1, agreement gold
  promise  1h in calendar office
  rule     sla.yaml:13
  pauses   never
  zone     Europe/Moscow
  started  Mon 2026-10-12 10:00:00 +03:00
  due      Mon 2026-10-12 11:00:00 +03:00
  timeline
    Mon 2026-10-12 10:00:00 +03:00  runs (status open)
      Mon 10-12 10:00:00-10:30:00  30m
      counted 30m
    Mon 2026-10-12 10:30:00 +03:00  ends (an agent replies)
  thresholds
    breached at 1h: not exceeded
  said
    Mon 2026-10-12 10:30:00 +03:00  met
  verdict
    met: 30m of 1h spent, 30m left

resolution, round 1, agreement gold
  promise  4h in calendar office
  rule     sla.yaml:15
  pauses   while pending
  zone     Europe/Moscow
  started  Mon 2026-10-12 10:00:00 +03:00
  due      Tue 2026-10-13 13:00:00 +03:00
  timeline
    Mon 2026-10-12 10:00:00 +03:00  runs (status open)
      Mon 10-12 10:00:00-12:00:00  2h
      counted 2h
    Mon 2026-10-12 12:00:00 +03:00  paused (status 'Waiting' (pending))
    Tue 2026-10-13 11:00:00 +03:00  runs (status open)
      Tue 10-13 11:00:00-13:00:00  2h
      Tue 10-13 14:00:00-16:00:00  2h
      counted 4h
    Tue 2026-10-13 16:00:00 +03:00  ends (status resolved)
  changes of the promise
    Tue 2026-10-13 12:00:00 +03:00  priority P1: from 8h in office of gold to 4h in office of gold;
      the whole clock is judged by the new one (retroactive)
  thresholds
    warned-75% at 3h: exceeded after Tue 2026-10-13 12:00:00 +03:00
    breached at 4h: exceeded after Tue 2026-10-13 14:00:00 +03:00
  said
    Tue 2026-10-13 16:00:00 +03:00  warned 75%, which happened Tue 2026-10-13 12:00:00 +03:00
    Tue 2026-10-13 16:00:00 +03:00  breached, which happened Tue 2026-10-13 14:00:00 +03:00
    Tue 2026-10-13 16:00:00 +03:00  missed
  verdict
    missed: 2h + 4h = 6h of 4h spent, 2h too much
"""


def test_an_explanation_word_for_word(run):
    done = run(*EXPLAIN)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == GOLDEN


def test_a_narrow_terminal_gets_narrow_lines(run):
    narrow = run(*EXPLAIN, COLUMNS="60").stdout.decode()
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == GOLDEN.split()


def test_why_there_is_no_clock(run):
    event = b'{"id":"1","ticket":"T-2","at":"2026-10-12T10:00:00+03:00","customer":"ACME","priority":"P9"}\n'
    done = run("explain", "-", "--agreements", "sla.yaml", "--ticket", "T-2", stdin=event)
    assert "gold, first_response (sla.yaml:13): it has no limit for priority P9" in done.stdout.decode()
    done = run("explain", "-", "--agreements", "sla.yaml", "--ticket", "T-2", stdin=event.replace(b"ACME", b"Other"))
    assert "customer is Other, not ACME" in done.stdout.decode()
    done = run("explain", "-", "--agreements", "sla.yaml", "--ticket", "T-2", stdin=event.replace(b"2026", b"2025"))
    assert "it applies from Thu 2026-01-01 00:00:00 +03:00" in done.stdout.decode()


def test_a_late_fact_takes_a_breach_back(run):
    lines = b"""\
{"id":"1","ticket":"T-3","at":"2026-10-12T10:00:00+03:00","customer":"ACME","priority":"P1"}
{"id":"2","ticket":"T-3","at":"2026-10-12T10:20:00+03:00","team":"net"}
{"id":"3","ticket":"T-3","at":"2026-10-12T10:10:00+03:00","reply":{"by":"agent"}}
"""
    text = run("explain", "-", "--agreements", "sla.yaml", "--ticket", "T-3", stdin=lines).stdout.decode()
    assert "late: time had come to Mon 2026-10-12 10:20:00 +03:00" in " ".join(text.split())
    said = text.split("said\n")[1].split("verdict\n")[0].splitlines()
    assert [line.split("+03:00  ")[1].split(",")[0] for line in said[:3]] == ["breached", "retracted", "met"]
    assert "met: 10m of 15m spent, 5m left" in text


def test_a_new_budget_adds_up_by_itself(run, folder):
    text = (folder / "sla.yaml").read_text() + "        on_change: from_now\n"
    (folder / "sla.yaml").write_text(text)
    words = run(*EXPLAIN).stdout.decode()
    assert "Tue 2026-10-13 12:00:00 +03:00  a new budget begins" in words
    assert "met: 3h of 4h spent, 1h left" in words


SEVERAL = """\
calendars:
  office:
    timezone: Europe/Moscow
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}
agreements:
  - id: gold
    match: {customer: [ACME]}
    calendar: office
    targets:
      - metric: resolution
        within: {P1: 4h, default: 8h}
        on_change: keep
  - {id: net-ola, match: {team: [net]}, also: true, targets: [{metric: resolution, within: 2h}]}
  - {id: supplier, match: {customer: [ACME]}, also: true, calendar: office, targets: [{metric: resolution, within: 6h}]}
  - {id: everybody, targets: [{metric: resolution, within: 9h}]}
"""
MERGED = b"""\
{"id":"1","ticket":"T-1","at":"2026-10-12T10:00:00+03:00","priority":"P2","customer":"ACME","team":"net"}
{"id":"2","ticket":"T-1","at":"2026-10-12T11:00:00+03:00","priority":"P1"}
{"id":"3","ticket":"T-1","at":"2026-10-12T12:00:00+03:00","merged_into":"T-0"}
{"id":"4","ticket":"T-1","at":"2026-10-12T16:00:00+03:00","merged_into":null}
{"id":"5","ticket":"T-1","at":"2026-10-12T16:10:00+03:00","reply":{"by":"agent"}}
{"id":"6","ticket":"T-1","at":"2026-10-12T17:00:00+03:00","team":"desk"}
{"id":"7","ticket":"T-1","at":"2026-10-13T11:00:00+03:00","status":"resolved"}
"""


@pytest.fixture
def told(run, folder):
    """What is explained of the merged ticket, or of its first events: the text, and each of its parts by its first line."""
    (folder / "several.yaml").write_text(SEVERAL)

    def call(lines: int = 7) -> tuple[str, dict[str, str]]:
        stdin = b"".join(MERGED.splitlines(keepends=True)[:lines])
        text = run("explain", "-", "--agreements", "several.yaml", "--ticket", "T-1", stdin=stdin).stdout.decode()
        parts = (part.partition("\n") for part in text.split("\n\n"))
        return text, {head: " ".join(body.split()) for head, _, body in parts}

    return call


def test_a_ticket_that_was_merged_and_came_back(told):
    _, parts = told()
    gold = parts["resolution, round 1, agreement gold"]
    stands = "Mon 2026-10-12 12:00:00 +03:00 stands still (merged into T-0) Mon 2026-10-12 16:00:00 +03:00 runs"
    assert stands in gold
    assert "verdict met: 2h + 4h = 6h of 8h spent, 2h left" in gold


def test_a_ticket_that_is_merged_has_no_due_time_unless_its_budget_was_spent(told):
    _, parts = told(lines=3)
    assert "due not known while it does not run" in parts["resolution, round 1, agreement gold"]
    ola = parts["resolution, round 1, agreement net-ola"]
    assert "due Mon 2026-10-12 09:00:00 +00:00" in ola
    assert "verdict standing still: 2h of 2h spent, 0s left" in ola


def test_the_first_promise_stays_in_force(told):
    _, parts = told()
    gold = parts["resolution, round 1, agreement gold"]
    assert "promise 8h in calendar office" in gold
    assert (
        "Mon 2026-10-12 11:00:00 +03:00 priority P1: from 8h in office of gold to 4h in office of gold; "
        "the first one stays in force (keep)" in gold
    )
    assert "breached at 8h: not exceeded" in gold


def test_agreements_besides_have_clocks_of_their_own(told):
    text, parts = told()
    assert "verdict met: 2h + 4h = 6h of 6h spent, 0s left" in parts["resolution, round 1, agreement supplier"]
    absent = parts["Without a clock"]
    assert "everybody, resolution (several.yaml:15): gold comes first in the file" in absent
    assert "supplier" not in absent
    assert "agreement net-ola" not in text


def test_what_was_said_under_an_agreement_that_was_left_is_not_lost(told):
    _, parts = told()
    # What was spent until the ticket was merged is the whole budget, so a moment after it came back it is exceeded.
    assert (
        "net-ola, resolution (several.yaml:13): team is desk, not net; "
        "said Mon 2026-10-12 13:10:00 +00:00 breached, which happened Mon 2026-10-12 13:00:00 +00:00; "
        "said Mon 2026-10-12 14:00:00 +00:00 retracted" in parts["Without a clock"]
    )


def test_what_was_said_is_found_under_any_name_of_an_agreement(run, folder):
    (folder / "sla.yaml").write_text((folder / "sla.yaml").read_text().replace("id: gold", "id: gold/2026 plus"))
    text = run(*EXPLAIN).stdout.decode()
    assert "agreement gold/2026 plus" in text
    assert "    Mon 2026-10-12 10:30:00 +03:00  met\n" in text
