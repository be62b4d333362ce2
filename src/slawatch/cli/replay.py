"""`slawatch replay`: what a worker would have said of a file of events."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from slawatch.agreements import duration
from slawatch.cli.check import read_agreements
from slawatch.cli.ending import hold
from slawatch.cli.failure import Exit, Failure, complain
from slawatch.cli.running import Complaints, instant, remarks, replay_of
from slawatch.core.agreement import METRICS
from slawatch.core.alert import RANK
from slawatch.core.fold import Bounds
from slawatch.core.periods.contract import PeriodMetric
from slawatch.process import Outcome
from slawatch.replay import Replay, Unreadable, opened

if TYPE_CHECKING:
    from slawatch.joint_replay import JointReplay

_NAMED = 5  # words of statuses that a line of the summary has room for
_CHUNK = 512  # alerts a write: a write costs as much as making several of them


def replay(source: str, agreements: str, until: str | None, retention: str | None) -> int:
    """Alerts as JSON lines on standard output, bad lines and a summary on standard error."""
    until_ms = None if until is None else instant(until)
    bounds = Bounds(None if retention is None else _duration(retention))
    bad = Complaints(source)
    running = replay_of(read_agreements(agreements), bounds, bad)
    hold(running)
    # States are bytes and turns are trees: there is nothing for the collector to find but work.
    gc.freeze()
    gc.disable()
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
    complain("\n".join((*summary(running), *remarks(running.last_event, until_ms))))
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


def _duration(text: str) -> int:
    try:
        return duration(text)
    except ValueError as error:
        raise Failure([f"--retention: {error}"]) from None


def summary(running: Replay | JointReplay) -> Iterator[str]:
    """What was met and said, a line each."""
    outcomes = running.outcomes
    lines: list[tuple[str, int, str]] = [
        ("events", outcomes.total(), "of tickets"),
        ("tickets", running.tickets, ""),
        ("late", outcomes[Outcome.LATE], "put where they belong, their ticket judged again"),
        ("duplicates", outcomes[Outcome.DUPLICATE], "dropped"),
        ("empty", outcomes[Outcome.EMPTY], "nothing observed"),
        ("unmatched", outcomes[Outcome.UNMATCHED], "no clock on the ticket"),
        ("unknown statuses", running.unmapped.total(), _named(running.unmapped)),
        ("monitoring", running.monitoring, _of_monitoring(running)),
        ("bad lines", running.bad_lines, ""),
        ("alerts", running.alerts.total(), ""),
    ]
    width = max(len(str(count)) for _, count, _ in lines)
    for name, count, remark in lines:
        yield f"{name:<17} {count:>{width}}  {remark}".rstrip()
    for metric in (*METRICS, *PeriodMetric):
        said = [(what, count) for what in RANK if (count := running.alerts[what, metric.value])]
        if said:
            yield f"  {metric:<15} " + ", ".join(f"{what} {count}" for what, count in said)


def _named(words: Counter[str]) -> str:
    """The status words that the agreements do not map, the most frequent first."""
    listed = [f"{word!r} {count}" for word, count in words.most_common(_NAMED)]
    if len(words) > _NAMED:
        listed.append(f"{len(words) - _NAMED} more")
    return "counted as open" + (f": {', '.join(listed)}" if listed else "")


def _of_monitoring(running: Replay | JointReplay) -> str:
    """What became of the events of services."""
    if not running.monitoring:
        return ""
    if isinstance(running, Replay):
        return "moved time only: nothing is promised about periods"
    outcomes = running.monitoring_outcomes
    kinds = (
        (outcomes[Outcome.LATE], "late"),
        (outcomes[Outcome.DUPLICATE], "duplicate"),
        (outcomes[Outcome.UNMATCHED], "of services or customers that no promise is about"),
    )
    return ", ".join(f"{count} {kind}" for count, kind in kinds if count) or "events of services"
