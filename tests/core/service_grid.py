"""A judge of services that knows no intervals: it looks at every slot of a grid by itself, as the rules are written.

All instants of a case lie on the grid, so within a slot nothing changes. Slow, and only that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

SLOT = 600_000
"""Ten minutes, in ms."""
Event = Mapping[str, Any]
"""As in a record, but its instants are numbers of slots."""


@dataclass
class Judged:
    """The figures of one period; times in slots. `breached` is the first slot border at which too much was used."""

    agreed: int = 0
    excluded: int = 0
    unknown: int = 0
    down: int = 0
    degraded: int = 0
    outages: list[int] = field(default_factory=list)
    breached: int | None = None


@dataclass
class Terms:
    """What is promised. Times in slots; `period` gives the number of a slot's period, `is_open` its hours."""

    metric: str
    at_least: Fraction
    at_most: int
    period: Callable[[int], int]
    is_open: Callable[[int], bool]
    since: int = 0
    until: int | None = None
    unknown: str = "exclude"
    degraded: Fraction = Fraction(0)
    min_outage: int = 0
    excused: bool = True
    cap: int | None = None
    notice: int = 0
    exclude: tuple[tuple[int, int], ...] = ()
    customers: frozenset[str] | None = None
    down_when: int | str = "any"
    stale_after: int | None = None


def order(event: Event) -> tuple[Any, ...]:
    version = event.get("version")
    return (event["at"], version is not None, version or 0, event["id"])


def named(event: Event) -> tuple[str, str | None]:
    return (event.get("check") or "", event.get("customer"))


def of_checks(events: Sequence[Event], terms: Terms, slot: int) -> list[str]:
    """What every check that was heard of says in a slot."""
    last: dict[tuple[str, str | None], Event] = {}
    for event in events:
        if event["at"] <= slot and event.get("planned_until") is None:
            last[named(event)] = event
    return [
        "unknown" if terms.stale_after is not None and slot - event["at"] >= terms.stale_after else event["status"]
        for event in last.values()
    ]


def of_service(said: Sequence[str], down_when: int | str) -> str:
    known = [status for status in said if status != "unknown"]
    if not known:
        return "unknown"
    needed = {"any": 1, "all": len(known)}.get(down_when, down_when)  # type: ignore[call-overload]
    bad: set[str] = set()
    for status in ("down", "maintenance", "degraded"):
        bad.add(status)
        if sum(one in bad for one in known) >= needed:
            return status
    return "up"


def is_planned(events: Sequence[Event], terms: Terms, slot: int) -> bool:
    works: dict[Any, list[Event]] = {}
    for event in events:
        if event.get("planned_until") is not None:
            said = works.setdefault((named(event), event["planned_from"]), [])
            if said and said[-1]["at"] == event["at"]:
                said.pop()  # it never happened
            said.append(event)
    return any(
        max(start, event["at"] + terms.notice) <= slot and all(slot < later["planned_until"] for later in said[i:])
        for (_, start), said in works.items()
        for i, event in enumerate(said)
    )


def is_agreed(terms: Terms, slot: int) -> bool:
    return (
        terms.is_open(slot)
        and slot >= terms.since
        and (terms.until is None or slot < terms.until)
        and not any(start <= slot < end for start, end in terms.exclude)
    )


def judge(events: Sequence[Event], terms: Terms, first: int, end: int) -> dict[int, Judged]:
    """Every period from that of slot `first` on, as it stands at slot border `end`; time before slot 0 does not count."""
    seen = [
        event
        for event in sorted(events, key=order)
        if event.get("customer") is None or terms.customers is None or event["customer"] in terms.customers
    ]
    found: dict[int, Judged] = {}
    outages: list[dict[str, Any]] = []
    running: dict[str, Any] | None = None
    last = max(end, first)
    while terms.period(last) == terms.period(max(end - 1, 0)):
        last += 1  # to the end of the period under way: the agreed time of the whole is known on the first day
    for slot in range(first, last):
        number = terms.period(slot)
        if number < 0 or (terms.until is not None and found.get(number) is None and slot >= terms.until):
            continue
        judged = found.setdefault(number, Judged())
        agreed = is_agreed(terms, slot)
        judged.agreed += agreed
    for slot in range(min(first, min((event["at"] for event in seen), default=first)), end):
        number = terms.period(slot)
        judged = found.get(number) or Judged()
        agreed = is_agreed(terms, slot)
        status = of_service(of_checks(seen, terms, slot), terms.down_when)
        maintained = status == "maintenance" or is_planned(seen, terms, slot)
        if maintained and terms.excused and (terms.cap is None or judged.excluded < terms.cap):
            status = "excluded"
        elif status == "maintenance":
            status = "down"
        elif status == "unknown" and terms.unknown != "exclude":
            status = terms.unknown
        if status in ("up", "degraded") and running is not None:
            running["until"] = slot
            running = None
        if status == "down" and running is None:
            running = {"since": slot, "until": None, "slots": []}
            outages.append(running)
        if agreed and status == "down" and running is not None:
            running["slots"].append(slot)
        judged.excluded += agreed and status == "excluded"
        judged.unknown += agreed and status == "unknown"
        judged.degraded += agreed and status == "degraded"
        tally(found, outages, terms, slot + 1)
    return found


def tally(found: Mapping[int, Judged], outages: Sequence[Mapping[str, Any]], terms: Terms, now: int) -> None:
    """Count the outages so far, and see what is used at this slot border."""
    for judged in found.values():
        judged.down, judged.outages = 0, []
    for outage in outages:
        until = now if outage["until"] is None else outage["until"]
        if not outage["slots"] or until - outage["since"] < terms.min_outage:
            continue
        for slot in outage["slots"]:
            if terms.period(slot) in found:
                found[terms.period(slot)].down += 1
        if terms.period(outage["slots"][0]) in found:
            found[terms.period(outage["slots"][0])].outages.append(len(outage["slots"]))
    for judged in found.values():
        if judged.breached is not None:
            continue
        if terms.metric == "availability":
            measured = judged.agreed - judged.excluded - judged.unknown
            exceeded = judged.down + terms.degraded * judged.degraded > (1 - terms.at_least) * measured
        elif terms.metric == "outage":
            exceeded = max(judged.outages, default=0) > terms.at_most
        else:
            exceeded = len(judged.outages) > terms.at_most
        if exceeded:
            judged.breached = now
