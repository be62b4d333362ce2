"""From what pydantic found to problems with a line, a field and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from slawatch.agreements.document import Document, Scalar
from slawatch.agreements.models import TARGETS
from slawatch.agreements.owed import CREDITS
from slawatch.agreements.part import Part
from slawatch.agreements.problem import Path, Problem, Step, hint

_KINDS: dict[str, type[Part]] = {**TARGETS, **CREDITS}
_LIMITS = {part.limit for part in TARGETS.values()}
_SHAPES = {
    "dict_type": "must be a mapping (`key: value`)",
    "model_type": "must be a mapping (`key: value`)",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def problems(error: ValidationError, document: Document, above: Path, model: type[Part]) -> list[Problem]:
    """All mistakes in the value at `above`, which was to be a `model`."""
    found = []
    for details in error.errors(include_url=False):
        loc, kind, value = details["loc"], details["type"], details["input"]
        if (value is None and kind in _SHAPES) or (kind == "too_short" and value):
            continue  # what could not be read, or what is in the list, has its own problem
        path = _written(document, above, loc)
        if kind == "missing":
            written = path != above and path[-1] == loc[-1]  # as `null`
            path, sentence = path if written else (*path, loc[-1]), "is missing"
        elif kind == "extra_forbidden":
            sentence = _unknown(str(loc[-1]), _model(model, loc[:-1]))
        elif kind in _SHAPES:
            sentence = _SHAPES[kind]
            if kind == "tuple_type" and isinstance(value, Scalar):
                sentence += f": write [{value}]"
        else:
            raised = details["ctx"]["error"]
            path, sentence = (*path, *getattr(raised, "below", ())), str(raised)
        if sentence:
            found.append(document.problem(path, sentence))
    return found


def _written(document: Document, above: Path, loc: Sequence[Step]) -> Path:
    """The path in the file: without the steps of the models that nobody wrote (`default`, `time` of a plain limit)."""
    path = above
    for step in loc:
        if (*path, step) in document.lines:
            path = (*path, step)
    return path


def _unknown(key: str, model: type[Part]) -> str:
    target = next((part for part in TARGETS.values() if part is model), None)
    others = [kind.strip("<>") for kind, part in TARGETS.items() if key in part.known()]
    if target is None or not others:
        return f"unknown key: {hint(key, model.known())}"
    tip = f"write `{target.limit}` here" if key in _LIMITS else "take it out"
    return f"is for {', '.join(others[:-1])}{' and ' if others[1:] else ''}{others[-1]}: {tip}"


def _model(model: type[Part], loc: Sequence[Step]) -> type[Part]:
    """The model that judged what is at `loc`."""
    here: Any = model
    for step in loc:
        if step in _KINDS:
            here = _KINDS[str(step)]
        elif isinstance(here, type) and issubclass(here, BaseModel):
            fields = here.model_fields.items()
            here = next((field.annotation for name, field in fields if (field.alias or name) == step), here)
        here = _part(here) or here
    assert isinstance(here, type)
    assert issubclass(here, Part)
    return here


def _part(annotation: Any) -> type[Part] | None:
    """The model somewhere in an annotation such as `tuple[Annotated[TargetPart, ...], ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((part for inner in get_args(annotation) if (part := _part(inner)) is not None), None)
