"""The JSON Schema of an agreements file, with which editors complete and check while one writes."""

from __future__ import annotations

from typing import Any

from slawatch.agreements.models import FilePart


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Some rules are beyond it: `slawatch check` knows them all."""
    made = FilePart.model_json_schema(by_alias=True)
    made.pop("description", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_strict(made),
        "title": "slawatch agreements",
        "description": FilePart.__doc__,
    }


def _strict(value: Any) -> Any:
    """Without the titles and nulls that pydantic adds, and with mappings that take no other keys than theirs."""
    if isinstance(value, list):
        return [_strict(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _strict(item) for key, item in value.items() if key != "title" or not isinstance(item, str)}
    if inner.get("default", ...) is None:
        del inner["default"]
    if "patternProperties" in inner:
        inner["additionalProperties"] = False
    options = inner.get("anyOf", [])
    if {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del inner["anyOf"]
        inner = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **inner}
    return inner
