"""Turns the CSV export of a help desk into ticket events, one JSON object a line, in order of time.

Knows columns and text, not what they mean: statuses and priorities keep the help desk's own words. Needs Python 3.11
and PyYAML only, so that it can be copied to where the export is. All events are held in memory to be sorted.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

TEXTS = ("status", "priority", "customer", "service", "kind", "team", "assignee")
FIELDS = ("ticket", "at", "version", "opened_at", *TEXTS)
ATTRIBUTE = "attributes."
KEYS = ("columns", "constants", "timestamps", "missing", "delimiter", "encoding")
SHOWN = 20
"""Bad rows that are told one by one; a wrong format makes every row bad."""
LONGEST_CELL = 16 * 1024 * 1024
"""Characters: exports hold whole conversations in a cell, and the csv module stops at 131,072."""

EXAMPLE = """
example:
  convert_csv.py incidents.csv.gz --mapping examples/servicenow.yaml > events.jsonl
  convert_csv.py export.csv --column ticket=Key --column at=Updated --column status=Status --zone Europe/Berlin \\
      --format '%d.%m.%Y %H:%M' --constant customer=ACME > events.jsonl

the mapping file, every key but `columns` optional:
  columns:                  # field: column
    ticket: number
    at: sys_updated_at
    version: sys_mod_count  # orders rows of the same instant
    status: incident_state
    attributes.category: category
  constants: {kind: incident}
  timestamps: {format: "%d/%m/%Y %H:%M", zone: Europe/Berlin}   # no format: ISO 8601; no zone: an offset must be there
  missing: ["?"]            # a cell that says so was not observed; an empty one was cleared
  delimiter: ";"            # else a comma
  encoding: cp1252          # else UTF-8

exit codes: 0 fine, 1 rows that could not be used, 2 wrong usage, mapping or file
"""


class Mistake(Exception):  # noqa: N818 - told to a person
    """Wrong usage, mapping or file; each argument is a sentence."""


@dataclass
class Mapping:
    """Where each field comes from, and how cells are written."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    format: str | None = None
    zone: ZoneInfo | None = None
    missing: frozenset[str] = frozenset()
    delimiter: str = ","
    encoding: str = "utf-8-sig"


def known(name: str) -> bool:
    """Whether an event has such a field."""
    return name in FIELDS or (name.startswith(ATTRIBUTE) and name != ATTRIBUTE)


def constant(name: str) -> bool:
    """Whether a field may be the same in every event."""
    return known(name) and name not in ("ticket", "at", "version", "opened_at")


def pairs(values: Sequence[str], option: str) -> dict[str, str]:
    """`field=value` options as a dictionary."""
    for value in values:
        if not all(value.partition("=")):
            raise Mistake(f"{option} {value}: write field=value, for example {option} customer=ACME")
    return {name: text for name, _, text in (value.partition("=") for value in values)}


def section(data: dict[Any, Any], name: str, source: str) -> dict[str, str]:
    """A part of the mapping file whose keys and values are texts."""
    found = data.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(each, str) for pair in found.items() for each in pair):
        raise Mistake(f"{source}: {name}: write it as `field: text` pairs; put quotes around numbers")
    return found


