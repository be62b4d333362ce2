"""What is known of one service, and what it comes to for each promise about it.

Promises that see the same events share the status (`Group`); those that are measured alike besides share a meter
(`Line`). So a thousand customers of one template cost what one does, until a customer has events of its own.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Mapping, Sequence

from slawatch.core.fact import Order
from slawatch.core.interval import Interval
from slawatch.core.periods.measure import Identity, Measure, Seat, Table
from slawatch.core.periods.meter import Meter, Run
from slawatch.core.periods.status import Announcement, Check, Fact, Status, Work, announce, excused, status_of
from slawatch.core.periods.timeline import planned, statuses, stretches, works

Key = frozenset[str] | None
"""The customers whose own events a group sees, besides those of no customer; None: it sees all."""
Said = tuple[dict[str, int], bytes | None]
"""What was said of a period, and a digest of the figures that were."""
NEVER_FINAL = -(2**62)


class Watch:
    """What a check last said, and in which fact; `stale`: too long ago."""

    __slots__ = ("order", "stale", "status")

    def __init__(self, status: Status, order: Order) -> None:
        self.status = status
        self.order = order
        self.stale = False

    def counts_as(self) -> Status:
        return Status.UNKNOWN if self.stale else self.status


class Line:
    """Promises that are measured alike on the same events, with the same things said. Without a meter until one is needed."""

    __slots__ = ("arrived", "carried", "derived", "heard", "measure", "meter", "seats")

    def __init__(self, measure: Measure, seats: list[Seat], heard: dict[str, Said] | None = None) -> None:
        self.measure = measure
        self.seats = seats
        self.meter: Meter | None = None
        self.heard = heard or {}
        """By the period's label, what was said before the meter was made anew."""
        self.arrived: set[str] = set()
        """The periods that were judged for the first time then."""
        self.derived = False
        self.carried: tuple[int, bool] | None = None
        """Of an outage that was under way at the service's floor: its start, and whether anything of it counted."""

    def said(self) -> dict[str, Said]:
        """What was said of each period."""
        if self.meter is None:
            return self.heard
        return {reading.period.label: (reading.said, reading.told) for reading in self.meter.readings}


class Group:
    """Promises that see the same events."""

    __slots__ = ("counts", "due", "key", "lines", "spans", "status")

    def __init__(self, key: Key, lines: list[Line]) -> None:
        self.key = key
        self.lines = lines
        self.counts = [0] * len(Status)
        self.status = Status.UNKNOWN
        self.spans: dict[int, list[Interval]] = {}
        """Excused planned work by notice; of what is over not all."""
        self.due: int | None = None

    def sees(self, customer: str | None) -> bool:
        return customer is None or self.key is None or customer in self.key

    def turn(self, at: int) -> None:
        """Let the meters stand at `at`, with the status from there on."""
        for line in self.lines:
            meter = line.meter
            if meter is not None:
                meter.advance(at)
                meter.turn(self.status, bool(self.spans) and planned(self.spans, meter.measure.notice, at))

    def schedule(self, at: int) -> None:
        """Work out when it must be looked at next, `at` being how far it is."""
        found = [edge for spans in self.spans.values() for span in spans for edge in span if edge > at]
        for line in self.lines:
            meter = line.meter
            if meter is None:
                continue
            due, ends = meter.next_due(), meter.ends()
            meter.due = due if ends is None or (due is not None and due < ends) else ends
            if meter.due is not None:
                found.append(meter.due)
        self.due = min(found, default=None)


