"""The cases of services in periods that lie beside the repository, worked out by hand."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from service_desk import ServiceDesk, contracts_of

SHARED = Path(os.environ.get("SLAWATCH_SHARED") or Path(__file__).parents[3] / "shared")
FILE = SHARED / "cases" / "periods.yaml"
CASES = yaml.safe_load(FILE.read_text())["cases"] if FILE.exists() else []
OF_SERVICES = [case for case in CASES if not any("ticket" in event for event in case["events"])]
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES, reason=f"no cases in {FILE}; SLAWATCH_SHARED names their folder"),
]
OF_THE_REPORT = ("status", "timezone", "customer", "capped", "credit_percent", "credit_amount")


def file_of(case: dict[str, Any]) -> dict[str, Any]:
    agreements = case.get("agreements") or [
        {"id": "a", "from": "2026-04-01", **case.get("agreement", {}), "targets": case["targets"]}
    ]
    for agreement in agreements:
        for target in agreement["targets"]:
            if target["metric"] == "outages":
                target["at_most"] = int(target["at_most"])
    return {**{name: case[name] for name in ("calendars", "services") if name in case}, "agreements": agreements}


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "restarted"])
@pytest.mark.parametrize("case", OF_SERVICES, ids=lambda case: case["name"])
def test_what_is_said_and_measured(case: dict[str, Any], restart: bool) -> None:
    desk = ServiceDesk(contracts_of(file_of(case)), restart=restart)
    for number, event in enumerate(case["events"], 1):
        version = {"version": int(event["version"])} if "version" in event else {}
        desk.record({"id": f"e{number:02}", **event, **version})
    desk.until(case["until"])
    only = case.get("only")
    said = [
        f"{alert['id']} @ {alert['happened_at']}"
        for alert in desk.alerts
        if only is None or (alert["metric"] == only["metric"] and alert["period"] == str(only["period"]))
    ]
    assert sorted(said) == sorted(case["alerts"])
    for key, fields in case.get("reports", {}).items():
        *agreement, period = str(key).split()
        for name, expected in fields.items():
            number, _, field = name.rpartition(".")
            if field in OF_THE_REPORT:
                continue
            target = file_of(case)["agreements"][0]["targets"][int(number or 0)]
            got = desk.entry(period, agreement=(agreement or ["a"])[0], metric=target["metric"])[field]
            assert ("null" if got is None else str(got)) == str(expected), (key, name)
