"""What is named twice: across the files, or in one mapping or list under different spellings.

It looks at what was written, not at the models, so a mistake elsewhere hides none of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from slawatch.agreements import localtime
from slawatch.agreements.document import Document
from slawatch.agreements.problem import Mistake, Path, Problem
from slawatch.agreements.values import PHASES
from slawatch.core.agreement import METRICS, ROUND_THE_CLOCK

_Named = tuple[str, Document, Path]


def problems(documents: Iterable[Document]) -> Iterator[Problem]:
    """One problem for every name that was taken before."""
    documents = list(documents)
    yield from _repeated("calendar", _calendars(documents))
    yield from _repeated("agreement", _ids(documents))
    yield from _repeated("word", _words(documents))
    yield from _repeated("service", _services(documents))
    for document in documents:
        for path, calendar in entries(document, "calendars"):
            if path[-1] == ROUND_THE_CLOCK.name:
                yield document.problem(path, "is built in and can't be defined: give it another name")
            yield from _weekdays(document, (*path, "hours"), _get(calendar, "hours"))
        for path, agreement in entries(document, "agreements"):
            targets = list(_items((*path, "targets"), _get(agreement, "targets")))
            metrics = ((_get(target, "metric"), document, (*above, "metric")) for above, target in targets)
            yield from _repeated("metric", (found for found in metrics if found[0] in METRICS))
            for above, target in targets:
                named = _items((*above, "service"), _get(target, "service"))
                yield from _repeated("service", ((word, document, where) for where, word in named))
                for key in ("warn", "overdue"):
                    levels = _items((*above, key), _get(target, key))
                    yield from _repeated("threshold", ((level, document, where) for where, level in levels))


def entries(document: Document, section: str) -> Iterator[tuple[Path, Any]]:
    """The paths and values of a section of the file, as far as it has the right shape."""
    yield from _items((section,), _get(document.tree, section))


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _items(above: Path, values: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield (*above, key), value
    elif isinstance(values, list):
        for i, value in enumerate(values):
            yield (*above, i), value


def _calendars(documents: Iterable[Document]) -> Iterator[_Named]:
    for document in documents:
        for path, _ in entries(document, "calendars"):
            yield str(path[-1]), document, path


def _ids(documents: Iterable[Document]) -> Iterator[_Named]:
    for document in documents:
        for path, agreement in entries(document, "agreements"):
            yield _get(agreement, "id"), document, (*path, "id")


def _services(documents: Iterable[Document]) -> Iterator[_Named]:
    for document in documents:
        for path, _ in entries(document, "services"):
            yield str(path[-1]), document, path


def _words(documents: Iterable[Document]) -> Iterator[_Named]:
    for document in documents:
        for path, words in entries(document, "statuses"):
            if path[-1] in PHASES:
                yield from ((word, document, where) for where, word in _items(path, words))


def _repeated(what: str, named: Iterable[_Named]) -> Iterator[Problem]:
    first: dict[str, tuple[Document, Path]] = {}
    for name, document, path in named:
        if not isinstance(name, str) or not name:
            continue
        if name in first:
            known, where = first[name]
            yield document.problem(path, f"the {what} `{name}` is there already ({known.place(where)}): keep one")
        else:
            first[name] = document, path


def _weekdays(document: Document, path: Path, hours: Any) -> Iterator[Problem]:
    taken: dict[int, str] = {}
    for where, _ in _items(path, hours):
        key = str(where[-1])
        try:
            days = localtime.weekdays(key)
        except Mistake:
            continue
        both = [day for day in days if day in taken]
        if both:
            names = ", ".join(localtime.WEEKDAYS[day] for day in both)
            yield document.problem(where, f"{names} is in `{taken[both[0]]}` too: name each weekday once")
        taken |= dict.fromkeys(days, key)
