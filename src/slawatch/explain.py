"""Why a ticket's clocks stand where they do, in words: what a manager puts before a customer.

The facts come first, in the order in which they happened; then each clock with its promise, its timeline in the
agreement's zone, what was said, and a verdict whose sum adds up. It derives from the same facts by the same core.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from slawatch.core.agreement import METRICS, Agreement, Agreements, OnChange, Promise
from slawatch.core.calendar import Calendar
from slawatch.core.clock import ENDED, MET, MISSED, NO_VERDICT, PAUSED, RUNNING, STILL, Clock, Span
from slawatch.core.fact import (
    ASSIGNEE,
    ATTRIBUTES,
    BY_AGENT,
    BY_BOT,
    BY_CUSTOMER,
    DELETED,
    FIELD_NAMES,
    INTERNAL,
    MERGED_INTO,
    OPENED_AT,
    PRIORITY,
    REPLY,
    STATUS,
    Fact,
    Fields,
    no_fields,
    observe,
)
from slawatch.core.interval import DAY, HOUR, MINUTE, SECOND, Interval
from slawatch.core.ticket import derive, phase_of, story
from slawatch.events import decode_monitoring_at, decode_ticket_event
from slawatch.instants import from_ms, to_ms
from slawatch.process import Rejection
from slawatch.replay import Replay

_REPLIES = {
    BY_AGENT: "an agent replies", BY_CUSTOMER: "the customer replies", INTERNAL: "internal note", BY_BOT: "a bot writes",
}  # fmt: skip
_STANCES = {RUNNING: "runs", PAUSED: "paused", STILL: "stands still"}
_VERDICTS = {MET: "met", MISSED: "missed", NO_VERDICT: "ended without a verdict"}
_WAYS = {
    OnChange.RETROACTIVE: "the whole clock is judged by the new one (retroactive)",
    OnChange.FROM_NOW: "a new budget from then on (from_now)",
    OnChange.KEEP: "the first one stays in force (keep)",
}
_MANY = 8  # open intervals of one stretch that are listed one by one
_INDENT = "  "


class Seen(NamedTuple):
    """A ticket event as it arrived: its line, what it says, how far time had come, and what became of it."""

    number: int
    fact: Fact
    stream_time: int
    remark: str


@dataclass(slots=True)
class Told:
    """A ticket's events in order of arrival, what was said of it, and how far time came (None: there was no event)."""

    seen: list[Seen] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    now: int | None = None


def listen(running: Replay, lines: Iterable[bytes], ticket: str, until: int | None) -> Told:
    """Replay everything, as other tickets move time too, and keep what concerns this one."""
    told = Told()
    for alert in running.run(_noting(told, lines, ticket), until):
        data = msgspec.json.decode(alert)
        if data["ticket"] == ticket:
            told.alerts.append(data)
    if until is not None and told.now is not None:
        told.now = max(told.now, until)
    return told


def _noting(told: Told, lines: Iterable[bytes], ticket: str) -> Iterator[bytes]:
    known: set[str] = set()
    newest: tuple[int, int, str] | None = None
    for number, line in enumerate(lines, 1):
        event = decode_ticket_event(line) if line.strip() else None
        at = decode_monitoring_at(line) if isinstance(event, Rejection) else event and event.fact.at
        if event is not None and not isinstance(event, Rejection) and event.ticket == ticket:
            fact, before = event.fact, told.now if told.now is not None else event.fact.at
            if not fact.observed:
                remark = "empty"
            elif fact.id in known:
                remark = "duplicate"
            else:
                remark = "late" if newest is not None and fact.order < newest else ""
                newest = max(newest or fact.order, fact.order)
                known.add(fact.id)
            told.seen.append(Seen(number, fact, before, remark))
        if at is not None:
            told.now = at if told.now is None else max(told.now, at)
        yield line


