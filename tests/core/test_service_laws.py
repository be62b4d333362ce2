"""Laws of services: the grid agrees, the order of arrival changes nothing, the fast way is the definition, restarts too."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from service_grid import SLOT, Event, Judged, Terms, judge

from service_desk import ServiceDesk, contracts_of
from slawatch.core.periods import judge as judge_module
from slawatch.core.periods.account import Account
from slawatch.instants import rfc3339, to_ms

DAYS = 4
SLOTS = DAYS * 144
START = to_ms(datetime.fromisoformat("2026-03-28T00:00:00Z"))
"""A Saturday; the clocks of Berlin change the next night."""
METRICS = ("availability", "outage", "outages")
HOURS = {"timezone": "UTC", "hours": {"mon-sun": ["06:00-09:00", "10:00-18:30", "22:00-03:00"]}}


def is_open(slot: int) -> bool:
    minute = slot % 144 * 10
    return 360 <= minute < 540 or 600 <= minute < 1110 or minute >= 1320 or minute < 180


@dataclass
class Desk:
    """A random case: what is promised, and what is observed, in slots."""

    options: dict[str, Any]
    events: list[Event]
    calendar: bool
    since: bool

    def text(self, slot: int) -> str:
        return rfc3339(START + slot * SLOT)

    def file(self) -> dict[str, Any]:
        options = dict(self.options)
        agreement: dict[str, Any] = {"id": "a", "settle": "0s"}
        if self.since:
            agreement["from"] = "2026-03-28"
        if options.get("ends"):
            agreement["until"] = "2026-03-31"
        if options["customers"]:
            agreement["match"] = {"customer": sorted(options["customers"])}
        if options["exclude"]:
            agreement["exclude"] = [
                {"from": self.text(start), "until": self.text(end), "reason": "agreed"}
                for start, end in options["exclude"]
            ]
        common: dict[str, Any] = {"service": ["crm"], "per": "day", "unknown": options["unknown"]}
        if options["min_outage"]:
            common["min_outage"] = f"{options['min_outage'] * 10}m"
        if self.calendar:
            common["calendar"] = "odd"
        if not options["excused"]:
            common["maintenance"] = "none"
        elif options["cap"] is not None or options["notice"]:
            common["maintenance"] = {"notice": f"{options['notice'] * 10}m"}
            if options["cap"] is not None:
                common["maintenance"]["cap"] = f"{options['cap'] * 10}m"
        degraded = {"degraded": float(options["degraded"])} if options["degraded"] else {}
        levels = {"warn": ["50%", "80%", "10m"], "overdue": ["150%", "200%"]}
        agreement["targets"] = [
            {"metric": "availability", "at_least": f"{options['at_least']}%", **degraded, **common, **levels},
            {"metric": "outage", "at_most": f"{options['at_most'] * 10}m", **common, **levels},
            {"metric": "outages", "at_most": options["at_most"] % 3, **common, "warn": ["50%"]},
        ]
        rule: dict[str, Any] = {"down_when": options["down_when"]}
        if options["stale_after"]:
            rule["stale_after"] = f"{options['stale_after'] * 10}m"
        file = {"services": {"crm": rule}, "agreements": [agreement]}
        return {**file, "calendars": {"odd": HOURS}} if self.calendar else file

    def records(self) -> list[dict[str, Any]]:
        found = []
        for event in self.events:
            record = {"service": "crm", **event, "at": self.text(event["at"])}
            for name in ("planned_from", "planned_until"):
                if name in event:
                    record[name] = self.text(event[name])
            found.append(record)
        return found

    def judged(self, metric: str, end: int) -> dict[int, Judged]:
        options = self.options
        seen = [
            event
            for event in self.events
            if event.get("customer") is None or not options["customers"] or event["customer"] in options["customers"]
        ]
        first = 0 if self.since else min((event["at"] for event in seen), default=end) // 144 * 144
        terms = Terms(
            metric=metric,
            at_least=Fraction(options["at_least"]) / 100,
            at_most=options["at_most"] % 3 if metric == "outages" else options["at_most"],
            period=lambda slot: slot // 144,
            is_open=is_open if self.calendar else lambda _: True,
            until=3 * 144 if options["ends"] else None,
            customers=frozenset(options["customers"]) or None,
            **{
                name: options[name]
                for name in ("unknown", "degraded", "min_outage", "excused", "cap", "notice", "exclude", "down_when",
                             "stale_after")
            },
        )  # fmt: skip
        return judge(self.events, terms, first, end) if seen or self.since else {}


slots = st.integers(0, SLOTS - 1)
amounts = st.sampled_from((0, 1, 2, 3, 6, 12, 40))


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    found: list[Event] = []
    at = draw(st.integers(0, 100))
    for number in range(draw(st.integers(1, 14))):
        at = min(SLOTS - 1, at + draw(st.sampled_from((0, 1, 2, 3, 5, 10, 40, 100))))
        event: dict[str, Any] = {"id": f"e{number}", "at": at}
        event["status"] = draw(st.sampled_from(("up", "up", "down", "down", "degraded", "unknown", "maintenance")))
        if draw(st.booleans()):
            event["check"] = draw(st.sampled_from(("A", "B")))
        if draw(st.integers(0, 3)) == 0:
            event["customer"] = draw(st.sampled_from(("ACME", "BETA")))
        if draw(st.integers(0, 3)) == 0:
            event["version"] = draw(st.integers(-1, 2))
        if event["status"] == "maintenance" and draw(st.integers(0, 3)):
            start = event["planned_from"] = draw(st.one_of(st.just(at), st.integers(max(0, at - 6), at + 30)))
            event["planned_until"] = start + draw(st.sampled_from((0, 1, 4, 20, 150)))
            if draw(st.booleans()):
                again = dict(event, id=f"{event['id']}x", at=min(SLOTS - 1, at + draw(st.integers(0, 20))))
                again["planned_until"] = start + draw(st.sampled_from((0, 2, 10, 30)))
                found.append(again)
        found.append(event)
    return sorted(found, key=lambda event: event["at"])


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    since = draw(st.booleans())
    options = {
        "unknown": draw(st.sampled_from(("exclude", "up", "down") if since else ("exclude", "up"))),
        "degraded": draw(st.sampled_from((Fraction(0), Fraction(1, 2), Fraction(1)))),
        "min_outage": draw(st.sampled_from((0, 0, 1, 2, 3, 20, 200))),
        "excused": draw(st.integers(0, 4)) > 0,
        "cap": draw(st.sampled_from((None, None, 0, 1, 3, 12))),
        "notice": draw(st.sampled_from((0, 0, 1, 5, 20))),
        "exclude": draw(
            st.sampled_from(((), (), ((10, 30),), ((140, 150), (300, 301)))) if since else st.just(())
        ),
        "customers": draw(st.sampled_from(((), ("ACME",), ("ACME", "BETA")))),
        "down_when": draw(st.sampled_from(("any", "any", "all", 2))),
        "stale_after": draw(st.sampled_from((None, None, 1, 3, 20))),
        "at_least": draw(st.sampled_from(("100", "99.9", "99", "95", "50"))),
        "at_most": draw(st.sampled_from((0, 1, 2, 4, 10))),
        "ends": draw(st.integers(0, 4)) == 0,
    }  # fmt: skip
    return Desk(options, draw(events()), draw(st.booleans()), since)


def run(desk: Desk, records: list[dict[str, Any]] | None = None, **more: Any) -> ServiceDesk:
    """The desk until two slots after its last day."""
    found = ServiceDesk(contracts_of(desk.file()), **more)
    found.events(desk.records() if records is None else records)
    found.until(START + (SLOTS + 2) * SLOT)
    return found


def by_day(accounts: list[Account], metric: str) -> dict[int, Account]:
    return {
        (account.period.start - START) // (144 * SLOT): account
        for account in accounts
        if account.target.metric.value == metric
    }


@settings(max_examples=12)
@given(desks())
def test_a_grid_agrees(desk: Desk) -> None:
    found = run(desk).accounts()
    for metric in METRICS:
        expected = desk.judged(metric, SLOTS + 2)
        got = by_day(found, metric)
        assert got.keys() == expected.keys()
        for day, want in expected.items():
            figures = got[day].figures
            assert figures.agreed == want.agreed * SLOT
            assert figures.excluded == want.excluded * SLOT
            assert figures.unknown == want.unknown * SLOT
            assert figures.down == want.down * SLOT
            assert figures.degraded == want.degraded * SLOT
            assert figures.outages == len(want.outages)
            assert figures.longest == max(want.outages, default=0) * SLOT
            assert (figures.breached_at is None) == (want.breached is None)
            if figures.breached_at is not None and want.breached is not None:
                border = START + want.breached * SLOT
                assert border - SLOT <= figures.breached_at <= border


def standing(desk: ServiceDesk) -> dict[str, Any]:
    """The breaches that hold in the end, and the figures of closed periods as the ledger has them.

    Without those of a period whose outage still lasts: they are told again when it is over.
    """
    last: dict[str, Any] = {}
    for message in desk.messages:
        said = json.loads(message.value)
        about = f"{said['metric']}/{said['period']}"
        if said["what"] in ("breached", "retracted"):
            last[f"{about}/breach"] = said["what"]
        elif "figures" in said:
            last[about] = said["figures"]
            assert said["what"] == "measured" or said["what"] == said["figures"]["verdict"]
    going_on = {
        f"{account.target.metric}/{account.period.label}"
        for account in desk.accounts()
        if any(outage.until is None for outage in account.figures.outage_list)
    }
    return {about: what for about, what in last.items() if what != "retracted" and about not in going_on}


@settings(max_examples=12)
@given(desks(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_figure_and_no_truth(desk: Desk, chance: random.Random) -> None:
    shuffled = [record for record in desk.records() for _ in range(2)]
    chance.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_module, "said_for", lambda *_: {})  # there is no ledger here that speaks before it does
        one, other = run(desk), run(desk, shuffled)
    assert figures_of(one) == figures_of(other)
    assert standing(one) == standing(other)


def figures_of(desk: ServiceDesk) -> list[Any]:
    return sorted(
        (repr(account.period), account.target.metric.value, repr(account.figures)) for account in desk.accounts()
    )


@settings(max_examples=10)
@given(desks(), st.randoms(use_true_random=False))
def test_a_restart_before_every_turn_changes_nothing_that_is_said(desk: Desk, chance: random.Random) -> None:
    records = desk.records()
    for _ in range(2):
        records.insert(chance.randrange(len(records)), records.pop(chance.randrange(len(records))))
    one, other = run(desk, records), run(desk, records, restart=True)
    assert [message[:4] for message in one.messages] == [message[:4] for message in other.messages]
    assert one.states == other.states


@settings(max_examples=12)
@given(desks(), st.randoms(use_true_random=False))
def test_the_fast_step_says_what_the_definition_says(desk: Desk, chance: random.Random) -> None:
    records = desk.records()
    for _ in range(2):
        records.insert(chance.randrange(len(records)), records.pop(chance.randrange(len(records))))
    fast = run(desk, records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_module, "_repeats", lambda *_: False)
        patch.setattr(judge_module, "_extends", lambda *_: False)
        slow = run(desk, records)
    assert [message[:4] for message in fast.messages] == [message[:4] for message in slow.messages]


@settings(max_examples=12)
@given(desks())
def test_what_is_let_go_of_is_not_missed(desk: Desk) -> None:
    assume(any(event.get("planned_until") is None for event in desk.events))  # of announced work alone nothing is left
    desk.options["min_outage"] = min(desk.options["min_outage"], 20)  # else one comes to count when all is final
    kept, folded = run(desk), run(desk, retention=86_400_000)
    assert folded.said == kept.said
    for metric in METRICS:
        whole, rest = by_day(kept.accounts(), metric), by_day(folded.accounts(), metric)
        assert rest.keys() == {day for day in whole if day >= DAYS - 1}
        assert {day: account.figures for day, account in rest.items()} == {day: whole[day].figures for day in rest}
