"""What a replay tells of one ticket: its events as they arrived, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from slawatch.core.fact import Fact
from slawatch.messages.events import decode_monitoring_at, decode_ticket_event
from slawatch.process import Rejection
from slawatch.replay import Replay


class Seen(NamedTuple):
    """A ticket event as it arrived: its line, what it says, how far time had come, and what became of it."""

    number: int
    fact: Fact
    stream_time: int
    remark: str


@dataclass(slots=True)
class Told:
    """A ticket's events in order of arrival, what was said of it, and how far time came (None: there was no event)."""

    seen: list[Seen] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    now: int | None = None


def listen(running: Replay, lines: Iterable[bytes], ticket: str, until: int | None) -> Told:
    """Replay everything, as other tickets move time too, and keep what concerns this one."""
    told = Told()
    for alert in running.run(_noting(told, lines, ticket), until):
        data = msgspec.json.decode(alert)
        if data["ticket"] == ticket:
            told.alerts.append(data)
    if until is not None and told.now is not None:
        told.now = max(told.now, until)
    return told


def _noting(told: Told, lines: Iterable[bytes], ticket: str) -> Iterator[bytes]:
    known: set[str] = set()
    newest: tuple[int, int, str] | None = None
    for number, line in enumerate(lines, 1):
        event = decode_ticket_event(line) if line.strip() else None
        at = decode_monitoring_at(line) if isinstance(event, Rejection) else event and event.fact.at
        if event is not None and not isinstance(event, Rejection) and event.ticket == ticket:
            fact, before = event.fact, told.now if told.now is not None else event.fact.at
            if not fact.observed:
                remark = "empty"
            elif fact.id in known:
                remark = "duplicate"
            else:
                remark = "late" if newest is not None and fact.order < newest else ""
                newest = max(newest or fact.order, fact.order)
                known.add(fact.id)
            told.seen.append(Seen(number, fact, before, remark))
        if at is not None:
            told.now = at if told.now is None else max(told.now, at)
        yield line
