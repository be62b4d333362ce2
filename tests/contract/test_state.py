"""A ticket's state as bytes: what goes in comes out, it stays small, and a later version's is refused."""

import json
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from slawatch.agreements import loads
from slawatch.core.agreement import Agreement
from slawatch.core.fold import Bounds
from slawatch.core.promise import Agreements
from slawatch.instants import rfc3339
from slawatch.messages.events import decode_ticket_event
from slawatch.process import Reason, Record, Rejection
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay
from slawatch.states import ticket as state

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_600_000_000
"""2026-01-05T08:00:00Z, a Monday."""
AGREEMENTS = loads(
    """
calendars: {office: {timezone: Europe/Paris, hours: {mon-fri: ["09:00-17:00"]}}}
agreements:
  - id: gold
    match: {customer: [ACME]}
    targets:
      - {metric: first_response, within: 1h, warn: [50%, 80%]}
      - {metric: next_response, within: 1h}
      - {metric: update, within: 2h}
      - {metric: assignment, within: 30m}
      - {metric: resolution, within: {P1: 4h, default: 20h}, pause: [pending], warn: [75%], overdue: [150%]}
      - {metric: closure, calendar: office, within: 3d, on_reopen: new_round}
  - {id: a/b c, match: {customer: [Initech]}, targets: [{metric: next_response, within: 1h}]}
  - {id: supplier, also: true, targets: [{metric: resolution, within: {P1: 2h, P2: 8h}, on_change: from_now}]}
  - {id: rest, targets: [{metric: resolution, within: 8h, pause: [pending]}]}
""",
    "gold.yaml",
).agreements
Told = tuple[int, dict[str, Any]]


def lines(told: Iterable[Told], ticket: str = "T1") -> list[bytes]:
    return [
        json.dumps({"id": f"{ticket}-{at}", "ticket": ticket, "at": rfc3339(START + at)} | fields).encode()
        for at, fields in told
    ]


def said(replay: Replay, told: Iterable[Told], ticket: str = "T1") -> list[dict[str, Any]]:
    return [json.loads(data) for data in replay.run(lines(told, ticket))]


def replay_of(bounds: Bounds | None = None) -> Replay:
    return Replay(TicketProcess(AGREEMENTS, "/slawatch/test", bounds))


