"""A file or a folder of agreements as one set of core values, or every mistake in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from slawatch.agreements import mistakes, pinned, reach, twice, values
from slawatch.agreements.build import ALWAYS, BuiltCalendar, build_agreement, build_calendar, conflicts, named_calendars
from slawatch.agreements.document import Document, Kind, Scalar, read
from slawatch.agreements.fingerprint import fingerprint
from slawatch.agreements.models import AgreementPart, CalendarPart, FilePart, Part, StatusesPart
from slawatch.agreements.problem import AgreementsError, Mistake, Problem
from slawatch.agreements.problem import Path as Where
from slawatch.agreements.values import PHASES, Names
from slawatch.core.agreement import ROUND_THE_CLOCK, Agreement
from slawatch.core.calendar import Calendar
from slawatch.core.fact import Phase
from slawatch.core.promise import Agreements

P = TypeVar("P", bound=Part)
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is, for `check`."""

    files: int
    agreements: int
    targets: int
    calendars: int
    statuses: int


@dataclass(frozen=True, slots=True)
class AgreementsFile:
    """Valid agreements, with what is odd in them, and the versions of the packages that they were read with."""

    agreements: Agreements
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
        self._warnings: list[Problem] = []
        self._calendars: dict[str, BuiltCalendar] = {ROUND_THE_CLOCK.name: ALWAYS}
        self._built: list[tuple[Agreement, Document, Where]] = []

    def all(self) -> AgreementsFile:
        names = self._names()
        for document in self._documents:
            self._sections(document)
        self._problems += twice.problems(self._documents)
        statuses = self._statuses(names)
        self._read_calendars(names)
        self._read_agreements(names)
        if not self._problems and not self._built:
            self._problems.append(self._documents[0].problem(("agreements",), "is missing: there is no agreement"))
        self._raise()
        agreements = [agreement for agreement, _, _ in self._built]
        self._warn(agreements)
        versions = pinned.versions()
        parts = {name: built.part for name, built in self._calendars.items() if built.part}
        return AgreementsFile(
            agreements=Agreements(agreements, statuses, fingerprint(agreements, statuses, parts, versions)),
            warnings=self._in_order(self._warnings),
            summary=Summary(
                files=len(self._documents),
                agreements=len(agreements),
                targets=sum(len(agreement.targets) for agreement in agreements),
                calendars=len(parts),
                statuses=len(statuses),
            ),
            versions=versions,
            calendars={name: built.calendar for name, built in self._calendars.items() if built.calendar},
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
        shapes = {"statuses": dict, "calendars": dict, "agreements": list}
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

    def _read_agreements(self, names: Names) -> None:
        for document, path, value in self._entries("agreements"):
            part = self._read(AgreementPart, value, document, path, names)
            if part is None or not self._calendars.keys() >= set(named_calendars(part)):
                continue
            found = [document.problem((*path, *m.below), str(m)) for m in conflicts(part, self._calendars)]
            self._problems += found
            if not found:
                self._built.append((build_agreement(part, self._calendars, document, path), document, path))

    def _warn(self, agreements: Sequence[Agreement]) -> None:
        for i, text in reach.shadowed(agreements):
            _, document, path = self._built[i]
            self._warnings.append(document.problem(path, text, warning=True))
        for agreement, document, path in self._built:
            for i, target in enumerate(agreement.targets):
                for j, text in reach.silent_warnings(target):
                    self._warnings.append(document.problem((*path, "targets", i, "warn", j), text, warning=True))
        used = {
            limit.hours.name
            for agreement in agreements
            for target in agreement.targets
            for limit in (*target.limits.values(), target.default)
            if limit
        }
        for document, path, _ in self._entries("calendars"):
            name = str(path[-1])
            if name not in used:
                self._warnings.append(document.problem(path, "no limit is measured in this calendar", warning=True))
            part = self._calendars[name].part
            for day in part.open if part else ():
                if part and day in part.closed:
                    text = f"{day} is in `closed` too: these hours count"
                    self._warnings.append(document.problem((*path, "open", str(day)), text, warning=True))

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