def explanation(
    ticket: str, told: Told, agreements: Agreements, calendars: Mapping[str, Calendar], width: int = 100
) -> Iterator[str]:
    """The whole text, a line each."""
    assert told.now is not None
    facts = sorted((seen.fact for seen in told.seen if seen.remark in ("", "late")), key=lambda fact: fact.order)
    known = story(facts, None, agreements)
    rounds = derive(known, None) if facts else []
    clocks = sorted(
        (clock for each in rounds for clock in each.clocks()),
        key=lambda clock: (METRICS.index(clock.promise.target.metric), clock.round, clock.started_at),
    )
    zone = clocks[0].promise.agreement.zone if clocks else UTC
    page = _Page(width, zone)
    yield f"Ticket {ticket}"
    yield f"as known at {page.instant(told.now)} ({_zone_name(zone)})"
    yield ""
    yield "What happened"
    yield from _facts(page, told, agreements)
    for clock in clocks:
        clock.advance(told.now)
        yield ""
        yield from _Account(clock, told, facts, agreements, calendars, width).lines()
    absent = list(_without_clock(facts, known.opening, clocks, agreements))
    if absent:
        yield ""
        yield "Without a clock"
        for sentence in absent:
            yield from page.wrapped(_INDENT, sentence)


class _Page:
    """Instants in one zone, and lines that fit."""

    def __init__(self, width: int, zone: tzinfo) -> None:
        self.width, self.zone = max(width, 40), zone

    def local(self, at: int) -> datetime:
        return from_ms(at).astimezone(self.zone)

    def instant(self, at: int) -> str:
        """`Mon 2026-10-12 09:44:38 +03:00`."""
        local = self.local(at)
        offset = local.strftime("%z")
        return f"{local:%a %Y-%m-%d} {self.time(at)} {offset[:3]}:{offset[3:5]}"

    def time(self, at: int) -> str:
        return f"{self.local(at):%H:%M:%S}" + (f".{at % SECOND:03}" if at % SECOND else "")

    def wrapped(self, indent: str, text: str) -> list[str]:
        return textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent + _INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _facts(page: _Page, told: Told, agreements: Agreements) -> Iterator[str]:
    for seen in sorted(told.seen, key=lambda seen: seen.fact.order):
        words = "; ".join(_words(seen.fact, agreements)) or "nothing observed"
        text = f"{page.instant(seen.fact.at)}  {words} [line {seen.number}]"
        if seen.remark == "late":
            text += f"; late: time had come to {page.instant(seen.stream_time)}"
        elif seen.remark == "duplicate":
            text += f"; dropped: the id {seen.fact.id!r} was known already"
        elif seen.remark == "empty":
            text += "; nothing in it is observed, so it is not kept"
        yield from page.wrapped(_INDENT, text)


def _words(fact: Fact, agreements: Agreements) -> Iterator[str]:
    """What was observed, in words."""
    for number, value in fact.observed.items():
        name = FIELD_NAMES[number]
        if number == REPLY:
            yield _REPLIES[value]
        elif value is None:
            yield f"{name} cleared"
        elif number == STATUS:
            yield f"status {_status(value, agreements)}"
        elif number == OPENED_AT:
            yield f"opened_at {from_ms(value).isoformat().replace('+00:00', 'Z')}"
        elif number == DELETED:
            yield "deleted" if value else "not deleted"
        else:
            yield f"{name} {value}"


def _status(word: str, agreements: Agreements) -> str:
    phase = agreements.phase(word).name.lower()
    if not agreements.knows(word):
        return f"{word!r} (unknown, counts as open)"
    return word if word == phase else f"{word!r} ({phase})"