BY_AGENT, BY_CUSTOMER = {"reply": {"by": "agent"}}, {"reply": {"by": "customer"}}
HISTORIES: dict[str, list[Told]] = {
    "open": [(0, {"status": "open", "customer": "ACME"})],
    "unmatched fields": [(0, {"attributes": {"region": "EU", "x": None}, "status": "?"})],
    "paused": [(0, {"customer": "ACME", "priority": "P1"}), (HOUR, {"status": "pending"})],
    "breached and overdue": [(0, {"customer": "ACME", "priority": "P1"}), (9 * HOUR, {"assignee": "ann"})],
    "rounds": [
        (0, {"customer": "ACME", "version": 3}),
        (MINUTE, BY_AGENT),
        (2 * MINUTE, BY_CUSTOMER),
        (3 * MINUTE, BY_AGENT),
        (4 * MINUTE, {"status": "closed", "version": -7}),
        (5 * MINUTE, {"status": "open"}),
        (6 * MINUTE, BY_CUSTOMER),
    ],
    "rounds under a name with a slash": [
        (0, {"customer": "Initech"}),
        *((number * MINUTE, {"reply": {"by": by}}) for number, by in enumerate(("agent", "customer") * 3, 1)),
    ],
    "changed": [
        (0, {"priority": "P2"}),
        (HOUR, {"priority": "P1"}),
        (2 * HOUR, {"priority": "P2", "customer": "ACME"}),
    ],
    "taken back": [
        (0, {"customer": "ACME", "opened_at": rfc3339(START - DAY)}),
        (MINUTE, {"opened_at": None}),
        (2 * MINUTE, {"status": "resolved"}),
        (MINUTE // 2, {"customer": "Globex"}),
    ],
    "merged": [(0, {"customer": "ACME"}), (HOUR, {"merged_into": "T2"}), (2 * HOUR, {"deleted": True})],
    "first seen closed": [(0, {"status": "closed", "customer": "ACME"})],
}


@pytest.mark.parametrize("history", HISTORIES)
def test_load_and_dump_give_the_same_bytes(history: str) -> None:
    replay = replay_of()
    for told in HISTORIES[history]:
        said(replay, [told])
        stored = replay._states[b"T1"]
        ticket = state.load("T1", stored, AGREEMENTS)
        assert state.dump(ticket, AGREEMENTS, state.wake_up(stored)) == stored
        assert state.is_current(stored, AGREEMENTS.fingerprint)


def folded_after(history: str) -> Replay:
    replay = replay_of(Bounds(retention=DAY))
    said(replay, HISTORIES[history])
    said(replay, [(3 * DAY, {"status": "cancelled"})])
    said(replay, [(9 * DAY, {"status": "closed"})], "T2")
    return replay


@pytest.mark.parametrize("history", HISTORIES)
def test_a_folded_ticket_gives_the_same_bytes(history: str) -> None:
    stored = folded_after(history)._states[b"T1"]
    ticket = state.load("T1", stored, AGREEMENTS)
    assert len(ticket.history) == 0
    assert ticket.folded is not None
    assert state.dump(ticket, AGREEMENTS, state.wake_up(stored)) == stored


OF_LAYOUT_1 = json.loads(Path(__file__).with_name("states_of_layout_1.json").read_text())
"""What that layout's program made of `HISTORIES`, of the same ones folded, and of a stub that came back."""


def as_of_layout_1(name: str) -> Replay:
    if name == "a stub with new facts":
        replay = folded()
        said(replay, [(41 * DAY, {"status": "open"}), (41 * DAY + MINUTE, {"status": "pending"})])
        return replay
    if name.endswith(", folded"):
        return folded_after(name.removesuffix(", folded"))
    replay = replay_of()
    said(replay, HISTORIES[name])
    return replay


def sorted_facts(stored: bytes) -> bytes:
    """The same state with the fields of each fact by their numbers; they mean the same in any order."""
    ticket = state.load("T1", stored, AGREEMENTS)
    facts = ticket.history.facts()
    for fact in facts:
        fact.observed = dict(sorted(fact.observed.items()))
    ticket.history.replace(facts)
    return state.dump(ticket, AGREEMENTS, state.wake_up(stored))


@pytest.mark.parametrize("name", OF_LAYOUT_1)
def test_a_state_of_the_layout_before_is_the_same_ticket(name: str) -> None:
    old = b64decode(OF_LAYOUT_1[name])
    old = old[:1] + AGREEMENTS.fingerprint + old[9:]  # whatever holidays and time zones were when it was written
    stored = as_of_layout_1(name)._states[b"T1"]
    assert not state.is_current(old, AGREEMENTS.fingerprint)  # so it is judged again, and stored as it is now
    assert (state.wake_up(old), state.tally(old)) == (state.wake_up(stored), state.tally(stored))
    assert sorted_facts(old) == sorted_facts(stored)


def test_a_state_of_a_later_version_is_refused() -> None:
    replay = replay_of()
    said(replay, HISTORIES["open"])
    later = bytes([state.VERSION + 1]) + replay._states[b"T1"][1:]
    assert not state.is_current(later, AGREEMENTS.fingerprint)
    with pytest.raises(state.UnknownVersion) as refused:
        state.load("T1", later, AGREEMENTS)
    assert str(refused.value) == "the state of 'T1' has version 3, this program knows 2"


def test_a_state_of_other_agreements_is_not_current() -> None:
    replay = replay_of()
    said(replay, HISTORIES["open"])
    assert not state.is_current(replay._states[b"T1"], bytes(8))


def test_an_agreement_of_one_customer_keeps_its_name_in_ids() -> None:
    """Also when it has gone from the file, and nobody but the state knows any more how it was written."""
    of_one = Agreement("rest@A/B", AGREEMENTS.agreements[-1].targets, slug="rest@A%2FB")
    replay = Replay(TicketProcess(Agreements([of_one], fingerprint=b"with it."), "/slawatch/test"))
    (met,) = said(replay, [(0, {"status": "open"}), (HOUR, {"status": "resolved"})])
    states: dict[bytes, bytes] = replay._states
    process = TicketProcess(Agreements([], fingerprint=b"without."), "/slawatch/test")
    turn = process.on_change(b"T1", states.get, START + DAY, START + DAY)
    (withdrawn,) = [json.loads(message.value) for message in turn.messages]
    assert [(alert["agreement"], alert["id"]) for alert in (met, withdrawn)] == [
        ("rest@A/B", "rest@A%2FB/resolution/T1/1/met"),
        ("rest@A/B", "rest@A%2FB/resolution/T1/1/withdrawn"),
    ]


LIFE: list[Told] = [
    (0, {"status": "open", "customer": "Globex"}),
    (HOUR, BY_AGENT),
    (2 * HOUR, {"status": "resolved"}),
]
PATIENCE = Bounds(retention=30 * DAY, forget=400 * DAY)


def folded() -> Replay:
    replay = replay_of(PATIENCE)
    assert [alert["what"] for alert in said(replay, LIFE)] == ["met"]
    said(replay, [(2 * HOUR + 30 * DAY, {"status": "closed"})], "T2")
    assert replay.counts["folded_tickets"] == 0  # retention has not passed yet: it ends now
    said(replay, [(2 * HOUR + 30 * DAY + 1, {"team": "net"})], "T2")
    assert replay.counts["folded_tickets"] == 1
    return replay


def test_a_stub_is_small() -> None:
    assert len(folded()._states[b"T1"]) < 300


def test_what_is_older_than_a_stub_is_too_late() -> None:
    replay = folded()
    before = replay._states[b"T1"]
    assert said(replay, [(HOUR + 1, {"status": "pending"})]) == []
    (bad,) = replay.bad
    assert bad.error == "too_late: what happened to the ticket until 2026-01-05T10:00:00Z is folded"
    assert replay._states[b"T1"] == before


def test_a_late_fact_after_the_last_of_a_stub_is_taken() -> None:
    replay = folded()
    alerts = said(replay, [(3 * HOUR, {"status": "open"})])
    assert not replay.bad
    assert [(alert["what"], alert["happened_at"]) for alert in alerts] == [("breached", "2026-01-05T17:00:00Z")]


def test_a_stub_that_comes_back_goes_on() -> None:
    replay = folded()
    replay._process = TicketProcess(AGREEMENTS, "/slawatch/test", PATIENCE)
    back = 40 * DAY
    alerts = said(replay, [(back, {"status": "open"}), (back + 7 * HOUR, {"status": "resolved"})])
    assert [(alert["id"], alert["happened_at"], alert["elapsed_seconds"]) for alert in alerts] == [
        ("rest/resolution/T1/1/breached", rfc3339(START + back + 6 * HOUR), 8 * 3600),  # 2 h were spent in January
        ("rest/resolution/T1/1/missed", rfc3339(START + back + 7 * HOUR), 9 * 3600),
    ]
    assert {alert["started_at"] for alert in alerts} == {"2026-01-05T08:00:00Z"}


def test_a_stub_is_forgotten() -> None:
    replay = folded()
    said(replay, [(2 * HOUR + 400 * DAY + 1, {"status": "closed"})], "T3")
    assert b"T1" not in replay._states
    assert replay.counts["forgotten_tickets"] == 1
    assert said(replay, [(HOUR, {"status": "closed"})]) == []
    assert not replay.bad  # a ticket without state takes any instant


@pytest.mark.parametrize("status", ["open", "pending"])
def test_a_ticket_with_a_clock_is_kept(status: str) -> None:
    replay = replay_of(PATIENCE)
    said(replay, [(0, {"status": "open"}), (HOUR, {"status": status})])
    said(replay, [(900 * DAY, {"status": "closed"})], "T2")
    assert len(state.load("T1", replay._states[b"T1"], AGREEMENTS).history) == 2
    assert not replay.counts


def test_without_bounds_nothing_is_folded() -> None:
    replay = replay_of()
    said(replay, LIFE)
    before = replay._states[b"T1"]
    said(replay, [(9_000 * DAY, {"status": "closed"})], "T2")
    assert replay._states[b"T1"] == before


def test_too_late_is_a_rejection_that_changes_nothing() -> None:
    replay = folded()
    process = TicketProcess(AGREEMENTS, "/slawatch/test", PATIENCE)
    event = process.read(Record(b"T1", lines([(HOUR, {"status": "open"})])[0], START + 31 * DAY))
    assert event is not None
    assert not isinstance(event, Rejection)
    turn = process.on_event(event, replay._states.get, START + 31 * DAY, START + 31 * DAY)
    assert turn.rejection is not None
    assert turn.rejection.reason is Reason.TOO_LATE
    assert not turn.states
    assert not turn.wake_ups
    assert not turn.messages


def test_a_ticket_of_2100_facts_keeps_the_time_it_has_spent() -> None:
    replay = replay_of(PATIENCE)
    waiting = [(number * MINUTE, {"status": "pending" if number % 2 else "open"}) for number in range(2_100)]
    alerts = said(replay, waiting)
    assert replay.counts["folded_facts"] == 1_000
    alerts += said(replay, [(2_100 * MINUTE, {"status": "resolved"})])
    assert [alert["what"] for alert in alerts] == ["breached", "missed"]
    # every second minute counts: the 480th is spent when 959 have passed, the next begins one later
    assert alerts[0]["happened_at"] == rfc3339(START + 960 * MINUTE)
    assert alerts[1]["elapsed_seconds"] == 1_050 * 60
    assert alerts[1]["started_at"] == rfc3339(START)
    assert len(state.load("T1", replay._states[b"T1"], AGREEMENTS).history) == 1_101
    assert said(replay, [(10 * MINUTE + 1, {"status": "open"})]) == []
    assert [bad.error.split(":")[0] for bad in replay.bad] == ["too_late"]


CHAT = loads(
    """
agreements:
  - {id: one, match: {kind: [chat]}, targets: [{metric: next_response, within: 1h}]}
  - {id: two, match: {kind: [mail]}, targets: [{metric: next_response, within: 1h}, {metric: update, within: 1h}]}
""",
    "chat.yaml",
).agreements


def talk(kind: str, replies: int) -> list[Told]:
    """The customer and an agent in turn, four replies a minute."""
    answers = [(number * MINUTE // 4, BY_AGENT if number % 2 else BY_CUSTOMER) for number in range(1, replies + 1)]
    return [(0, {"status": "open", "kind": kind}), *answers]


def test_a_ticket_of_2100_replies_keeps_its_rounds() -> None:
    replay = Replay(TicketProcess(CHAT, "/slawatch/test", PATIENCE))
    alerts = said(replay, talk("chat", 2_099))
    assert [alert["id"] for alert in alerts] == [f"one/next_response/T1/{number}/met" for number in range(1, 1_050)]
    assert {alert["elapsed_seconds"] for alert in alerts} == {15}
    assert replay.counts["folded_facts"] > 0
    stored = replay._states[b"T1"]
    ticket = state.load("T1", stored, CHAT)
    assert state.dump(ticket, CHAT, state.wake_up(stored)) == stored
    assert 400 <= len(ticket.history) <= 700  # 200 to 300 rounds of two replies, and what belongs to none


@pytest.mark.parametrize(
    "kind",
    [
        "chat",
        "mail",
    ],
)
def test_folding_is_seldom(kind: str) -> None:
    """Folding derives everything again: in every turn it would make the last fact far dearer than the hundredth."""
    process = TicketProcess(CHAT, "/slawatch/test", PATIENCE)
    states: dict[bytes, bytes | None] = {}
    folds = 0
    for line in lines(talk(kind, 900)):
        event = decode_ticket_event(line)
        assert not isinstance(event, Rejection)
        turn = process.on_event(event, states.get, event.fact.at, event.fact.at)
        states.update(turn.states)
        folds += "folded_facts" in turn.counts
    assert 1 <= folds <= 10
