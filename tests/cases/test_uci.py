"""From an export to verdicts: mapping, calendar, clocks and changes of priority against what a company said itself."""

from __future__ import annotations

import json

import uci_log
from slawatch.agreements import loads
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay

pytestmark = uci_log.needs_the_log


def test_the_verdicts_are_the_companys_own() -> None:
    lines = uci_log.converted()
    assert len(lines) == uci_log.ROWS
    replay = Replay(TicketProcess(loads(uci_log.AGREEMENTS, "company.yaml").agreements, "/slawatch/test"))
    verdicts = uci_log.our_verdicts(map(json.loads, replay.run(lines)))
    assert replay.bad == []
    assert uci_log.agreeing(verdicts) >= 0.998
    assert set(verdicts.values()) == {"met", "missed"}
