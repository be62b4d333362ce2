"""Which processes an agreements file needs."""

from __future__ import annotations

import pytest

from slawatch.agreements import loads
from slawatch.cli.composition import needed, processes
from slawatch.settings import read_settings

RESOLUTION = "{metric: resolution, within: 4h}"
COMPLIANCE = "{metric: compliance, of: resolution, at_least: 95%, per: month}"
AVAILABILITY = "{metric: availability, service: [crm], at_least: 99.9%, per: month}"


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        ([RESOLUTION], ["tickets"]),
        ([RESOLUTION, COMPLIANCE], ["tickets", "outcomes"]),
        ([AVAILABILITY], ["tickets", "monitoring", "outcomes"]),
        ([RESOLUTION, COMPLIANCE, AVAILABILITY], ["tickets", "monitoring", "outcomes"]),
    ],
)
def test_no_process_runs_that_nothing_asks_for(targets: list[str], names: list[str]) -> None:
    file = loads(f"agreements: [{{id: gold, from: 2026-01-01, targets: [{', '.join(targets)}]}}]")
    assert needed(file.contracts) == names
    assert [process.name for process in processes(read_settings(), file)] == names
