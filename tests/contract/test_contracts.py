"""The contracts in `contracts/`: made from the code, whole, true of what the program writes, and compatible with releases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonsubschema import isSubschema

from needs import required_tool
from slawatch.messages.catalogue import CHANNELS, CLOUD_EVENT_HEADERS, Direction, Kind, schema

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
KINDS = {kind.name: (channel.direction, kind) for channel in CHANNELS for kind in channel.kinds if kind.shape}
RELEASED = sorted((CONTRACTS / "released").glob("*/*.schema.json"))


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def bare(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "$schema"}


def test_what_is_kept_is_what_the_code_says() -> None:
    command = [sys.executable, "scripts/write_contracts.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_difference_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, folder)
    changed = folder / "schemas" / "clock-alert.schema.json"
    changed.write_text(changed.read_text().replace('"withdrawn"', '"forgotten"'))
    (folder / "schemas" / "gone.schema.json").write_text("{}")
    command = [sys.executable, "scripts/write_contracts.py", "--check", "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "contracts/schemas/clock-alert.schema.json is not what the code says" in done.stdout
    assert "contracts/schemas/gone.schema.json is not what the code says" in done.stdout


@pytest.mark.parametrize("name", KINDS)
def test_every_field_is_described(name: str) -> None:
    document = schema(KINDS[name][1])
    Draft202012Validator.check_schema(document)
    fields = document["properties"]
    # The fields after `customer` are described with it.
    plain = {"priority", "service", "team", "kind"} if "what" in fields else set()
    assert [field for field, of in fields.items() if "description" not in of and field not in plain] == []


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_nothing_published_widens_and_nothing_accepted_narrows(path: Path) -> None:
    name = path.name.removesuffix(".schema.json")
    assert name in KINDS, f"{name} was published in {path.parent.name}"
    direction, kind = KINDS[name]
    assert compatible(direction, bare(load(path)), bare(schema(kind)))


def compatible(direction: Direction, old: dict[str, Any], new: dict[str, Any]) -> bool:
    narrower, wider = (new, old) if direction is Direction.WRITES else (old, new)
    return bool(isSubschema(narrower, wider))


def test_an_incompatible_change_would_be_found() -> None:
    alert, event = (bare(schema(KINDS[name][1])) for name in ("clock-alert", "ticket-event"))
    wider = {**alert, "required": [field for field in alert["required"] if field != "ticket"]}
    assert not compatible(Direction.WRITES, alert, wider)
    narrower = {**event, "required": [*event["required"], "status"]}
    assert not compatible(Direction.READS, event, narrower)
    more = {**alert, "properties": {**alert["properties"], "note": {"type": "string"}}}
    assert compatible(Direction.WRITES, alert, more)


def test_every_channel_tells_its_alerts_apart() -> None:
    for channel in CHANNELS:
        for kind in channel.kinds:
            # A report is no event: it stands for its period until the next revision replaces it.
            written = channel.direction is Direction.WRITES and kind.shape is not None and kind.name != "report"
            assert bool(kind.types) == written, kind.name
            assert _whats(kind) >= set(kind.whats)


def _whats(kind: Kind) -> set[str]:
    if kind.shape is None:
        return set()
    return set(schema(kind)["properties"].get("what", {}).get("enum", kind.whats))


def test_the_asyncapi_document_is_valid() -> None:
    node = required_tool("node")
    parser = ROOT / ".tools" / "node_modules" / "@asyncapi" / "parser"
    if not parser.exists():
        required_tool("npm")
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(ROOT / ".tools")]
        subprocess.run([*command, "@asyncapi/parser@3.6.3"], check=True, capture_output=True)
    script = ROOT / "scripts" / "check_asyncapi.cjs"
    for document, code in ((CONTRACTS / "asyncapi.yaml", 0), (ROOT / "tests" / "contract" / "wrong_asyncapi.yaml", 1)):
        done = subprocess.run([node, str(script), str(document)], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr


def _of(name: str) -> tuple[str, Kind]:
    """The role of the topic and the kind of message that an example is of, by its name."""
    role, _, what = name.partition("-")
    channel = next(channel for channel in CHANNELS if channel.role == role)
    for kind in channel.kinds:
        if what in ("", "report"):
            return role, kind
        if kind.name == ("period-alert" if what.startswith("period-") and what != "period-measured" else "clock-alert"):
            if what.removeprefix("period-") in kind.whats:
                return role, kind
        elif what.removeprefix("period-") == kind.name:
            return role, kind
    raise AssertionError(f"no kind of {role} has {what}")


EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_what_its_schema_says(path: Path) -> None:
    _, kind = _of(path.stem)
    record = load(path)
    Draft202012Validator(schema(kind), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(record["value"])
    if kind.types:
        what = record["value"]["what"]
        assert record["headers"]["ce_type"] == kind.types.format(what=what)
        assert set(CLOUD_EVENT_HEADERS) <= set(record["headers"])
        assert "id" not in record["value"] or record["value"]["id"] == record["headers"]["ce_id"]


def test_every_kind_of_message_and_every_what_has_an_example() -> None:
    there = {(role, kind.name, load(path)["value"].get("what")) for path in EXAMPLES for role, kind in [_of(path.stem)]}
    wanted = {
        (channel.role, kind.name, what)
        for channel in CHANNELS
        for kind in channel.kinds
        if kind.shape is not None
        for what in (kind.whats or (None,))
    }
    assert there == wanted


def test_formats_are_checked() -> None:
    record = load(CONTRACTS / "examples" / "breaches-breached.json")["value"]
    checker = Draft202012Validator(schema(KINDS["clock-alert"][1]), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert checker.is_valid(record)
    assert not checker.is_valid({**record, "happened_at": "yesterday"})