class Service:
    """One service: its facts, the checks as they stand, and the groups of promises. `table` are the promises about it.

    Facts older than `floor` come too late; periods closed before `horizon` are final.
    """

    __slots__ = (
        "at", "checks", "due", "facts", "final", "floor", "groups", "horizon", "id", "ids", "newest", "seen", "stale",
        "table", "works",
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
        self.stale: list[tuple[int, Check]] = []
        """When each check will be stale, at the earliest: one entry a check that is not."""
        self.at = NEVER_FINAL
        """How far its meters are."""
        self.horizon = horizon
        self.floor = NEVER_FINAL
        self.final: int | None = None
        self.due: int | None = None

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
        self.groups = {key: Group(key, _lines(place)) for key, place in places.items()}

    def see(self, customer: str) -> list[Group]:
        """An event of a customer's own: the promises that see it part from those that don't. The groups that are new."""
        self.seen.add(customer)
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
                moved.carried = line.carried
                new.setdefault(key, Group(key, [])).lines.append(moved)
                if len(moving) < len(line.seats):
                    line.seats = [seat for seat in line.seats if seat not in moving]
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
        """Which planned work is excused, for a group."""
        known = [(work, said) for work, said in self.works.items() if group.sees(work[1])]
        notices = {line.measure.notice for line in group.lines if line.measure.excused} if known else ()
        group.spans = {notice: excused(known, notice) for notice in notices}

    def recount(self, group: Group) -> None:
        """The status of a group from the checks as they stand."""
        counts = group.counts = [0] * len(Status)
        for (_, customer), watch in self.checks.items():
            if group.sees(customer):
                counts[watch.counts_as()] += 1
        group.status = status_of(counts, self.table.rule.down_when)

    def derive(self, group: Group) -> None:
        """All of a group from the facts, as far as the service is: this is the definition."""
        facts = self.visible(group)
        changes = statuses(facts, self.table.rule, self.at)
        announced = works(facts)
        self.replan(group)
        for line in group.lines:
            line.heard = line.said()
            meter = line.meter = _meter(line, facts[0].at if facts else None, self.horizon, self.floor)
            line.derived = meter is not None
            if meter is None:
                continue
            spans = excused(announced, line.measure.notice) if announced else ()
            for at, status, work in stretches(changes, spans, self.at):
                meter.advance(at)
                meter.turn(status, work)
            meter.advance(self.at)
            meter.close(self.at - 1)
            line.arrived = {reading.period.label for reading in meter.readings} - line.heard.keys()
            for reading in meter.readings:
                if reading.period.label in line.heard:
                    reading.said, reading.told = line.heard[reading.period.label]
        self.recount(group)

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
            heapq.heappush(self.stale, (fact.at + after, fact.name))
        if watch is None:
            self.checks[fact.name] = Watch(fact.status, fact.order)
        else:
            watch.status, watch.order, watch.stale = fact.status, fact.order, False
        return before, fact.status

    def expire(self, until: int) -> list[tuple[Check, Status]]:
        """Let the checks be stale that are by `until`; which they are, and what they counted as."""
        after, found = self.table.rule.stale_after, []
        while self.stale and self.stale[0][0] <= until:
            _, check = heapq.heappop(self.stale)
            watch = self.checks[check]
            if after is not None and watch.order[0] + after > until:
                heapq.heappush(self.stale, (watch.order[0] + after, check))
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

    def set_floor(self, retention: int) -> None:
        """What is too old to be taken, and when that changes, by what is final."""
        oldest = [measure.period(self.horizon - measure.settle) for measure in self.table.measures]
        self.floor = max(self.floor, min(period.start for period in oldest))
        ends = (period.end + measure.settle for period, measure in zip(oldest, self.table.measures, strict=True))
        self.final = min(ends) + retention

    def finish(self, retention: int) -> None:
        """Let go of the periods that are final by now, and of the facts that only they needed."""
        for group in self.groups.values():
            for line in group.lines:
                if line.meter is not None:
                    line.meter.drop(self.horizon)
        floor = self.floor
        self.set_floor(retention)
        if self.floor > floor:
            self._let_go(floor)

    def _let_go(self, before: int) -> None:
        for group in self.groups.values():
            for line, run in zip(group.lines, self._runs(group, before), strict=True):
                line.carried = run
        last = {fact.name: fact for fact in self.facts if fact.at < self.floor and fact.planned_until is None}
        lasting = {work for work, said in self.works.items() if max(one.until for one in said) > self.floor}
        self.facts = [
            fact
            for fact in self.facts
            if fact.at >= self.floor
            or (last.get(fact.name) is fact if fact.planned_until is None else fact.work in lasting)
        ]
        self.ids = {fact.id for fact in self.facts}
        self.works = {work: said for work, said in self.works.items() if work in lasting}

    def _runs(self, group: Group, before: int) -> list[tuple[int, bool] | None]:
        """The outages under way at the floor, which was `before` so far."""
        facts = self.visible(group)
        changes, announced = statuses(facts, self.table.rule, self.floor), works(facts)
        found: list[tuple[int, bool] | None] = []
        for line in group.lines:
            meter = _meter(line, facts[0].at if facts else None, self.horizon, before)
            if meter is not None:
                spans = excused(announced, line.measure.notice) if announced else ()
                for at, status, work in stretches(changes, spans, self.floor):
                    meter.advance(at)
                    meter.turn(status, work)
                meter.advance(self.floor)
            run = None if meter is None else meter.run
            found.append(None if run is None else (run.since, run.start is not None))
        return found


def _lines(place: Sequence[tuple[Measure, Seat, dict[str, Said]]]) -> list[Line]:
    """Those that are measured alike, and of which the same was said, in one line."""
    lines: list[Line] = []
    found: dict[tuple[int, str], Line] = {}
    for measure, seat, heard in place:
        same = (id(measure), repr(sorted(heard.items())))
        line = found.get(same)
        if line is None:
            line = found[same] = Line(measure, [], heard)
            lines.append(line)
        line.seats.append(seat)
    return lines


def _meter(line: Line, first_fact: int | None, horizon: int, floor: int) -> Meter | None:
    """A meter at its start; None while no period has begun, for want of a fact."""
    measure = line.measure
    first = measure.first
    if first is None:
        if first_fact is None:
            return None
        first = measure.period(first_fact).start
    if horizon != NEVER_FINAL:
        first = max(first, measure.period(horizon - measure.settle).start)
    meter = Meter(measure, max(floor, first if first_fact is None else min(first, first_fact)), first)
    if line.carried is not None and floor != NEVER_FINAL:
        since, started = line.carried
        meter.run = Run(since)
        meter.run.start = since if started else None
    return meter
