"""One clock, told from its trail: its promise, its timeline, what was said of it, and a verdict whose sum adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slawatch.core.agreement import OnChange
from slawatch.core.calendar import Calendar
from slawatch.core.clock import MET, MISSED, NO_VERDICT, Clock, Span
from slawatch.core.fact import ASSIGNEE, DELETED, MERGED_INTO, STATUS, Fact, Fields, no_fields, observe
from slawatch.core.interval import DAY, Interval
from slawatch.core.promise import Agreements, Promise
from slawatch.core.rule import ENDED, PAUSED, RUNNING, STILL
from slawatch.core.ticket import phase_of
from slawatch.explain.heard import Heard
from slawatch.explain.page import INDENT, Page, said_text, span_text, zone_name
from slawatch.explain.words import status_words, words
from slawatch.instants import from_ms

_STANCES = {RUNNING: "runs", PAUSED: "paused", STILL: "stands still"}
_VERDICTS = {MET: "met", MISSED: "missed", NO_VERDICT: "ended without a verdict"}
_WAYS = {
    OnChange.RETROACTIVE: "the whole clock is judged by the new one (retroactive)",
    OnChange.FROM_NOW: "a new budget from then on (from_now)",
    OnChange.KEEP: "the first one stays in force (keep)",
}
_MANY = 8  # open intervals of one stretch that are listed one by one


class Account:
    """One clock, told from its trail."""

    def __init__(
        self, clock: Clock, heard: Heard[Fact], facts: Sequence[Fact], agreements: Agreements,
        calendars: Mapping[str, Calendar], width: int,
    ) -> None:  # fmt: skip
        assert heard.now is not None
        self._clock, self._heard, self._facts, self._agreements = clock, heard, facts, agreements
        self._calendars, self._now = calendars, heard.now
        self._page = Page(width, clock.promise.agreement.zone)

    def lines(self) -> Iterator[str]:
        """The whole account, a line each."""
        clock, promise, page = self._clock, self._clock.promise, self._page
        target = promise.target
        yield f"{target.metric}, round {clock.round}, agreement {promise.agreement.id}"
        pause = " and ".join(sorted(phase.name.lower() for phase in target.pause))
        yield from self._item("promise", f"{span_text(promise.budget)} in calendar {promise.limit.hours.name}")
        if target.where:
            yield from self._item("rule", target.where)
        yield from self._item("pauses", f"while {pause}" if pause else "never")
        yield from self._item("zone", zone_name(page.zone))
        yield from self._item("started", page.instant(clock.started_at))
        due = clock.due_at()
        yield from self._item("due", page.instant(due) if due is not None else "not known while it does not run")
        yield INDENT + "timeline"
        counted: list[int] = []
        yield from self._timeline(counted)
        changes = list(self._changes())
        if changes:
            yield INDENT + "changes of the promise"
            for change in changes:
                yield from page.wrapped(INDENT * 2, change)
        yield INDENT + "thresholds"
        for i, rung in enumerate(promise.ladder):
            fell = f"exceeded after {page.instant(clock.crossings[i])}" if i < len(clock.crossings) else "not exceeded"
            yield from page.wrapped(INDENT * 2, f"{rung.label} at {span_text(rung.amount)}: {fell}")
        yield INDENT + "said"
        yield from self._said()
        yield INDENT + "verdict"
        yield from page.wrapped(INDENT * 2, self._verdict(counted))

    def _item(self, name: str, text: str) -> list[str]:
        return self._page.wrapped(INDENT, f"{name:<8} {text}")

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
                yield from page.wrapped(INDENT * 2, f"{page.instant(span.at)}  a new budget begins")
            yield from page.wrapped(INDENT * 2, f"{page.instant(span.at)}  {self._does(span)}")
            if span.stance == RUNNING:
                spent = following.spent if following is not None else clock.spent(until)
                counted.append(spent - span.spent)
                yield from self._hours(span.at, until, counted[-1])

    def _does(self, span: Span) -> str:
        fields = self._fields(span.at)
        phase = phase_of(fields, self._agreements)
        why = (
            f"status {status_words(fields[STATUS], self._agreements)}"
            if fields[STATUS] is not None
            else phase.name.lower()
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
                said = "; ".join(words(fact, self._agreements))
                way = _WAYS[before.target.on_change]
                yield f"{self._page.instant(fact.at)}  {said}: from {_named(before)} to {_named(after)}; {way}"
            before = after

    def _why_ended(self, at: int, status: str) -> str:
        last = [fact for fact in self._facts if fact.at == at]
        observed = [word for fact in last for word in words(fact, self._agreements)]
        return "; ".join(observed) or status

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
        page, indent = self._page, INDENT * 3
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
        _, metric, number = self._clock.identity
        agreement = self._clock.promise.agreement.id
        page, said = self._page, False
        for alert in self._heard.alerts:
            if (alert["agreement"], alert["metric"], alert["round"]) != (agreement, metric.value, number):
                continue
            said = True
            text = said_text(page, alert)
            yield from page.wrapped(INDENT * 2, text)
        if not said:
            yield INDENT * 2 + "nothing"

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


def _named(promise: Promise | None) -> str:
    if promise is None:
        return "no promise"
    return f"{span_text(promise.budget)} in {promise.limit.hours.name} of {promise.agreement.id}"
