"""When something is said of a service, and why it can't be wrong: the laws of `slawatch.core.assess`, for periods.

Three things ask for a judgement: an event (`apply`), before which every deadline of the service that lies before it
fires; an instant that stream time has passed (`fire`), judged at itself + 1 ms, one at a time; and a change of the
agreements (`rejudge`). What is said is what is true minus what was said (`speak`). `Service.derive` goes through all
facts: it is the definition. `_extend` lets the meters go on from where they stand, for an event that is the newest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from slawatch.core.periods.alert import PeriodAlert, in_order
from slawatch.core.periods.final import finish, set_floor
from slawatch.core.periods.line import Group, Line, Said
from slawatch.core.periods.measure import Identity
from slawatch.core.periods.service import Service
from slawatch.core.periods.silent import said_for
from slawatch.core.periods.speak import speak, take_back
from slawatch.core.periods.status import Fact, status_of


class Use(Enum):
    """What became of a fact."""

    REPEATED = "repeated"
    REPEATED_LATE = "repeated late"
    IN_ORDER = "in order"
    LATE = "late"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"
    TOO_LATE = "too late"


class Step(NamedTuple):
    """What is said because of a fact, in order, and what became of it."""

    alerts: list[PeriodAlert]
    use: Use


def apply(service: Service, fact: Fact, stream_time: int, retention: int | None) -> Step:
    """Take a fact, `stream_time` being how far everything was known before it."""
    if service.newest is None and not service.groups:
        service.seat({})
        _raise_horizon(service, max(stream_time, fact.at), retention)
        service.at = max(service.at, stream_time)
    if fact.at < service.floor:
        return Step([], Use.TOO_LATE)
    if fact.id in service.ids:
        return Step([], Use.DUPLICATE)
    alerts = fire(service, fact.at, retention) if service.due is not None and service.due < fact.at else []
    newest = service.keep(fact)
    if _repeats(service, fact):
        service.checks[fact.name].order = fact.order
        return Step(alerts, Use.REPEATED if newest else Use.REPEATED_LATE)
    touched = _take(service, fact, stream_time)
    alerts += _catch_up(service, touched, max(fact.at, stream_time), fact.at, retention)
    if not touched:
        return Step(alerts, Use.UNMATCHED)
    return Step(alerts, Use.IN_ORDER if newest else Use.LATE)


def fire(service: Service, before: int, retention: int | None) -> list[PeriodAlert]:
    """Let every deadline that lies before an instant pass, one at a time, each judged at its own."""
    alerts: list[PeriodAlert] = []
    while service.due is not None and service.due < before:
        alerts += _step(service, service.due, retention)
    return alerts


def rejudge(
    service: Service, heard: Mapping[Identity, dict[str, Said]], stream_time: int, retention: int | None
) -> list[PeriodAlert]:
    """Judge a service again under agreements that have changed; what no longer holds ceased to at `stream_time`.

    `heard` is what was said of each promise, by its identity and the period's label.
    """
    service.at = max(stream_time, service.at)
    if service.newest is not None:
        service.at = max(service.at, service.newest[0])
    _raise_horizon(service, service.at, retention)
    service.recall()
    service.seat(heard)
    for group in service.groups.values():
        service.derive(group)
        group.schedule(service.at)
    service.reschedule()
    return _catch_up(service, [*service.groups.values()], service.at, stream_time, retention)


def _raise_horizon(service: Service, at: int, retention: int | None) -> None:
    """At a stream time of `at`, periods are final whose time for that is over."""
    if retention is not None:
        service.horizon = max(service.horizon, at - retention - 1)
        set_floor(service, retention)


def _repeats(service: Service, fact: Fact) -> bool:
    """Whether a fact is its check's newest and says what that has said all the time since the one before."""
    if fact.planned_until is not None:
        return False
    watch = service.checks.get((fact.check, fact.customer))
    return watch is not None and watch.status is fact.status and not watch.stale and fact.order > watch.order


def _extends(service: Service, fact: Fact) -> bool:
    """Whether a fact changes nothing that the meters have passed, so that they may go on from where they stand.

    It need not be the newest of all: what is newer, and is not passed, repeats what other checks said. An announcement
    may change what is passed: work that lies behind was shorter.
    """
    if fact.at < service.at:
        return False
    return service.is_last(fact) if fact.planned_until is None else fact.planned_until >= fact.at


