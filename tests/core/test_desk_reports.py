"""Tickets, ratings and the ledger together over random desks: what is reported depends on the events, not on their order."""

import copy
import json
from random import Random
from typing import Any

import pytest
import yaml
from judge import instant

from desk import Desk, random_desk
from slawatch.agreements import loads
from slawatch.core.fold import Bounds
from slawatch.joint_replay import joint_replay

DAY = 86_400_000


def with_periods(desk: Desk, seed: int) -> dict[str, Any]:
    """The desk's file, every agreement promising shares of its tickets too, by short periods with many borders."""
    dice, file = Random(seed), copy.deepcopy(desk.file)
    for agreement in file["agreements"]:
        promises = []
        for number, target in enumerate(agreement["targets"]):
            promise = {
                "metric": "compliance", "of": target["metric"], "at_least": dice.choice(["50%", "90%"]),
                "per": dice.choice(["day", "week"]), "by": dice.choice(["verdict", "verdict", "ended"]),
                "name": f"share {number}",
            }  # fmt: skip
            if dice.random() < 0.4:
                promise["match"] = {"priority": ["P1", "P2"]}
            promises.append(promise)
        promises.append({"metric": "satisfaction", "at_least": 4, "per": "day"})
        agreement["targets"] = [*agreement["targets"], *promises]
    return file


def rated(desk: Desk, seed: int) -> list[dict[str, Any]]:
    """The desk's events, some of them with a rating."""
    dice = Random(seed)
    return [
        event | ({"rating": dice.choice([5, 4, 3.5, None])} if dice.random() < 0.2 else {}) for event in desk.events
    ]


def reported(file: dict[str, Any], events: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """The newest reports, without what tells how they came to be."""
    replay = joint_replay(loads(yaml.safe_dump(file)), "/slawatch/laws", Bounds())
    until = max(instant(event["at"]) for event in events) + 20 * DAY
    for _ in replay.run([json.dumps(event).encode() for event in events], until):
        pass
    assert not replay.bad_lines
    found = {}
    for value in replay.reports.values():
        report = json.loads(value)
        assert report["status"] == "closed"
        hidden = ("revision", "complete_until")
        if not any(target["sample"] for target in report["targets"]):
            continue  # an agreement without a beginning begins with what it first heard, whatever became of it
        found[report["agreement"], report["period"]] = {k: v for k, v in report.items() if k not in hidden}
    return found


@pytest.mark.parametrize("profile", ["statuses", "replies", "openings", "voids", "changes", "everything"])
@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_arrival_changes_no_report(profile: str, seed: int) -> None:
    desk = random_desk(seed, profile, 22)
    file, events = with_periods(desk, seed), rated(desk, seed)
    events = list({event["id"]: event for event in events}.values())
    ordered = sorted(events, key=lambda event: (instant(event["at"]), event.get("version", -1), event["id"]))
    shuffled = Random(seed).sample(events, len(events))
    want = reported(file, ordered)
    assert reported(file, shuffled) == want
