"""What the ledger reads on the outcomes' topic: alerts about clocks, ratings, figures of services, and marks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from slawatch.core.alert import MET, MISSED
from slawatch.core.periods.alert import MEASURED
from slawatch.core.periods.outcome import KINDS, MOVED
from slawatch.messages.envelope import MORE
from slawatch.messages.reports import TargetEntry
from slawatch.process import Readable, Reason, Rejection


class Heard(msgspec.Struct, frozen=True):
    """All that any of them says, as far as it is used; `what` tells them apart, and `period` clocks from services."""

    what: str
    agreement: str = ""
    metric: str = ""
    ticket: str | None = None
    round: int | None = None
    priority: str | None = None
    customer: str | None = None
    service: str | None = None
    kind: str | None = None
    team: str | None = None
    happened_at: datetime | None = None
    due_at: datetime | None = None
    rating: Decimal | None = None
    at: datetime | None = None
    name: str | None = None
    period: str | None = None
    figures: TargetEntry | None = None
    topic: str = ""
    partition: int = 0
    passed: datetime | None = None


class HeardEvent(NamedTuple):
    """A decoded record. `more`: of the same cause there is more to come for this agreement."""

    key: bytes
    data: Heard
    more: bool


_VERDICTS = (MET, MISSED, MEASURED)
_decode = msgspec.json.Decoder(Heard).decode


def read_heard(record: Readable) -> HeardEvent | Rejection:
    """What a record says; what nobody knows has a `what` that is not asked for."""
    key = record.key
    if key is None:
        return Rejection(Reason.NO_KEY, "the record has no key; it should be an agreement's id")
    try:
        data = _decode(record.value or b"")
    except msgspec.ValidationError as error:
        return Rejection(Reason.INVALID, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejection(Reason.NOT_JSON, str(error))
    except RecursionError:
        return Rejection(Reason.INVALID, "nested too deeply")
    if data.agreement and key != data.agreement.encode():
        return Rejection(Reason.KEY_MISMATCH, f"the key {key!r} is not the agreement's id {data.agreement!r}")
    missing = _missing(data)
    if missing is not None:
        return Rejection(Reason.INVALID, f"Object missing required field `{missing}`")
    return HeardEvent(key, data, any(name == MORE[0] for name, _ in record.headers))


def is_clock(data: Heard) -> bool:
    """Whether it is an alert about a ticket's clock."""
    return data.period is None and data.what in KINDS


def is_figures(data: Heard) -> bool:
    """Whether it tells the figures of a service; verdicts without any are the ledger's own."""
    return data.period is not None and data.service is not None and data.figures is not None and data.what in _VERDICTS


def _missing(data: Heard) -> str | None:
    """What must be there for a record of its kind and is not."""
    wanted: tuple[str, ...] = ()
    if is_clock(data):
        wanted = ("agreement", "metric", "ticket", "round", "at" if data.what == MOVED else "happened_at")
    elif data.what == "rated":
        wanted = ("agreement", "ticket", "at")
    elif data.what == "passed":
        wanted = ("topic", "passed")
    elif is_figures(data):
        wanted = ("agreement", "metric")
    return next((name for name in wanted if getattr(data, name) in (None, "")), None)
