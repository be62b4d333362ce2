"""What is let go of: periods that are final, the facts that only they needed, and facts that only repeat others."""

from __future__ import annotations

from slawatch.core.interval import DAY
from slawatch.core.periods.line import NEVER_FINAL, fold
from slawatch.core.periods.service import FACTS, Service
from slawatch.core.periods.status import Check, Fact


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
            group.dirty |= line.let_go(service.horizon)
    floor = service.floor
    set_floor(service, retention)
    if service.floor > floor:
        _let_go(service, floor)


def _let_go(service: Service, before: int) -> None:
    for group in service.groups.values():
        past = service.past(group, service.floor)._replace(floor=before)
        for line in group.lines:
            # What is final is judged once more: where an outage begins depends on it.
            horizon = before if before == NEVER_FINAL else before + line.measure.settle
            meter = fold(line, past._replace(horizon=horizon), service.floor)
            run = None if meter is None else meter.run
            carried = None if run is None else (run.since, run.start is not None)
            service.reseated |= carried != line.carried
            line.carried = carried
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


def thin(service: Service) -> None:
    """Fold statuses that only repeat what their check said before, of facts more than a day older than the newest.

    With `stale_after` as many are kept as it takes that the check is stale when it was, and not otherwise.
    """
    assert service.newest is not None
    limit, after = service.newest[0] - DAY, service.table.rule.stale_after
    checks: dict[Check, list[Fact]] = {}
    for fact in service.facts:
        if fact.planned_until is None:
            said = checks.setdefault(fact.name, [])
            if said and said[-1].at == fact.at < limit:
                said.pop()  # it never happened
            said.append(fact)
    kept = {fact.id for said in checks.values() for fact in _telling(said, limit, after)}
    service.facts = [fact for fact in service.facts if fact.planned_until is not None or fact.id in kept]
    service.ids = {fact.id for fact in service.facts}
    service.fat = max(FACTS, 2 * len(service.facts))


def _telling(said: list[Fact], limit: int, after: int | None) -> list[Fact]:
    found: list[Fact] = []
    for fact, following in zip(said, [*said[1:], None], strict=True):
        repeats = bool(found) and found[-1].status is fact.status and fact.at < limit
        if repeats and (after is None or (following is not None and following.at - found[-1].at <= after)):
            continue
        found.append(fact)
    return found
