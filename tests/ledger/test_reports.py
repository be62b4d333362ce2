"""Reports: at closing, at every revision, once more when final; services that speak and those that nobody heard of."""

import json

import pytest
from office import Office, agreement, at

from slawatch.process import Outcome, Output, Place
from slawatch.processes.pages import LARGEST
from slawatch.states.ledger import UnknownVersion

CRM = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}
SHARE = {"metric": "compliance", "of": "resolution", "at_least": "95%", "per": "month"}
TIERS = [
    {"metric": "availability", "below": "99.9%", "credit": "10%"},
    {"metric": "availability", "below": "99.0%", "credit": "25%"},
]
DOWN = {
    "verdict": "missed", "breached_at": "2026-04-12T09:44:38.400Z", "ratio": "0.998564", "down_seconds": 3720,
    "outages": 1, "longest_seconds": 3720,
    "outage_list": [{"from": "2026-04-12T09:00:00Z", "until": "2026-04-12T10:02:00Z", "seconds": 3720}],
}  # fmt: skip


def test_bytes() -> None:
    file = agreement(
        [CRM, SHARE],
        timezone="Europe/Moscow",
        match={"customer": ["ACME"]},
        fee={"amount": "1200.00", "currency": "EUR"},
        credits=TIERS,
    )
    office = Office(file)
    office.figures("crm", "2026-04", DOWN, what="missed")
    for number in range(97):
        office.met(f"G{number}", "04-10T08")
    for name in ("INC-7", "INC-12", "INC-31"):
        office.missed(name, f"04-{int(name[4:]) // 2 + 10}T08", "04-30T08")
    office.clock("withdrawn", "INC-31", "04-30T09")
    office.passed("2026-05-01T21:00:02Z")
    (message,) = [message for message in office.messages if message.output is Output.REPORTS]
    assert (message.key, message.partition, message.labels) == (b"a/2026-04", None, None)
    assert message.headers == (("content-type", b"application/json"),)
    assert message.value.decode() == (
        '{"agreement":"a","customer":"ACME","period":"2026-04","from":"2026-03-31T21:00:00Z",'
        '"until":"2026-04-30T21:00:00Z","timezone":"Europe/Moscow","status":"closed","revision":1,'
        '"closed_at":"2026-05-01T21:00:00Z","complete_until":"2026-05-01T21:00:02Z","targets":['
        '{"metric":"availability","subject":"crm","target":"99.9%","verdict":"missed","reason":null,'
        '"breached_at":"2026-04-12T09:44:38.400Z","ratio":"0.998564","agreed_seconds":2592000,'
        '"measured_seconds":2592000,"excluded_seconds":0,"unknown_seconds":0,"down_seconds":3720,'
        '"degraded_seconds":0,"budget_seconds":2592,"outages":1,"longest_seconds":3720,"outage_list":'
        '[{"from":"2026-04-12T09:00:00Z","until":"2026-04-12T10:02:00Z","seconds":3720}]},'
        '{"metric":"compliance","subject":"resolution","target":"95%","verdict":"met","reason":null,'
        '"breached_at":null,"ratio":"0.970000","met":97,"missed":3,"sample":100,"open_overdue":1,'
        '"missed_tickets":["INC-7","INC-12","INC-31"]}],'
        '"credits":[{"metric":"availability","subject":"crm","percent":"10","below":"99.9%"}],'
        '"credit_percent":"10","credit_amount":"120.00","currency":"EUR","capped":false}'
    )


def test_an_alert_in_the_bytes_of_the_contract() -> None:
    office = Office(agreement([SHARE | {"name": "in time"}], match={"customer": ["ACME"]}))
    office.breached("T1", "04-10T08")
    office.passed("05-02T01")
    breached, missed = (message for message in office.messages if message.output is not Output.REPORTS)
    assert (breached.output, breached.key, breached.labels) == (Output.BREACHES, b"a", ("breached", "compliance"))
    assert (missed.output, missed.key, missed.labels) == (Output.OUTCOMES, b"a", ("missed", "compliance"))
    assert dict(breached.headers)["ce_id"] == b"a/in%20time/resolution/2026-04/breached"
    assert dict(breached.headers)["ce_type"] == b"slawatch.period.breached.v1"
    assert dict(breached.headers)["ce_subject"] == b"a"
    data = json.loads(breached.value)
    assert {name: data[name] for name in ("customer", "service", "ticket", "round", "ratio", "met", "missed", "sample")} == {
        "customer": "ACME", "service": None, "ticket": None, "round": None, "ratio": "0.000000", "met": 0, "missed": 1,
        "sample": 1,
    }  # fmt: skip


