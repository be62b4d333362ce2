"""A made-up help desk: random agreements files and event streams, aimed at the instants at which something changes.

Instants are drawn from deadlines, openings and closings of the desk's own calendars and a coarse grid, so that equal
instants, exact hits of a due instant and nights of a change of clocks are common. The same code is driven by hypothesis
(`desks`) and by a seed (`random_desk`). What it makes is valid: no agreements file that would be refused, no bad event.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from judge import EPOCH, FOREVER, MILLISECOND, Calendar, duration, instant, last_not_exceeding, local_instant, rfc3339

T = TypeVar("T")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Profile:
    """What may happen at a desk: weights of the kinds of events, and how they arrive."""

    kinds: dict[str, int]
    metrics: tuple[str, ...] = ("first_response", "next_response", "update", "assignment", "resolution", "closure")
    late: int = 0  # percent of events that arrive later than they happened
    again: int = 0  # percent of events that arrive twice
    versions: bool = False  # ids and versions that contradict the order of arrival
    mixed: bool = False  # on_reopen and resolved_counts differ between agreements


STATUSES = {"status": 8, "assignee": 2}
REPLIES = {"reply": 8, "reopen": 3, "status": 2}
CHANGES = {"priority": 5, "customer": 4, "team": 2, "attributes": 1, "kind": 1}
VOIDS = {"merged": 2, "deleted": 2, "cancelled": 2}
OPENED = {"opened_at": 2}
REST = {"nothing": 1, "service": 1}
ALL = STATUSES | REPLIES | CHANGES | VOIDS | OPENED | REST | {"status": 6, "reply": 10}
LATE = {"late": 30, "again": 10, "versions": True}

PROFILES = {
    "statuses": Profile(STATUSES, ("first_response", "assignment", "resolution", "closure")),
    "replies": Profile(REPLIES, ("first_response", "next_response", "update")),
    "changes": Profile(CHANGES | {"status": 4, "reply": 3}),
    "reopenings": Profile({"status": 8, "priority": 4, "customer": 3, "reply": 1}, ("resolution", "closure")),
    "voids": Profile(VOIDS | STATUSES | REPLIES),
    "openings": Profile(OPENED | STATUSES | REPLIES),
    "in_order": Profile(ALL),
    "late": Profile(STATUSES | REPLIES | VOIDS | OPENED | REST, **LATE),
    "late_changes": Profile(CHANGES | {"status": 4, "reply": 3}, **LATE),
    "everything": Profile(ALL, **LATE),
    "mixed": Profile(ALL, mixed=True, **LATE),
}


@dataclass(frozen=True)
class Desk:
    file: dict[str, Any]
    events: list[dict[str, Any]]
    until: str | None


class Dice:
    """Choices by a seed, or by hypothesis, which then shrinks them to the first and to no."""

    def __init__(self, below: Callable[[int], int]) -> None:
        self.below = below

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def some(self, choices: Sequence[T], least: int, most: int) -> list[T]:
        """Different ones in a random order."""
        left = list(choices)
        many = min(least + self.below(most - least + 1), len(left))
        return [left.pop(self.below(len(left))) for _ in range(many)]

    def weighed(self, weights: dict[str, int]) -> str:
        return self.pick([name for name, weight in weights.items() for _ in range(weight)])


# Where and when: a first day near a change of clocks or a holiday, and zones that know of it
SEASONS = [
    (date(2026, 1, 5), ["Europe/Berlin", "UTC"]),
    (date(2026, 3, 27), ["Europe/Berlin", "Europe/Moscow"]),  # 29 March, 02:00 -> 03:00
    (date(2026, 10, 23), ["Europe/Berlin", "Asia/Kolkata"]),  # 25 October, 03:00 -> 02:00
    (date(2026, 3, 6), ["America/New_York", "Europe/Berlin"]),  # 8 March, 02:00 -> 03:00
    (date(2026, 10, 30), ["America/New_York", "UTC"]),  # 1 November, 02:00 -> 01:00
    (date(2026, 9, 4), ["America/Santiago", "Europe/Berlin"]),  # 6 September, 00:00 -> 01:00: a day without midnight
    (date(2026, 4, 3), ["America/Santiago", "Australia/Lord_Howe"]),  # 4 April, 24:00 -> 23:00; half an hour on the 5th
    (date(2025, 12, 30), ["Europe/Berlin", "Europe/Moscow"]),  # New Year
]
HOURS = [
    {"mon-fri": ["09:00-17:00"]},
    {"mon-fri": ["09:00-13:00", "14:00-18:00"]},
    {"mon-sun": ["22:00-06:00"]},
    {"mon-sun": ["00:00-24:00"]},
    {"mon-fri": ["18:00-02:30"], "sat": ["10:00-00:00"]},
    {"sat-sun": ["00:00-01:30", "02:30-04:00"], "wed": ["12:00-13:00"]},
    {"mon-sun": ["08:00-14:00", "12:00-16:00"]},
    {"fri-sun": ["23:30-02:15"], "mon": ["23:30-02:15"], "tue": ["06:00-14:00", "14:00-22:00"]},
]
COUNTRIES = [{"country": "DE"}, {"country": "DE", "subdivision": "BY"}, {"country": "RU"}, {"country": "US"}]
LIMITS = ["30m", "1h", "15m", "90m", "2h", "4h", "8h", "1d"]
WARNINGS = ["50%", "75%", "80%", "15m", "30m", "1h", "33.3%"]
LEVELS = ["150%", "200%", "125%"]
WORDS = ["open", "pending", "resolved", "closed", "Waiting", "Done", "Shut", "new"]
MAPPED = {"pending": ["Waiting"], "resolved": ["Done"], "closed": ["Shut"], "cancelled": ["Void"]}
CUSTOMERS, TEAMS, KINDS, REGIONS = ["ACME", "Beta"], ["net", "db"], ["incident", "order"], ["EU", "US"]
PRIORITIES = ["P1", "P2", "P3"]


# Agreements


def make_calendars(dice: Dice, first: date, zones: list[str]) -> dict[str, Any]:
    calendars = {}
    days = [(first + timedelta(days=n)).isoformat() for n in range(6)]
    for name in ["hours", "other", "third"][: 1 + dice.below(3)]:
        spec: dict[str, Any] = {"timezone": dice.pick(zones), "hours": dice.pick(HOURS)}
        if dice.chance(25):
            spec["holidays"] = dice.pick(COUNTRIES)
        if dice.chance(20):
            spec["closed"] = [dice.pick([days[3], days[2][5:]])]
        if dice.chance(20):
            spec["open"] = {dice.pick(days[1:]): dice.pick([["10:00-12:00"], ["20:00-03:00", "08:00-09:00"]])}
        if dice.chance(10):
            spec["day"] = "8h"
        calendars[name] = spec
    return calendars


def make_within(dice: Dice, calendars: dict[str, Any]) -> Any:
    if dice.chance(40):
        return dice.pick(LIMITS)
    within: dict[str, Any] = {priority: dice.pick(LIMITS) for priority in dice.some(PRIORITIES, 1, 3)}
    for priority in within:
        if dice.chance(15):
            within[priority] = {"time": within[priority], "calendar": dice.pick(["24x7", *calendars])}
    if dice.chance(60):
        within["default"] = dice.pick(LIMITS)
    return within


def make_target(dice: Dice, metric: str, calendars: dict[str, Any], habits: dict[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = {"metric": metric, "within": make_within(dice, calendars)}
    if dice.chance(15):
        target["calendar"] = dice.pick(["24x7", *calendars])
    if dice.chance(60):
        target["warn"] = dice.some(WARNINGS, 1, 3)
    if dice.chance(30):
        target["overdue"] = dice.some(LEVELS, 1, 2)
    if dice.chance(40):
        target["pause"] = ["pending"]
        if metric == "closure" and dice.chance(30):
            target["pause"] = ["pending", "resolved"]
    if dice.chance(60):
        target["on_change"] = dice.pick(["retroactive", "from_now", "keep"])
    if metric in ("resolution", "closure"):
        target["on_reopen"] = habits.get("on_reopen") or dice.pick(["resume", "new_round", "ignore"])
    if metric == "first_response":
        counts = habits.get("resolved_counts")
        target["resolved_counts"] = dice.chance(50) if counts is None else counts
    return target


def make_match(dice: Dice) -> dict[str, Any]:
    fields: dict[str, Any] = {"customer": CUSTOMERS, "team": TEAMS, "kind": KINDS, "priority": PRIORITIES}
    match: dict[str, Any] = {}
    for name in dice.some(["customer", "team", "kind", "priority", "attributes"], 1, 2):
        match[name] = {"region": ["EU"]} if name == "attributes" else dice.some(fields[name], 1, len(fields[name]) - 1)
    return match


def covers(earlier: dict[str, Any], later: dict[str, Any]) -> bool:
    """Whether the later agreement can never win: whatever it matches and promises, the earlier one has."""
    metrics = [{target["metric"] for target in agreement["targets"]} for agreement in (earlier, later)]
    if "from" in earlier or "until" in earlier or not metrics[1] <= metrics[0]:
        return False
    match, narrower = earlier.get("match", {}), later.get("match", {})
    attributes = "attributes" in match
    return (not attributes or "attributes" in narrower) and all(
        name in narrower and set(narrower[name]) <= set(words) for name, words in match.items() if name != "attributes"
    )


def make_file(dice: Dice, profile: Profile, first: date, zones: list[str]) -> dict[str, Any]:
    calendars = make_calendars(dice, first, zones)
    habits: dict[str, Any] = {}
    if not profile.mixed:
        habits = {"on_reopen": dice.pick(["resume", "new_round", "ignore"]), "resolved_counts": dice.chance(40)}
    agreements: list[dict[str, Any]] = []
    for number in range(1 + dice.below(4)):
        metrics = dice.some(profile.metrics, 1, 4)
        spec: dict[str, Any] = {"id": dice.pick([f"a{number}", f"a{number}", f"gold {number}/x"])}
        if number and dice.chance(25):
            spec["also"] = True
        if agreements and dice.chance(75):
            spec["match"] = make_match(dice)
        if dice.chance(75):
            spec["calendar"] = dice.pick(list(calendars))
        # Without a named calendar of its own the zone of an agreement depends on its targets': said outright.
        if "calendar" not in spec or dice.chance(20):
            spec["timezone"] = dice.pick(zones)
        if dice.chance(25):
            spec[dice.pick(["from", "until"])] = first + timedelta(days=1 + dice.below(3))
        spec["targets"] = [make_target(dice, metric, calendars, habits) for metric in metrics]
        agreements.append(spec)
    # The broadest, which has no match, is the last in the file.
    agreements = agreements[1:] + agreements[:1]
    reachable: list[dict[str, Any]] = []
    for spec in agreements:
        winners = [earlier for earlier in reachable if not earlier.get("also")]
        if spec.get("also") or not any(covers(earlier, spec) for earlier in winners):
            reachable.append(spec)
    return {"statuses": MAPPED, "calendars": calendars, "agreements": reachable}


# Events


@dataclass
class Times:
    """Instants at which something may change, and the hand that moves over them."""

    dice: Dice
    calendars: list[Calendar]
    limits: list[str]
    now: int
    hot: set[int] = field(default_factory=set)

    def note(self, at: int) -> None:
        """Make the deadlines of a clock begun at `at` instants at which events happen."""
        calendar = self.dice.pick([None, *self.calendars])
        amount = duration(self.dice.pick(self.limits)) * self.dice.pick([2, 1, 4]) // 2
        spent = iter([(at, FOREVER)]) if calendar is None else calendar.intervals(at, FOREVER)
        deadline = last_not_exceeding(spent, amount)
        if deadline is not None and deadline < at + 6 * DAY:
            self.hot.add(deadline)

    def move(self) -> int:
        step = self.dice.below(10)
        if step < 3:
            return self.now
        if step < 6:
            self.now += self.dice.pick([15, 30, 60, 240, 1440]) * MINUTE
            return self.now
        ahead = sorted(at for at in self.hot if at > self.now)[:6]
        if ahead:
            self.now = max(self.now, self.dice.pick(ahead) + self.dice.pick([0, 0, 0, 0, 1, -1]))
        return self.now


def used_limits(file: dict[str, Any]) -> list[str]:
    withins = [target["within"] for agreement in file["agreements"] for target in agreement["targets"]]
    flat: list[Any] = []
    for within in withins:
        flat += within.values() if isinstance(within, dict) else [within]
    return [limit["time"] if isinstance(limit, dict) else limit for limit in flat]


def observed(dice: Dice, kind: str, times: Times) -> dict[str, Any]:
    match kind:
        case "status":
            return {"status": dice.pick([*WORDS, "resolved", None])}
        case "reopen":
            return {"status": dice.pick(["resolved", "open", "closed"])}
        case "cancelled":
            return {"status": dice.pick(["cancelled", "open", "open", "Void", "resolved"])}
        case "merged":
            return {"merged_into": dice.pick(["T9", None, None])}
        case "deleted":
            return {"deleted": dice.pick([True, False, False])}
        case "assignee":
            return {"assignee": dice.pick(["ann", "bob", None])}
        case "reply":
            who = dice.pick(["agent", "customer", "agent", "customer", "bot"])
            return {"reply": {"by": who, "public": not dice.chance(20)}}
        case "attributes":
            return {"attributes": {"region": dice.pick(REGIONS)}}
        case "opened_at":
            earlier = times.now - dice.pick([15, 60, 240, 1440, 2880]) * MINUTE
            return {"opened_at": dice.pick([earlier, earlier, times.now, None])}
        case "nothing":
            return {}
        case _:
            choices = {"priority": PRIORITIES, "customer": CUSTOMERS, "team": TEAMS, "kind": KINDS, "service": ["crm"]}
            return {kind: dice.pick([*choices[kind], *choices[kind], None])}


def first_seen(dice: Dice, times: Times, at: int) -> dict[str, Any]:
    seen: dict[str, Any] = {"status": dice.pick(["open", "open", "open", *WORDS, "cancelled"])}
    for name, choices in (("customer", CUSTOMERS), ("priority", PRIORITIES), ("team", TEAMS), ("kind", KINDS)):
        if dice.chance(60):
            seen[name] = dice.pick(choices)
    if dice.chance(25):
        seen["attributes"] = {"region": dice.pick(REGIONS)}
    if dice.chance(25):
        seen |= observed(dice, dice.pick(["reply", "assignee"]), times)
    if dice.chance(25):
        seen["opened_at"] = at - dice.pick([15, 60, 240, 1440]) * MINUTE
    return seen


def written(dice: Dice, ms: int, zone: ZoneInfo) -> str:
    """An instant as one of the sources would write it."""
    if dice.chance(15):
        return (EPOCH + ms * MILLISECOND).astimezone(zone).isoformat(timespec="milliseconds")
    if dice.chance(3):
        return (EPOCH + ms * MILLISECOND + timedelta(microseconds=999)).isoformat()
    return str(rfc3339(ms))


def make_events(dice: Dice, profile: Profile, times: Times, most: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    tickets = ["T1", "T2", "T/3"][: 1 + dice.below(3)]
    # Each desk knows a few kinds of events only: so that some see many replies, and some many changes.
    kinds = {kind: profile.kinds[kind] for kind in dice.some(list(profile.kinds), 2, 5)}
    kinds |= {kind: profile.kinds[kind] for kind in ("reply", "status") if kind in profile.kinds}
    seen: set[str] = set()
    events = []
    for number in range(1 + dice.below(most)):
        ticket = dice.pick(tickets)
        at = times.move()
        if ticket in seen:
            fields = observed(dice, dice.weighed(kinds), times)
            if dice.chance(30):
                fields = observed(dice, dice.weighed(kinds), times) | fields
        else:
            seen.add(ticket)
            fields = first_seen(dice, times, at)
        times.note(at)
        if fields.get("opened_at") is not None:
            times.note(fields["opened_at"])
            fields["opened_at"] = written(dice, fields["opened_at"], zone)
        name = f"{dice.pick('bac')}{number:03}" if profile.versions else f"e{number:03}"
        event = {"id": name, "ticket": ticket, "at": written(dice, at, zone)} | fields
        if profile.versions and dice.chance(15):
            event["version"] = dice.pick([1, 2, 3])
        events.append(event)
    return events


def arrivals(dice: Dice, profile: Profile, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events in the order in which they arrive: some late, some twice."""
    places: list[tuple[int, int, dict[str, Any]]] = []
    for place, event in enumerate(events):
        late = 1 + dice.below(12) if profile.late and dice.chance(profile.late) else 0
        places.append((place + late, 0, event))
        if profile.again and dice.chance(profile.again):
            places.append((place + late + dice.below(4), 1, event))
    return [event for _, _, event in sorted(places, key=lambda one: one[:2])]


