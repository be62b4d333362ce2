"""What is allowed but hardly meant: agreements that never apply, warnings that never come, calendars without use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from slawatch.agreements import twice
from slawatch.agreements.build import Calendars
from slawatch.agreements.built import Built
from slawatch.agreements.document import Document
from slawatch.agreements.doubts import doubts
from slawatch.agreements.models import TargetPart
from slawatch.agreements.problem import Problem
from slawatch.core.agreement import Agreement, Hours, Metric, Target, TimeLeft
from slawatch.core.periods.contract import ServiceTarget

_SHOWN = 3
"""So many customers of a template are named; a thousand would hide what else is said."""


def warnings(agreements: Sequence[Built], calendars: Calendars, documents: Iterable[Document]) -> Iterator[Problem]:
    """All of them, in files without mistakes."""
    yield from _never(agreements)
    for built in agreements:
        positions = (i for i, target in enumerate(built.part.targets) if isinstance(target, TargetPart))
        for i, target in zip(positions, built.agreement.targets, strict=True):
            for j, text in silent_warnings(target):
                yield built.problem(("targets", i, "warn", j), text, warning=True)
        for below, text in doubts(built.part, calendars):
            yield built.problem(below, text, warning=True)
    for document in documents:
        yield from _unused(document, agreements, calendars)


def _never(agreements: Sequence[Built]) -> Iterator[Problem]:
    """Of a template, the customers whose own agreement never applies, unless all of them are alike."""
    every = [(built, agreement) for built in agreements for agreement in built.agreements()]
    lost: dict[int, list[tuple[str, str]]] = {}
    for i, text in shadowed([agreement for _, agreement in every]):
        built, agreement = every[i]
        lost.setdefault(id(built), []).append((agreement.id, text))
    for built in agreements:
        found = lost.get(id(built), [])
        if len(found) == max(1, len(built.customers)) and len({text for _, text in found}) == 1:
            yield built.problem((), found[0][1], warning=True)
            continue
        for own, text in found[:_SHOWN]:
            yield built.problem(("each",), f"of `{own}`: {text}", warning=True)
        if found[_SHOWN:]:
            yield built.problem(("each",), f"the same of {len(found) - _SHOWN} more of its customers", warning=True)


def _unused(document: Document, agreements: Sequence[Built], calendars: Calendars) -> Iterator[Problem]:
    used = {hours.name for built in agreements for hours in _hours(built)}
    for path, _ in twice.entries(document, "calendars"):
        if path[-1] not in used:
            yield document.problem(path, "no limit is measured in this calendar", warning=True)
        part = calendars[str(path[-1])].part
        for day in part.open if part else ():
            if part and day in part.closed:
                text = f"{day} is in `closed` too: these hours count"
                yield document.problem((*path, "open", str(day)), text, warning=True)
    services = watched(agreements)
    for path, _ in twice.entries(document, "services"):
        if path[-1] not in services:
            yield document.problem(path, "no target is about this service", warning=True)


def watched(agreements: Iterable[Built]) -> set[str]:
    """The services that targets are about."""
    targets = (target for built in agreements if built.contract for target in built.contract.targets)
    return {service for target in targets if isinstance(target, ServiceTarget) for service in target.services}


def _hours(built: Built) -> Iterator[Hours]:
    """The hours that something is measured in."""
    for target in built.agreement.targets:
        yield from (limit.hours for limit in (*target.limits.values(), target.default) if limit)
    for judged in built.contract.targets if built.contract else ():
        if isinstance(judged, ServiceTarget):
            yield judged.hours


def shadowed(agreements: Sequence[Agreement]) -> Iterator[tuple[int, str]]:
    """The agreements, by position, of which a metric can never apply since an earlier one always wins, and why."""
    index: dict[_Mark, list[int]] = {}
    for i, agreement in enumerate(agreements):
        if agreement.also:
            continue
        near = {position for mark in _marks(agreement) for position in index.get(mark, ())}
        earlier = [agreements[position] for position in sorted(near) if _covers(agreements[position], agreement)]
        winners = {target.metric: _first_with(target.metric, earlier) for target in agreement.targets}
        lost = {metric: winner for metric, winner in winners.items() if winner is not None}
        for mark in _demands(agreement, index):
            index.setdefault(mark, []).append(i)
        if not lost:
            continue
        by = " and ".join(
            f"`{name}` ({where})" for name, where in dict.fromkeys((w.id, w.where) for w in lost.values())
        )
        what = "it never applies to a ticket" if len(lost) == len(winners) else f"its {', '.join(lost)} never applies"
        yield i, f"{what}: all that it matches goes to {by} before it; move it up, or narrow what stands before"


_Mark = tuple[object, str] | None
"""A field or attribute with one value, or None. It finds the few agreements that may cover another among thousands."""


def _demands(agreement: Agreement, index: Mapping[_Mark, Sequence[int]]) -> Iterable[_Mark]:
    """One mark for each value of one condition, the least common so far: what the agreement covers has one of them."""
    conditions = (*agreement.match.items(), *agreement.attributes.items())
    marks: list[list[_Mark]] = [[(key, value) for value in accepted] for key, accepted in conditions]
    return min(marks, key=lambda found: sum(len(index.get(mark, ())) for mark in found), default=[None])


def _marks(agreement: Agreement) -> Iterator[_Mark]:
    """None, and one value of each condition: an agreement that covers this one accepts them all."""
    yield None
    for key, accepted in (*agreement.match.items(), *agreement.attributes.items()):
        yield key, min(accepted)


def silent_warnings(target: Target) -> Iterator[tuple[int, str]]:
    """The warnings, by position, that exist for none of the target's limits, and why."""
    limits = [*target.limits.values(), *([target.default] if target.default else [])]
    longest = max(limit.budget for limit in limits)
    for i, warn in enumerate(target.warn):
        if isinstance(warn, TimeLeft) and warn.left >= longest:
            yield i, f"never comes: no limit is longer than {warn.text}"


def _first_with(metric: Metric, agreements: Sequence[Agreement]) -> Agreement | None:
    return next((found for found in agreements if any(target.metric is metric for target in found.targets)), None)


def _covers(wide: Agreement, narrow: Agreement) -> bool:
    """Whether `wide` matches every ticket that `narrow` matches, on every day."""
    return (
        all(narrow.match.get(number, frozenset()) <= accepted for number, accepted in wide.match.items())
        and all(number in narrow.match for number in wide.match)
        and all(narrow.attributes.get(name, frozenset()) <= accepted for name, accepted in wide.attributes.items())
        and all(name in narrow.attributes for name in wide.attributes)
        and (wide.since is None or (narrow.since is not None and wide.since <= narrow.since))
        and (wide.until is None or (narrow.until is not None and narrow.until <= wide.until))
    )
