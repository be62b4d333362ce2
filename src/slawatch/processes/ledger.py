"""The keyed process of the ledger: outcomes, ratings, services' figures and marks in; alerts and reports out.

Its time is the least of what all partitions of tickets and services have passed; it has no other clock. So a period is
closed when everything that was due in it is known, whoever lags. Counts are derived from small records, in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from slawatch.core.agreement import Metric
from slawatch.core.periods.agenda import Agenda, Expiring, Task
from slawatch.core.periods.alert import MEASURED
from slawatch.core.periods.book import Book, Page, Time
from slawatch.core.periods.contract import Contracts, ServiceTarget
from slawatch.core.periods.outcome import MOVED, heard, moved
from slawatch.core.periods.passage import Passage
from slawatch.core.periods.period import Per, Period, period_of
from slawatch.core.periods.standing import standings
from slawatch.instants import to_ms
from slawatch.messages.heard import Heard, HeardEvent, is_clock, is_figures, read_heard
from slawatch.messages.period_alerts import PeriodPublisher
from slawatch.messages.reports import Report
from slawatch.murmur import key_hash
from slawatch.process import Get, Message, Outcome, Place, Readable, Rejection, Sample, Turn
from slawatch.processes.pages import Draft, Pages, Present
from slawatch.states import ledger as entries
from slawatch.states.ledger import Clock

WORK_KEY = b"\xff\xff"
"""Of the wake-up that goes on with what one turn was too short for."""
PARTS_A_TURN = 64
RECORDS_A_TURN = 2_000
"""What is done in one turn is some milliseconds."""
_METRICS = {metric.value: metric for metric in Metric}
_encode = msgspec.json.Encoder().encode


class LedgerProcess:
    """The ledger of these contracts; a period is final `retention` ms after it was closed (None: never).

    Its time comes from the partitions of the topics `inputs`; `source` is that of the CloudEvents.
    """

    name = "outcomes"
    state_version = entries.VERSION

    def __init__(
        self,
        contracts: Contracts,
        inputs: Sequence[str],
        source: str,
        retention: int | None,
        place: Place | None = None,
    ) -> None:
        self._given = contracts, inputs, source, retention
        partitions, partition = (1, 0) if place is None else (place.partitions, place.partition)
        self._fingerprint = contracts.fingerprint
        self._retention = retention
        self._passage = Passage(f"{topic}/{number}" for topic in inputs for number in range(partitions))
        self._time = Time()
        self._books = {
            contract.agreement: Book(contract, retention, self._time)
            for contract in contracts.contracts
            if contract.targets and key_hash(contract.agreement.encode()) % partitions == partition
        }
        self._pages = Pages(PeriodPublisher(source), self._passage)
        self._agenda, self._expiring = Agenda(), Expiring()
        self._begun: dict[tuple[str, Per], int] = {}
        self._unjudged: dict[str, tuple[int, set[Page]]] = {}
        self._to_judge: list[tuple[str, str]] = []

    def placed(self, place: Place) -> LedgerProcess:
        return LedgerProcess(*self._given, place)

    def read(self, record: Readable) -> HeardEvent | Rejection | None:
        return None if record.value is None else read_heard(record)

    def on_event(self, event: HeardEvent, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - see the module
        data = event.data
        if data.what == "passed":
            return self._hear_mark(data, get, now)
        book = self._books.get(data.agreement)
        if book is None:
            return Turn(outcome=Outcome.UNMATCHED)
        draft = Draft(get)
        if is_clock(data):
            found: tuple[int, set[Page]] | Outcome = self._hear_clock(book, data, draft)
        elif data.what == "rated":
            found = self._hear_rating(book, data, draft)
        elif is_figures(data):
            found = self._hear_figures(book, data, draft)
        else:
            found = Outcome.EMPTY
        if not isinstance(found, Outcome):
            at, pages = found
            return self._judge(book, pages, at, event.more, draft, now)
        if event.more or data.agreement not in self._unjudged:
            return Turn(outcome=found)
        turn = self._judge(book, set(), 0, False, draft, now)  # nothing new, but the last of its cause
        turn.outcome = found
        return turn

    def on_start(self, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - see the module
        self._to_judge = self._pages.closed()
        self._plan_all()
        return Turn(states={entries.TIME_KEY: self._dump_time()}, wake_ups=self._wake())

    def on_wake_up(self, key: bytes, due: int, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - as above
        return self._work(get, now)

    def on_restore(self, key: bytes, state: bytes) -> Iterable[tuple[bytes, int]] | None:
        entries.known(state)
        if key == entries.TIME_KEY:
            self._time.at, _, passed = entries.load_time(state)
            self._passage.restore(passed)
            return ()
        return () if self._restore(key, state) else None

    def on_change(self, key: bytes, get: Get, stream_time: int, now: int) -> Turn:  # noqa: ARG002 - nobody asks for it now
        return Turn(states={key: None})

    def tally(self, state: bytes) -> bytes:
        return b"\1" if entries.is_time(state) else b"\0"

    def gauges(self, tally: bytes, at: int) -> Iterable[Sample]:
        # There is one state of time in a partition: it stands for all that is read from the counts.
        if tally == b"\1":
            for book in self._books.values():
                for metric, subject, ratio, target, left in standings(book, at):
                    labels = (("agreement", book.contract.agreement), ("metric", metric), ("service", subject))
                    yield Sample("period_ratio", labels, float(ratio))
                    yield Sample("period_target_ratio", labels, float(target))
                    if left is not None:
                        yield Sample("period_budget_left_ratio", labels, float(left))

    def report(self, agreement: str, label: str, get: Get, present: Present | None = None) -> Report | None:
        """The report of a period as it is now; None if no such agreement judges it.

        `present` gives the figures of services in a period that is open: of those the ledger hears only at its end.
        """
        book = self._books.get(agreement)
        if book is None:
            return None
        per, period = period_of(label, book.contract.zone)
        if per not in book.calendars or not book.has(period):
            return None
        return self._pages.report(book, per, period, get, present)

    # What is heard: the instant at which it happened and the pages that it changes, or why there are none

    def _hear_mark(self, data: Heard, get: Get, now: int) -> Turn:
        assert data.passed is not None
        before, passed, time = self._passage.least, to_ms(data.passed), self._time
        if not self._passage.hear(f"{data.topic}/{data.partition}", passed):
            return Turn(outcome=Outcome.DUPLICATE)
        least = self._passage.least
        if before is None:
            # Who began first says how far back there is something to judge, however late the last is heard of.
            time.at = passed if time.at is None else min(passed, time.at)
            if least is not None:
                self._plan_all()
        if least is None or least == before:
            return Turn(states={entries.TIME_KEY: self._dump_time()})
        return self._work(get, now)

    def _hear_clock(self, book: Book, data: Heard, draft: Draft) -> tuple[int, set[Page]] | Outcome:
        metric = _METRICS.get(data.metric)
        if metric is None or metric not in book.metrics:
            return Outcome.UNMATCHED
        assert data.ticket is not None
        assert data.round is not None
        ticket, happened_at, due_at = data.ticket, _ms(data.happened_at), _ms(data.due_at)
        key = Clock(data.agreement, metric, ticket, data.round).key()
        state = draft.get(key)
        known = None if state is None else entries.load_outcome(state)
        fields = (data.priority, data.customer, data.service, data.kind, data.team)
        if data.what == MOVED:
            assert data.at is not None
            at, outcome = to_ms(data.at), moved(happened_at, due_at, fields)
        else:
            assert happened_at is not None
            at, outcome = happened_at, heard(known, data.what, happened_at, due_at, fields)
        if outcome == known:
            return Outcome.DUPLICATE
        pages: set[Page] = set()
        expires = None
        if known is not None:
            pages.update(book.note(metric, ticket, known, -1))
            expires = book.expiry(known.last)
        if outcome is not None:
            pages.update(book.note(metric, ticket, outcome))
            if not self._keep(key, book.expiry(outcome.last), expires):
                outcome = None
        if outcome is None and state is None:
            return Outcome.LATE
        draft.states[key] = None if outcome is None else entries.dump_outcome(outcome)
        return at, pages

    def _hear_rating(self, book: Book, data: Heard, draft: Draft) -> tuple[int, set[Page]] | Outcome:
        if not book.satisfaction:
            return Outcome.UNMATCHED
        assert data.ticket is not None
        assert data.at is not None
        at, key = to_ms(data.at), entries.rating_key(data.agreement, data.ticket)
        state = draft.get(key)
        new = None if data.rating is None else entries.dump_rating(at, f"{data.rating:f}")
        if new == state:
            return Outcome.DUPLICATE
        pages: set[Page] = set()
        expires = None
        if state is not None:
            rated_at, rating = entries.load_rating(state)
            pages.update(book.rate(rated_at, rating, -1))
            expires = book.expiry(rated_at)
        if new is not None:
            pages.update(book.rate(*entries.load_rating(new)))
            if not self._keep(key, book.expiry(at), expires):
                new = None
        if new is None and state is None:
            return Outcome.LATE
        draft.states[key] = new
        return at, pages

    def _hear_figures(self, book: Book, data: Heard, draft: Draft) -> tuple[int, set[Page]] | Outcome:
        assert data.period is not None
        assert data.service is not None
        assert data.figures is not None
        name = data.name or data.figures.name or data.metric
        found = _service_page(book, data.period, name, data.service)
        if found is None:
            return Outcome.UNMATCHED
        per, period = found
        if book.is_final(period):
            return Outcome.LATE
        key = entries.figures_key(data.agreement, data.period, name, data.service)
        state = bytes((entries.VERSION,)) + _encode(data.figures)
        known = draft.get(key)
        if known == state:
            return Outcome.DUPLICATE
        if known is None and data.what == MEASURED and data.figures.verdict is not None:
            self._pages.owe(data.agreement, data.period, name, data.service, draft)
        book.begin(per, period.start)
        draft.states[key] = state
        return period.end if data.happened_at is None else to_ms(data.happened_at), {(per, period.start)}

    def _judge(self, book: Book, pages: set[Page], at: int, more: bool, draft: Draft, now: int) -> Turn:
        """What is to be said of pages on which something has changed, once all of one cause is known."""
        agreement = book.contract.agreement
        # Of several alerts by one cause the first is the correction, which happened when its cause did.
        cause, waiting = self._unjudged.pop(agreement, (at, set()))
        pages |= waiting
        if more:
            self._unjudged[agreement] = cause, pages
            return Turn(states=draft.states)
        messages: list[Message] = []
        for per, start in sorted(pages):
            messages += self._pages.judge(book, per, book.calendars[per].at(start), cause, draft, now)
            if book.first.get(per) != self._begun.get((agreement, per)):
                self._plan(book, per)
        return Turn(states=draft.states, wake_ups=self._wake(), messages=messages)

    # What is due

    def _work(self, get: Get, now: int) -> Turn:
        """A part of what is due: first what a restart has to look at again, then the agenda, then records to drop."""
        draft, messages, left = Draft(get), list[Message](), PARTS_A_TURN
        least, time = self._passage.least, self._time
        while self._to_judge and left > 0:
            agreement, label = self._to_judge.pop()
            book = self._books[agreement]
            per, period = period_of(label, book.contract.zone)
            messages += self._pages.judge(book, per, period, time.at or 0, draft, now)
            left -= book.parts(per)
        while left > 0 and least is not None:
            item = self._agenda.pop(least)
            if item is None:
                time.at = max(least, time.at or 0)
                self._drop(draft)
                break
            time.at, book = max(item.due, time.at or 0), self._books[item.agreement]
            messages += self._do(item.task, book, item.page, draft, now)
            left -= book.parts(item.page[0])
        draft.states[entries.TIME_KEY] = self._dump_time()
        return Turn(states=draft.states, wake_ups=self._wake(), messages=messages)

    def _do(self, task: Task, book: Book, page: Page, draft: Draft, now: int) -> list[Message]:
        per, start = page
        period = book.calendars[per].at(start)
        messages: list[Message] = []
        if task is Task.CLOSE:
            messages = self._pages.close(book, per, period, draft, now)
        elif task is Task.FINISH:
            messages = self._pages.finish(book, per, period, draft)
        else:
            self._pages.purge(book, per, period, draft)
            return messages
        self._plan(book, per)
        return messages

    def _drop(self, draft: Draft) -> None:
        """Drop records of which all periods are final, as many as a turn may."""
        assert self._time.at is not None
        for _ in range(RECORDS_A_TURN):
            found = self._expiring.pop(self._time.at)
            if found is None:
                return
            expiry, key = found
            state = draft.get(key)
            # It may have moved to a later period since it was noted.
            if state is not None and self._expiry(key, state) == expiry:
                draft.states[key] = None

    def _wake(self) -> dict[bytes, int | None]:
        """The wake-up of what is due already: at an instant that is over, so that it is one of the next turns."""
        least, at = self._passage.least, self._time.at
        if at is None or least is None:
            return {}
        due, expiry = self._agenda.soonest(), self._expiring.soonest()
        if due is not None and due < least:
            return {WORK_KEY: due}
        if self._to_judge or (expiry is not None and expiry < at):
            return {WORK_KEY: at}
        return {WORK_KEY: None}

    def _plan_all(self) -> None:
        for book in self._books.values():
            for per in book.calendars:
                self._plan(book, per)

    def _plan(self, book: Book, per: Per) -> None:
        """Put on the agenda what is to be done with the pages of a contract: of the first that is open to close it, of
        those that are closed to finish them."""
        at, first = self._time.at, book.first.get(per)
        if at is None or first is None:
            return
        self._begun[book.contract.agreement, per] = first
        contract, calendar = book.contract, book.calendars[per]
        if self._retention is not None:
            # At the very instant at which a period is to be final it may not be so yet: the work was interrupted.
            first = max(first, calendar.at(max(0, at - contract.settle - self._retention - 1)).start)
        period = calendar.at(first)
        while book.has(period):
            status = self._pages.status(book, period)
            if status == "open":
                self._agenda.put(book, Task.CLOSE, per, period)
                return
            if self._retention is not None:
                self._agenda.put(book, Task.PURGE if status == "final" else Task.FINISH, per, period)
            period = calendar.at(period.end)

    def _dump_time(self) -> bytes:
        return entries.dump_time(self._time.at, self._fingerprint, self._passage.passed)

    # What is kept

    def _keep(self, key: bytes, expiry: int | None, before: int | None) -> bool:
        """Note when a record may be dropped; False: now."""
        if expiry is None:
            return True
        if self._time.at is not None and expiry < self._time.at:
            return False
        if expiry != before:
            self._expiring.note(key, expiry)
        return True

    def _expiry(self, key: bytes, state: bytes) -> int | None:
        if key[0] == entries.CLOCK:
            return self._books[entries.clock_of(key).agreement].expiry(entries.load_outcome(state).last)
        return self._books[entries.agreement_of(key)].expiry(entries.load_rating(state)[0])

    def _restore(self, key: bytes, state: bytes) -> bool:
        """Take a state into the counts; False if nothing in the agreements file asks for it any more."""
        if key[0] == entries.CLOCK:
            return self._restore_clock(key, state)
        agreement = entries.agreement_of(key)
        book = self._books.get(agreement)
        if book is None:
            return False
        match key[0]:
            case entries.RATING:
                at, rating = entries.load_rating(state)
                for _ in book.rate(at, rating):
                    pass
                return bool(book.satisfaction) and self._keep(key, book.expiry(at), None)
            case entries.FIGURES:
                _, label, name, service = entries.figures_of(key)
                found = _service_page(book, label, name, service)
                if found is not None:
                    book.begin(found[0], found[1].start)
                return found is not None
            case _:
                label = entries.label_of(key)
                per, period = period_of(label, book.contract.zone)
                if per not in book.calendars:
                    return False
                book.begin(per, period.start)  # its records may all be gone
                self._pages.restore(agreement, label, entries.load_page(state))
                return True

    def _restore_clock(self, key: bytes, state: bytes) -> bool:
        agreement, metric, ticket, _ = entries.clock_of(key)
        book = self._books.get(agreement)
        if book is None or metric not in book.metrics:
            return False
        outcome = entries.load_outcome(state)
        for _ in book.note(metric, ticket, outcome):
            pass
        return self._keep(key, book.expiry(outcome.last), None)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _service_page(book: Book, label: str, name: str, service: str) -> tuple[Per, Period] | None:
    """The page that a service's figures are for, if its contract has such a target."""
    try:
        per, period = period_of(label, book.contract.zone)
    except ValueError:
        return None
    for target in book.contract.targets:
        if isinstance(target, ServiceTarget) and target.per is per and service in target.services:
            if (target.name or target.metric.value) == name:
                return per, period
    return None
