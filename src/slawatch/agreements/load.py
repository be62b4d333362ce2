"""A file or a folder of agreements as one set of core values, or every mistake in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from slawatch.agreements import mistakes, pinned, reach, twice, values
from slawatch.agreements.build import ALWAYS, BuiltCalendar, build_calendar, named_calendars
from slawatch.agreements.built import Built, build
from slawatch.agreements.calendars import CalendarPart
from slawatch.agreements.document import Document, Kind, Scalar, read
from slawatch.agreements.fingerprint import fingerprint
from slawatch.agreements.models import AgreementPart, FilePart, StatusesPart
from slawatch.agreements.part import Part
from slawatch.agreements.periods import ServiceRulePart
from slawatch.agreements.problem import AgreementsError, Mistake, Problem
from slawatch.agreements.problem import Path as Where
from slawatch.agreements.together import conflicts
from slawatch.agreements.values import PHASES, Names
from slawatch.core.agreement import ROUND_THE_CLOCK, Agreement
from slawatch.core.calendar import Calendar
from slawatch.core.fact import Phase
from slawatch.core.periods.contract import Contracts, ServiceRule
from slawatch.core.promise import Agreements

P = TypeVar("P", bound=Part)
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is, for `check`.

    `agreements`, `targets` and the `period_targets` among them are counted as written, `results` with one agreement
    for each customer of `each`; `services` are those that a target is about.
    """

    files: int
    agreements: int
    results: int
    targets: int
    period_targets: int
    services: int
    calendars: int
    statuses: int


@dataclass(frozen=True, slots=True)
class AgreementsFile:
    """Valid agreements, with what is odd in them, and the versions of the packages that they were read with."""

    agreements: Agreements
    contracts: Contracts
    warnings: list[Problem]
    summary: Summary
    versions: Mapping[str, str]
    calendars: Mapping[str, Calendar]
    """The calendars of the file by name, for those who ask which hours count; round the clock is none of them."""


def load(path: Path) -> AgreementsFile:
    """The agreements of a file, or of the `*.yaml` and `*.yml` in a folder; else an `AgreementsError`."""
    try:
        files = _files(path) if path.is_dir() else [path]
    except OSError as error:
        raise AgreementsError([_unreadable(path, error)]) from None
    if not files:
        raise AgreementsError([Problem(str(path), 0, "", "the folder has no *.yaml or *.yml file")])
    documents = []
    for file in files:
        try:
            documents.append(read(str(file), file.read_bytes()))
        except OSError as error:
            documents.append(Document(str(file), problems=[_unreadable(file, error)]))
    return _Loading(documents).all()


def loads(text: str, name: str = "agreements.yaml") -> AgreementsFile:
    """The agreements in a text."""
    return _Loading([read(name, text.encode("utf-8", "surrogatepass"))]).all()


