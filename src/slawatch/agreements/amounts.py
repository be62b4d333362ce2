"""The kinds of values that only promises about periods have: shares, numbers, money, instants."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import PlainValidator, WithJsonSchema

from slawatch.agreements import durations
from slawatch.agreements.durations import Duration
from slawatch.agreements.problem import Mistake
from slawatch.agreements.values import LENGTH_SCHEMA, PERCENT, patterned, percent, read, threshold
from slawatch.core.agreement import Percent
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import to_ms

_NUMBER = "^-?[0-9]{1,9}([.][0-9]{1,9})?$"
_PART = "^(0([.][0-9]{1,9})?|1([.]0{1,9})?)$"
_COUNT = "^[0-9]{1,9}$"
_MONEY = "^[0-9]{1,12}([.][0-9]{1,6})?$"
_CURRENCY = "^[A-Z]{3}$"
_INSTANT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"


class Number(NamedTuple):
    """A number as it was written, and exactly."""

    text: str
    value: Fraction


def _number(word: str) -> Number:
    if not re.fullmatch(_NUMBER, word):
        raise Mistake(f"`{word}` is not a number: write for example 4 or 4.5")
    return Number(word, Fraction(word))


def _part(word: str) -> Fraction:
    if not re.fullmatch(_PART, word):
        raise Mistake(f"`{word}` is not a part of the time: write a number from 0 to 1, for example 0.5")
    return Fraction(word)


def _count(word: str) -> int:
    if not re.fullmatch(_COUNT, word):
        raise Mistake(f"`{word}` is not a count: write for example 2")
    return int(word)


def _positive(word: str) -> int:
    found = _count(word)
    if not found:
        raise Mistake("`0` is too few: write 1 or more")
    return found


def _down_when(word: str) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else 0
    if not re.fullmatch(_COUNT, word) or not int(word):
        raise Mistake(f"`{word}` does not say how many checks: write any, all or a number from 1")
    return int(word)


def _share(word: str) -> Percent:
    found = percent(word)
    if found.share > 1:
        raise Mistake(f"`{word}` is more than all: write at most 100%")
    return _some(found)


def _some(found: Percent) -> Percent:
    if not found.share:
        raise Mistake(f"`{found.text}` is nothing: write more than 0%")
    return found


def _credit(word: str) -> Fraction:
    return _some(percent(word)).share


def _score(word: str) -> Percent | Number:
    return _share(word) if "%" in word else _number(word)


def _warn_share(word: str) -> Percent:
    if re.fullmatch(durations.PATTERN, word):
        raise Mistake(f"`{word}` is a time, and this is a count: write a percentage (80%)")
    found = threshold(word)
    assert isinstance(found, Percent)
    return found


def _money(word: str) -> Decimal:
    if not re.fullmatch(_MONEY, word):
        raise Mistake(f'`{word}` is not an amount of money: write a decimal number, for example "1200.00"')
    found = Decimal(word)
    if not found:
        raise Mistake(f"`{word}` is nothing: write more than 0")
    return found


def _currency(word: str) -> str:
    if not re.fullmatch(_CURRENCY, word):
        tip = f"did you mean `{word.upper()}`?" if re.fullmatch(_CURRENCY, word.upper()) else "write for example EUR"
        raise Mistake(f"`{word}` is not a currency of three letters: {tip}")
    return word


def _instant(word: str) -> int:
    if not re.fullmatch(_INSTANT, word):
        raise Mistake(f"`{word}` is not an instant with an offset: write for example 2026-10-03T10:00:00+03:00")
    try:
        found = to_ms(datetime.fromisoformat(word.upper()))
    except (ValueError, OverflowError):
        raise Mistake(f"`{word}` does not exist") from None
    if not EARLIEST <= found < LATEST:
        raise Mistake(f"`{word}` is out of range: years go from 1970 to 2199")
    return found


def _numeric(pattern: str, *examples: str, whole: bool = False, least: int | None = None) -> WithJsonSchema:
    kind = "integer" if whole else "number"
    bound = {} if least is None else {"minimum": least}
    return WithJsonSchema({"type": [kind, "string"], "pattern": pattern, **bound, "examples": list(examples)})


Share = Annotated[Percent, PlainValidator(read(_share)), patterned(PERCENT, "99.9%")]
WarnShare = Annotated[Percent, PlainValidator(read(_warn_share)), patterned(PERCENT, "80%")]
CreditShare = Annotated[Fraction, PlainValidator(read(_credit)), patterned(PERCENT, "10%")]
Score = Annotated[
    Percent | Number,
    PlainValidator(read(_score)),
    WithJsonSchema({"type": ["number", "string"], "pattern": f"{PERCENT}|{_NUMBER}", "examples": [4.5, "90%"]}),
]
Rating = Annotated[Number, PlainValidator(read(_number)), _numeric(_NUMBER, "4")]
TimePart = Annotated[
    Fraction,
    PlainValidator(read(_part)),
    WithJsonSchema({"type": ["number", "string"], "pattern": _PART, "minimum": 0, "maximum": 1, "examples": [0.5]}),
]
Count = Annotated[int, PlainValidator(read(_count)), _numeric(_COUNT, "2", whole=True, least=0)]
Positive = Annotated[int, PlainValidator(read(_positive)), _numeric(_COUNT, "20", whole=True, least=1)]
DownWhen = Annotated[
    int,
    PlainValidator(read(_down_when)),
    WithJsonSchema({"type": ["integer", "string"], "pattern": "^(any|all|[1-9][0-9]{0,8})$", "minimum": 1}),
]
Money = Annotated[Decimal, PlainValidator(read(_money)), _numeric(_MONEY, "1200.00")]
Currency = Annotated[str, PlainValidator(read(_currency)), patterned(_CURRENCY, "EUR")]
Instant = Annotated[int, PlainValidator(read(_instant)), patterned(_INSTANT, "2026-10-03T10:00:00+03:00")]
AnyLength = Annotated[Duration, PlainValidator(read(durations.parse_any)), WithJsonSchema(LENGTH_SCHEMA)]
# Written out where it is the default: `stale_after: null`.
LengthOrNone = Annotated[
    Duration | None,
    PlainValidator(read(durations.parse)),
    WithJsonSchema({**LENGTH_SCHEMA, "type": ["string", "null"]}),
]
