"""Writes `contracts/` from the code: JSON Schemas of what goes over Kafka, an AsyncAPI document, examples of each message.

`python scripts/write_contracts.py` writes; with `--check` it compares instead, and says what differs.
The examples are what the program itself makes of contracts/examples.yaml.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from slawatch.agreements import AgreementsFile, loads
from slawatch.core.fold import Bounds
from slawatch.instants import to_ms
from slawatch.joint_replay import JointReplay, Part
from slawatch.messages.catalogue import (
    CHANNELS,
    CLOUD_EVENT_HEADERS,
    DEAD_LETTER_HEADERS,
    Channel,
    Direction,
    Kind,
    schema,
)
from slawatch.process import Message, Place, Turn
from slawatch.processes.ledger import LedgerProcess
from slawatch.processes.services import ServiceProcess
from slawatch.replay import OpenTickets
from slawatch.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "/slawatch/slawatch"
SCHEMA_FORMAT = "application/schema+json;version=draft-07"


def files() -> Iterator[tuple[str, str]]:
    """Every file of `contracts/` by its path, with its text."""
    for kind in {kind.name: kind for channel in CHANNELS for kind in channel.kinds if kind.shape}.values():
        yield f"schemas/{kind.name}.schema.json", as_json(schema(kind))
    for name, record in examples().items():
        yield f"examples/{name}.json", as_json(record)
    document = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    yield "asyncapi.yaml", "# Made by scripts/write_contracts.py; do not edit.\n" + document


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class Listening(JointReplay):
    """A replay that keeps every message, not only what alerts say."""

    def __init__(self, file: AgreementsFile) -> None:
        tickets = OpenTickets(file.agreements, SOURCE, Bounds(), file.contracts, Place("tickets", 0, 1))
        services = ServiceProcess(file.contracts, SOURCE, Bounds()).placed(Place("monitoring", 0, 1))
        ledger = LedgerProcess(file.contracts, ("tickets", "monitoring"), SOURCE, None, Place("sla-outcomes", 0, 1))
        super().__init__(tickets, services, ledger)
        self.messages: list[Message] = []

    def _take(self, part: Part, turn: Turn, now: int) -> Iterator[bytes]:
        self.messages += turn.messages
        return super()._take(part, turn, now)


def examples() -> dict[str, dict[str, Any]]:
    """One record of each kind and `what`, the first that there is, by a name made of its topic's role."""
    told = yaml.safe_load((ROOT / "contracts" / "examples.yaml").read_text())
    events = [{"id": f"e{number}", **event} for number, event in enumerate(told["events"], 1)]
    replay = Listening(loads(json.dumps(told["file"], default=str)))
    for _ in replay.run((json.dumps(event).encode() for event in events), to_ms(told["until"])):
        pass
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        role = "tickets" if "ticket" in event else "monitoring"
        found.setdefault(role, {"key": event.get("ticket") or event["service"], "value": event})
    for message in replay.messages:
        value = json.loads(message.value)
        kind = "period-" if "period_from" in value and "what" in value else ""
        name = f"{message.output}-{kind}{value.get('what', 'report')}"
        headers = {header: text.decode() for header, text in message.headers}
        found.setdefault(name, {"key": message.key.decode(), "headers": headers, "value": value})
    return found


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of all topics, under the names that they have by default."""
    names = Settings()
    components: dict[str, Any] = {"messages": {}, "schemas": {}}
    channels, operations = {}, {}
    for channel in CHANNELS:
        messages = {}
        for kind in channel.kinds:
            identifier = f"{channel.role}-{kind.name}"
            components["messages"][identifier] = message(channel, kind)
            messages[kind.name] = {"$ref": f"#/components/messages/{identifier}"}
        channels[channel.role] = {
            "address": names.topic_of(channel.role),
            "title": channel.title,
            "description": f"Key: {channel.key}. Clean-up: {channel.cleanup}.",
            "messages": messages,
            "bindings": {"kafka": {"topicConfiguration": {"cleanup.policy": [channel.cleanup]}}},
        }
        reads = channel.direction is Direction.READS
        operations[f"{'read' if reads else 'write'}-{channel.role}"] = {
            "action": "receive" if reads else "send",
            "channel": {"$ref": f"#/channels/{channel.role}"},
            "summary": channel.title,
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "slawatch",
            "version": version("slawatch"),
            "description": "Watches service level agreements: what it reads and what it says, on Apache Kafka. "
            "Read what it says with isolation level read_committed: then every alert is there exactly once.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": components,
    }


def message(channel: Channel, kind: Kind) -> dict[str, Any]:
    """One message of a channel: its headers, its key and its data."""
    found: dict[str, Any] = {"name": kind.name, "title": kind.title}
    if kind.types:
        headers = {name: {"type": "string", "description": text} for name, text in CLOUD_EVENT_HEADERS.items()}
        headers["ce_type"] |= {"enum": [kind.types.format(what=what) for what in kind.whats]}
        found["headers"] = {"type": "object", "properties": headers, "required": list(headers)}
    elif channel.role == "dead_letters":
        headers = {name: {"type": "string", "description": text} for name, text in DEAD_LETTER_HEADERS.items()}
        found["headers"] = {"type": "object", "properties": headers, "required": list(headers)}
    if kind.shape is None:
        found["contentType"] = "application/octet-stream"
        found["payload"] = {}
    else:
        data: dict[str, Any] = {"$ref": f"schemas/{kind.name}.schema.json"}
        if kind.whats:
            data = {"allOf": [data, {"type": "object", "properties": {"what": {"enum": list(kind.whats)}}}]}
        found["payload"] = {"schemaFormat": SCHEMA_FORMAT, "schema": data}
    found["bindings"] = {"kafka": {"key": {"type": "string", "description": channel.key}}}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="write contracts/ from the code")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--folder", type=Path, default=ROOT / "contracts")
    given = parser.parse_args()
    made = dict(files())
    kept = [path for name in ("schemas", "examples") for path in sorted((given.folder / name).glob("*.json"))]
    stale = [path for path in kept if str(path.relative_to(given.folder)) not in made]
    if given.check:
        differ = [name for name, text in made.items() if _text(given.folder / name) != text]
        for name in [*differ, *(str(path.relative_to(given.folder)) for path in stale)]:
            print(f"contracts/{name} is not what the code says: run `make contracts`")
        return bool(differ or stale)
    for path in stale:
        path.unlink()
    for name, text in made.items():
        path = given.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
