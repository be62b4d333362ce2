"""Why a ticket's clocks stand where they do, in words: what a manager puts before a customer.

The facts come first, in the order in which they happened; then each clock. It derives from the same facts by the same core.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC

from slawatch.core.agreement import METRICS
from slawatch.core.calendar import Calendar
from slawatch.core.fact import Fact
from slawatch.core.promise import Agreements
from slawatch.core.ticket import derive, story
from slawatch.explain.absent import without_clock
from slawatch.explain.account import Account
from slawatch.explain.heard import Heard
from slawatch.explain.page import INDENT, Page, zone_name
from slawatch.explain.words import facts_told


def explanation(
    ticket: str, heard: Heard[Fact], agreements: Agreements, calendars: Mapping[str, Calendar], width: int = 100
) -> Iterator[str]:
    """The whole text, a line each."""
    assert heard.now is not None
    facts = sorted((seen.fact for seen in heard.seen if seen.remark in ("", "late")), key=lambda fact: fact.order)
    known = story(facts, None, agreements)
    rounds = derive(known, None) if facts else []
    clocks = sorted(
        (clock for each in rounds for clock in each.clocks()),
        key=lambda clock: (METRICS.index(clock.promise.target.metric), clock.round, clock.started_at),
    )
    zone = clocks[0].promise.agreement.zone if clocks else UTC
    page = Page(width, zone)
    yield f"Ticket {ticket}"
    yield f"as known at {page.instant(heard.now)} ({zone_name(zone)})"
    yield ""
    yield "What happened"
    yield from facts_told(page, heard, agreements)
    for clock in clocks:
        clock.advance(heard.now)
        yield ""
        yield from Account(clock, heard, facts, agreements, calendars, width).lines()
    absent = list(without_clock(facts, known.opening, clocks, agreements, heard.alerts))
    if absent:
        yield ""
        yield "Without a clock"
        for sentence in absent:
            yield from page.wrapped(INDENT, sentence)
