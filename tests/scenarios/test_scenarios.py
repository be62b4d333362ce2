"""Short histories of tickets and what must be said of them, worked out by hand: one YAML file each.

`file` is the agreements file; an event without `id` gets e01, e02, ..., without `ticket` T1; `until` is how far time runs
on after the last event; `expect` lists every alert, with the fields that matter and the reason.
"""

import json
import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from slawatch.agreements import loads
from slawatch.core.promise import Agreements
from slawatch.instants import to_ms
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay

SCENARIOS = sorted(Path(__file__).parent.glob("*.yaml"))
Said = list[dict[str, Any]]
each = pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)


class Scenario:
    """A scenario's file, taken apart."""

    def __init__(self, path: Path) -> None:
        told = yaml.safe_load(path.read_text())
        self.agreements: Agreements = loads(yaml.safe_dump(told["file"], sort_keys=False), path.name).agreements
        numbered = enumerate(told["events"], 1)
        self.lines = [
            json.dumps({"id": f"e{number:02}", "ticket": "T1"} | event).encode() for number, event in numbered
        ]
        self.until = to_ms(datetime.fromisoformat(told["until"])) if "until" in told else None
        self.expect: Said = told["expect"]

    def process(self) -> TicketProcess:
        return TicketProcess(self.agreements, "/slawatch/test")

    def said(self, lines: Sequence[bytes], until: int | None) -> Said:
        replay = Replay(self.process())
        alerts = [json.loads(data) for data in replay.run(lines, until)]
        assert not replay.bad
        return alerts


def same_instants(value: Any) -> Any:
    """An instant, however it is written."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 25


@each
def test_what_is_said(path: Path) -> None:
    scenario = Scenario(path)
    alerts = scenario.said(scenario.lines, scenario.until)
    assert sorted(alert["id"] for alert in alerts) == sorted(alert["id"] for alert in scenario.expect)
    said = {alert["id"]: alert for alert in alerts}
    for expected in scenario.expect:
        alert = said[expected["id"]]
        for name in expected.keys() - {"because"}:
            assert same_instants(alert[name]) == same_instants(expected[name]), (expected["id"], name)


@each
def test_restarted_after_every_event(path: Path) -> None:
    scenario = Scenario(path)
    replay = Replay(scenario.process())
    alerts: Said = []
    for line in scenario.lines:
        alerts += map(json.loads, replay.run([line]))
        replay._process = scenario.process()  # nothing but the stored bytes is left
    alerts += map(json.loads, replay.run([], scenario.until))
    assert alerts == scenario.said(scenario.lines, scenario.until)


def standing(alerts: Said) -> dict[tuple[Any, ...], list[str | None]]:
    """Of every clock whether a breach stands, and the last outcome.

    When a breach happened is not compared: one that stands is not said again because it is true of another instant.
    """
    found: dict[tuple[Any, ...], list[str | None]] = {}
    for alert in alerts:
        clock = found.setdefault(
            tuple(alert[name] for name in ("agreement", "metric", "ticket", "round")), [None, None]
        )
        match alert["what"]:
            case "breached":
                clock[0] = "breached"
            case "retracted":
                clock[0] = None
            case "met" | "missed":
                clock[1] = alert["what"]
            case "withdrawn":
                clock[1] = None
    return {clock: stands for clock, stands in found.items() if stands != [None, None]}


@each
@pytest.mark.parametrize("seed", range(5))
def test_arrival_does_not_matter(path: Path, seed: int) -> None:
    scenario = Scenario(path)
    first_of_their_id = {json.loads(line)["id"]: line for line in reversed(scenario.lines)}
    shuffled = [*first_of_their_id.values()] * 2
    random.Random(seed).shuffle(shuffled)
    until = scenario.until or max(to_ms(datetime.fromisoformat(json.loads(line)["at"])) for line in shuffled)
    assert standing(scenario.said(shuffled, until)) == standing(scenario.said(scenario.lines, until))
