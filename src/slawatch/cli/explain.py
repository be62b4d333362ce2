"""`slawatch explain`: each clock of one ticket, or each promise about a service in a period, in words."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC

from slawatch.cli.check import read_agreements
from slawatch.cli.failure import Exit, Failure
from slawatch.cli.running import SOURCE, Complaints, instant
from slawatch.core.fold import Bounds
from slawatch.core.periods.period import period_of
from slawatch.explain import explanation, listen_to_service, listen_to_ticket, service_explanation
from slawatch.joint_replay import joint_replay
from slawatch.processes.tickets import TicketProcess
from slawatch.replay import Replay, Unreadable, opened

_WIDEST = 110  # longer lines are hard to read


def explain(given: argparse.Namespace) -> int:
    """The explanation on standard output, bad lines on standard error."""
    if given.ticket is not None and (given.period is not None or given.agreement is not None):
        raise Failure(["--period and --agreement go with --service, not with --ticket"])
    if given.service is not None and given.period is None:
        raise Failure(["--service: needs a --period too, such as 2026-10"])
    return _of_service(given) if given.service is not None else _of_ticket(given)


def _of_ticket(given: argparse.Namespace) -> int:
    until = None if given.until is None else instant(given.until)
    file = read_agreements(given.agreements)
    bad = Complaints(given.events)
    with _reading(given.events, bad) as lines:
        heard = listen_to_ticket(Replay(TicketProcess(file.agreements, SOURCE), bad), lines, given.ticket, until)
    if not heard.seen:
        raise Failure([f"{given.events}: there is no event of ticket {given.ticket!r}"])
    return _print(explanation(given.ticket, heard, file.agreements, file.calendars, _width()), bad)


def _of_service(given: argparse.Namespace) -> int:
    try:
        per = period_of(given.period, UTC)[0]
    except ValueError as error:
        raise Failure([f"--period: {error}"]) from None
    until = None if given.until is None else instant(given.until)
    file = read_agreements(given.agreements)
    contracts = file.contracts
    about = [
        target
        for contract, target in contracts.of_service(given.service)
        if given.agreement in (None, contract.agreement)
    ]
    if not any(target.per is per for target in about):
        whose = "no agreement" if given.agreement is None else f"no agreement {given.agreement!r}"
        raise Failure([f"{given.agreements}: {whose} promises anything about service {given.service!r} per {per}"])
    bad = Complaints(given.events)
    with _reading(given.events, bad) as lines:
        heard = listen_to_service(joint_replay(file, SOURCE, Bounds(), bad), lines, given.service, until)
    if heard.now is None:
        raise Failure([f"{given.events}: there is no event"])
    text = service_explanation(given.service, given.period, heard, contracts, given.agreement, _width())
    return _print(text, bad)


@contextmanager
def _reading(source: str, bad: Complaints) -> Iterator[Iterator[bytes]]:
    """The lines of a file; what is bad in them has been told when they were read."""
    try:
        with opened(source) as lines:
            yield lines
    except Unreadable as error:
        raise Failure([str(error)]) from None
    finally:
        bad.close()


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)


def _print(lines: Iterable[str], bad: Complaints) -> int:
    for line in lines:
        sys.stdout.write(line + "\n")
    return Exit.PROBLEMS if bad.count else Exit.FINE
