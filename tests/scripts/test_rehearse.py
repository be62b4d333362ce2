"""What the compiler is shown is what a worker does: it says something, folds, and finds everything in its path."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

from slawatch.agreements import load

ROOT = Path(__file__).resolve().parents[2]
rehearse = SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "rehearse.py")))
FILE = load(ROOT / "src" / "slawatch" / "demo" / "agreements.yaml")


def test_the_lane_and_the_replay_say_something_of_the_same_desk() -> None:
    alone, told = rehearse.work(FILE, None, 1), rehearse.work(FILE, FILE.contracts, 1)
    assert 0 < rehearse.replay(FILE, 1) <= alone < told  # an alert may be on two topics; the ledger hears of more


def test_nothing_of_it_is_refused() -> None:
    process = rehearse.OpenTickets(FILE.agreements, rehearse.SOURCE)
    replay = rehearse.Replay(process)
    for _ in replay.run(record.value for record in rehearse.records(1)):
        pass
    assert replay.bad_lines == 0
