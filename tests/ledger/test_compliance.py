"""The share of tickets in time: which outcomes count, in which period, and what is said of it."""

import pytest
from office import Office, agreement, compliance

from slawatch.process import Outcome


def counts(office: Office, period: str = "2026-04") -> tuple[int, int, int]:
    target = office.now_is(period)["targets"][0]
    return target["met"], target["missed"], target["open_overdue"]


def test_what_is_met_and_missed() -> None:
    office = Office(compliance())
    office.met("T1", "04-10T08")
    assert counts(office) == (1, 0, 0)
    office.breached("T2", "04-10T08")
    assert counts(office) == (1, 1, 1), "a ticket left open cannot hide"
    office.clock("missed", "T2", "04-12T08", "04-10T08")
    assert counts(office) == (1, 1, 0)


def test_of_the_records_of_one_clock_the_last_counts() -> None:
    office = Office(compliance())
    office.missed("T1", "04-10T08", "04-11T08")
    office.clock("retracted", "T1", "04-10T07")
    assert counts(office) == (0, 0, 0)
    office.met("T1", "04-10T07")
    assert counts(office) == (1, 0, 0)
    assert office.met("T1", "04-10T07") is Outcome.DUPLICATE
    office.clock("withdrawn", "T1", "04-10T07")
    assert counts(office) == (0, 0, 0)
    office.met("T1", "04-10T09")
    office.breached("T1", "04-10T08")
    assert counts(office) == (0, 1, 1), "it was met, and now it runs on beyond its budget"


def test_a_breach_counts_whatever_came_after() -> None:
    office = Office(compliance())
    office.breached("T1", "04-10T08")
    office.clock("withdrawn", "T1", "04-11T08")
    assert counts(office) == (0, 1, 1)


def test_a_breach_that_was_retracted_while_an_outcome_stood_and_is_said_again() -> None:
    office = Office(compliance())
    office.missed("T1", "04-10T08", "04-11T08")
    office.clock("retracted", "T1", "04-10T07")
    office.breached("T1", "04-10T09")
    assert counts(office) == (0, 1, 0), "it did end: the outcome that stands is not said again"


def test_rounds_metrics_and_tickets_are_clocks_of_their_own() -> None:
    office = Office(compliance())
    office.met("T1", "04-10T08")
    office.met("T1", "04-10T09", round=2)
    office.breached("T1", "04-10T08", round=3)
    assert office.met("T1", "04-10T08", metric="first_response") is Outcome.UNMATCHED
    assert office.met("T1", "04-10T08", agreement="b") is Outcome.UNMATCHED
    assert counts(office) == (2, 1, 1)


def test_a_missed_one_counts_at_its_due_instant_and_a_met_one_when_it_stops() -> None:
    office = Office(compliance())
    office.clock("breached", "T1", "2026-05-01T06:00:00Z", "2026-04-30T23:59:59.999Z")
    office.clock("missed", "T1", "05-03T06", "2026-04-30T23:59:59.999Z")
    office.met("T2", "2026-05-01T00:00:00Z")
    assert counts(office, "2026-04") == (0, 1, 0)
    assert counts(office, "2026-05") == (1, 0, 0)


def test_by_ended_it_counts_when_it_ended() -> None:
    office = Office(compliance(by="ended"))
    office.breached("T1", "04-30T08")
    assert counts(office) == (0, 0, 0)
    office.clock("missed", "T1", "05-03T06", "04-30T08")
    office.met("T2", "04-30T08")
    assert counts(office, "2026-04") == (1, 0, 0)
    assert counts(office, "2026-05") == (0, 1, 0)


def test_months_are_those_of_the_agreement_and_end_with_it() -> None:
    promise = {"metric": "compliance", "of": "resolution", "at_least": "90%", "per": "month"}
    office = Office(agreement([promise], timezone="Europe/Moscow", until="2026-05-10"))
    office.met("T0", "2026-03-31T20:59:59.999Z")
    office.met("T1", "2026-03-31T21:00:00Z")
    office.met("T2", "2026-04-30T20:59:59.999Z")
    office.met("T3", "2026-04-30T21:00:00Z")
    office.met("T4", "2026-05-09T20:59:59.999Z")
    office.met("T5", "2026-05-09T21:00:00Z")
    assert counts(office, "2026-04") == (2, 0, 0)
    assert counts(office, "2026-05") == (2, 0, 0)
    assert office.process.report("a", "2026-03", office.states.get) is None
    assert office.process.report("a", "2026-06", office.states.get) is None
    office.passed("08-01T00")
    assert [report["period"] for report in office.reports] == ["2026-04", "2026-04", "2026-05", "2026-05"]
    assert office.reports[2]["from"] == "2026-04-30T21:00:00Z"
    assert office.reports[2]["timezone"] == "Europe/Moscow"


