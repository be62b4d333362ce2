"""One YAML file as plain values that remember how and where they were written.

Scalars stay the text of the file, so that `09:00`, `99.90%`, `1` and `2026-01-01` mean what they say; what they are
is for the models to know. Nothing here knows what an agreement is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

import yaml

from slawatch.agreements.problem import Path, Problem, field_name

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NON_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_TAG = "tag:yaml.org,2002:"
_TEXTS = {_TAG + kind for kind in ("str", "int", "float", "timestamp", "value", "merge")}
_MERGE = _TAG + "merge"
_DEEPEST = 30
_MOST_VALUES = 2_000_000  # a few kilobytes of aliases to aliases stand for billions of values


class Kind(Enum):
    """What YAML takes a scalar for, as far as it matters."""

    TEXT = "text"
    BOOLEAN = "boolean"
    NULL = "null"
    EMPTY = "empty"


class Scalar(str):
    """The text of a scalar, and what YAML takes it for."""

    __slots__ = ("kind",)
    kind: Kind

    def __new__(cls, text: str, kind: Kind = Kind.TEXT) -> Self:
        scalar = super().__new__(cls, text)
        scalar.kind = kind
        return scalar


@dataclass(slots=True)
class Document:
    """A file's values as dicts, lists and `Scalar`s, with the line of each path; an unreadable file has no `tree`."""

    name: str
    tree: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest value above it that was written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def place(self, path: Path) -> str:
        """The place of a path, for people."""
        return f"{self.name}:{self.line(path)}"

    def problem(self, path: Path, text: str, warning: bool = False) -> Problem:
        """What is wrong at a path."""
        return Problem(self.name, self.line(path), field_name(path) or "file", text, warning)


def read(name: str, content: bytes) -> Document:
    """The document in a file's bytes; what is wrong with it as YAML is in its `problems`."""
    document = Document(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        document.problems.append(Problem(name, line, "yaml", f"byte 0x{content[error.start]:02x} is not UTF-8"))
        return document
    bad = _NON_PRINTABLE.search(text)
    if bad:
        line = text[: bad.start()].count("\n") + 1
        document.problems.append(Problem(name, line, "yaml", f"character U+{ord(bad.group()):04X} is not allowed"))
        return document
    try:
        deep = _too_deep(text)
        node = None if deep else yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax(name, text, error))
    else:
        if deep:
            document.problems.append(Problem(name, deep, "yaml", "nested too deeply"))
        else:
            _Reading(document).all(node)
    return document


def _too_deep(text: str) -> int:
    """The line on which the nesting goes too deep, or 0: the composer recurses in C and would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _syntax(name: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    words = [word for word in (error.problem, error.context) if word]
    began, mark = error.context_mark, error.problem_mark or error.context_mark
    if error.context and began:
        words[-1] += f" on line {began.line + 1}"
    if mark is None:
        return Problem(name, 1, "yaml", ", ".join(words))
    what = f"{', '.join(words)} (column {mark.column + 1})"
    rest = "".join(text.splitlines()[mark.line : mark.line + 1])[mark.column :]  # of the line; none where the file ends
    advice = _TAB if rest.startswith("\t") else _ADVICE.get(error.problem or "")
    return Problem(name, mark.line + 1, "yaml", f"{what}: {advice}" if advice else what)


_TAB = "indent with spaces, not with tabs"
_ADVICE = {
    "found character that cannot start any token": "put the value in quotes",
    "mapping values are not allowed in this context": "check the indentation, or put a value with `: ` in it in quotes",
    "did not find expected key": "let all keys of a mapping begin in one column",
    "did not find expected '-' indicator": "let all items of a list begin in one column",
    "did not find expected ',' or ']'": "close the list with `]`",
    "did not find expected ',' or '}'": "close the mapping with `}`",
    "could not find expected ':'": "write `key: value`",
    "found unexpected end of stream": "close the quotes",
}
"""By what the parser says."""


class _Reading:
    """The walk over the nodes of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._values = 0

    def all(self, node: yaml.Node | None) -> None:
        self._document.tree = {} if node is None else self._value(node, (), ())

    def _value(self, node: yaml.Node, path: Path, within: tuple[int, ...]) -> Any:
        self._values += 1
        if self._values > _MOST_VALUES:
            return None if self._values > _MOST_VALUES + 1 else self._wrong(node, path, "the file has too many values")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in within:
            return self._wrong(node, path, "contains itself; write it out")
        if len(within) > _DEEPEST:
            return self._wrong(node, path, "nested too deeply")
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            return self._wrong(node, path, f"the tag {node.tag} is not allowed")
        within = (*within, id(node))
        if isinstance(node, yaml.SequenceNode):
            values = []
            for i, item in enumerate(node.value):
                self._document.lines[*path, i] = item.start_mark.line + 1
                values.append(self._value(item, (*path, i), within))
            return values
        found: dict[str, Any] = {}
        for key, name, value in self._entries(node, path, within):
            if name not in found:
                self._document.lines[*path, name] = key.start_mark.line + 1
                found[name] = self._value(value, (*path, name), within)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        if node.tag == _TAG + "bool":
            return Scalar(node.value, Kind.BOOLEAN)
        if node.tag == _TAG + "null":
            return Scalar(node.value, Kind.NULL if node.value else Kind.EMPTY)
        if node.tag in _TEXTS:
            return Scalar(node.value)
        return self._wrong(node, path, f"the tag {node.tag} is not allowed")

    def _entries(
        self, node: yaml.Node, path: Path, within: tuple[int, ...]
    ) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        """The mapping's own entries, then those that it merges in with `<<`: the first of a name counts."""
        merged: list[yaml.Node] = []
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
                name = "<<"
            elif not isinstance(key, yaml.ScalarNode) or key.tag not in (*_TEXTS, _TAG + "bool"):
                self._wrong(key, path, "a key must be a text")
                continue
            else:
                name = key.value
                if key.tag == _TAG + "bool":
                    self._wrong(key, (*path, name), f'YAML reads {name} as a boolean: write "{name}"')
            if name in lines:
                self._wrong(key, (*path, name), f"is written twice; the first is on line {lines[name]}: keep one")
            elif key.tag != _MERGE:
                yield key, name, value
            lines.setdefault(name, line)
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                self._wrong(source, (*path, "<<"), "only a mapping can be merged")
            elif id(source) in within:
                self._wrong(source, (*path, "<<"), "contains itself; write it out")
            else:
                yield from self._entries(source, path, (*within, id(source)))

    def _wrong(self, node: yaml.Node, path: Path, text: str) -> None:
        line = node.start_mark.line + 1
        self._document.problems.append(Problem(self._document.name, line, field_name(path) or "file", text))