def _take(service: Service, fact: Fact, stream_time: int) -> list[Group]:
    """Bring the groups that see a fact up to it; which they are."""
    fresh: list[Group] = []
    if fact.customer in service.table.customers and fact.customer not in service.seen:
        assert fact.customer is not None
        fresh = service.see(fact.customer)
    touched = service.seeing(fact.customer)
    ahead = _extends(service, fact)
    assert service.newest is not None
    service.at = max(service.at, fact.at if ahead else service.newest[0])
    before = after = None
    planning = fact.planned_until is not None
    if planning:
        service.plan(fact)
    elif service.is_last(fact):
        before, after = service.watch(fact)
    if not ahead:
        service.expire(service.at - 1)  # only its own check can be stale by then: of others that is known
    for group in touched:
        if group in fresh or not ahead or any(line.meter is None for line in group.lines):
            service.derive(group)
            _stand_in(service, group, stream_time)
        elif planning:
            service.replan(group)
            group.turn(fact.at)
        elif after is not None:
            if before is not None:
                group.counts[before] -= 1
            group.counts[after] += 1
            status = status_of(group.counts, service.table.rule.down_when)
            if status is group.status:
                continue
            group.status = status
            group.turn(fact.at)
        group.schedule(service.at)
    service.reschedule()
    return touched


def _stand_in(service: Service, group: Group, before: int) -> None:
    """Of periods that nobody had heard of the service in when they were closed, earlier than `before`, it was said so."""
    for line in group.lines:
        if line.meter is None or not line.arrived:
            continue
        heard = said_for(line, service.id, service.facts[0].at, before)
        for reading in line.meter.readings:
            label = reading.period.label
            if label in line.arrived and label in heard:
                reading.said, reading.told = heard[label]
                if line.measure.first is not None:
                    line.arrived.remove(label)  # it was judged, by the ledger


def _step(service: Service, due: int, retention: int | None, quiet: Collection[Group] = ()) -> list[PeriodAlert]:
    """Let the service pass an instant at which something changes by itself; `quiet` groups say nothing yet."""
    closing: list[PeriodAlert] = []
    alerts: list[PeriodAlert] = []
    turned: list[Group] = []
    for (_, customer), before in service.expire(due):
        for group in service.seeing(customer):
            group.counts[before] -= 1
            group.counts[-1] += 1
            group.status = status_of(group.counts, service.table.rule.down_when)
            turned.append(group)
    for group in service.groups.values():
        if group.due == due or group in turned:
            group.turn(due)
            for line in group.lines:
                if _close(line, due) and group not in quiet:
                    closing += _said(service, line)
            for line in group.lines:
                if line.meter is not None:
                    line.meter.advance(due + 1)
                if group not in quiet:
                    alerts += _said(service, line)
            group.schedule(due)
    service.at = max(service.at, due + 1)
    if service.final == due:
        assert retention is not None
        service.horizon = due - retention
        finish(service, retention)
    service.reschedule()
    return in_order(closing) + in_order(alerts)  # what is exceeded after this very instant comes after its verdict


def _close(line: Line, due: int) -> bool:
    """Close what is to be closed at an instant, as it is then: an outage under way is not a millisecond longer."""
    meter = line.meter
    if meter is None or meter.ends() != due:
        return False
    meter.stand()
    meter.close(due)
    return True


def _catch_up(
    service: Service, touched: list[Group], judged: int, cause: int, retention: int | None
) -> list[PeriodAlert]:
    """Let pass what has already, and say what is true of the groups by now."""
    alerts: list[PeriodAlert] = []
    while service.due is not None and service.due < judged:
        alerts += _step(service, service.due, retention, touched)
    step: list[PeriodAlert] = []
    for group in touched:
        for line in group.lines:
            step += _said(service, line, cause)
    return alerts + in_order(step)


def _said(service: Service, line: Line, cause: int | None = None) -> Iterator[PeriodAlert]:
    """What is true of a line's periods and was not said; first what was said and isn't, by an event at `cause`."""
    meter, arrived = line.meter, line.arrived
    if meter is None:
        return
    readings, derived = meter.live(), line.derived
    if derived:
        readings = meter.readings
        line.derived, line.arrived, line.heard = False, set(), {}
    for reading in readings:
        if derived and cause is not None:  # as time goes on nothing ceases to be true
            yield from take_back(meter, line.seats, service.id, reading, cause)
        if reading.closed or reading.spoken != len(reading.crossed):
            reading.spoken = len(reading.crossed)
            yield from speak(meter, line.seats, service.id, reading, reading.period.label in arrived)
    meter.settle()
