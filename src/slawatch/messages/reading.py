"""What reading an event has in common, whatever it is of: JSON to fields, and what the record around it must say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from slawatch.core.interval import MINUTE
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import learn, quick_ms, rfc3339, to_ms
from slawatch.messages.shapes import Instant, advised
from slawatch.process import Headers, Readable, Reason, Rejection

MAX_AHEAD: Final = 5 * MINUTE
"""An event further ahead of its record's timestamp comes from a clock that can't be trusted."""

_finer: Final = re.compile(rb"\.\d{7}").search
_TOO_LONG: Final = r"(\.\d{6})\d+(?=[Zz+-])"
_LONG_FRACTION: Final = re.compile(_TOO_LONG.encode())
_LONG_FRACTION_OF_TEXT: Final = re.compile(_TOO_LONG, re.ASCII)


def decoded(decode: Callable[[bytes], Any], value: bytes) -> Any:
    """What a typed decoder makes of a value, or the `Rejection` of one that it refuses."""
    try:
        return decode(value)
    except msgspec.ValidationError as error:
        return Rejection(Reason.INVALID, advised(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejection(Reason.NOT_JSON, str(error))
    except RecursionError:
        return Rejection(Reason.INVALID, "nested too deeply")


def fields_of(decode: Callable[[bytes], Any], value: bytes, instants: Iterable[str]) -> dict[str, Any] | Rejection:
    """The fields that are there, by a decoder of a typed dict; `instants` are cut to microseconds, not rounded."""
    data = decoded(decode, value)
    if isinstance(data, Rejection):
        return data
    fields: dict[str, Any] = data
    if _finer(value) is not None:
        # The decoder rounds what is finer than a microsecond, and 59.9999999 is not yet the next second.
        exact = decode(_LONG_FRACTION.sub(rb"\1", value))
        fields |= {name: exact[name] for name in instants if name in exact}
    return fields


def instant(text: str, field: str) -> int | Rejection:
    """An instant in an event, RFC 3339 with an offset, in ms since the epoch; what is finer is cut off."""
    at = quick_ms(text)
    if at is not None:
        return at
    try:
        at = to_ms(msgspec.convert(_LONG_FRACTION_OF_TEXT.sub(r"\1", text), Instant))
    except msgspec.ValidationError as error:
        return Rejection(Reason.INVALID, f"{error} - at `$.{field}`")
    if not EARLIEST <= at < LATEST:
        return outside(field)
    learn(text, at)
    return at


def unfit(version: int) -> Rejection:
    """What is said of a version that no fact can have."""
    return Rejection(Reason.INVALID, f"version {version} does not fit 64 bits - at `$.version`")


def outside(field: str) -> Rejection:
    """What is said of an instant that no fact can have."""
    return Rejection(Reason.INVALID, f"not between 1970 and 2200 - at `$.{field}`")


def against(record: Readable, key: bytes, at: int, what: str) -> Rejection | None:
    """What speaks against a record whose event is about the `what` with this key, and happened at this instant."""
    given, timestamp = record.key, record.timestamp
    if given != key:
        name = key.decode()
        if given is None:
            return Rejection(Reason.NO_KEY, f"the record has no key; it should be the {what} id {name!r}")
        return Rejection(Reason.KEY_MISMATCH, f"the key {given!r} is not the {what} id {name!r}")
    if at > timestamp + MAX_AHEAD:
        ahead = (at - timestamp) / 1000
        return Rejection(
            Reason.FROM_THE_FUTURE, f"at is {rfc3339(at)}, {ahead:.3f} s ahead of its record; at most 300 s are taken"
        )
    return None


def traceparent_of(headers: Headers) -> bytes | None:
    """What is passed on, so that who traces an event finds what it has caused."""
    return next((value for name, value in headers if name == "traceparent"), None)
