"""`slawatch replay --compare`: what would have been said and owed under another agreements file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slawatch.agreements import AgreementsFile
from slawatch.cli.check import read_agreements
from slawatch.cli.failure import Exit, Failure
from slawatch.cli.report import write
from slawatch.cli.running import SOURCE, Complaints, instant
from slawatch.comparison import Side, as_json, as_text, compare
from slawatch.explain.collected import Collected
from slawatch.replay import BadLine, Unreadable, opened


def compare_replays(source: str, agreements: str, other: str, until: str | None, form: str) -> int:
    """Both sides on standard output, bad lines on standard error."""
    until_ms = None if until is None else instant(until)
    files = [(name, read_agreements(name)) for name in (agreements, other)]
    bad = Complaints(source)
    try:
        with opened(source) as lines:
            # Standard input can be read once only.
            events = list(lines)
    except Unreadable as error:
        raise Failure([str(error)]) from None
    sides: list[Side] = []
    for name, file in files:
        # A line is as bad under the one as under the other, and told once.
        sides.append(_side(name, file, events, until_ms, _nobody if sides else bad))
    bad.close()
    write((as_json if form == "json" else as_text)(compare(*sides)), None)
    return Exit.PROBLEMS if bad.count else Exit.FINE


def _side(
    name: str, file: AgreementsFile, events: Iterable[bytes], until: int | None, on_bad: Callable[[BadLine], None]
) -> Side:
    collected = Collected(file, SOURCE, on_bad)
    alerts = list(collected.run(events, until))
    return Side(name, alerts, collected.reports())


def _nobody(_: BadLine) -> None:
    pass
