"""The reports of a period out of a file of events, with all that the events tell besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from slawatch.agreements import AgreementsFile
from slawatch.core.fold import Bounds
from slawatch.core.periods.book import Book
from slawatch.core.periods.contract import Contract, ServiceTarget
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.period import Period, period_at, period_of
from slawatch.core.periods.status import Fact
from slawatch.core.worktime import EARLIEST
from slawatch.explain.evidence import evidence
from slawatch.explain.followed import follow
from slawatch.instants import rfc3339
from slawatch.joint_replay import joint_replay
from slawatch.messages.reports import Report
from slawatch.replay import BadLine
from slawatch.sheet.dossier import Dossier, dossiers
from slawatch.sheet.evidence import Evidence

_decode = msgspec.json.Decoder(Report).decode


class Collected:
    """Everything in a file of events, judged once it was run. `source` is the CloudEvents source of the alerts."""

    def __init__(self, file: AgreementsFile, source: str, on_bad: Callable[[BadLine], None] | None = None) -> None:
        self._file = file
        self._facts: dict[str, list[Fact]] = {}
        self._running = joint_replay(file, source, Bounds(), on_bad, lambda name, fact: self.facts(name).append(fact))
        self._contracts = {contract.agreement: contract for contract in file.contracts.contracts}

    def run(self, lines: Iterable[bytes], until: int | None = None) -> Iterator[bytes]:
        """The data of every alert, as JSON, in the order in which they are said; what is asked is known at the end."""
        yield from self._running.run(lines, until)

    @property
    def now(self) -> int:
        """How far time has come, ms; long before everything where there was no event."""
        return self._running.stream_time

    @property
    def last_event(self) -> int:
        """How far it had come by events alone."""
        return self._running.last_event

    @property
    def empty(self) -> bool:
        """Whether there was no event."""
        return self.now < EARLIEST

    def facts(self, service: str) -> list[Fact]:
        """What was observed of a service, each event once, in order of arrival."""
        return self._facts.setdefault(service, [])

    def dossiers(self, label: str, only: str | None = None) -> list[Dossier]:
        """The reports of a period, by agreement, those of earlier ones beside them; `only`: of this agreement."""
        known = [_decode(value) for value in self._running.reports.values()]
        standing = {(report.agreement, report.period) for report in known}
        for contract in self._contracts.values():
            if only in (None, contract.agreement) and (contract.agreement, label) not in standing:
                report = self._open(contract, label)
                if report is not None:
                    known.append(report)
        found = [each for each in dossiers(known, label) if only in (None, each.report.agreement)]
        return [each._replace(evidence=self._evidence(each.report)) for each in found]

    def reports(self) -> dict[tuple[str, str], Report]:
        """Every report by agreement and period: of closed periods, and of those that have begun and are open."""
        found = {(report.agreement, report.period): report for report in map(_decode, self._running.reports.values())}
        for contract in () if self.empty else self._contracts.values():
            for per in contract.pers():
                at = self.now - contract.settle
                while (period := period_at(per, at, contract.zone)).start < self.now:
                    report = self._open(contract, period.label)
                    if report is not None:
                        found.setdefault((contract.agreement, period.label), report)
                    at = period.end
        return found

    def begun(self, label: str) -> bool:
        """Whether time has come to a period anywhere."""
        return any(period_of(label, contract.zone)[1].start < self.now for contract in self._contracts.values())

    def _open(self, contract: Contract, label: str) -> Report | None:
        per, period = period_of(label, contract.zone)
        if per not in contract.pers() or period.start >= self.now:
            return None
        if period.end + contract.settle < self.now:
            return None  # it would have been closed: it was before the first that is judged
        report = self._running.report(contract.agreement, label, self._present)
        # In a file everything is known until the last line; the ledger itself knows of whole periods only.
        return None if report is None else msgspec.structs.replace(report, complete_until=rfc3339(self.now))

    def _present(self, book: Book, target: ServiceTarget, service: str, period: Period) -> ServiceFigures | None:
        facts = self.facts(service)
        if not facts:
            return None
        followed = follow(book.contract, target, service, facts, self._file.contracts.rule(service), self.now)
        reading = None if followed is None else followed.reading(period)
        return None if followed is None or reading is None else reading.figures(followed.measure)

    def _evidence(self, report: Report) -> Evidence:
        contract = self._contracts[report.agreement]
        period = period_of(report.period, contract.zone)[1]
        return evidence(
            report, contract, period, self._file.contracts, self.facts, self._running.ticket, self._file.agreements, self.now
        )  # fmt: skip