def _files(folder: Path) -> list[Path]:
    names = sorted((entry.name for entry in os.scandir(folder) if not entry.is_dir()), key=os.fsencode)
    return [folder / name for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")]


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(str(path), 0, "", f"can't be read: {error.strerror or error}")


class _Loading:
    """One load: problems are collected, and each step does what it can with what the steps before left whole."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._problems = [problem for document in documents for problem in document.problems]
        self._calendars: dict[str, BuiltCalendar] = {ROUND_THE_CLOCK.name: ALWAYS}
        self._rules: dict[str, ServiceRule] = {}
        self._built: list[Built] = []

    def all(self) -> AgreementsFile:
        names = self._names()
        for document in self._documents:
            self._sections(document)
        self._problems += twice.problems(self._documents)
        statuses = self._statuses(names)
        self._read_calendars(names)
        self._read_services(names)
        self._read_agreements(names)
        if not self._problems and not self._built:
            self._problems.append(self._documents[0].problem(("agreements",), "is missing: there is no agreement"))
        agreements = list(self._agreements())
        self._raise()
        versions = pinned.versions()
        calendars = {name: built.part for name, built in self._calendars.items() if built.part}
        mark = fingerprint(self._built, statuses, calendars, self._rules, versions)
        return AgreementsFile(
            agreements=Agreements(agreements, statuses, mark),
            contracts=Contracts(
                tuple(contract for built in self._built for contract in built.contracts()), self._rules, mark
            ),
            warnings=self._in_order(list(reach.warnings(self._built, self._calendars, self._documents))),
            summary=self._summary(len(agreements), len(calendars), len(statuses)),
            versions=versions,
            calendars={name: built.calendar for name, built in self._calendars.items() if built.calendar},
        )

    def _summary(self, results: int, calendars: int, statuses: int) -> Summary:
        contracts = [built.contract for built in self._built if built.contract]
        return Summary(
            files=len(self._documents),
            agreements=len(self._built),
            results=results,
            targets=sum(len(built.part.targets) for built in self._built),
            period_targets=sum(len(contract.targets) for contract in contracts),
            services=len(reach.watched(self._built)),
            calendars=calendars,
            statuses=statuses,
        )

    def _names(self) -> Names:
        """What may be named anywhere: also calendars that are wrong, so that one mistake is not told twice."""
        calendars = (str(path[-1]) for document in self._documents for path, _ in twice.entries(document, "calendars"))
        words: dict[str, str] = {}
        for document in self._documents:
            for path, listed in twice.entries(document, "statuses"):
                if path[-1] in PHASES and isinstance(listed, list):
                    words |= {word: str(path[-1]) for word in listed if isinstance(word, str)}
        whole = all(document.tree is not None for document in self._documents)
        return Names(frozenset(calendars), words, whole)

    def _sections(self, document: Document) -> None:
        """The top of a file: known sections of the right shape; an empty section is as good as none."""
        if document.tree is None:
            return
        if not isinstance(document.tree, dict):
            self._problems.append(document.problem((), "must be a mapping with `calendars` and `agreements`"))
            return
        shapes = {"statuses": dict, "calendars": dict, "services": dict, "agreements": list}
        top = {key: value for key, value in document.tree.items() if key not in shapes}
        self._read(FilePart, top, document, ())
        for key, shape in shapes.items():
            value = document.tree.get(key)
            if value is not None and not isinstance(value, shape) and not _nothing(value):
                kind = "list (`- id: ...`)" if shape is list else "mapping (`name: ...`)"
                self._problems.append(document.problem((key,), f"must be a {kind}"))

    def _statuses(self, names: Names) -> dict[str, Phase]:
        statuses: dict[str, Phase] = {}
        for document in self._documents:
            value = document.tree.get("statuses") if isinstance(document.tree, dict) else None
            if isinstance(value, dict):
                part = self._read(StatusesPart, value, document, ("statuses",), names)
                if part is not None:
                    statuses |= {word: PHASES[name] for name, words in part for word in words}
        return statuses

    def _read_calendars(self, names: Names) -> None:
        for document, path, value in self._entries("calendars"):
            part = self._read(CalendarPart, value, document, path, names)
            if part is None:
                continue
            try:
                name = values.name(path[-1])
                built = build_calendar(name, part)
            except Mistake as mistake:
                self._problems.append(document.problem((*path, *mistake.below), str(mistake)))
            else:
                self._calendars.setdefault(name, built)

    def _read_services(self, names: Names) -> None:
        for document, path, value in self._entries("services"):
            if isinstance(path[-1], int):
                continue  # in a list, of which it was said that it is none of names
            part = self._read(ServiceRulePart, value, document, path, names)
            try:
                name = values.name(path[-1])
            except Mistake as mistake:
                self._problems.append(document.problem(path, str(mistake)))
                continue
            if part is not None:
                stale = part.stale_after.ms() if part.stale_after else None
                self._rules[name] = ServiceRule(part.down_when, stale)

    def _read_agreements(self, names: Names) -> None:
        for document, path, value in self._entries("agreements"):
            part = self._read(AgreementPart, value, document, path, names)
            if part is None or not self._calendars.keys() >= set(named_calendars(part)):
                continue
            found = [document.problem((*path, *m.below), str(m)) for m in conflicts(part, self._calendars)]
            self._problems += found
            if not found:
                self._built.append(build(part, self._calendars, document, path))

    def _agreements(self) -> Iterator[Agreement]:
        """The agreements, with `each` those of the customers; an id that it makes must not be another's."""
        taken: dict[str, Built] = {}
        for built in self._built:
            for agreement in built.agreements():
                other = taken.setdefault(agreement.id, built)
                if other is not built and (built.customers or other.customers):
                    template, rest = (built, other) if built.customers else (other, built)
                    place = rest.document.place(rest.path)
                    text = f"makes `{agreement.id}`, which another agreement makes or is ({place}): rename one"
                    self._problems.append(template.problem(("each",), text))
                yield agreement

    def _entries(self, section: str) -> Iterator[tuple[Document, Where, object]]:
        for document in self._documents:
            for path, value in twice.entries(document, section):
                yield document, path, value

    def _read(
        self, model: type[P], value: object, document: Document, path: Where, names: Names | None = None
    ) -> P | None:
        try:
            return model.model_validate(value, context=names)
        except ValidationError as error:
            self._problems += mistakes.problems(error, document, path, model)
            return None

    def _in_order(self, problems: Sequence[Problem]) -> list[Problem]:
        files = {document.name: i for i, document in enumerate(self._documents)}
        return sorted(dict.fromkeys(problems), key=lambda problem: (files[problem.file], problem.line, problem.field))

    def _raise(self) -> None:
        if self._problems:
            raise AgreementsError(self._in_order(self._problems))


def _nothing(value: object) -> bool:
    return isinstance(value, Scalar) and value.kind in (Kind.NULL, Kind.EMPTY)
