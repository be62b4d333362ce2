"""Laws of the whole process over random desks: an independent judge, order freedom, restart, both ways to the truth."""

import json
from typing import Any

import pytest
import yaml
from judge import instant, judge

from desk import PROFILES, Desk, random_desk
from needs import uncompiled
from slawatch.agreements import loads
from slawatch.core import assess, fold
from slawatch.core.fold import Bounds
from slawatch.core.promise import Agreements
from slawatch.core.schedule import Wakes
from slawatch.core.ticket import Ticket
from slawatch.messages.events import decode_ticket_event
from slawatch.process import Rejection, Turn
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay
from slawatch.states.ticket import PackedHistory, dump, load, stub
from slawatch.states.ticket.rows import unpack

OF_THE_CLOCK = ("started_at", "due_at", "budget_seconds", "elapsed_seconds")
SEEDS = range(8)


def said(desk: Desk, events: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """What a replay says of a desk's events."""
    replay = Replay(TicketProcess(loads(yaml.safe_dump(desk.file)).agreements, "/slawatch/laws"))
    lines = [json.dumps(event).encode() for event in (desk.events if events is None else events)]
    until = None if desk.until is None else instant(desk.until)
    alerts = [json.loads(line) for line in replay.run(lines, until)]
    assert not replay.bad
    return alerts


def comparable(alert: dict[str, Any]) -> dict[str, Any]:
    """Without what a clock that no longer exists can't be asked for, and without the replay's own instant."""
    hidden = {"detected_at", *(OF_THE_CLOCK if alert["what"] in ("retracted", "withdrawn") else ())}
    return {name: value for name, value in alert.items() if name not in hidden}


def standing(alerts: list[dict[str, Any]]) -> dict[tuple[str, ...], str]:
    """The breaches and outcomes that hold in the end. Without their instants: what stays true is not said again."""
    last: dict[tuple[str, ...], str] = {}
    for alert in alerts:
        kind = {"breached": "breach", "retracted": "breach"}.get(alert["what"], "outcome")
        if alert["what"] not in ("warned", "overdue"):
            clock = (alert["ticket"], alert["agreement"], alert["metric"], str(alert["round"]), kind)
            last[clock] = alert["what"]
    return {clock: verdict for clock, verdict in last.items() if verdict not in ("retracted", "withdrawn")}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_replay_says_what_the_judge_says(profile: str, seed: int) -> None:
    desk = random_desk(seed, profile, 22)
    want = [comparable(alert) for alert in judge(desk.file, desk.events, desk.until)]
    assert [comparable(alert) for alert in said(desk)] == want


@uncompiled
@pytest.mark.parametrize("profile", ["changes", "late", "mixed", "reopenings"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_fast_step_says_what_the_definition_says(profile: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = random_desk(seed, profile, 22)
    fast = said(desk)
    monkeypatch.setattr(assess, "extends", lambda *_: False)
    assert fast == said(desk)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_and_repetitions_leave_the_same_truth(seed: int) -> None:
    desk = random_desk(seed, "late", 22)
    end = max(instant(event["at"]) for event in desk.events)
    desk = Desk(desk.file, desk.events, max(desk.until or "", "2026-12-31T00:00:00Z"))
    assert instant(desk.until or "") > end
    backwards = [event for event in reversed(desk.events) for _ in range(2)]
    one, other = standing(said(desk)), standing(said(desk, backwards))
    # The outcome of a clock that no longer ends stays as it was said, as after a reopening: it may stand in one order
    # only. Where both have one it is the same, and the breaches are.
    assert {clock: one[clock] for clock in one.keys() & other.keys()} == {
        clock: other[clock] for clock in one.keys() & other.keys()
    }
    assert all(clock[-1] == "outcome" for clock in one.keys() ^ other.keys())


@uncompiled
@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_folded_at_once_is_what_its_facts_lead_to(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket without a running clock is folded as it stands: that is what is derived from all its facts."""
    at_once, folded = fold.fold_all, []
    for seed in SEEDS:
        desk = random_desk(seed, profile, 22)
        agreements = loads(yaml.safe_dump(desk.file)).agreements

        def both_ways(ticket: Ticket, agreements: Agreements = agreements) -> None:
            state = dump(ticket, agreements, None)
            one, other = load(ticket.id, state, agreements), load(ticket.id, state, agreements)
            fold.fold(one, agreements, len(one.history))
            at_once(other)
            assert dump(other, agreements, None) == dump(one, agreements, None)
            assert standing_on(other, agreements) == standing_on(one, agreements)
            folded.append(ticket.id)
            at_once(ticket)

        monkeypatch.setattr(fold, "fold_all", both_ways)
        replay = Replay(TicketProcess(agreements, "/slawatch/laws", Bounds(retention=6 * 3_600_000)))
        lines = [json.dumps(event).encode() for event in desk.events]
        list(replay.run(lines, max(instant(event["at"]) for event in desk.events) + 365 * 86_400_000))
    assert folded


@pytest.mark.parametrize("profile", PROFILES)
def test_a_state_that_is_folded_as_it_lies_is_that_of_the_folded_ticket(profile: str) -> None:
    retention, forget = 6 * 3_600_000, 90 * 86_400_000
    bounds, quick = Bounds(retention, forget), 0
    for seed in SEEDS:
        desk = random_desk(seed, profile, 22)
        agreements = loads(yaml.safe_dump(desk.file)).agreements
        process, wakes = TicketProcess(agreements, "/slawatch/laws", bounds), Wakes()
        states: dict[bytes, Any] = {}

        def take(turn: Turn, states: dict[bytes, Any] = states, wakes: Wakes = wakes) -> None:
            states.update(turn.states)
            for key, due in turn.wake_ups.items():
                wakes.set(key, due)

        end = max(instant(event["at"]) for event in desk.events) + 30 * 86_400_000
        for number, event in enumerate([*desk.events, None]):
            at = end if event is None else instant(event["at"])
            while (wake := wakes.pop(at)) is not None:
                due, key = wake
                if isinstance(states.get(key), bytes):
                    early = stub(states[key], agreements.fingerprint, bounds, due)
                    folded = stub(states[key], agreements.fingerprint, bounds, due + 1)
                    turn = process.on_wake_up(key, due, states.get, at, at)
                    assert early is None
                    if folded is not None:
                        assert ({key: folded[0]}, {key: folded[1]}) == (turn.states, turn.wake_ups)
                        assert (turn.counts, list(turn.messages)) == ({"folded_tickets": 1}, [])
                        quick += 1
                    take(turn)
            if event is not None:
                decoded = decode_ticket_event(json.dumps(event).encode())
                if not isinstance(decoded, Rejection):
                    take(process.on_event(decoded, states.get, at, number))
        assert stub(min(states.values(), key=len), b"another.", bounds, end) is None
    assert quick > 10


def standing_on(ticket: Ticket, agreements: Agreements) -> list[Any]:
    """The base of a ticket, but for the instants of crossings: from a base on, they are those of the base."""
    base = ticket.history.base()
    assert base is not None
    history = PackedHistory(agreements, 1)
    history.rebase(base)
    row = unpack(history.row()[-1])
    for *_, clock, left in row[-1]:
        for one in (clock, *left):
            if one is not None:
                one[7] = len(one[7])
    return list(row)
