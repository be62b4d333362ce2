"""The watchdog barks for work that stands still, and for nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from slawatch.stream import watchdog
from slawatch.stream.watchdog import STUCK_BEATS, Watchdog


@dataclass
class Task:
    turns: int = 0
    working: bool = True


def dog(**tasks: Task) -> Watchdog:
    return Watchdog(lambda: tasks.items(), lambda name: None, deadly=False)


def test_what_has_work_and_does_not_turn_is_found_after_a_minute() -> None:
    stuck, busy, idle = Task(), Task(), Task(working=False)
    watch = dog(stuck=stuck, busy=busy, idle=idle)
    for _ in range(STUCK_BEATS):
        assert watch.beat() is None
        assert watch.healthy()
        busy.turns += 1
    assert watch.beat() == "stuck"
    assert not watch.healthy()
    stuck.turns += 1
    assert watch.beat() is None
    assert watch.healthy()


def test_what_is_gone_is_forgotten() -> None:
    tasks = {"a": Task()}
    watch = Watchdog(lambda: tasks.items(), lambda name: None, deadly=False)
    for _ in range(STUCK_BEATS + 5):
        watch.beat()
    tasks.clear()
    assert watch.beat() is None
    assert watch.healthy()


async def test_it_barks_in_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_BEAT_SECONDS", 0.001)
    barked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    watch = Watchdog(lambda: [("a", Task())], lambda name: barked.done() or barked.set_result(name), deadly=False)
    watch.start()
    assert await asyncio.wait_for(barked, 10) == "a"
    watch.stop()
