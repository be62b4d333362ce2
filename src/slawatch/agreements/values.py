"""The kinds of values in an agreements file: how each is read from the text that was written, and its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from slawatch.agreements import durations, localtime, pinned
from slawatch.agreements.document import Kind, Scalar
from slawatch.agreements.durations import Duration
from slawatch.agreements.problem import Mistake, hint, nearest
from slawatch.core.agreement import ROUND_THE_CLOCK, Percent
from slawatch.core.calendar import Hours
from slawatch.core.fact import Phase

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

PHASES = {phase.name.lower(): phase for phase in Phase}
PERCENT = "^[0-9]{1,6}([.][0-9]{1,6})?%$"
_KNOWN_ELSEWHERE = ""  # no sentence: what is wrong with the value was said when the file was read


@dataclass(frozen=True, slots=True)
class Names:
    """What the values of one part may name: calendars, and the status words that are mapped to ours."""

    calendars: frozenset[str]
    words: Mapping[str, str]
    whole: bool
    """Whether every file could be read: else a calendar that nobody knows may be in one that could not."""


def text(value: Any) -> str:
    """The text that was written, if a text was: `no` without quotes, nothing and a list are not."""
    if value is None:
        raise Mistake(_KNOWN_ELSEWHERE)
    if not isinstance(value, str):
        raise Mistake(f"must be a text, not a {'mapping' if isinstance(value, dict) else 'list'}")
    kind = value.kind if isinstance(value, Scalar) else Kind.TEXT  # keys come here as plain texts
    if kind is Kind.BOOLEAN:
        raise Mistake(f'YAML reads {value} as a boolean: write "{value}"')
    if kind is not Kind.TEXT or not value:
        raise Mistake("is empty: give it a value, or take it out")
    return str(value)


def name(value: Any) -> str:
    """A text that people and topics can carry as a name."""
    found = text(value)
    if not found.isprintable() or found != found.strip():
        raise Mistake(f"{found!r} can't be a name: no space around it, and only printable characters")
    return found


def switch(value: Any) -> bool:
    """A YAML boolean."""
    if isinstance(value, Scalar) and value.kind is Kind.BOOLEAN:
        return value.lower() in ("true", "yes", "on")
    raise Mistake("must be true or false")


def read(parse: Callable[[str], T]) -> Callable[[Any], T]:
    """A validator: the text, parsed."""
    return lambda value: parse(text(value))


def choice(what: str, options: type[E]) -> Callable[[Any], E]:
    """A validator: one of an enumeration, by its value."""
    known = {str(option.value): option for option in options}
    return lambda value: word_of(what, known, text(value))


def word_of(what: str, known: Mapping[str, T], word: str) -> T:
    """What a word stands for among those that are known; else a `Mistake`."""
    if word not in known:
        raise Mistake(f"unknown {what} `{word}`: {hint(word, known)}")
    return known[word]


def _calendar(value: Any, info: ValidationInfo[Names]) -> str:
    word, names = text(value), info.context
    if names.whole and word != ROUND_THE_CLOCK.name and word not in names.calendars:
        meant = nearest(word, [*names.calendars, ROUND_THE_CLOCK.name])
        tip = f"did you mean `{meant}`?" if meant else "define it under `calendars`, or write `24x7`"
        raise Mistake(f"unknown calendar `{word}`: {tip}")
    return word


def _pause(value: Any, info: ValidationInfo[Names]) -> Phase:
    word, names = text(value), info.context
    if word not in PHASES and word in names.words:
        raise Mistake(f"`{word}` is the help desk's word: write ours, `{names.words[word]}`")
    return word_of("status", PHASES, word)


def percent(word: str, example: str = "75%") -> Percent:
    """The share in `75%`."""
    if not re.fullmatch(PERCENT, word, re.ASCII):
        tip = f"{word}%" if re.fullmatch(PERCENT, f"{word}%", re.ASCII) else f"for example {example}"
        raise Mistake(f"`{word}` is not a percentage: write {tip}")
    return Percent(word, Fraction(word[:-1]) / 100)


def threshold(word: str) -> Percent | Duration:
    """When to warn: a share of the budget, or what is left of it."""
    if "%" not in word:
        if not re.fullmatch(durations.PATTERN, word):
            raise Mistake(f"`{word}` is no threshold: write a percentage (75%) or the working time left (30m)")
        return durations.parse(word)
    found = percent(word)
    if not 0 < found.share < 1:
        raise Mistake(f"`{word}` can't warn: write more than 0% and less than 100%")
    return found


def _level(word: str) -> Percent:
    found = percent(word, "150%")
    if found.share <= 1:
        raise Mistake(f"`{word}` is not overdue: write more than 100%")
    return found


def patterned(pattern: str, *examples: str) -> WithJsonSchema:
    """The schema of a text of some form."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def one_of(known: Any) -> WithJsonSchema:
    """The schema of a choice."""
    return WithJsonSchema({"type": "string", "enum": [str(getattr(word, "value", word)) for word in known]})


LENGTH_SCHEMA = {"type": "string", "pattern": durations.PATTERN, "examples": ["15m", "1h30m", "3d"]}
# A YAML number is a text here: `P: 1` and `P: "1"` are the same.
WORD_SCHEMA = WithJsonSchema({"type": ["string", "number"]})

Word = Annotated[str, PlainValidator(text), WORD_SCHEMA]
Name = Annotated[str, PlainValidator(name), WORD_SCHEMA]
CalendarName = Annotated[str, PlainValidator(_calendar), WORD_SCHEMA]
Switch = Annotated[bool, PlainValidator(switch), WithJsonSchema({"type": "boolean"})]
Length = Annotated[Duration, PlainValidator(read(durations.parse)), WithJsonSchema(LENGTH_SCHEMA)]
PausePhase = Annotated[Phase, PlainValidator(_pause), one_of(PHASES)]
Threshold = Annotated[
    Percent | Duration, PlainValidator(read(threshold)), patterned(f"{PERCENT}|{durations.PATTERN}", "75%", "30m")
]
Level = Annotated[Percent, PlainValidator(read(_level)), patterned(PERCENT, "150%")]
Span = Annotated[
    Hours, PlainValidator(read(localtime.hours)), patterned(localtime.HOURS_PATTERN, "09:00-18:00", "22:00-06:00")
]
Weekdays = Annotated[
    tuple[int, ...], PlainValidator(read(localtime.weekdays)), patterned(localtime.WEEKDAYS_PATTERN, "mon-fri")
]
Day = Annotated[date, PlainValidator(read(localtime.day)), patterned(localtime.DATE_PATTERN, "2026-02-28")]
ClosedDay = Annotated[
    date | tuple[int, int],
    PlainValidator(read(localtime.closed_day)),
    patterned(localtime.DAY_PATTERN, "2026-12-31", "12-25"),
]
Zone = Annotated[
    ZoneInfo, PlainValidator(read(pinned.zone)), WithJsonSchema({"type": "string", "examples": ["Europe/Moscow"]})
]
Country = Annotated[
    str, PlainValidator(read(pinned.known_country)), WithJsonSchema({"type": "string", "examples": ["RU", "DE"]})
]