def test_match_narrows_by_the_latest_known_fields() -> None:
    office = Office(compliance(match={"priority": ["P1"], "team": ["net", "db"]}))
    office.met("T1", "04-10T08", priority="P1", team="net")
    office.met("T2", "04-10T08", priority="P2", team="net")
    office.met("T3", "04-10T08", priority="P1")
    office.breached("T4", "04-10T08", priority="P1", team="db")
    assert counts(office) == (1, 1, 1)
    office.clock("missed", "T4", "04-11T08", "04-10T08", priority="P2", team="db")
    assert counts(office) == (1, 0, 0)


def test_missed_tickets_are_the_first_hundred_by_verdict() -> None:
    office = Office(compliance())
    for number in range(150):
        office.breached(f"T{number:03}", f"04-10T{8 + (149 - number) // 60:02}:{(149 - number) % 60:02}")
    names = [f"T{number:03}" for number in reversed(range(50, 150))]
    assert office.now_is()["targets"][0]["missed_tickets"] == names
    for number in range(60, 150):
        office.clock("retracted", f"T{number:03}", "04-10T07")
    assert office.now_is()["targets"][0]["missed_tickets"] == [f"T{number:03}" for number in reversed(range(60))]


# Warnings


def test_a_warning_when_the_misses_exceed_a_share_of_those_allowed_so_far() -> None:
    office = Office(compliance(warn=["50%"]))
    for number in range(19):
        office.met(f"G{number}", "04-10T08")
    office.breached("B1", "04-10T09")
    assert office.alerts == [], "one of twenty is half of the two that are allowed: exactly, and not more"
    office.clock("withdrawn", "G0", "04-10T08:30")
    assert office.alerts == ["a/compliance/resolution/2026-04/warned-50% @ 2026-04-10T08:30:00Z"]
    (data,) = office.said
    assert (data["met"], data["missed"], data["sample"], data["ratio"]) == (18, 1, 19, "0.947368")


def test_a_warning_goes_and_is_said_again() -> None:
    office = Office(compliance(warn=["50%", "80%"]))
    office.breached("B1", "04-10T09")
    assert office.alerts == ["a/compliance/resolution/2026-04/warned-80% @ 2026-04-10T09:00:00Z"], "only the highest"
    for number in range(19):
        office.met(f"G{number}", "04-11T08")
    office.breached("B2", "04-12T09")
    assert office.alerts[1:] == ["a/compliance/resolution/2026-04/warned-80%~2 @ 2026-04-12T09:00:00Z"]
    office.restart()
    office.clock("retracted", "B2", "04-12T08")
    office.breached("B2", "04-12T09")
    assert office.alerts[2:] == ["a/compliance/resolution/2026-04/warned-80%~3 @ 2026-04-12T09:00:00Z"]


def test_no_warning_below_the_sample_nor_where_no_miss_is_allowed() -> None:
    few = Office(compliance(warn=["50%"], min_sample=3))
    few.breached("B1", "04-10T09")
    few.breached("B2", "04-10T09")
    assert few.alerts == []
    few.breached("B3", "04-10T10")
    assert len(few.alerts) == 1
    none = Office(compliance(warn=["50%"], at_least="100%"))
    none.breached("B1", "04-10T09")
    assert none.alerts == []


# Verdicts


def test_the_verdict_comes_at_the_end_and_a_breach_not_before() -> None:
    office = Office(compliance())
    office.breached("B1", "04-10T09")
    office.passed("05-02T00")
    assert (office.alerts, office.reports) == ([], []), "a deadline equal to stream time has not passed"
    office.passed("2026-05-02T00:00:00.001Z")
    assert office.alerts == [
        "a/compliance/resolution/2026-04/breached @ 2026-05-01T00:00:00Z",
        "a/compliance/resolution/2026-04/missed @ 2026-05-01T00:00:00Z",
    ]
    (target,) = office.last()["targets"]
    assert (target["verdict"], target["ratio"], target["sample"]) == ("missed", "0.000000", 1)


@pytest.mark.parametrize(("met", "missed", "verdict"), [(9, 1, "met"), (8, 1, "missed"), (89, 10, "missed")])
def test_exactly_the_share_is_met(met: int, missed: int, verdict: str) -> None:
    office = Office(compliance())
    for number in range(met):
        office.met(f"G{number}", "04-10T08")
    for number in range(missed):
        office.breached(f"B{number}", "04-10T08")
    office.passed("05-02T01")
    assert office.last()["targets"][0]["verdict"] == verdict
    assert office.alerts[-1] == f"a/compliance/resolution/2026-04/{verdict} @ 2026-05-01T00:00:00Z"


def test_below_the_sample_there_is_no_verdict() -> None:
    office = Office(compliance(min_sample=3))
    office.breached("B1", "04-10T08")
    office.met("G1", "04-10T08")
    office.passed("05-02T01")
    (target,) = office.last()["targets"]
    assert (target["verdict"], target["reason"], target["met"], target["missed"]) == (None, "too_few", 1, 1)
    assert office.alerts == []


def test_a_month_without_a_ticket_is_reported_too() -> None:
    office = Office(compliance())
    office.passed("06-02T01")
    assert [(one["period"], one["status"], one["targets"][0]["reason"]) for one in office.reports] == [
        ("2026-04", "closed", "too_few"),
        ("2026-04", "final", "too_few"),
        ("2026-05", "closed", "too_few"),
    ]


