"""The tickets that broke a promise, with their clocks where those are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET

from slawatch.messages.reports import Report
from slawatch.sheet import drawing
from slawatch.sheet.evidence import Evidence, LateTicket, key_of
from slawatch.sheet.language import Language
from slawatch.sheet.promise import title


@dataclass(frozen=True, slots=True)
class Late:
    """A ticket that broke its promise, in words; `picture` is its clock, where that is known."""

    ticket: str
    priority: str
    started: str
    due: str
    ended: str
    closing: str
    spent: str
    beyond: str
    picture: str


@dataclass(frozen=True, slots=True)
class LateList:
    """The tickets that broke one promise; `more` says how many are not listed."""

    title: str
    tickets: tuple[Late, ...]
    clocks: bool
    more: str


def late_lists(report: Report, language: Language, evidence: Evidence) -> Iterator[LateList]:
    """A list for each promise about tickets that some broke."""
    for entry in report.targets:
        if entry.metric != "compliance" or entry.missed is UNSET or not entry.missed:
            continue
        known = evidence.late.get(key_of(entry), ())
        names = [] if entry.missed_tickets is UNSET else entry.missed_tickets
        longest = max((each.spent for each in known), default=0)
        tickets = [_late(each, longest, language) for each in known]
        if not known:
            tickets = [Late(name, *[""] * 8) for name in names]
        hidden = entry.missed - len(tickets)
        more = language.counted("and %(count)s more", "and %(count)s more", hidden) if hidden > 0 else ""
        yield LateList(title(entry, language), tuple(tickets), bool(known), more)


def _late(each: LateTicket, longest: int, language: Language) -> Late:
    ended = "" if each.ended_at is None else language.instant(each.ended_at)
    not_ended = language.text("not ended")
    return Late(
        ticket=each.ticket,
        priority=each.priority or "",
        started="" if each.started_at is None else language.instant(each.started_at),
        due="" if each.due_at is None else language.instant(each.due_at),
        ended=ended or not_ended,
        closing=language.text("ended %(instant)s", instant=ended) if ended else not_ended,
        # Upwards to whole seconds: a ticket that was late must not look as if it had been in time.
        spent=language.text(
            "%(spent)s of %(budget)s",
            spent=language.span(-(-each.spent // 1000)),
            budget=language.span(each.budget / 1000),
        ),
        beyond=language.span(-((each.budget - each.spent) // 1000)),
        picture=drawing.clock(each.spent, each.budget, longest),
    )
