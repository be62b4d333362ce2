"""`slawatch explain`: each clock of one ticket in words."""

from __future__ import annotations

import shutil
import sys

from slawatch.cli.check import read_agreements
from slawatch.cli.failure import Exit, Failure
from slawatch.cli.replay import SOURCE, Complaints, instant
from slawatch.explain import explanation, listen
from slawatch.replay import Replay, Unreadable, opened
from slawatch.tickets import TicketProcess

_WIDEST = 110  # longer lines are hard to read


def explain(source: str, agreements: str, ticket: str, until: str | None) -> int:
    """The explanation on standard output, bad lines on standard error."""
    until_ms = None if until is None else instant(until)
    file = read_agreements(agreements)
    bad = Complaints(source)
    running = Replay(TicketProcess(file.agreements, SOURCE), bad)
    try:
        with opened(source) as lines:
            told = listen(running, lines, ticket, until_ms)
    except Unreadable as error:
        raise Failure([str(error)]) from None
    finally:
        bad.close()
    if not told.seen:
        raise Failure([f"{source}: there is no event of ticket {ticket!r}"])
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    for line in explanation(ticket, told, file.agreements, file.calendars, width):
        sys.stdout.write(line + "\n")
    return Exit.PROBLEMS if bad.count else Exit.FINE