# After closing


def closed() -> Office:
    office = Office(compliance())
    for number in range(9):
        office.met(f"G{number}", "04-10T08")
    office.breached("B1", "04-10T08")
    office.passed("05-02T01")
    assert office.alerts == ["a/compliance/resolution/2026-04/met @ 2026-05-01T00:00:00Z"]
    office.said.clear()
    return office


def test_a_late_fact_changes_the_verdict_and_the_revision_once() -> None:
    office = closed()
    office.clock("withdrawn", "G1", "05-02T03", more=True)
    office.clock("breached", "G1", "04-11T08", "04-11T08")
    assert office.alerts == [
        "a/compliance/resolution/2026-04/breached @ 2026-05-01T00:00:00Z",
        "a/compliance/resolution/2026-04/missed @ 2026-05-01T00:00:00Z",
    ]
    assert [one["revision"] for one in office.reports] == [1, 2]
    office.said.clear()
    office.clock("retracted", "G1", "05-02T04", more=True)
    office.met("G1", "04-11T07")
    assert office.alerts == [
        "a/compliance/resolution/2026-04/retracted @ 2026-05-02T04:00:00Z",
        "a/compliance/resolution/2026-04/met~2 @ 2026-05-01T00:00:00Z",
    ]
    assert [one["revision"] for one in office.reports] == [1, 2, 3]
    office.said.clear()
    office.breached("B2", "04-12T08")
    assert office.alerts == [
        "a/compliance/resolution/2026-04/breached~2 @ 2026-05-01T00:00:00Z",
        "a/compliance/resolution/2026-04/missed~2 @ 2026-05-01T00:00:00Z",
    ]


@pytest.mark.parametrize("last", ["unmatched", "duplicate", "late"])
def test_the_last_alert_of_a_cause_may_be_no_news(last: str) -> None:
    office = closed()
    office.met("T9", "05-01T08")
    office.clock("retracted", "B1", "05-02T03", more=True)
    assert len(office.reports) == 1
    if last == "unmatched":
        assert office.met("B1", "04-10T07", metric="first_response") is Outcome.UNMATCHED
    elif last == "duplicate":
        assert office.met("T9", "05-01T08") is Outcome.DUPLICATE
    else:
        assert office.met("T8", "01-01T08") is Outcome.LATE
    assert [(one["revision"], one["targets"][0]["missed"]) for one in office.reports] == [(1, 1), (2, 0)]


def test_a_restart_between_the_alerts_of_a_cause() -> None:
    office = closed()
    office.clock("retracted", "B1", "05-02T03", more=True)
    office.restart()
    assert [(one["revision"], one["targets"][0]["missed"]) for one in office.reports] == [(1, 1), (2, 0)]
    office.met("B1", "04-10T07")
    assert office.last()["targets"][0]["met"] == 10


def test_what_changes_no_verdict_makes_a_revision_all_the_same() -> None:
    office = closed()
    office.clock("missed", "B1", "05-02T03", "04-10T08")
    assert office.alerts == []
    assert [(one["revision"], one["targets"][0]["open_overdue"]) for one in office.reports] == [(1, 1), (2, 0)]


def test_a_fact_of_another_month_changes_nothing() -> None:
    office = closed()
    office.met("T9", "05-01T08")
    assert len(office.reports) == 1


def test_once_more_when_final_and_not_judged_again() -> None:
    office = closed()
    office.passed("2026-06-01T00:00:00Z")
    assert office.last()["status"] == "closed"
    office.passed("2026-06-01T00:00:00.001Z")
    assert (office.last()["status"], office.last()["revision"]) == ("final", 1)
    assert {**office.reports[0], "status": "final", "complete_until": "2026-06-01T00:00:00.001Z"} == office.last()
    before = len(office.reports)
    assert office.breached("B3", "04-12T08") is Outcome.LATE
    office.clock("missed", "B1", "06-01T03", "04-10T08")
    assert (len(office.reports), office.alerts) == (before, [])


def test_without_retention_nothing_is_final() -> None:
    office = Office(compliance(), retention=None)
    office.met("T1", "04-10T08")
    office.passed("2027-01-15T00:00:00Z")
    assert {one["status"] for one in office.reports} == {"closed"}
    assert len(office.reports) == 9
    office.breached("T2", "04-10T08")
    assert office.last()["revision"] == 2


def test_records_are_dropped_when_their_last_period_is_final() -> None:
    month = {"metric": "compliance", "of": "resolution", "at_least": "90%", "per": "month"}
    office = Office(agreement([month, month | {"per": "quarter"}]))
    office.met("T1", "04-10T08")
    office.missed("T2", "04-10T08", "06-10T08")
    records = [key for key in office.states if key[0] == 1]
    office.passed("07-10T00")
    assert [key for key in office.states if key[0] == 1] == records, "the quarter is not final yet"
    office.passed("08-02T00")
    assert [key for key in office.states if key[0] == 1] == []
    assert office.last("2026-Q2")["status"] == "final"