def make_desk(dice: Dice, profile: Profile, most: int) -> Desk:
    first, zones = dice.pick(SEASONS)
    zones = zones if dice.chance(30) else zones[:1]
    file = make_file(dice, profile, first, zones)
    zone = ZoneInfo(zones[0])
    begin = local_instant(datetime(first.year, first.month, first.day), zone)
    calendars = [Calendar(spec, first - timedelta(days=3)) for spec in file["calendars"].values()]
    times = Times(dice, calendars, used_limits(file), begin + dice.below(96) * 30 * MINUTE)
    for calendar in calendars:
        times.hot |= {at for span in calendar.intervals(begin, begin + 5 * DAY) for at in span}
    events = arrivals(dice, profile, make_events(dice, profile, times, most, zone))
    last = max(instant(event["at"]) for event in events)
    hot = sorted(at for at in times.hot if at > last)
    until = dice.pick([last + 3 * DAY, None, last + 12 * DAY, last - HOUR, *hot[:3]])
    return Desk(file, events, rfc3339(until))


def random_desk(seed: int, profile: str = "everything", most: int = 40) -> Desk:
    """The desk of a seed."""
    return make_desk(Dice(Random(seed).randrange), PROFILES[profile], most)


@st.composite
def desks(draw: st.DrawFn, profile: str = "everything", most: int = 25) -> Desk:
    """Desks that hypothesis can shrink: fewer events, the first of each choice."""
    return make_desk(Dice(lambda number: draw(st.integers(0, number - 1))), PROFILES[profile], most)
