"""`slawatch replay`: what a worker would have said of a file of events."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime

from slawatch.agreements import duration
from slawatch.cli.check import read_agreements
from slawatch.cli.failure import Exit, Failure, complain
from slawatch.core.agreement import METRICS
from slawatch.core.alert import RANK
from slawatch.core.fold import Bounds
from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import to_ms
from slawatch.process import Outcome
from slawatch.replay import BadLine, OpenTickets, Replay, Unreadable, opened
from slawatch.tickets import UNKNOWN_STATUSES

SOURCE = "/slawatch/replay"
_CHUNK = 512  # alerts a write: a write costs as much as making several of them
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


def replay(source: str, agreements: str, until: str | None, retention: str | None) -> int:
    """Alerts as JSON lines on standard output, bad lines and a summary on standard error."""
    until_ms = None if until is None else instant(until)
    bounds = Bounds(None if retention is None else _duration(retention))
    process = OpenTickets(read_agreements(agreements).agreements, SOURCE, bounds)
    bad = Complaints(source)
    running = Replay(process, bad)
    # States are bytes and turns are trees: there is nothing for the collector to find but work.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    try:
        with opened(source) as lines:
            write(running.run(lines, until_ms))
    except Unreadable as error:
        raise Failure([str(error)]) from None
    except BrokenPipeError:
        if bad.count:
            raise Failure([], Exit.PROBLEMS) from None
        raise
    finally:
        bad.close()
    complain("\n".join(summary(running)))
    return Exit.PROBLEMS if bad.count else Exit.FINE


def write(alerts: Iterable[bytes]) -> None:
    """Write lines to standard output, many at a time."""
    out, chunk = sys.stdout.buffer, list[bytes]()
    try:
        for alert in alerts:
            chunk.append(alert)
            if len(chunk) == _CHUNK:
                out.write(b"\n".join(chunk) + b"\n")
                chunk.clear()
    finally:
        # What was said before the input became unreadable was said.
        if chunk:
            out.write(b"\n".join(chunk) + b"\n")
        out.flush()


def instant(text: str) -> int:
    """The ms in an instant with an offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Failure([f"--until: {text!r} is not an instant with an offset, such as 2026-10-31T18:00:00+03:00"])
    ms = to_ms(at)
    if not EARLIEST <= ms < LATEST:
        raise Failure([f"--until: {text!r} is not between 1970 and 2200"])
    return ms


def _duration(text: str) -> int:
    try:
        return duration(text)
    except ValueError as error:
        raise Failure([f"--retention: {error}"]) from None


def summary(running: Replay) -> Iterator[str]:
    """What was met and said, a line each."""
    outcomes = running.outcomes
    lines: list[tuple[str, int, str]] = [
        ("events", outcomes.total(), "of tickets"),
        ("tickets", running.tickets, ""),
        ("late", outcomes[Outcome.LATE], "put where they belong, their ticket judged again"),
        ("duplicates", outcomes[Outcome.DUPLICATE], "dropped"),
        ("empty", outcomes[Outcome.EMPTY], "nothing observed"),
        ("unmatched", outcomes[Outcome.UNMATCHED], "no clock on the ticket"),
        ("unknown statuses", running.counts[UNKNOWN_STATUSES], "counted as open"),
        (
            "monitoring",
            running.monitoring,
            "moved time only: services are not watched yet" if running.monitoring else "",
        ),
        ("bad lines", running.bad_lines, ""),
        ("alerts", running.alerts.total(), ""),
    ]
    width = max(len(str(count)) for _, count, _ in lines)
    for name, count, remark in lines:
        yield f"{name:<17} {count:>{width}}  {remark}".rstrip()
    for metric in METRICS:
        said = [(what, count) for what in RANK if (count := running.alerts[what, metric.value])]
        if said:
            yield f"  {metric:<15} " + ", ".join(f"{what} {count}" for what, count in said)