class _Account:
    """One clock, told from its trail."""

    def __init__(
        self, clock: Clock, told: Told, facts: Sequence[Fact], agreements: Agreements,
        calendars: Mapping[str, Calendar], width: int,
    ) -> None:  # fmt: skip
        assert told.now is not None
        self._clock, self._told, self._facts, self._agreements = clock, told, facts, agreements
        self._calendars, self._now = calendars, told.now
        self._page = _Page(width, clock.promise.agreement.zone)

    def lines(self) -> Iterator[str]:
        clock, promise, page = self._clock, self._clock.promise, self._page
        target = promise.target
        yield f"{target.metric}, round {clock.round}, agreement {promise.agreement.id}"
        pause = " and ".join(sorted(phase.name.lower() for phase in target.pause))
        yield from self._item("promise", f"{span_text(promise.budget)} in calendar {promise.limit.hours.name}")
        if target.where:
            yield from self._item("rule", target.where)
        yield from self._item("pauses", f"while {pause}" if pause else "never")
        yield from self._item("zone", _zone_name(page.zone))
        yield from self._item("started", page.instant(clock.started_at))
        due = clock.due_at()
        yield from self._item("due", page.instant(due) if due is not None else "not known while it does not run")
        yield _INDENT + "timeline"
        counted: list[int] = []
        yield from self._timeline(counted)
        changes = list(self._changes())
        if changes:
            yield _INDENT + "changes of the promise"
            for change in changes:
                yield from page.wrapped(_INDENT * 2, change)
        yield _INDENT + "thresholds"
        for i, rung in enumerate(promise.ladder):
            fell = f"exceeded after {page.instant(clock.crossings[i])}" if i < len(clock.crossings) else "not exceeded"
            yield from page.wrapped(_INDENT * 2, f"{rung.label} at {span_text(rung.amount)}: {fell}")
        yield _INDENT + "said"
        yield from self._said()
        yield _INDENT + "verdict"
        yield from page.wrapped(_INDENT * 2, self._verdict(counted))

    def _item(self, name: str, text: str) -> list[str]:
        return self._page.wrapped(_INDENT, f"{name:<8} {text}")

    def _timeline(self, counted: list[int]) -> Iterator[str]:
        clock, page = self._clock, self._page
        trail = list(clock.trail or ())
        for i, span in enumerate(trail):
            following = trail[i + 1] if i + 1 < len(trail) else None
            until = following.at if following is not None else max(self._now, span.at)
            if following is not None and following.at == span.at:
                continue  # it lasted no time at all
            anew = span.spent == 0 and i and trail[i - 1].spent > 0
            if span.at > trail[0].at and (anew or span.at == clock.started_at):
                counted.clear()
                yield from page.wrapped(_INDENT * 2, f"{page.instant(span.at)}  a new budget begins")
            yield from page.wrapped(_INDENT * 2, f"{page.instant(span.at)}  {self._does(span)}")
            if span.stance == RUNNING:
                spent = following.spent if following is not None else clock.spent(until)
                counted.append(spent - span.spent)
                yield from self._hours(span.at, until, counted[-1])

    def _does(self, span: Span) -> str:
        fields = self._fields(span.at)
        phase = phase_of(fields, self._agreements)
        why = (
            f"status {_status(fields[STATUS], self._agreements)}" if fields[STATUS] is not None else phase.name.lower()
        )
        if fields[MERGED_INTO] is not None:
            why = f"merged into {fields[MERGED_INTO]}"
        elif fields[DELETED]:
            why = "deleted"
        if span.stance == ENDED:
            return f"ends ({self._why_ended(span.at, why)})"
        return f"{_STANCES[span.stance]} ({why})"

    def _changes(self) -> Iterator[str]:
        """Where a fact changed what is promised, and what that did."""
        clock, promise = self._clock, self._clock.promise
        slot = (promise.target.metric, promise.agreement.id if promise.agreement.also else "")
        last = clock.ended_at if clock.ended_at is not None else self._now
        fields, before = no_fields(), None
        for fact in self._facts:
            observe(fields, fact.observed)
            after = self._agreements.offer(fields).promise(slot, clock.started_at)
            if before is not None and after is not before and clock.started_at <= fact.at <= last:
                words = "; ".join(_words(fact, self._agreements))
                way = _WAYS[before.target.on_change]
                yield f"{self._page.instant(fact.at)}  {words}: from {_named(before)} to {_named(after)}; {way}"
            before = after

    def _why_ended(self, at: int, status: str) -> str:
        last = [fact for fact in self._facts if fact.at == at]
        words = [word for fact in last for word in _words(fact, self._agreements)]
        return "; ".join(words) or status

    def _fields(self, at: int) -> Fields:
        """The ticket's fields after everything up to an instant; before its first fact those of that fact."""
        fields = no_fields()
        for fact in self._facts:
            if fact.at > at and fact is not self._facts[0]:
                break
            observe(fields, fact.observed)
        if self._facts and at < self._facts[0].at:
            fields[STATUS] = fields[ASSIGNEE] = fields[MERGED_INTO] = fields[DELETED] = None
        return fields

    def _hours(self, start: int, end: int, counted: int) -> Iterator[str]:
        """The open hours in a stretch, and their sum."""
        page, indent = self._page, _INDENT * 3
        promise = self._held_to(start, end, counted)
        found = [] if promise is None else self._open(promise, start, end)
        if sum(stop - begin for begin, stop in found) == counted:
            listed: list[Interval | None] = list(found)
            if len(found) > _MANY:
                listed = [*found[:3], None, *found[-3:]]
            for interval in listed:
                if interval is None:
                    inner = found[3:-3]
                    text = f"... {len(inner)} more, {span_text(sum(stop - begin for begin, stop in inner))}"
                else:
                    begin, stop = interval
                    ends = page.time(stop) if self._same_day(begin, stop) else page.instant(stop)
                    text = f"{page.local(begin):%a %m-%d} {page.time(begin)}-{ends}  {span_text(stop - begin)}"
                yield from page.wrapped(indent, text)
        yield indent + f"counted {span_text(counted)}"

    def _same_day(self, begin: int, stop: int) -> bool:
        return self._page.local(begin).date() == self._page.local(stop).date()

    def _held_to(self, start: int, end: int, counted: int) -> Promise | None:
        """The promise by which a stretch was counted: of an earlier budget it may be another one."""
        mine = self._clock.promise
        for limit in (mine.limit, *mine.target.limits.values(), mine.target.default):
            if limit is not None and limit.hours.axis.work(end) - limit.hours.axis.work(start) == counted:
                return Promise(mine.agreement, mine.target, limit)
        return None

    def _open(self, promise: Promise, start: int, end: int) -> list[Interval]:
        calendar = self._calendars.get(promise.limit.hours.name)
        if calendar is None:
            return [Interval(start, end)] if end > start else []
        # A day before for a night shift, a day after for what a zone is ahead; the calendar's own dates decide.
        first, last = from_ms(start - 2 * DAY).date(), from_ms(end + 2 * DAY).date()
        cut = ((max(begin, start), min(stop, end)) for begin, stop in calendar.intervals(first, last))
        return [Interval(begin, stop) for begin, stop in cut if begin < stop]

    def _said(self) -> Iterator[str]:
        agreement, metric, number = self._clock.identity
        page, said = self._page, False
        for alert in self._told.alerts:
            if (alert["agreement"], alert["metric"], alert["round"]) != (agreement, metric.value, number):
                continue
            said = True
            what = alert["what"] + (f" {alert['threshold']}" if alert["threshold"] else "")
            text = f"{page.instant(_ms(alert['detected_at']))}  {what}"
            if alert["happened_at"] != alert["detected_at"]:
                text += f", which happened {page.instant(_ms(alert['happened_at']))}"
            if alert["on_arrival"]:
                text += ", overdue already when first judged"
            yield from page.wrapped(_INDENT * 2, text)
        if not said:
            yield _INDENT * 2 + "nothing"

    def _verdict(self, counted: Sequence[int]) -> str:
        clock, budget = self._clock, self._clock.promise.budget
        spent = clock.mark if clock.stance == ENDED else clock.spent(self._now)
        parts = " + ".join(span_text(amount) for amount in counted if amount)
        total = f"{parts} = {span_text(spent)}" if sum(amount > 0 for amount in counted) > 1 else span_text(spent)
        margin = f"{span_text(budget - spent)} left" if spent <= budget else f"{span_text(spent - budget)} too much"
        figures = f"{total} of {span_text(budget)} spent, {margin}"
        if clock.broken is not None:
            figures += f"; an earlier budget of {span_text(clock.broken.budget)} was exceeded"
        if clock.verdict is not None:
            return f"{_VERDICTS[clock.verdict]}: {figures}"
        state = {RUNNING: "running", PAUSED: "paused", STILL: "standing still"}[clock.stance]
        return f"{'breached and ' if clock.exceeded else ''}{state}: {figures}"