def read_mapping(path: str | None) -> dict[str, Any]:
    """The mapping file's parts, checked for their shape."""
    if path is None:
        return {}
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistake(f"{path}: can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Mistake(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise Mistake(f"{path}: should have a `columns` key; --help shows a mapping file")
    if unknown := [str(key) for key in data if key not in KEYS]:
        raise Mistake(*[f"{path}: {key}: unknown key; the keys are {', '.join(KEYS)}" for key in unknown])
    parts: dict[str, Any] = {name: section(data, name, path) for name in ("columns", "constants", "timestamps")}
    if unknown := sorted(parts["timestamps"].keys() - {"format", "zone"}):
        raise Mistake(f"{path}: timestamps.{unknown[0]}: unknown key; the keys are format, zone")
    missing = data.get("missing", [])
    parts["missing"] = [missing] if isinstance(missing, str) else missing
    if not isinstance(parts["missing"], list) or not all(isinstance(each, str) for each in parts["missing"]):
        raise Mistake(f'{path}: missing: write texts, for example ["?"]')
    for name in ("delimiter", "encoding"):
        if not isinstance(data.get(name, ""), str):
            raise Mistake(f"{path}: {name}: is not a text: {data[name]!r}")
    return parts | {name: data[name] for name in ("delimiter", "encoding") if name in data}


def settle(options: argparse.Namespace) -> Mapping:
    """The mapping file and what the command line says instead of it; every mistake at once."""
    parts = read_mapping(options.mapping)
    times = parts.get("timestamps", {})
    mapping = Mapping(
        columns=parts.get("columns", {}) | pairs(options.column, "--column"),
        constants=parts.get("constants", {}) | pairs(options.constant, "--constant"),
        format=options.format or times.get("format"),
        missing=frozenset(options.missing if options.missing is not None else parts.get("missing", [])),
        delimiter=parts.get("delimiter", ","),
        encoding=parts.get("encoding", "utf-8-sig"),
    )
    mistakes = [
        f"{name}: events have no such field; they have {', '.join(FIELDS)}, {ATTRIBUTE}*"
        for name in [*mapping.columns, *mapping.constants]
        if not known(name)
    ]
    mistakes += [f"{name}: can't be a constant" for name in mapping.constants if known(name) and not constant(name)]
    mistakes += [f"{name}: is both a column and a constant" for name in mapping.columns if name in mapping.constants]
    mistakes += [f"no column is named for `{name}`" for name in ("ticket", "at") if name not in mapping.columns]
    if len(mapping.delimiter) != 1:
        mistakes.append(f"delimiter: should be one character, is {mapping.delimiter!r}")
    zone = options.zone or times.get("zone")
    try:
        mapping.zone = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mistakes.append(f"zone: there is no time zone {zone!r}; write for example Europe/Berlin")
    try:
        "".encode(mapping.encoding)
    except LookupError:
        mistakes.append(f"encoding: there is no encoding {mapping.encoding!r}; write for example cp1252")
    if mistakes:
        raise Mistake(*mistakes)
    return mapping


class BadRow(Exception):  # noqa: N818 - told to a person
    """A row that makes no event; says why."""


class Converter:
    """Rows to events. Ids are made of the ticket, the instant and the version, so a longer export repeats them."""

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        has = ", ".join(header)
        other = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
        if other is not None:
            has += f"; if {other!r} is what separates its columns, name it as `delimiter` in a mapping file"
        mistakes = [
            f"{name}: the file has {'no' if column not in header else 'more than one'} column {column!r}; it has {has}"
            for name, column in mapping.columns.items()
            if header.count(column) != 1
        ]
        if mistakes:
            raise Mistake(*mistakes)
        self._mapping = mapping
        self._width = len(header)
        self._places = {name: header.index(column) for name, column in mapping.columns.items()}
        self._seen: Counter[str] = Counter()
        # Many rows share an opening time, and strptime is most of the work.
        self._instant = lru_cache(maxsize=100_000)(self._parse)

    def event(self, row: Sequence[str]) -> dict[str, Any]:
        """The event of a row; raises BadRow."""
        if len(row) != self._width:
            raise BadRow(f"has {len(row)} cells, the header has {self._width}")
        cells = {name: row[place].strip() for name, place in self._places.items()}
        observed = {name: text for name, text in cells.items() if text not in self._mapping.missing}
        for name in ("ticket", "at"):
            if not observed.get(name):
                raise BadRow(f"the column {self._mapping.columns[name]!r} is empty; every event needs its {name}")
        ticket, at = observed.pop("ticket"), self._time("at", observed.pop("at"))
        event: dict[str, Any] = {"id": f"{ticket}@{at}", "ticket": ticket, "at": at}
        if version := observed.pop("version", ""):
            event["version"] = self._number(version)
            event["id"] += f"/{event['version']}"
        if "opened_at" in observed:
            opened = observed.pop("opened_at")
            event["opened_at"] = self._time("opened_at", opened) if opened else None
        for name, text in (observed | self._mapping.constants).items():
            if name.startswith(ATTRIBUTE):
                event.setdefault("attributes", {})[name.removeprefix(ATTRIBUTE)] = text or None
            else:
                event[name] = text or None
        self._seen[event["id"]] += 1
        if (count := self._seen[event["id"]]) > 1:  # padded: events of one instant and version are ordered by id
            event["id"] += f"~{count:04}"
        return event

    def _number(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise BadRow(f"the version {text!r} is not a whole number") from None

    def _time(self, name: str, text: str) -> str:
        try:
            return self._instant(text)
        except (ValueError, OverflowError) as error:
            raise BadRow(f"{name} {text!r} {error}") from None

    def _parse(self, text: str) -> str:
        """RFC 3339 in UTC. A local time that comes twice in autumn is taken as the first."""
        pattern, zone = self._mapping.format, self._mapping.zone
        try:
            found = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007 - below
        except ValueError:
            raise ValueError(f"is not written as {pattern}" if pattern else "is not ISO 8601; name a format") from None
        if found.tzinfo is None:
            if zone is None:
                raise ValueError("has no offset; name the zone of the export")
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def opened(path: str, encoding: str) -> Iterator[IO[str]]:
    """The export as text: `-` is standard input, `.gz` is unpacked."""
    if path == "-":
        yield open(sys.stdin.fileno(), encoding=encoding, newline="", closefd=False)  # noqa: SIM115 - not ours to close
    elif path.endswith(".gz"):
        with gzip.open(path, "rt", encoding=encoding, newline="") as packed:
            yield packed
    else:
        with open(path, encoding=encoding, newline="") as plain:
            yield plain


Key = tuple[datetime, int]


def convert(path: str, mapping: Mapping) -> tuple[list[tuple[Key, str]], list[str]]:
    """The events of a file as JSON under what orders them, sorted, and a sentence for each bad row."""
    found: list[tuple[Key, str]] = []
    bad: list[str] = []
    number = 0
    try:
        with opened(path, mapping.encoding) as stream:
            rows = csv.reader(stream, delimiter=mapping.delimiter, strict=True)
            header, number = [name.strip() for name in next(rows, [])], 1
            if not header:
                raise Mistake(f"{path}: is empty; its first row should name the columns")
            converter = Converter(mapping, header)
            for number, row in enumerate(rows, 2):
                if not row:
                    continue
                try:
                    event = converter.event(row)
                except BadRow as error:
                    bad.append(f"{path}: row {number}: {error}")
                else:
                    key = (datetime.fromisoformat(event["at"]), event.get("version", -1))
                    found.append((key, json.dumps(event, ensure_ascii=False, separators=(",", ":"))))
    except UnicodeDecodeError:
        raise Mistake(
            f"{path}: after row {number}: is not written in {mapping.encoding}; name its encoding in the mapping file"
        ) from None
    except csv.Error as error:
        raise Mistake(f"{path}: after row {number}: is not CSV: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise Mistake(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    found.sort(key=lambda one: one[0])
    return found, bad


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convert_csv.py",
        description="Turn the CSV export of a help desk into ticket events, one JSON object a line, in order of time.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("export", metavar="EXPORT", help="a CSV file whose first row names the columns; .gz too; or -")
    parser.add_argument("--mapping", metavar="FILE", help="a YAML file that says which column is what")
    parser.add_argument("--column", metavar="FIELD=COLUMN", action="append", default=[], help="one more column")
    parser.add_argument("--constant", metavar="FIELD=TEXT", action="append", default=[], help="the same in every event")
    parser.add_argument("--format", help="how timestamps are written, as in strptime; else ISO 8601")
    parser.add_argument("--zone", help="time zone of timestamps without an offset")
    parser.add_argument("--missing", action="append", metavar="TEXT", help="what stands in a cell that is not known")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    csv.field_size_limit(LONGEST_CELL)
    try:
        found, bad = convert(options.export, settle(options))
    except Mistake as mistake:
        for sentence in mistake.args:
            print(sentence, file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]  # JSON lines, whatever the locale
    try:
        for _, line in found:
            print(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader had enough; Python would complain once more when it closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for sentence in bad[:SHOWN]:
        print(sentence, file=sys.stderr)
    if bad:
        print(f"{len(found)} rows became events, {len(bad)} could not be used", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