def test_its_own_verdicts_that_come_back_are_no_news() -> None:
    office = Office(agreement([SHARE]))
    office.breached("T1", "04-10T08")
    office.passed("05-02T01")
    for data in list(office.said):
        assert office.hear(data) is Outcome.EMPTY
    assert len(office.reports) == 1


def test_a_period_waits_for_every_partition_of_every_source() -> None:
    office = Office(agreement([SHARE]))
    office.met("T1", "04-10T08")
    office.passed("05-02T01", "tickets/0")
    assert office.reports == []
    office.breached("T2", "04-11T08")
    office.passed("2026-05-02T00:00:00Z", "monitoring/0")
    assert office.reports == []
    office.passed("2026-05-02T00:30:00Z", "monitoring/0")
    assert office.last()["targets"][0]["sample"] == 2
    assert office.last()["complete_until"] == "2026-05-02T00:30:00Z"


def test_a_mark_that_is_older_or_of_nobody_changes_nothing() -> None:
    office = Office(agreement([SHARE]))
    office.passed("05-02T01", "tickets/0", "alerts/0", "monitoring/7")
    office.passed("04-02T01", "tickets/0")
    assert office.reports == []
    office.passed("05-02T01", "monitoring/0")
    assert len(office.reports) == 1


def test_a_service_of_which_nobody_has_heard() -> None:
    office = Office(agreement([CRM]))
    office.passed("05-02T01")
    (target,) = office.last()["targets"]
    assert (target["verdict"], target["reason"], target["ratio"]) == (None, "no_data", None)
    assert (target["agreed_seconds"], target["unknown_seconds"], target["measured_seconds"]) == (2592000, 2592000, 0)
    assert office.alerts == []


def test_figures_that_come_late_make_a_revision_with_its_credit() -> None:
    office = Office(agreement([CRM], credits=TIERS, fee={"amount": "1000", "currency": "JPY"}))
    office.passed("05-02T01")
    assert (office.last()["credit_amount"], office.last()["credits"]) == ("0", [])
    office.figures("crm", "2026-04", DOWN | {"down_seconds": 25920.001, "ratio": "0.989999"}, what="missed")
    report = office.last()
    assert (report["revision"], report["credit_percent"], report["credit_amount"]) == (2, "25", "250")
    assert report["credits"] == [{"metric": "availability", "subject": "crm", "percent": "25", "below": "99.0%"}]
    office.figures("crm", "2026-04", DOWN | {"down_seconds": 25920, "ratio": "0.990000"}, what="missed")
    assert (office.last()["revision"], office.last()["credit_percent"]) == (3, "10"), "99 % is not below 99 %"
    assert office.figures("crm", "2026-04", DOWN | {"down_seconds": 25920, "ratio": "0.990000"}, what="missed") is (
        Outcome.DUPLICATE
    )
    office.figures("crm", "2026-04", {"verdict": None, "reason": "no_data", "ratio": None}, what="measured")
    assert (office.last()["revision"], office.last()["credit_percent"]) == (4, "0")
    assert office.alerts == [], "a service speaks for itself"


def test_each_service_has_its_part_and_what_nobody_promised_has_none() -> None:
    office = Office(agreement([CRM | {"service": ["crm", "erp"]}]))
    assert office.figures("web", "2026-04", {}) is Outcome.UNMATCHED
    assert office.figures("crm", "2026-W15", {}) is Outcome.UNMATCHED
    assert office.figures("crm", "nonsense", {}) is Outcome.UNMATCHED
    office.figures("erp", "2026-04", {})
    office.passed("05-02T01")
    assert [(one["subject"], one["verdict"]) for one in office.last()["targets"]] == [("crm", None), ("erp", "met")]


def test_an_open_period_is_shown_as_it_is_now() -> None:
    office = Office(agreement([CRM, SHARE], credits=TIERS))
    office.breached("T1", "04-10T08")
    report = office.now_is()
    assert (report["status"], report["revision"], report["closed_at"]) == ("open", 0, None)
    assert [(one["verdict"], one["reason"]) for one in report["targets"]] == [(None, None), (None, None)]


