"""What reading an event has in common, whatever it is of: JSON to fields, and what the record around it must say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from slawatch.core.interval import MINUTE
from slawatch.instants import rfc3339
from slawatch.process import Readable, Reason, Rejection

E = TypeVar("E", bound=Any)
MAX_AHEAD: Final = 5 * MINUTE
"""An event further ahead of its record's timestamp comes from a clock that can't be trusted."""

_LONG_FRACTION: Final = re.compile(rb"(\.\d{6})\d+(?=[Zz+-])")


def fields_of(decode: Callable[[bytes], Any], value: bytes, instants: Iterable[str]) -> dict[str, Any] | Rejection:
    """The fields that are there, by a decoder of a typed dict; `instants` are cut to microseconds, not rounded."""
    try:
        data: dict[str, Any] = decode(value)
    except msgspec.ValidationError as error:
        return Rejection(Reason.INVALID, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejection(Reason.NOT_JSON, str(error))
    except RecursionError:
        return Rejection(Reason.INVALID, "nested too deeply")
    if _is_finer(value):
        # The decoder rounds what is finer than a microsecond, and 59.9999999 is not yet the next second.
        exact = decode(_LONG_FRACTION.sub(rb"\1", value))
        data |= {name: exact[name] for name in instants if name in exact}
    return data


def _is_finer(value: bytes) -> bool:
    """Whether there may be a fraction of a second with more digits than a microsecond has; cheaper than the expression."""
    point = value.find(b".")
    while point >= 0:
        if value[point + 7 : point + 8].isdigit():
            return True
        point = value.find(b".", point + 1)
    return False


def unfit(version: int) -> Rejection:
    """What is said of a version that no fact can have."""
    return Rejection(Reason.INVALID, f"version {version} does not fit 64 bits - at `$.version`")


def outside(field: str) -> Rejection:
    """What is said of an instant that no fact can have."""
    return Rejection(Reason.INVALID, f"not between 1970 and 2200 - at `$.{field}`")


def of_record(event: E, record: Readable, what: str) -> E | Rejection:
    """The event of a record: its key is the id of `what` it is of, its instant no later than the record allows."""
    key, timestamp, headers = record.key, record.timestamp, record.headers
    if key != event.key:
        name = event.key.decode()
        if key is None:
            return Rejection(Reason.NO_KEY, f"the record has no key; it should be the {what} id {name!r}")
        return Rejection(Reason.KEY_MISMATCH, f"the key {key!r} is not the {what} id {name!r}")
    at = event.fact.at
    if at > timestamp + MAX_AHEAD:
        ahead = (at - timestamp) / 1000
        return Rejection(
            Reason.FROM_THE_FUTURE, f"at is {rfc3339(at)}, {ahead:.3f} s ahead of its record; at most 300 s are taken"
        )
    if headers:
        traceparent = next((value for name, value in headers if name == "traceparent"), None)
        if traceparent is not None:
            return event._replace(traceparent=traceparent)  # type: ignore[no-any-return]  # of its own kind
    return event
