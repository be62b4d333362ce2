"""What the commands over a file of events have in common: which processes run over it, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from slawatch.agreements import AgreementsFile
from slawatch.cli.failure import Failure, complain
from slawatch.core.fold import Bounds
from slawatch.core.interval import DAY
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import rfc3339, to_ms
from slawatch.replay import BadLine, OpenTickets, Replay
from slawatch.stream.wall_clock import now_ms

if TYPE_CHECKING:
    from slawatch.joint_replay import JointReplay

SOURCE = "/slawatch/replay"
_AHEAD = DAY  # an export may be of a zone where it is tomorrow
_MAX_BAD = 1_000  # bad lines that are told one by one


class Complaints:
    """Bad lines, told as they are met, and counted when they are too many."""

    def __init__(self, source: str) -> None:
        self._name = "standard input" if source == "-" else source
        self._told = 0
        self.count = 0

    def __call__(self, bad: BadLine) -> None:
        self.count += 1
        if self._told < _MAX_BAD:
            self._told += 1
            complain(f"{self._name}:{bad.number}: {bad.error}")

    def close(self) -> None:
        """Say how many were not told."""
        if self.count > self._told:
            complain(f"{self._name}: {self.count - self._told} more bad lines")


def replay_of(file: AgreementsFile, bounds: Bounds, on_bad: Callable[[BadLine], None]) -> Replay | JointReplay:
    """Tickets alone where nothing is promised about periods, else all three processes."""
    if not file.contracts:
        return Replay(OpenTickets(file.agreements, SOURCE, bounds), on_bad)
    from slawatch.joint_replay import joint_replay

    return joint_replay(file, SOURCE, bounds, on_bad)


def remarks(last_event: int, until: int | None) -> Iterator[str]:
    """What is odd about how far time has come: by the events until `last_event`, both ms since the epoch."""
    if last_event < EARLIEST:
        return
    if until is not None and until < last_event:
        yield f"--until {rfc3339(until)} is before the last event, of {rfc3339(last_event)}: it changes nothing"
    if last_event > now_ms() + _AHEAD:
        yield f"the last event is of {rfc3339(last_event)}, which is still to come: all was due that is due by then"


def instant(text: str) -> int:
    """The ms in an instant with an offset."""
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Failure([f"--until: {text!r} is not an instant with an offset, such as 2026-10-31T18:00:00+03:00"])
    ms = to_ms(at)
    if not EARLIEST <= ms < LATEST:
        raise Failure([f"--until: {text!r} is not between 1970 and 2200"])
    return ms