def test_a_report_for_each_length_of_period() -> None:
    office = Office(agreement([SHARE, SHARE | {"per": "week"}, SHARE | {"per": "quarter"}]))
    office.met("T1", "04-01T08")
    office.met("T2", "04-30T08")
    office.passed("07-03T00")
    weeks = [one for one in office.reports if "W" in one["period"] and one["revision"] and one["status"] == "closed"]
    assert [one["period"] for one in weeks] == [f"2026-W{week}" for week in range(14, 27)]
    assert [one["targets"][0]["met"] for one in weeks] == [1, 0, 0, 0, 1, *[0] * 8]
    assert [len(one["targets"]) for one in (office.last("2026-W14"), office.last(), office.last("2026-Q2"))] == [
        1,
        1,
        1,
    ]
    assert office.last("2026-Q2")["targets"][0]["met"] == 2


def test_without_a_beginning_the_first_period_is_that_of_the_first_fact() -> None:
    data = json.loads(agreement([SHARE]))
    del data["agreements"][0]["from"]
    office = Office(json.dumps(data))
    office.passed("06-02T01")
    assert office.reports == []
    office.met("T1", "05-10T08")
    assert [one["period"] for one in office.reports] == ["2026-05"], "and it is over already"
    office.met("T2", "07-10T08")
    office.passed("08-02T01")
    assert [one["period"] for one in office.reports if one["status"] == "closed"] == ["2026-05", "2026-06", "2026-07"]


def test_without_a_beginning_months_go_on_after_the_last_record_is_dropped_whatever_restarts() -> None:
    data = json.loads(agreement([SHARE]))
    del data["agreements"][0]["from"]
    office = Office(json.dumps(data))
    office.met("T1", "05-10T08")
    office.passed("08-02T01")
    assert [key for key in office.states if key[0] == 1] == []
    office.restart()
    office.passed("09-02T01")
    assert [one["period"] for one in office.reports if one["status"] == "closed"][-2:] == ["2026-07", "2026-08"]


def test_money_for_missed_clocks_needs_no_other_target_about_them() -> None:
    credit = {"metric": "resolution", "each_miss": "50.00", "cap": "500.00"}
    office = Office(agreement([CRM], credits=[credit], fee={"amount": "1200.00", "currency": "EUR"}))
    office.breached("T1", "04-10T08")
    office.breached("T2", "04-10T08")
    office.met("T3", "04-10T08")
    office.passed("05-02T01")
    report = office.last()
    assert report["credits"] == [{"metric": "resolution", "subject": None, "count": 2, "amount": "100.00"}]
    assert (report["credit_percent"], report["credit_amount"]) == ("8.333333", "100.00")


def test_one_template_many_customers() -> None:
    customers = [f"C{number}" for number in range(40)]
    file = agreement([SHARE], each="customer", match={"customer": customers})
    office = Office(file)
    office.met("T1", "04-10T08", agreement="a@C7")
    office.passed("05-02T01")
    assert len(office.reports) == 40
    report = office.last(agreement="a@C7")
    assert (report["customer"], report["targets"][0]["met"]) == ("C7", 1)
    assert office.last(agreement="a@C8")["targets"][0]["met"] == 0
    assert {message.key for message in office.messages} >= {b"a@C7/2026-04"}


def test_an_agreement_belongs_to_the_partition_that_its_key_hashes_to() -> None:
    customers = [f"C{number}" for number in range(40)]
    file = agreement([SHARE], each="customer", match={"customer": customers})
    offices = [Office(file, place=Place("sla-outcomes", number, 3)) for number in range(3)]
    for office in offices:
        office.passed("05-02T01")
    owners = [{one["agreement"] for one in office.reports} for office in offices]
    assert sum(map(len, owners)) == 40
    assert set.union(*owners) == {f"a@C{number}" for number in range(40)}
    assert all(owners)
    for office, owned in zip(offices, owners, strict=True):
        heard = office.met("T1", "04-10T08", agreement="a@C7")
        assert heard is (Outcome.APPLIED if "a@C7" in owned else Outcome.UNMATCHED)


APRIL = 30 * 86_400


@pytest.mark.parametrize(
    ("unknown", "verdict", "down"), [("exclude", None, 0), ("up", "met", 0), ("down", "missed", APRIL)]
)
def test_what_nobody_heard_of_counts_as_the_agreement_says(unknown: str, verdict: str | None, down: int) -> None:
    office = Office(agreement([CRM | {"unknown": unknown}]))
    office.passed("05-02T01")
    (target,) = office.last()["targets"]
    assert (target["verdict"], target["down_seconds"], target["agreed_seconds"]) == (verdict, down, APRIL)
    if unknown == "down":
        assert (target["breached_at"], target["outages"]) == ("2026-04-01T00:43:12Z", 1)
        assert office.alerts == [
            "a/availability/crm/2026-04/breached @ 2026-04-01T00:43:12Z",
            "a/availability/crm/2026-04/missed @ 2026-05-01T00:00:00Z",
        ]
        office.passed("06-02T01")
        assert (office.last("2026-05")["targets"][0]["down_seconds"]) == 31 * 86_400
        assert [hear["what"] for hear in office.said[2:]] == ["breached", "missed"]
        for data in list(office.said):
            office.hear(data)
        assert [one["revision"] for one in office.reports] == [1] * len(office.reports), "what comes back is no news"


