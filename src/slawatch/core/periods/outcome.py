"""What is known of one clock of a ticket that has come to something: a breach that stands, an end, or both."""

from __future__ import annotations

from typing import NamedTuple

from slawatch.core.alert import MET, MISSED, RETRACTED, WITHDRAWN
from slawatch.core.periods.contract import Basis
from slawatch.core.periods.figures import Verdict
from slawatch.core.promise import BREACHED

MOVED = "moved"
"""No alert: where the verdict of a clock lies now, which none that was said tells."""
KINDS = frozenset((BREACHED, MET, MISSED, RETRACTED, WITHDRAWN, MOVED))
"""What can be heard of a clock."""

FieldValues = tuple[str | None, str | None, str | None, str | None, str | None]
"""Priority, customer, service, kind and team, in the order of their field numbers, which begin at 1."""


class Outcome(NamedTuple):
    """`due` is that of a breach that stands, `ended` when the clock ended, as `missed` or met; instants in ms."""

    due: int | None
    ended: int | None
    missed: bool
    fields: FieldValues

    @property
    def verdict(self) -> Verdict | None:
        """A breach counts whatever came after; without one, an end in time does."""
        if self.due is not None:
            return Verdict.MISSED
        return None if self.ended is None or self.missed else Verdict.MET

    @property
    def open_overdue(self) -> bool:
        """Whether it is missed and has not ended."""
        return self.due is not None and self.ended is None

    def instant(self, basis: Basis) -> int | None:
        """The instant that puts it into a period: the due one of what is missed, the stop of what is met; or the end."""
        if basis is Basis.ENDED or self.due is None:
            return self.ended
        return self.due

    @property
    def last(self) -> int:
        """The later of its instants."""
        return max(self.due or 0, self.ended or 0)


def moved(ended: int | None, due: int | None, fields: FieldValues) -> Outcome | None:
    """What is known of a clock whose verdict lies there now."""
    return None if due is None and ended is None else Outcome(due, ended, due is not None and ended is not None, fields)


def heard(known: Outcome | None, what: str, at: int, due_at: int | None, fields: FieldValues) -> Outcome | None:
    """What is known of a clock after an alert about it that happened `at`; None: nothing (any more)."""
    due, ended, missed = (None, None, False) if known is None else known[:3]
    match what:
        case "breached":
            due = at if due_at is None else due_at
            if not missed:
                ended = None  # it was met before, and now it runs on beyond its budget
        case "met":
            due, ended, missed = None, at, False
        case "missed":
            ended, missed = at, True
            if due is None:
                due = at if due_at is None else due_at
        case "retracted":
            due = None
        case "withdrawn":
            ended, missed = None, False
    return None if due is None and ended is None else Outcome(due, ended, missed, fields)
