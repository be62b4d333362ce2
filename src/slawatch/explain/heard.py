"""What a replay tells of one service: its events as they arrived, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from slawatch.core.periods.status import Fact
from slawatch.joint_replay import JointReplay, read_event
from slawatch.messages.monitoring import MonitoringEvent
from slawatch.process import Rejection


class Seen(NamedTuple):
    """A monitoring event as it arrived: its line, what it says, how far time had come, and what became of it."""

    number: int
    fact: Fact
    stream_time: int
    remark: str


@dataclass(slots=True)
class Heard:
    """A service's events in order of arrival, what was said of it, and how far time came (None: there was no event)."""

    seen: list[Seen] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    now: int | None = None

    @property
    def facts(self) -> list[Fact]:
        """Each event once."""
        return [seen.fact for seen in self.seen if seen.remark != "duplicate"]


def listen_to_service(running: JointReplay, lines: Iterable[bytes], service: str, until: int | None) -> Heard:
    """Replay everything, as tickets move time too, and keep what concerns this service."""
    heard = Heard()
    for alert in running.run(_noting(heard, lines, service), until):
        data = msgspec.json.decode(alert)
        if data["ticket"] is None and data["service"] == service:
            heard.alerts.append(data)
    if until is not None and heard.now is not None:
        heard.now = max(heard.now, until)
    return heard


def _noting(heard: Heard, lines: Iterable[bytes], service: str) -> Iterator[bytes]:
    known: set[str] = set()
    newest: tuple[int, int, str] | None = None
    for number, line in enumerate(lines, 1):
        event = read_event(line) if line.strip() else None
        if event is not None and not isinstance(event, Rejection):
            now = heard.now if heard.now is not None else event.fact.at
            if isinstance(event, MonitoringEvent) and event.service == service:
                fact = event.fact
                if fact.id in known:
                    remark = "duplicate"
                else:
                    remark = "late" if newest is not None and fact.order < newest else ""
                    newest = max(newest or fact.order, fact.order)
                    known.add(fact.id)
                heard.seen.append(Seen(number, fact, now, remark))
            heard.now = max(now, event.fact.at)
        yield line