def test_it_was_heard_of_after_all() -> None:
    office = Office(agreement([CRM | {"unknown": "down"}]))
    office.passed("05-02T01")
    office.said.clear()
    office.figures("crm", "2026-04", {}, happened_at="2026-05-01T00:00:00Z")
    office.figures("crm", "2026-04", {"down_seconds": 1, "verdict": "met"}, "measured")
    assert office.alerts == [], "it takes back itself what was said in its stead"
    assert (office.last()["revision"], office.last()["targets"][0]["verdict"]) == (3, "met")


@pytest.mark.parametrize("closed", [False, True])
def test_a_service_relies_on_a_verdict_that_is_still_to_be_said(closed: bool) -> None:
    file = agreement([SHARE, CRM | {"unknown": "down"}])
    office = Office(agreement([SHARE]) if closed else file)
    if closed:  # the promise is newer than the closing
        office.passed("05-02T01")
        office.restart(file)
        assert office.alerts == [], "the service may be about to speak"
    office.figures("crm", "2026-04", {"verdict": "missed", "down_seconds": 20 * 86_400}, "measured")
    office.passed("05-02T01")
    office.figures("crm", "2026-04", {"verdict": "missed", "down_seconds": 10 * 86_400}, "measured")
    assert [alert.split(" ")[0] for alert in office.alerts if "availability" in alert] == [
        "a/availability/crm/2026-04/breached",
        "a/availability/crm/2026-04/missed",
    ]


def test_time_that_was_excluded_does_not_count_for_it_either() -> None:
    excluded = {"from": "2026-04-10T00:00:00Z", "until": "2026-04-11T00:00:00Z", "reason": "the customer's network"}
    office = Office(agreement([CRM], exclude=[excluded]))
    office.passed("05-02T01")
    assert office.last()["targets"][0]["agreed_seconds"] == APRIL - 86_400


# A changed agreements file


def test_a_changed_promise_is_judged_again_and_its_closed_reports_revised() -> None:
    office = Office(agreement([SHARE | {"at_least": "90%"}], credits=[{"metric": "compliance", "credit": "10%"}]))
    for number in range(8):
        office.met(f"G{number}", "04-10T08")
    office.breached("B1", "04-10T08")
    office.passed("05-10T00")
    assert office.last()["credit_percent"] == "10"
    office.said.clear()
    office.restart(agreement([SHARE | {"at_least": "80%"}], credits=[{"metric": "compliance", "credit": "10%"}]))
    assert office.alerts == [
        "a/compliance/resolution/2026-04/retracted @ 2026-05-10T00:00:00Z",
        "a/compliance/resolution/2026-04/met @ 2026-05-01T00:00:00Z",
    ]
    assert [(one["revision"], one["credit_percent"]) for one in office.reports] == [(1, "10"), (2, "0")]
    office.restart()
    assert len(office.reports) == 2, "nothing has changed"


def test_a_promise_narrowed_afterwards_finds_the_fields_that_it_asks_for() -> None:
    office = Office(agreement([SHARE]))
    office.breached("B1", "04-10T08", priority="P1")
    office.met("G1", "04-10T08", priority="P2")
    office.restart(agreement([SHARE | {"match": {"priority": ["P2"]}}]))
    assert (office.now_is()["targets"][0]["met"], office.now_is()["targets"][0]["missed"]) == (1, 0)


def test_of_what_nobody_asks_for_any_more_nothing_is_kept() -> None:
    mean = {"metric": "satisfaction", "at_least": 4, "per": "week"}
    office = Office(agreement([CRM, SHARE, mean]))
    office.met("G1", "04-10T08")
    office.rated("G1", "04-10T08", 5)
    office.figures("crm", "2026-04", {})
    office.passed("04-20T00")
    kinds = sorted({key[0] for key in office.states})
    assert kinds == [1, 2, 3, 4, 5]
    outages = {"metric": "outages", "service": ["erp"], "at_most": 1, "per": "month"}
    office.restart(agreement([outages]))
    assert sorted({key[0] for key in office.states}) == [5]
    office.passed("05-03T00")
    assert [one["subject"] for one in office.last()["targets"]] == ["erp"]


