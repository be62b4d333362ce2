"""What is explained of a service adds up to what is judged."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from slawatch.agreements import loads
from slawatch.core.interval import HOUR, MINUTE
from slawatch.core.periods.contract import ServiceTarget
from slawatch.core.periods.measure import EXCLUDED
from slawatch.core.periods.period import period_of
from slawatch.core.periods.status import Fact, Status
from slawatch.explain.followed import closed_time, follow
from slawatch.instants import ms_of

FILE = loads("""
services:
  crm: {down_when: any, stale_after: 5h}
calendars:
  desk: {timezone: Europe/Berlin, hours: {mon-sun: ["08:00-12:00", "13:00-18:00", "22:00-02:00"]}}
agreements:
  - id: a
    match: {customer: [ACME]}
    from: 2026-04-01
    until: 2026-04-20
    calendar: desk
    exclude: [{from: 2026-04-03T10:00:00Z, until: 2026-04-03T20:00:00Z, reason: agreed}]
    targets:
      - {metric: availability, service: [crm], at_least: 99%, per: week, degraded: 0.5, maintenance: {cap: 3h, notice: 1h}}
      - {metric: outage, service: [crm], at_most: 1h, per: week, unknown: down, min_outage: 20m}
      - {metric: outages, service: [crm], at_most: 1, per: week, maintenance: none, calendar: 24x7, unknown: up}
""")
(CONTRACT,) = FILE.contracts.contracts
START = ms_of("2026-03-31T00:00:00Z")


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        at = START + draw(st.integers(0, 22 * 24 * 6)) * 10 * MINUTE
        check, customer = draw(st.sampled_from(["", "web"])), draw(st.sampled_from([None, None, "ACME", "BETA"]))
        if draw(st.integers(0, 4)):
            found.append(Fact(at, -1, f"{number}", check, customer, draw(st.sampled_from(Status))))
        else:
            begin = at + draw(st.integers(0, 30)) * HOUR
            end = begin + draw(st.integers(0, 9)) * HOUR
            found.append(Fact(at, -1, f"{number}", "work", customer, Status.MAINTENANCE, begin, end))
    return found


@settings(max_examples=150, deadline=None)
@given(facts(), st.integers(0, 22 * 24))
def test_the_pieces_of_a_period_are_all_of_it_and_add_up(known: list[Fact], hours: int) -> None:
    until = max([START + hours * HOUR, *(fact.at for fact in known)])
    for target in CONTRACT.targets:
        assert isinstance(target, ServiceTarget)
        followed = follow(CONTRACT, target, "crm", known, FILE.contracts.rule("crm"), until)
        assert followed is not None
        for reading in followed.meter.readings:
            pieces = list(followed.pieces(reading.period))
            assert all(one.end == following.start for one, following in pairwise(pieces))
            if pieces:
                assert CONTRACT.since is not None
                assert CONTRACT.until is not None
                assert pieces[0].start == max(reading.period.start, CONTRACT.since)
                assert pieces[-1].end == min(reading.period.end, until, CONTRACT.until)
            sums = dict.fromkeys((*Status, EXCLUDED), 0)
            for piece in pieces:
                if not piece.blip:
                    sums[piece.kind] += piece.agreed
            assert (sums[Status.DOWN], sums[Status.DEGRADED]) == (reading.down, reading.degraded)
            assert (sums[Status.UNKNOWN], sums[EXCLUDED]) == (reading.unknown, reading.excluded)


def test_why_a_stretch_counted_as_it_did() -> None:
    def fact(at: str, check: str, status: Status, **more: int) -> Fact:
        return Fact(ms_of(at), -1, at + check, check, None, status, **more)

    known = [
        fact("2026-04-06T06:00:00Z", "web", Status.UP),
        fact("2026-04-06T06:00:00Z", "mail", Status.UP),
        fact("2026-04-06T07:00:00Z", "mail", Status.DOWN),
        fact("2026-04-06T08:00:00Z", "web", Status.DEGRADED),
        fact("2026-04-06T09:00:00Z", "mail", Status.UP),
    ]
    target = CONTRACT.targets[0]
    assert isinstance(target, ServiceTarget)
    followed = follow(CONTRACT, target, "crm", known, FILE.contracts.rule("crm"), ms_of("2026-04-06T18:00:00Z"))
    assert followed is not None
    pieces = list(followed.pieces(period_of("2026-W15", CONTRACT.zone)[1]))
    assert [(piece.kind, piece.checks, piece.agreed // HOUR) for piece in pieces] == [
        (Status.UNKNOWN, (), 2),
        (Status.UP, (), 1),
        (Status.DOWN, (("mail", "down"),), 1),
        (Status.DOWN, (("mail", "down"), ("web", "degraded")), 1),
        (Status.DEGRADED, (("web", "degraded"),), 3),
        (Status.UP, (("web", "silent"),), 1),
        (Status.UNKNOWN, (("mail", "silent"), ("web", "silent")), 2),
    ]


def test_closed_time_is_what_no_time_is_agreed_in() -> None:
    axis = CONTRACT.targets[0].hours.axis  # type: ignore[union-attr]
    start, end = ms_of("2026-04-06T00:00:00Z"), ms_of("2026-04-07T00:00:00Z")
    closed = list(closed_time(axis, start, end))
    assert [(begin - start) // HOUR for begin, _ in closed] == [0, 10, 16]
    assert [(stop - start) // HOUR for _, stop in closed] == [6, 11, 20]
    around = CONTRACT.targets[2].hours.axis  # type: ignore[union-attr]
    assert list(closed_time(around, start, end)) == []
