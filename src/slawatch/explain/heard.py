"""What a replay tells of one ticket or one service: its events as they arrived, and what was said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from slawatch.core.fact import Fact as TicketFact
from slawatch.core.periods.status import Fact as ServiceFact
from slawatch.joint_replay import JointReplay, read_event
from slawatch.messages.events import decode_monitoring_at, decode_ticket_event
from slawatch.messages.monitoring import MonitoringEvent
from slawatch.process import Rejection
from slawatch.replay import Replay


class _Fact(Protocol):
    """What facts of both kinds have."""

    @property
    def id(self) -> str: ...

    @property
    def order(self) -> tuple[int, int, str]: ...


F = TypeVar("F", bound=_Fact)


class Seen(NamedTuple, Generic[F]):
    """An event as it arrived: its line, what it says, how far time had come, and what became of it."""

    number: int
    fact: F
    stream_time: int
    remark: str


@dataclass(slots=True)
class Heard(Generic[F]):
    """The events in order of arrival, what was said, and how far time came (None: there was no event)."""

    seen: list[Seen[F]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    now: int | None = None

    @property
    def facts(self) -> list[F]:
        """Each event once."""
        return [seen.fact for seen in self.seen if seen.remark != "duplicate"]


class _Read(NamedTuple, Generic[F]):
    """When the event of a line happened, and what it says if it is of what is asked about."""

    at: int
    fact: F | None
    empty: bool = False


def listen_to_ticket(running: Replay, lines: Iterable[bytes], ticket: str, until: int | None) -> Heard[TicketFact]:
    """Replay everything, as other tickets move time too, and keep what concerns this one."""

    def read(line: bytes) -> _Read[TicketFact] | None:
        event = decode_ticket_event(line)
        if isinstance(event, Rejection):
            at = decode_monitoring_at(line)
            return None if at is None else _Read(at, None)
        fact = event.fact
        return _Read(fact.at, fact if event.ticket == ticket else None, not fact.observed)

    return _listen(running, lines, until, read, lambda data: bool(data["ticket"] == ticket))


def listen_to_service(
    running: JointReplay, lines: Iterable[bytes], service: str, until: int | None
) -> Heard[ServiceFact]:
    """Replay everything, as tickets move time too, and keep what concerns this service."""

    def read(line: bytes) -> _Read[ServiceFact] | None:
        event = read_event(line)
        if isinstance(event, Rejection):
            return None
        if isinstance(event, MonitoringEvent) and event.service == service:
            return _Read(event.fact.at, event.fact)
        return _Read(event.fact.at, None)

    return _listen(running, lines, until, read, lambda data: data["ticket"] is None and data["service"] == service)


def _listen(
    running: Replay | JointReplay,
    lines: Iterable[bytes],
    until: int | None,
    read: Callable[[bytes], _Read[F] | None],
    concerns: Callable[[dict[str, Any]], bool],
) -> Heard[F]:
    heard = Heard[F]()
    for alert in running.run(_noting(heard, lines, read), until):
        data = msgspec.json.decode(alert)
        if concerns(data):
            heard.alerts.append(data)
    if until is not None and heard.now is not None:
        heard.now = max(heard.now, until)
    return heard


def _noting(heard: Heard[F], lines: Iterable[bytes], read: Callable[[bytes], _Read[F] | None]) -> Iterator[bytes]:
    """The same lines; what concerns us is noted before the replay has it."""
    known: set[str] = set()
    newest: tuple[int, int, str] | None = None
    for number, line in enumerate(lines, 1):
        found = read(line) if line.strip() else None
        if found is not None:
            now = heard.now if heard.now is not None else found.at
            fact = found.fact
            if fact is not None:
                if found.empty:
                    remark = "empty"
                elif fact.id in known:
                    remark = "duplicate"
                else:
                    remark = "late" if newest is not None and fact.order < newest else ""
                    newest = max(newest or fact.order, fact.order)
                    known.add(fact.id)
                heard.seen.append(Seen(number, fact, now, remark))
            heard.now = max(now, found.at)
        yield line
