"""What all parts of an agreements file have in common: known keys only, and no difference between absent and `null`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from slawatch.agreements.document import Kind, Scalar
from slawatch.agreements.values import Word


class Part(BaseModel):
    """A mapping with known keys; a key whose value is a written `null` counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if not (isinstance(v, Scalar) and v.kind is Kind.NULL)}

    @classmethod
    def known(cls) -> list[str]:
        """The keys that may be written."""
        return [field.alias or name for name, field in cls.model_fields.items()]


Words = Annotated[tuple[Word, ...], Field(min_length=1)]


def meant(value: Any, kinds: Mapping[str, type[Part]], likely: str = "") -> str:
    """Of several parts that may stand in one place, the one that has most of the keys written; of equals the likely one."""
    written = value.keys() if isinstance(value, dict) else ()
    return max(kinds, key=lambda kind: (sum(key in kinds[kind].known() for key in written), kind == likely))


class Told:
    """In the schema: which of several parts it is, by what is written under one of its keys.

    `oneOf` would only say that none of them fits; so each is asked for under its own condition.
    """

    def __init__(self, *conditions: dict[str, Any], common: dict[str, Any] | None = None) -> None:
        self._conditions, self._common = conditions, common or {}

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        parts = handler(core_schema)["oneOf"]
        chosen = [{"if": met, "then": part} for met, part in zip(self._conditions, parts, strict=True)]
        return {"type": "object", **self._common, "allOf": chosen}
