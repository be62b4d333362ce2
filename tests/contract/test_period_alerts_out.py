"""What consumers read of services' periods: bytes and headers, topics and keys."""

import json
from typing import Any

from service_desk import ServiceDesk, contracts_of, ms, one_agreement
from slawatch.messages.monitoring import MonitoringEvent
from slawatch.process import Message, Output, Place, Record
from slawatch.processes.services import ServiceProcess

AVAILABILITY: dict[str, Any] = {"metric": "availability", "service": ["crm"], "at_least": "99.9%", "per": "month"}
GOLDEN = (
    '{"id":"a/availability/crm/2026-04/warned-50%","what":"warned","agreement":"a","metric":"availability",'
    '"round":null,"ticket":null,"threshold":"50%","customer":null,"priority":null,"service":"crm","team":null,'
    '"kind":null,"period":"2026-04","period_from":"2026-04-01T00:00:00Z","period_until":"2026-05-01T00:00:00Z",'
    '"started_at":"2026-04-01T00:00:00Z","due_at":"2026-04-10T00:43:12Z","happened_at":"2026-04-10T00:21:36Z",'
    '"detected_at":"2026-04-11T00:00:00Z","ratio":"0.999500","budget_seconds":2592,"elapsed_seconds":1296,'
    '"on_arrival":false}'
)


def headers(message: Message) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers}


def month(*targets: dict[str, Any], **more: Any) -> ServiceDesk:
    """April with an outage of an hour and ten minutes on the 10th, until all is said."""
    desk = ServiceDesk(one_agreement(*targets, **more))
    desk.event("2026-04-01T00:00:00Z", "up")
    desk.event("2026-04-10T00:00:00Z", "down")
    desk.until("2026-04-11T00:00:00Z")
    return desk


def test_golden() -> None:
    first, breach = month({**AVAILABILITY, "warn": ["50%"]}).messages
    assert first.value.decode() == GOLDEN
    assert (first.output, first.key, first.labels) == (Output.WARNINGS, b"crm", ("warned", "availability"))
    assert headers(first) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_source": "/slawatch/desk",
        "ce_id": "a/availability/crm/2026-04/warned-50%",
        "ce_type": "slawatch.period.warned.v1",
        "ce_subject": "crm",
        "ce_time": "2026-04-11T00:00:00Z",
    }
    assert (breach.output, breach.key) == (Output.BREACHES, b"crm")
    assert headers(breach)["ce_type"] == "slawatch.period.breached.v1"


def test_a_verdict_goes_to_the_outcomes_under_the_agreement_with_the_reports_fields() -> None:
    desk = month(AVAILABILITY)
    desk.event("2026-04-11T01:00:00Z", "up")
    desk.until("2026-05-03T00:00:00Z")
    verdict = desk.messages[-1]
    data = json.loads(verdict.value)
    assert (verdict.output, verdict.key, verdict.labels) == (Output.OUTCOMES, b"a", ("missed", "availability"))
    assert headers(verdict)["ce_subject"] == "crm"
    assert data["figures"] == {
        "metric": "availability",
        "subject": "crm",
        "target": "99.9%",
        "verdict": "missed",
        "reason": None,
        "breached_at": "2026-04-10T00:43:12Z",
        "ratio": "0.965277",
        "agreed_seconds": 2_592_000,
        "measured_seconds": 2_592_000,
        "excluded_seconds": 0,
        "unknown_seconds": 0,
        "down_seconds": 90_000,
        "degraded_seconds": 0,
        "budget_seconds": 2592,
        "outages": 1,
        "longest_seconds": 90_000,
        "outage_list": [{"from": "2026-04-10T00:00:00Z", "until": "2026-04-11T01:00:00Z", "seconds": 90_000}],
    }
    assert (data["happened_at"], data["elapsed_seconds"], data["due_at"]) == ("2026-05-01T00:00:00Z", 90_000, None)


def test_figures_without_a_verdict_are_no_alert() -> None:
    desk = ServiceDesk(one_agreement(AVAILABILITY))
    desk.event("2026-04-01T00:00:00Z", "unknown")
    desk.until("2026-05-03T00:00:00Z")
    (message,) = desk.messages
    data = json.loads(message.value)
    assert (message.output, message.key, message.labels) == (Output.OUTCOMES, b"a", None)
    assert headers(message)["ce_type"] == "slawatch.period.measured.v1"
    assert {name: data[name] for name in data if name != "figures"} == {
        "what": "measured",
        "agreement": "a",
        "metric": "availability",
        "service": "crm",
        "name": None,
        "period": "2026-04",
        "period_from": "2026-04-01T00:00:00Z",
        "period_until": "2026-05-01T00:00:00Z",
    }
    assert (data["figures"]["verdict"], data["figures"]["reason"]) == (None, "no_data")


def test_names_are_escaped_in_ids_and_the_customer_of_a_template_stands_in_them() -> None:
    target = {**AVAILABILITY, "service": ["crm / eu"], "name": "50% up", "per": "quarter"}
    template = {"id": "silver", "each": "customer", "match": {"customer": ["A&B @ home"]}, "targets": [target]}
    desk = ServiceDesk(contracts_of({"agreements": [template]}))
    desk.event("2026-04-01T00:00:00Z", "down", service="crm / eu")
    desk.until("2026-05-01T00:00:00Z")
    (alert,) = desk.alerts
    assert alert["id"] == "silver@A&B%20%40%20home/50%25%20up/crm%20%2F%20eu/2026-Q2/breached"
    assert (alert["agreement"], alert["customer"]) == ("silver@A&B @ home", "A&B @ home")


def test_counts_have_what_is_used_of_what_limit() -> None:
    desk = month({"metric": "outages", "service": ["crm"], "at_most": 0, "per": "month"})
    (breach,) = desk.alerts
    assert (breach["used"], breach["limit"]) == (1, 0)
    assert breach["budget_seconds"] is breach["elapsed_seconds"] is breach["ratio"] is None


def test_a_traceparent_is_passed_on() -> None:
    desk = month({**AVAILABILITY, "maintenance": "none"})
    event = {"id": "late", "service": "crm", "at": "2026-04-10T00:00:01Z", "status": "up"}
    record = Record(b"crm", json.dumps(event).encode(), ms("2026-04-11T00:00:00Z"), [("traceparent", b"00-abc")])
    read = desk.process.read(record)
    assert isinstance(read, MonitoringEvent)
    turn = desk.process.on_event(read, desk.states.get, desk.stream_time, desk.stream_time)
    (retracted,) = turn.messages
    assert (retracted.output, headers(retracted)["traceparent"]) == (Output.BREACHES, "00-abc")


def test_marks_are_written_behind_what_a_partition_has_said() -> None:
    process = ServiceProcess(one_agreement(AVAILABILITY), "/slawatch/desk").placed(Place("monitoring", 0, 3))
    start = process.on_start({}.get, 1_775_000_000_000, 1_775_000_000_000)
    ((key, due),) = start.wake_ups.items()
    assert due is not None
    turn = process.on_wake_up(key, due, {}.get, due + 1, due + 1)
    assert [message.partition for message in turn.messages] == [0, 1, 2]
    assert {json.loads(message.value)["what"] for message in turn.messages} == {"passed"}
