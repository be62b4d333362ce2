"""All three processes over one file: what is reported in the end does not depend on how it came about."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slawatch.agreements import AgreementsFile, load, loads
from slawatch.core.fold import Bounds
from slawatch.instants import ms_of
from slawatch.joint_replay import JointReplay, joint_replay
from slawatch.messages.reports import Report
from slawatch.process import Outcome

EXAMPLES = Path(__file__).parents[1] / "examples"
LINES = (EXAMPLES / "month.jsonl").read_bytes().splitlines()
FROM = "\n    from: 2026-03-02"
LATE_AGREEMENT = """
agreements:
  - id: a{begins}
    timezone: UTC
    settle: 1h
    targets:
      - {{metric: availability, service: [crm], at_least: 99%, per: day, unknown: {unknown}}}
      - {{metric: availability, service: [other], at_least: 99%, per: day, unknown: up, name: other}}
"""
UNTIL = ms_of("2026-04-03T00:00:00+02:00")


@pytest.fixture(scope="module")
def agreements() -> AgreementsFile:
    return load(EXAMPLES / "agreements.yaml")


def run(
    file: AgreementsFile, lines: list[bytes], until: int | None = UNTIL
) -> tuple[JointReplay, list[dict[str, Any]]]:
    running = joint_replay(file, "/slawatch/test", Bounds())
    said = [json.loads(alert) for alert in running.run(lines, until)]
    assert running.bad == []
    return running, said


def reports(running: JointReplay) -> dict[bytes, Report]:
    """The reports, but for how often they were revised and how far the data reached."""
    found = {key: msgspec.json.decode(value, type=Report) for key, value in running.reports.items()}
    return {key: msgspec.structs.replace(report, revision=1, complete_until=None) for key, report in found.items()}


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_arrival_changes_no_report(agreements: AgreementsFile, seed: int) -> None:
    chance = random.Random(seed)
    lines = [*LINES, *chance.sample(LINES, 6)]
    chance.shuffle(lines)
    assert reports(run(agreements, lines)[0]) == reports(run(agreements, LINES)[0])


def test_what_comes_after_a_period_was_closed_revises_its_report(agreements: AgreementsFile) -> None:
    late = b'{"id": "late", "service": "crm", "at": "2026-03-17T10:30:00+01:00", "status": "up"}'
    later = b'{"id": "april", "service": "crm", "at": "2026-04-05T00:00:00+02:00", "status": "up"}'
    running, said = run(agreements, [*LINES, later, late])
    march = msgspec.json.decode(running.reports[b"acme-gold/2026-03"], type=Report)
    assert (march.revision, march.targets[0].verdict, march.credit_amount) == (2, "met", "0.00")
    about = [
        alert["id"].rpartition("/")[2] for alert in said if alert["id"].startswith("acme-gold/availability/crm/2026-03")
    ]
    assert about == ["warned-50%", "warned-80%", "breached", "missed", "retracted", "met"]


@pytest.mark.parametrize(
    ("unknown", "begins"),
    [("down", FROM), ("up", FROM), ("exclude", FROM), ("up", ""), ("exclude", "")],
    ids=["down-from", "up-from", "exclude-from", "up", "exclude"],
)
@pytest.mark.parametrize("seed", range(12))
def test_of_a_service_heard_of_late_nothing_is_said_twice(unknown: str, begins: str, seed: int) -> None:
    file = loads(LATE_AGREEMENT.format(begins=begins, unknown=unknown))
    chance = random.Random(seed)
    facts = [
        {"id": f"e{number}", "service": "crm", "at": f"2026-03-{day:02}T{chance.randrange(24):02}:30:00Z",
         "status": chance.choice(["up", "up", "down"])}
        for number, day in enumerate(chance.sample(range(1, 10), 4))
    ]  # fmt: skip
    ticks = [
        {"id": f"t{day}", "service": "other", "at": f"2026-03-{day:02}T23:59:59Z", "status": "up"}
        for day in range(1, 13)
    ]
    lines = [*ticks]
    for fact in facts:
        lines.insert(chance.randrange(5, 13), fact)
    running, said = run(file, [json.dumps(line).encode() for line in lines], None)
    ids = [alert["id"] for alert in said]
    assert len(set(ids)) == len(ids)
    for report in reports(running).values():
        name = f"a/availability/crm/{report.period}/"
        whats = [alert["what"] for alert in said if alert["id"].startswith(name)]
        verdicts = [what for what in whats if what in ("met", "missed")]
        verdict = report.targets[0].verdict
        if verdict is not None:
            assert verdicts[-1:] == [verdict], (name, whats)
        corrections = [what for what in whats if what in ("breached", "retracted")]
        assert corrections == (["breached", "retracted"] * len(corrections))[: len(corrections)]
        assert (corrections[-1:] == ["breached"]) is (verdict == "missed")


def test_an_outage_of_a_month_that_is_final_by_now_is_not_that_of_the_next() -> None:
    file = loads("""
