"""When periods of a service are final, and what is let go of then: they are not judged again, so their facts are not needed."""

from __future__ import annotations

from slawatch.core.periods.line import fold
from slawatch.core.periods.service import Service


def set_floor(service: Service, retention: int) -> None:
    """What is too old to be taken, and when that changes, by what is final."""
    oldest = [measure.period(service.horizon - measure.settle) for measure in service.table.measures]
    service.floor = max(service.floor, min(period.start for period in oldest))
    ends = (period.end + measure.settle for period, measure in zip(oldest, service.table.measures, strict=True))
    service.final = min(ends) + retention


def finish(service: Service, retention: int) -> None:
    """Let go of the periods that are final by now, and of the facts that only they needed."""
    for group in service.groups.values():
        for line in group.lines:
            if line.meter is not None:
                line.meter.drop(service.horizon)
    service.reseated = True
    floor = service.floor
    set_floor(service, retention)
    if service.floor > floor:
        _let_go(service, floor)


def _let_go(service: Service, before: int) -> None:
    for group in service.groups.values():
        past = service.past(group, service.floor)._replace(floor=before)
        for line in group.lines:
            meter = fold(line, past, service.floor)
            run = None if meter is None else meter.run
            line.carried = None if run is None else (run.since, run.start is not None)
    last = {fact.name: fact for fact in service.facts if fact.at < service.floor and fact.planned_until is None}
    lasting = {work for work, said in service.works.items() if max(one.until for one in said) > service.floor}
    service.facts = [
        fact
        for fact in service.facts
        if fact.at >= service.floor
        or (last.get(fact.name) is fact if fact.planned_until is None else fact.work in lasting)
    ]
    service.ids = {fact.id for fact in service.facts}
    service.works = {work: said for work, said in service.works.items() if work in lasting}
