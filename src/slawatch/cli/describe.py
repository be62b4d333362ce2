"""`slawatch topics --describe`: what stands on each topic, in words."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from slawatch.cli.failure import Exit, Failure
from slawatch.messages.catalogue import CHANNELS, CLOUD_EVENT_HEADERS, DEAD_LETTER_HEADERS, Kind, schema
from slawatch.settings import SettingsError, read_settings

_WIDTH = 110
_NAME = 19


def describe() -> int:
    """Print the catalogue, under the topics' names of these settings; needs no Kafka."""
    try:
        settings = read_settings()
    except SettingsError as error:
        raise Failure(error.mistakes) from None
    told: set[str] = set()
    for channel in CHANNELS:
        name = settings.topic_of(channel.role)
        sys.stdout.write(f"{name}  ({channel.direction}): {channel.title}\n")
        sys.stdout.write(f"  key: {channel.key}; clean-up: {channel.cleanup}\n")
        for kind in channel.kinds:
            for line in _kind(kind, whole=kind.name not in told):
                sys.stdout.write(line + "\n")
            told.add(kind.name)
        sys.stdout.write("\n")
    return Exit.FINE


def _kind(kind: Kind, whole: bool) -> Iterator[str]:
    yield f"  {kind.name}: {kind.title}" + (f"; what: {', '.join(kind.whats)}" if kind.whats else "")
    if not whole:
        yield "    as above"
        return
    headers = CLOUD_EVENT_HEADERS if kind.types else DEAD_LETTER_HEADERS if kind.shape is None else {}
    for name, text in headers.items():
        yield from _line(f"[{name}]", text)
    if kind.shape is not None:
        found = schema(kind)
        yield from _fields(found)
        for name, part in found.get("$defs", {}).items():
            yield from _line(f"({name})", part.get("description", ""))
            yield from _fields(part)


def _fields(part: Mapping[str, Any]) -> Iterator[str]:
    required = part.get("required", ())
    for name, field in part["properties"].items():
        kinds = _types(field)
        yield from _line(name, f"{kinds}{'' if name in required else ', optional'}. {field.get('description', '')}")


def _line(name: str, text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, _WIDTH - _NAME - 4) or [""]
    yield f"    {name:<{_NAME}}{lines[0]}"
    for line in lines[1:]:
        yield " " * (_NAME + 4) + line


def _types(field: Mapping[str, Any]) -> str:
    """The types of a field in words."""
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if "anyOf" in field:
        kinds = dict.fromkeys(_types(part) for part in field["anyOf"])
        if "number" in kinds:
            kinds.pop("integer", None)
        return " | ".join(kinds)
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_types(field['items'])}"
    if field.get("format") == "date-time":
        return "instant"
    return str(field.get("type", "any"))