def _without_clock(
    facts: Sequence[Fact], opening: int | None, clocks: Sequence[Clock], agreements: Agreements
) -> Iterator[str]:
    """Why an agreement leads to no clock on the ticket as it is now."""
    fields = no_fields()
    for fact in facts:
        observe(fields, fact.observed)
    if opening is None:
        yield "the ticket was never open, so no clock began"
    attached = {(clock.promise.agreement.id, clock.promise.target.metric) for clock in clocks}
    for agreement in agreements.agreements:
        reason = _not_covered(agreement, fields, opening)
        for target in agreement.targets:
            if (agreement.id, target.metric) in attached:
                continue
            where = f" ({target.where})" if target.where else ""
            why = reason
            if why is None and fields[PRIORITY] not in target.limits and target.default is None:
                why = f"it has no limit for priority {_or_none(fields[PRIORITY])}"
            winner = next((name for name, metric in attached if metric is target.metric and name != agreement.id), None)
            if why is None and winner is not None and not agreement.also:
                why = f"{winner} comes first in the file"
            if why is None:
                why = "nothing has begun a round, or an earlier agreement has the metric"
            yield f"{agreement.id}, {target.metric}{where}: {why}"


def _not_covered(agreement: Agreement, fields: Fields, opening: int | None) -> str | None:
    """Why an agreement does not apply to a ticket with these fields that opened then."""
    for number, accepted in agreement.match.items():
        if fields[number] not in accepted:
            return f"{FIELD_NAMES[number]} is {_or_none(fields[number])}, not {' or '.join(sorted(accepted))}"
    given = fields[ATTRIBUTES] or {}
    for name, accepted in agreement.attributes.items():
        if given.get(name) not in accepted:
            return f"attribute {name} is {_or_none(given.get(name))}, not {' or '.join(sorted(accepted))}"
    page = _Page(0, agreement.zone)
    if opening is not None and agreement.since is not None and opening < agreement.since:
        return f"it applies from {page.instant(agreement.since)}, the ticket opened {page.instant(opening)}"
    if opening is not None and agreement.until is not None and opening >= agreement.until:
        return f"it applied until {page.instant(agreement.until)}, the ticket opened {page.instant(opening)}"
    return None


def _named(promise: Promise | None) -> str:
    if promise is None:
        return "no promise"
    return f"{span_text(promise.budget)} in {promise.limit.hours.name} of {promise.agreement.id}"


def _or_none(value: object) -> str:
    return "unknown" if value is None else str(value)


def span_text(ms: int) -> str:
    """A length of working time: `26h15m`, `45m`, `3.5s`, `0s`; exact."""
    hours, rest = divmod(ms, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    whole, rest = divmod(rest, SECOND)
    second = f"{whole}.{rest:03}s" if rest else f"{whole}s" if whole else ""
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "") + second or "0s"


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def _zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", None) or str(zone)