agreements:
  - id: a
    from: 2026-01-01
    timezone: UTC
    targets:
      - {metric: outage, service: [crm], at_most: 240h, per: month, unknown: down}
      - {metric: outages, service: [crm], at_most: 0, per: month, unknown: down}
""")
    lines = [
        b'{"id": "1", "service": "crm", "at": "2026-02-20T00:00:00Z", "status": "up"}',
        b'{"id": "2", "service": "crm", "at": "2026-03-05T00:00:00Z", "status": "up", "check": "x"}',
        b'{"id": "3", "service": "crm", "at": "2026-03-04T00:00:00Z", "status": "degraded", "check": "y"}',
    ]
    running = joint_replay(file, "/slawatch/test", Bounds(30 * 86_400_000))
    said = [json.loads(alert)["id"] for alert in running.run(lines)]
    february = [name for name in said if "/2026-02/" in name]
    assert february == ["a/outage/crm/2026-02/met", "a/outages/crm/2026-02/met"], "it began in January"


def test_only_alerts_are_said(agreements: AgreementsFile) -> None:
    _, said = run(agreements, LINES)
    assert {alert["what"] for alert in said} <= {"warned", "breached", "overdue", "met", "missed"}
    assert len({alert["id"] for alert in said}) == len(said)


def test_tickets_are_judged_as_by_themselves() -> None:
    alone = loads("agreements: [{id: a, targets: [{metric: resolution, within: 4h, warn: [50%]}]}]")
    both = loads("""
agreements:
  - id: a
    targets:
      - {metric: resolution, within: 4h, warn: [50%]}
      - {metric: availability, service: [crm], at_least: 99%, per: day}
""")
    of_tickets = [alert for alert in run(both, LINES)[1] if alert["ticket"] is not None]
    assert of_tickets == [alert for alert in run(alone, LINES)[1] if "period" not in alert]


def test_which_kind_of_event_a_line_is() -> None:
    file = loads("agreements: [{id: a, targets: [{metric: outages, service: [crm], at_most: 1, per: day}]}]")
    running = joint_replay(file, "/slawatch/test", Bounds())
    lines = [
        b'{"id":"1","ticket":"T","service":"crm","status":"up","at":"2026-03-01T00:00:00Z"}',
        b'{"id":"2","service":"crm","status":"up","at":"2026-03-01T00:00:00Z"}',
        b'{"id":"2","service":"crm","status":"up","at":"2026-03-01T00:00:00Z"}',
        b'{"id":"3","service":"ticket","status":"up","at":"2026-03-01T00:00:00Z","check":"\\"ticket\\""}',
        b'{"id":"4","service":"crm","at":"2026-03-01T00:00:00Z"}',
        b'{"id":"5","at":"2026-03-01T00:00:00Z"}',
        b"[]",
    ]
    assert list(running.run(lines)) == []
    assert (running.outcomes.total(), running.monitoring) == (1, 3)
    assert running.monitoring_outcomes[Outcome.DUPLICATE] == running.monitoring_outcomes[Outcome.UNMATCHED] == 1
    assert [(bad.number, bad.error) for bad in running.bad] == [
        (5, "invalid: Object missing required field `status`"),
        (6, "invalid: Object missing required field `ticket`"),
        (7, "invalid: Expected `object`, got `array`"),
    ]
