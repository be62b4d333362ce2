"""The pages of the ledger: each period of each contract, what is said of it and its report, from counts and figures.

A page is open until it is closed, and closed until it is final. The counts are in the book, figures of services in the
states; a page itself only knows what was said and what was reported last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

import msgspec

from slawatch.core.periods.alert import PeriodAlert, in_order, subject_of
from slawatch.core.periods.book import Book
from slawatch.core.periods.contract import PeriodTarget, ServiceTarget
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.judgement import conclude, warn
from slawatch.core.periods.passage import Passage
from slawatch.core.periods.period import Per, Period
from slawatch.core.periods.silent import silent
from slawatch.messages.period_alerts import PeriodPublisher
from slawatch.messages.reports import Report, TargetEntry, entry
from slawatch.process import Get, Message, Output
from slawatch.processes.statement import Part, Status, content_of, report_of, service_part
from slawatch.states import ledger as entries
from slawatch.states.ledger import PageState

_encode = msgspec.json.Encoder().encode
_decode_entry = msgspec.json.Decoder(TargetEntry).decode
_HEADERS = (("content-type", b"application/json"),)
LARGEST = 900_000
"""Bytes of a report, a little less than a broker takes by default; the lists of a larger one are cut."""

Present = Callable[[Book, ServiceTarget, str, Period], ServiceFigures | None]
"""The figures of a service in an open period as they are now; None if it was never heard of."""


class Draft:
    """The states that a turn changes, over those that were there."""

    def __init__(self, get: Get) -> None:
        self.states: dict[bytes, bytes | None] = {}
        self._below = get

    def get(self, key: bytes) -> bytes | None:
        """What the turn sees."""
        return self.states[key] if key in self.states else self._below(key)


class Pages:
    """What was said and reported, by agreement and label; alerts and reports of one turn are decided at `now`."""

    def __init__(self, publisher: PeriodPublisher, passage: Passage) -> None:
        self._publisher = publisher
        self._passage = passage
        self._pages: dict[tuple[str, str], PageState] = {}

    def restore(self, agreement: str, label: str, page: PageState) -> None:
        """Take a page that was stored."""
        self._pages[agreement, label] = page

    def closed(self) -> list[tuple[str, str]]:
        """Agreement and label of all that are closed and not final."""
        return [name for name, page in self._pages.items() if page.closed and not page.final]

    def status(self, book: Book, period: Period) -> Status:
        """How far a page is."""
        page = self._pages.get((book.contract.agreement, period.label))
        if page is None or not page.closed:
            return "open"
        return "final" if page.final else "closed"

    def judge(self, book: Book, per: Per, period: Period, cause: int, draft: Draft, now: int) -> Sequence[Message]:
        """What is true of a page minus what was said; of a closed one a new revision too, if its report has changed.

        What no longer holds ceased to by what happened at `cause`.
        """
        agreement = book.contract.agreement
        page = self._pages.get((agreement, period.label)) or PageState()
        if page.final:
            return ()
        if not page.closed:
            return self._warn(book, per, period, page, cause, draft, now)
        messages = self._conclude(book, per, period, page, cause, draft, now)
        report = self._report(book, per, period, "closed", page.revision + 1, draft.get)
        digest = _digest(report)
        if digest != page.digest:
            page.digest, page.revision = digest, report.revision
            messages.append(_message(report))
        draft.states[entries.page_key(agreement, period.label)] = page.dump()
        return messages

    def close(self, book: Book, per: Per, period: Period, draft: Draft, now: int) -> list[Message]:
        """Say the verdicts and write the first report."""
        page = self._pages.setdefault((book.contract.agreement, period.label), PageState())
        if page.closed:
            return []
        page.closed, page.revision = True, 1
        messages = self._conclude(book, per, period, page, period.end, draft, now, closing=True)
        report = self._report(book, per, period, "closed", 1, draft.get)
        page.digest = _digest(report)
        draft.states[entries.page_key(book.contract.agreement, period.label)] = page.dump()
        return [*messages, _message(report)]

    def owe(self, agreement: str, label: str, name: str, service: str, draft: Draft) -> None:
        """A service is measured as if a verdict had been said in its stead: it was first heard of after its closing.

        Where not all have passed the closing, it is still to be said.
        """
        page = self._pages.setdefault((agreement, label), PageState())
        about = _about(name, service)
        if about not in page.said:
            page.said[about] = {}
            draft.states[entries.page_key(agreement, label)] = page.dump()

    def finish(self, book: Book, per: Per, period: Period, draft: Draft) -> list[Message]:
        """Write the report for the last time."""
        page = self._pages[book.contract.agreement, period.label]
        if page.final:
            return []
        page.final = True
        report = self._report(book, per, period, "final", page.revision, draft.get)
        draft.states[entries.page_key(book.contract.agreement, period.label)] = page.dump()
        return [_message(report)]

    def purge(self, book: Book, per: Per, period: Period, draft: Draft) -> None:
        """Let go of a page that is final, of its counts and of the figures of its services."""
        agreement = book.contract.agreement
        book.forget(per, period.start)
        self._pages.pop((agreement, period.label), None)
        draft.states[entries.page_key(agreement, period.label)] = None
        for target, service in _subjects(book, per):
            key = _figures_key(book, period, target, service)
            if service is not None and draft.get(key) is not None:
                draft.states[key] = None

    def report(self, book: Book, per: Per, period: Period, get: Get, present: Present | None = None) -> Report:
        """The report of a period as it is now."""
        status, page = self.status(book, period), self._pages.get((book.contract.agreement, period.label))
        revision = 0 if page is None else page.revision
        return self._report(book, per, period, status, revision, get, present if status == "open" else None)

    def _warn(
        self, book: Book, per: Per, period: Period, page: PageState, cause: int, draft: Draft, now: int
    ) -> Sequence[Message]:
        agreement = book.contract.agreement
        alerts: list[PeriodAlert] = []
        changed = False
        for target in book.warned:
            if target.per is per:
                said = page.said.setdefault(_name(target, None), {})
                before = said.copy()
                alerts += warn(book.contract, target, period, book.shares(target, period.start), said, cause)
                changed = changed or said != before
        if not changed:
            return ()
        self._pages[agreement, period.label] = page
        draft.states[entries.page_key(agreement, period.label)] = page.dump()
        return self._publisher.messages(in_order(alerts), now)

    def _conclude(
        self, book: Book, per: Per, period: Period, page: PageState, cause: int, draft: Draft, now: int,
        closing: bool = False,
    ) -> list[Message]:  # fmt: skip
        """The verdicts of a closed page. A service that was heard of speaks for itself, from what was said before."""
        alerts: list[PeriodAlert] = []
        contract = book.contract
        for target, service in _subjects(book, per):
            name = _name(target, service)
            if service is None or not isinstance(target, ServiceTarget):
                assert not isinstance(target, ServiceTarget)
                figures = book.figures(target, period, closed=True)
                alerts += conclude(contract, target, None, period, figures, page.said.setdefault(name, {}), cause)
                continue
            said = page.said.get(name)
            if draft.get(_figures_key(book, period, target, service)) is not None:
                speaks = said is not None and not said  # it relies on what is still to be said in its stead
            else:
                speaks = closing or said is not None  # of a promise made since, the service may be about to speak
            if speaks:
                unheard = silent(contract, target, service, period)
                alerts += conclude(contract, target, service, period, unheard, page.said.setdefault(name, {}), cause)
        return self._publisher.messages(in_order(alerts), now)

    def _report(
        self, book: Book, per: Per, period: Period, status: Status, revision: int, get: Get,
        present: Present | None = None,
    ) -> Report:  # fmt: skip
        closed = status != "open"
        parts: list[Part] = []
        for target, service in _subjects(book, per):
            if isinstance(target, ServiceTarget):
                assert service is not None
                found = None if present is None else present(book, target, service, period)
                until = None if closed else self._passage.least or period.start
                parts.append(service_part(target, service, _entry(book, target, service, period, until, get, found)))
            else:
                figures = book.figures(target, period, closed)
                parts.append(Part(target, None, entry(target, None, figures), figures.ratio))
        misses, until = book.misses(period.start), self._passage.least
        return report_of(book.contract, period, parts, misses, status, revision, until)


def _subjects(book: Book, per: Per) -> Iterator[tuple[PeriodTarget, str | None]]:
    """What the pages of this length are about, in the order of the file: each target with each of its services."""
    for target in book.contract.targets:
        if target.per is per:
            for service in target.services if isinstance(target, ServiceTarget) else (None,):
                yield target, service


def _entry(
    book: Book, target: ServiceTarget, service: str, period: Period, until: int | None, get: Get,
    found: ServiceFigures | None,
) -> TargetEntry:  # fmt: skip
    if found is not None:
        return entry(target, service, found)
    state = get(_figures_key(book, period, target, service))
    if state is not None:
        return _decode_entry(state[1:])
    return entry(target, service, silent(book.contract, target, service, period, until))


def _figures_key(book: Book, period: Period, target: PeriodTarget, service: str | None) -> bytes:
    return entries.figures_key(book.contract.agreement, period.label, target.name or target.metric.value, service or "")


def _name(target: PeriodTarget, service: str | None) -> str:
    """A target about one subject, as it is told from the others of its page."""
    return _about(target.name or target.metric, subject_of(target, service))


def _about(name: str, subject: str) -> str:
    return f"{name}/{subject}"


def _digest(report: Report) -> bytes:
    return blake2b(content_of(report), digest_size=8).digest()


def _message(report: Report) -> Message:
    value = _encode(report)
    for most in (10, 0):
        if len(value) <= LARGEST:
            break
        value = _encode(msgspec.structs.replace(report, targets=[_shorter(one, most) for one in report.targets]))
    return Message(Output.REPORTS, f"{report.agreement}/{report.period}".encode(), value, _HEADERS)


def _shorter(target: TargetEntry, most: int) -> TargetEntry:
    """A target's part with lists of at most so many."""
    outages, tickets = target.outage_list, target.missed_tickets
    return msgspec.structs.replace(
        target,
        outage_list=outages if isinstance(outages, msgspec.UnsetType) else outages[:most],
        missed_tickets=tickets if isinstance(tickets, msgspec.UnsetType) else tickets[:most],
    )