def test_a_later_version_is_refused() -> None:
    office = Office(agreement([SHARE]))
    with pytest.raises(UnknownVersion, match="a state of the ledger has version 2, this program knows 1"):
        office.process.on_restore(b"\1", b"\2\0")


# Metrics


def test_the_gauges_show_the_period_that_runs() -> None:
    mean = {"metric": "satisfaction", "at_least": 4.5, "per": "month"}
    office = Office(agreement([SHARE | {"at_least": "90%", "name": "in time"}, SHARE | {"per": "week"}, mean, CRM]))
    for number in range(19):
        office.met(f"G{number}", "04-10T08")
    office.breached("B1", "04-10T08")
    office.breached("B2", "05-10T08")
    office.rated("G1", "04-10T08", 5)

    def gauges(instant: str) -> dict[tuple[str, ...], float]:
        tallies = [office.process.tally(state) for state in office.states.values()]
        samples = [sample for tally in tallies for sample in office.process.gauges(tally, at(instant))]
        assert len({sample[:2] for sample in samples}) == len(samples)
        assert all(dict(sample.labels)["agreement"] == "a" for sample in samples)
        return {(name, *(value for _, value in labels[1:])): amount for name, labels, amount in samples}

    assert gauges("2026-04-10T09:00:00Z") == {
        ("period_ratio", "in time", "resolution"): 0.95,
        ("period_target_ratio", "in time", "resolution"): 0.9,
        ("period_budget_left_ratio", "in time", "resolution"): 0.5,
        ("period_ratio", "compliance", "resolution"): 0.95,
        ("period_target_ratio", "compliance", "resolution"): 0.95,
        ("period_budget_left_ratio", "compliance", "resolution"): 0.0,
        ("period_ratio", "satisfaction", "ratings"): 5.0,
        ("period_target_ratio", "satisfaction", "ratings"): 4.5,
    }
    assert gauges("2026-05-20T09:00:00Z") == {
        ("period_ratio", "in time", "resolution"): 0.0,
        ("period_target_ratio", "in time", "resolution"): 0.9,
        ("period_budget_left_ratio", "in time", "resolution"): -9.0,
    }


# Many


def test_what_is_due_at_once_is_done_in_small_turns() -> None:
    customers = [f"C{number}" for number in range(1_000)]
    office = Office(agreement([SHARE], each="customer", match={"customer": customers}))
    office.passed("05-03T00")
    assert len(office.reports) == 1_000
    assert len({one["agreement"] for one in office.reports}) == 1_000


def test_a_restart_in_the_middle_of_that_closes_the_others_once() -> None:
    customers = [f"C{number}" for number in range(200)]
    office = Office(agreement([SHARE], each="customer", match={"customer": customers}))
    settle, office.settle = office.settle, lambda: None  # type: ignore[method-assign]
    office.passed("05-03T00")
    assert 0 < len(office.reports) < 200
    office.settle = settle  # type: ignore[method-assign]
    office.restart()
    assert len(office.reports) == 200
    office.settle = lambda: None  # type: ignore[method-assign]
    office.passed("06-01T01")
    finals = [one for one in office.reports if one["status"] == "final"]
    assert 0 < len(finals) < 200
    office.settle = settle  # type: ignore[method-assign]
    office.restart()
    finals = [one["agreement"] for one in office.reports if one["status"] == "final"]
    assert (len(finals), len(set(finals))) == (200, 200)
    assert len(office.reports) == 400
    office.passed("2026-06-01T02:00:00Z")
    office.restart()
    assert sorted({key[0] for key in office.states}) == [5]
    assert len(office.reports) == 400


def test_a_report_that_no_topic_would_take_has_shorter_lists() -> None:
    services = [f"s{number}" for number in range(150)]
    office = Office(agreement([{**CRM, "service": services}]))
    outage = {"from": "2026-04-12T09:00:00Z", "until": "2026-04-12T10:02:00Z", "seconds": 3720}
    for service in services:
        office.figures(service, "2026-04", {**DOWN, "outages": 100, "outage_list": [outage] * 100}, what="missed")
    office.passed("2026-05-02T00:00:02Z")
    (message,) = [message for message in office.messages if message.output is Output.REPORTS]
    assert len(message.value) <= LARGEST
    targets = json.loads(message.value)["targets"]
    assert [(len(target["outage_list"]), target["outages"]) for target in targets] == [(10, 100)] * 150
