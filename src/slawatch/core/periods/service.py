"""What is known of one service: its facts, its checks as they stand, and the groups of promises that it comes to."""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Mapping

from slawatch.core.fact import Order
from slawatch.core.periods.line import NEVER_FINAL, Group, Key, Line, Past, Said, fold, lined
from slawatch.core.periods.measure import Identity, Measure, Seat, Table
from slawatch.core.periods.status import Announcement, Check, Fact, Status, Work, announce, excused, status_of
from slawatch.core.periods.timeline import statuses, works

FACTS = 1_000
"""Kept without looking whether some of them can be folded."""


class Watch:
    """What a check last said, and in which fact; `stale`: too long ago."""

    __slots__ = ("order", "stale", "status")

    def __init__(self, status: Status, order: Order) -> None:
        self.status = status
        self.order = order
        self.stale = False

    def counts_as(self) -> Status:
        return Status.UNKNOWN if self.stale else self.status


class Service:
    """One service: its facts, the checks as they stand, and the groups of promises. `table` are the promises about it.

    Facts older than `floor` come too late; periods closed before `horizon` are final.
    """

    __slots__ = (
        "at", "checks", "due", "facts", "fat", "final", "floor", "groups", "horizon", "id", "ids", "newest", "reseated",
        "seen", "stale", "table", "works",
    )  # fmt: skip

    def __init__(self, name: str, table: Table, horizon: int = NEVER_FINAL) -> None:
        self.id = name
        self.table = table
        self.facts: list[Fact] = []
        self.ids: set[str] = set()
        self.newest: Order | None = None
        self.checks: dict[Check, Watch] = {}
        self.works: dict[Work, list[Announcement]] = {}
        self.seen: set[str] = set()
        self.groups: dict[Key, Group] = {}
        self.stale: list[tuple[int, str, Check]] = []
        """When each check will be stale, at the earliest: one entry a check that is not."""
        self.at = NEVER_FINAL
        """How far its meters are."""
        self.horizon = horizon
        self.floor = NEVER_FINAL
        self.final: int | None = None
        self.due: int | None = None
        self.fat = FACTS
        """With so many facts it is time to see which can be folded."""
        self.reseated = True
        """Whether the groups or their lines changed since they were stored."""

    def keep(self, fact: Fact) -> bool:
        """Put a fact where it belongs; whether it is the newest."""
        self.ids.add(fact.id)
        if self.newest is None or fact.order > self.newest:
            self.facts.append(fact)
            self.newest = fact.order
            return True
        insort(self.facts, fact)
        return False

    def seeing(self, customer: str | None) -> list[Group]:
        """The groups that an event of this customer, or of none, counts for."""
        return [group for group in self.groups.values() if group.sees(customer)]

    def visible(self, group: Group) -> list[Fact]:
        """The facts that count for a group."""
        if group.key is None:
            return self.facts
        return [fact for fact in self.facts if group.sees(fact.customer)]

    def past(self, group: Group, until: int) -> Past:
        """What a group sees until an instant."""
        facts = self.visible(group)
        first = facts[0].at if facts else None
        return Past(first, statuses(facts, self.table.rule, until), works(facts), self.horizon, self.floor)

    def key_of(self, seat: Seat) -> Key:
        """Whose events a promise sees, as far as there are any."""
        customers = seat.contract.customers
        return None if customers is None else customers & self.seen

    def seat(self, heard: Mapping[Identity, dict[str, Said]]) -> None:
        """Put all promises into groups, with what was said of each by its identity."""
        places: dict[Key, list[tuple[Measure, Seat, dict[str, Said]]]] = {}
        for index, seat in self.table.seats:
            place = places.setdefault(self.key_of(seat), [])
            place.append((self.table.measures[index], seat, heard.get(seat.identity, {})))
        self.groups = {key: Group(key, lined(place)) for key, place in places.items()}
        self.reseated = True

    def see(self, customer: str) -> list[Group]:
        """An event of a customer's own: the promises that see it part from those that don't. The groups that are new."""
        self.seen.add(customer)
        self.reseated = True
        new: dict[Key, Group] = {}
        for group in [*self.groups.values()]:
            if group.key is None:
                continue
            stay = []
            for line in group.lines:
                moving = [seat for seat in line.seats if customer in (seat.contract.customers or ())]
                if not moving:
                    stay.append(line)
                    continue
                key = group.key | {customer}
                said = {label: (dict(labels), told) for label, (labels, told) in line.said().items()}
                moved = Line(line.measure, moving, said)
                moved.carried, moved.gone = line.carried, line.gone
                new.setdefault(key, Group(key, [])).lines.append(moved)
                if len(moving) < len(line.seats):
                    line.seats = [seat for seat in line.seats if seat not in moving]
                    line.packed = None
                    stay.append(line)
            group.lines = stay
            if not stay:
                del self.groups[group.key]
        self.groups.update(new)
        return [*new.values()]

    def plan(self, fact: Fact) -> None:
        """Take an announcement into account."""
        self.works[fact.work] = announce(self.works.get(fact.work, ()), fact)

    def replan(self, group: Group) -> None:
        """Which planned work is excused, for a group, as far as it is not over."""
        known = [(work, said) for work, said in self.works.items() if group.sees(work[1])]
        notices = {line.measure.notice for line in group.lines if line.measure.excused} if known else ()
        group.spans = {notice: [span for span in excused(known, notice) if span.end > self.at] for notice in notices}

    def recount(self, group: Group) -> None:
        """The status of a group from the checks as they stand."""
        counts = group.counts = [0] * len(Status)
        for (_, customer), watch in self.checks.items():
            if group.sees(customer):
                counts[watch.counts_as()] += 1
        group.status = status_of(counts, self.table.rule.down_when)

    def derive(self, group: Group) -> None:
        """All of a group from the facts, as far as the service is: this is the definition."""
        past = self.past(group, self.at)
        self.replan(group)
        for line in group.lines:
            meter = fold(line, past, self.at)
            if meter is not None:
                meter.close(self.at - 1)
            line.renew(meter)
        self.recount(group)
        group.dirty = True

    def reschedule(self) -> None:
        """When the service must be looked at next."""
        found = [group.due for group in self.groups.values() if group.due is not None]
        if self.stale:
            found.append(self.stale[0][0])
        if self.final is not None:
            found.append(self.final)
        self.due = min(found, default=None)

    def watch(self, fact: Fact) -> tuple[Status | None, Status]:
        """What a check counted as, and counts as from now on (None: it was not heard of)."""
        after = self.table.rule.stale_after
        watch = self.checks.get(fact.name)
        before = None if watch is None else watch.counts_as()
        if after is not None and (watch is None or watch.stale):
            heapq.heappush(self.stale, _stale(fact.at + after, fact.name))
        if watch is None:
            self.checks[fact.name] = Watch(fact.status, fact.order)
        else:
            watch.status, watch.order, watch.stale = fact.status, fact.order, False
        return before, fact.status

    def expire(self, until: int) -> list[tuple[Check, Status]]:
        """Let the checks be stale that are by `until`; which they are, and what they counted as."""
        after, found = self.table.rule.stale_after, []
        while self.stale and self.stale[0][0] <= until:
            _, _, check = heapq.heappop(self.stale)
            watch = self.checks[check]
            if after is not None and watch.order[0] + after > until:
                heapq.heappush(self.stale, _stale(watch.order[0] + after, check))
                continue
            found.append((check, watch.counts_as()))
            watch.stale = True
        return found

    def is_last(self, fact: Fact) -> bool:
        """Whether a fact is the newest of its check."""
        watch = self.checks.get(fact.name)
        return watch is None or fact.order > watch.order

    def recall(self) -> None:
        """Make from the facts what they say of the checks, of planned work, and of whom there are events."""
        self.ids = {fact.id for fact in self.facts}
        self.checks, self.works, self.stale = {}, works(self.facts), []
        for fact in self.facts:
            if fact.planned_until is None:
                self.watch(fact)
            if fact.customer in self.table.customers:
                assert fact.customer is not None
                self.seen.add(fact.customer)
        self.expire(self.at - 1)


def _stale(at: int, check: Check) -> tuple[int, str, Check]:
    """An entry of the heap: checks themselves can't be compared."""
    return (at, repr(check), check)
