"""An independent, naive judge of ticket clocks: what `replay` must say, derived from the text of the design alone.

It shares no line with the core. Whenever a fact arrives the whole life of its ticket is rebuilt from all facts known,
and the alerts of a step are what is true minus what was said. The sentences quoted (`>`) are those of the design.
Integers of milliseconds; intervals are half-open. Ticket metrics only, and no folding.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import holidays

FOREVER = 1 << 60
DAYS_SEARCHED = 5 * 366  # a deadline beyond five years is taken for none
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORDS = ("open", "pending", "resolved", "closed", "cancelled")
METRICS = ("first_response", "next_response", "update", "assignment", "resolution", "closure")
SHOWN = ("customer", "priority", "service", "team", "kind")
Interval = tuple[int, int]


# Instants and durations


def instant(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 instant."""
    # > Finer than a millisecond is cut off.
    return (datetime.fromisoformat(text) - EPOCH) // MILLISECOND


def rfc3339(ms: int | None) -> str | None:
    # > Instants are RFC 3339 in UTC with `Z`, milliseconds where they are not zero.
    if ms is None:
        return None
    whole = (EPOCH + ms * MILLISECOND).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return whole.removesuffix(".000") + "Z"


def duration(text: str, day: int = 86_400_000) -> int:
    # > Durations are `15m`, `1h30m`, `3d`: `[0-9]+[smhd]`, several in a row.
    # > d = 24 h of working time unless the calendar sets `day: 8h`
    units = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": day}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)([smhd])", text))


def seconds(ms: int) -> int | float:
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


# Calendars


def local_instant(naive: datetime, zone: ZoneInfo) -> int:
    """The instant of a local time."""
    # > A local time, opening or closing, that a DST gap skips moves to the first existing instant; in a fold the first
    # > of the two is meant.
    late = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == naive:
        return (late - EPOCH) // MILLISECOND
    early = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == late.astimezone(zone).utcoffset():
            late = middle
        else:
            early = middle
    return (late - EPOCH) // MILLISECOND


class Calendar:
    """Working time from `first_day` on, made day by day as far as it is asked for."""

    def __init__(self, spec: dict[str, Any], first_day: date) -> None:
        self.zone = ZoneInfo(spec["timezone"])
        self.hours: dict[int, list[str]] = {}
        for days, spans in spec["hours"].items():
            start, _, end = days.partition("-")
            first, last = WEEKDAYS.index(start), WEEKDAYS.index(end or start)
            for step in range((last - first) % 7 + 1):
                self.hours[(first + step) % 7] = spans
        self.closed = {str(day) for day in spec.get("closed", [])}
        self.open = {str(day): spans for day, spans in spec.get("open", {}).items()}
        named = spec.get("holidays")
        self.holidays = public_holidays(named["country"], named.get("subdivision")) if named else {}
        self.first_day = self.next_day = first_day
        self.made: list[Interval] = []

    def spans(self, day: date) -> list[str]:
        # > `open` for a date beats a holiday [and] replaces that day's hours
        if day.isoformat() in self.open:
            return self.open[day.isoformat()]
        # > a date, or a day of every year
        if day in self.holidays or day.isoformat() in self.closed or day.strftime("%m-%d") in self.closed:
            return []
        return self.hours.get(day.weekday(), [])

    def make_day(self) -> None:
        # > A holiday closes the intervals that *begin* on that local date (a night shift that began the evening before
        # > runs on)
        day, self.next_day = self.next_day, self.next_day + DAY
        midnight = datetime(day.year, day.month, day.day)
        for span in sorted(self.spans(day)):
            start, end = (timedelta(hours=int(t[:2]), minutes=int(t[3:])) for t in span.split("-"))
            # > an end not after its start is on the next day
            end = end if end > start else end + DAY
            opening, closing = local_instant(midnight + start, self.zone), local_instant(midnight + end, self.zone)
            # > Overlaps count once.
            opening = max(opening, self.made[-1][1]) if self.made else opening
            if opening < closing:
                self.made.append((opening, closing))

    def intervals(self, start: int, end: int) -> Iterator[Interval]:
        """Working time within [start, end)."""
        index = bisect_right(self.made, start, key=lambda interval: interval[1])
        while True:
            while index >= len(self.made):
                if (self.next_day - self.first_day).days > DAYS_SEARCHED:
                    return
                self.make_day()
            opening, closing = self.made[index]
            if opening >= end:
                return
            if closing > start:
                yield max(opening, start), min(closing, end)
            index += 1


@cache
def public_holidays(country: str, subdivision: str | None) -> Any:
    return holidays.country_holidays(country, subdiv=subdivision)


@cache
def calendar_of(spec: str, first_day: date) -> Calendar:
    return Calendar(json.loads(spec), first_day)


def last_not_exceeding(spent: Iterable[Interval], amount: int) -> int | None:
    # > deadline: the last instant at which a threshold is not yet exceeded: where `due` is closing time, the next
    # > opening
    done = 0
    for start, end in spent:
        if done + end - start > amount:
            return start + amount - done
        done += end - start
    return None


def first_reaching(spent: Iterable[Interval], amount: int) -> int | None:
    # > due: the first instant at which the working time spent equals the budget, given what is known
    done = 0
    for start, end in spent:
        if done + end - start >= amount:
            return start + amount - done
        done += end - start
    return None


# Agreements


@dataclass(frozen=True)
class Threshold:
    label: str
    what: str  # warned or overdue
    amount: Fraction  # milliseconds of working time
    place: int  # in its list

    @property
    def key(self) -> str:
        return f"{self.what}-{self.label}"


@dataclass(frozen=True)
class Promise:
    """A target with the limit of a priority."""

    agreement: str
    budget: int
    calendar: str
    target: "Target" = field(compare=False)
    thresholds: tuple[Threshold, ...] = field(compare=False)


@dataclass(frozen=True)
class Target:
    metric: str
    within: Any
    calendar: str
    pause: frozenset[str]
    on_reopen: str
    on_change: str
    resolved_counts: bool
    warn: tuple[str, ...]
    overdue: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    id: str
    also: bool
    match: dict[str, Any]
    begins: int
    ends: int
    targets: dict[str, Target]


class Book:
    """The agreements file, and the calendars from the first day needed."""

    def __init__(self, file: dict[str, Any], first_day: date) -> None:
        # > The five status words are understood unless mapped; [...] unknown words count as open
        self.words = {word: word for word in WORDS}
        for ours, theirs in file.get("statuses", {}).items():
            self.words |= dict.fromkeys(theirs, ours)
        self.calendar_specs = file.get("calendars", {})
        self.first_day = first_day
        self.agreements = [self.agreement(spec) for spec in file["agreements"]]

    def calendar(self, name: str) -> Calendar:
        return calendar_of(json.dumps(self.calendar_specs[name], default=str), self.first_day)

    def working(self, name: str, start: int, end: int) -> Iterator[Interval]:
        # > No calendar means 24x7; `24x7` is built in
        return iter([(start, end)]) if name == "24x7" else self.calendar(name).intervals(start, end)

    def agreement(self, spec: dict[str, Any]) -> Agreement:
        own = spec.get("calendar", "24x7")
        targets = {}
        for target in spec["targets"]:
            targets[target["metric"]] = Target(
                metric=target["metric"],
                within=target["within"],
                calendar=target.get("calendar", own),
                pause=frozenset(target.get("pause", [])),  # > `pause` takes our words; default: none.
                on_reopen=target.get("on_reopen", "resume"),  # > `resume` (default)
                on_change=target.get("on_change", "retroactive"),  # > `retroactive` (default)
                resolved_counts=target.get("resolved_counts", False),
                warn=tuple(target.get("warn", [])),
                overdue=tuple(target.get("overdue", [])),
            )
        zone = self.zone(spec, targets.values())

        def midnight(day: object) -> int:
            return local_instant(datetime.fromisoformat(str(day)), zone)

        # > `from` is inclusive, `until` exclusive: midnight in the agreement's zone
        begins = midnight(spec["from"]) if spec.get("from") else -FOREVER
        ends = midnight(spec["until"]) if spec.get("until") else FOREVER
        return Agreement(spec["id"], spec.get("also", False), spec.get("match", {}), begins, ends, targets)

    def zone(self, spec: dict[str, Any], targets: Iterable[Target]) -> ZoneInfo:
        # > (its `timezone`, else its calendar's, else the one zone of its targets' calendars, else UTC [...])
        if "timezone" in spec:
            return ZoneInfo(spec["timezone"])
        if spec.get("calendar", "24x7") != "24x7":
            return self.calendar(spec["calendar"]).zone
        names = set()
        for target in targets:
            names.add(target.calendar)
            if isinstance(target.within, dict):
                names |= {limit["calendar"] for limit in target.within.values() if isinstance(limit, dict)}
        zones = {self.calendar(name).zone for name in names if name != "24x7"}
        return zones.pop() if len(zones) == 1 else ZoneInfo("UTC")

    def promise(self, agreement: Agreement, metric: str, fields: dict[str, Any]) -> Promise | None:
        target = agreement.targets[metric]
        limit = target.within
        if isinstance(limit, dict):
            # > Match values and priorities compare as strings
            limits = {str(priority): value for priority, value in limit.items()}
            priority = fields["priority"]
            limit = limits.get(str(priority)) if priority is not None else None
            limit = limits.get("default") if limit is None else limit
        if limit is None:
            return None
        calendar = target.calendar
        if isinstance(limit, dict):
            limit, calendar = limit["time"], limit.get("calendar", calendar)
        day = 86_400_000
        if calendar != "24x7" and "day" in self.calendar_specs[calendar]:
            day = duration(self.calendar_specs[calendar]["day"])
        budget = duration(limit, day)
        return Promise(agreement.id, budget, calendar, target, tuple(thresholds(target, budget, day)))


def thresholds(target: Target, budget: int, day: int) -> Iterator[Threshold]:
    for what, labels in (("warned", target.warn), ("overdue", target.overdue)):
        for place, label in enumerate(labels):
            if label.endswith("%"):
                yield Threshold(label, what, budget * Fraction(label[:-1]) / 100, place)
            # > A warning whose time left is not less than the budget does not exist for it.
            elif duration(label, day) < budget:
                yield Threshold(label, what, Fraction(budget - duration(label, day)), place)


def matches(agreement: Agreement, fields: dict[str, Any]) -> bool:
    # > all fields must match; a missing `match` matches all [...] a field that is absent matches nothing
    for name, allowed in agreement.match.items():
        wanted = allowed.items() if name == "attributes" else [(name, allowed)]
        values = fields["attributes"] if name == "attributes" else fields
        for key, words in wanted:
            value = values.get(key)
            if value is None or str(value) not in {str(word) for word in words}:
                return False
    return True


# A ticket's life


@dataclass
class Moment:
    """The ticket from an instant on: what holds after a fact, and the reply that came with it."""

    at: int
    status: str
    void: bool  # merged, deleted or cancelled
    fields: dict[str, Any]
    reply: str | None = None  # agent or customer, if it counts


@dataclass
class Part:
    """A promise from an instant on; with no promise, a stretch of a round without a clock."""

    promise: Promise | None
    start: int
    mode: str  # `on_change` of the target last in force


@dataclass
class Round:
    number: int
    start: int
    agreements: list[Agreement]
    parts: list[Part]
    runs: list[tuple[int, int, str]] = field(default_factory=list)  # from, to, status
    phases: list[tuple[int, str]] = field(default_factory=list)  # the status at each moment of it, however short
    ended_at: int | None = None
    verdict: bool = False  # whether its end is a verdict; if not, it is one beyond the budget only


@dataclass
class Stretch:
    """A part of a clock: a promise and the time in which it ran."""

    promise: Promise
    start: int
    runs: list[Interval]
    begun: bool


@dataclass
class Clock:
    agreement: str
    metric: str
    number: int
    stretches: list[Stretch]
    ended_at: int | None
    verdict: bool


def moments(facts: list[dict[str, Any]], book: Book) -> list[Moment]:
    """The life of a ticket from its opening on."""
    known: dict[str, Any] = dict.fromkeys(("priority", "customer", "service", "kind", "team", "assignee", "status"))
    known |= {"opened_at": None, "merged_into": None, "deleted": None, "attributes": {}}
    life = []
    for fact in facts:
        # > a field that is absent was not observed, `null` means cleared
        known |= {name: fact[name] for name in known if name in fact and name != "attributes"}
        if "attributes" in fact:
            known["attributes"] = known["attributes"] | fact["attributes"] if fact["attributes"] else {}
        # > a missing or null status is open
        status = "open" if known["status"] is None else book.words.get(known["status"], "open")
        void = known["merged_into"] is not None or bool(known["deleted"]) or status == "cancelled"
        # > Replies that count: public ones by `agent`, any by `customer`. A status flip, a bot and an internal note are
        # > none. / While a ticket is merged, deleted or cancelled [...] replies do not count
        reply = fact.get("reply") or {}
        counts = reply.get("by") == "customer" or (reply.get("by") == "agent" and reply.get("public"))
        who = reply["by"] if counts and not void else None
        life.append(Moment(instant(fact["at"]), status, void, dict(known), who))
    # > A ticket opens at the earlier of the last observed `opened_at` and the first fact; between them it counts as
    # > open, unassigned, with the first fact's fields.
    opened = instant(known["opened_at"]) if known["opened_at"] is not None else life[0].at
    # Observed to be opened at the very instant at which it is first seen resolved (help desks write minutes), it was
    # open, if for no time.
    over = known["opened_at"] is not None and life[0].status in ("resolved", "closed", "cancelled")
    if opened < life[0].at or (over and opened == life[0].at):
        life.insert(0, Moment(opened, "open", False, life[0].fields | {"assignee": None}))
    # > One first seen resolved, closed or cancelled without an earlier `opened_at` has no clocks until it is open.
    while life and life[0].status in ("resolved", "closed", "cancelled"):
        del life[0]
    # > A reply at the opening instant is the description, not an answer.
    for moment in life:
        if moment.at == life[0].at:
            moment.reply = None
    return life


class Slot:
    """One metric of a ticket under the promises of which at most one holds at a time."""

    def __init__(self, metric: str, agreements: list[Agreement], life: list[Moment], book: Book) -> None:
        self.metric, self.agreements, self.book = metric, agreements, book
        self.rounds: list[Round] = []
        self.over = False  # no further round
        self.agent_replied = self.unanswered = self.waiting = False
        for moment, after in pairwise([*life, None]):
            self.pass_moment(moment, first=moment is life[0])
            live = self.live()
            # > While a ticket is merged, deleted or cancelled its clocks stand still
            if live and not moment.void and not self.stands_still(moment):
                live.runs.append((moment.at, after.at if after else FOREVER, moment.status))
                live.phases.append((moment.at, moment.status))

    def live(self) -> Round | None:
        return self.rounds[-1] if self.rounds and self.rounds[-1].ended_at is None else None

    def stands_still(self, moment: Moment) -> bool:
        # > [first_response] Stands still while resolved
        return self.metric == "first_response" and moment.status == "resolved"

    def pass_moment(self, moment: Moment, first: bool) -> None:
        live = self.live()
        if live:
            # > the event that stops a clock counts with its own fields
            self.change(live, moment)
        # > | `first_response`, `assignment`, `resolution`, `closure` | opening | ...
        if first and self.metric not in ("next_response", "update"):
            live = self.begin(moment)
        if moment.void:
            return
        stop = self.stop(moment)
        if live and stop:
            live.ended_at, live.verdict = moment.at, stop == "answer"
            # > One-round clocks do not come back.
            self.over = self.over or self.metric in ("first_response", "assignment")
            live = None
        self.listen(moment)
        if not live and not stop and self.rounds and self.metric in ("resolution", "closure") and not self.over:
            self.reopen(moment)
        elif not live and self.waiting and moment.status not in ("resolved", "closed"):
            self.begin(moment)
            self.waiting = False

    def stop(self, moment: Moment) -> str | None:
        """How the moment ends a round: `answer` with a verdict, `closed` with one beyond the budget only."""
        agent = moment.reply == "agent"
        done = moment.status in ("resolved", "closed")
        match self.metric:
            case "first_response":
                live = self.live()
                promise = live.parts[-1].promise if live else None
                # > with `resolved_counts: true` resolving answers
                resolved = moment.status == "resolved" and promise is not None and promise.target.resolved_counts
                # > Closing ends `first_response`, resolving or closing ends `next_response`, `update`, `assignment`
                # > without a verdict within the budget, as `missed` beyond it.
                return "answer" if agent or resolved else "closed" if moment.status == "closed" else None
            case "next_response" | "update":
                return "answer" if agent else "closed" if done else None
            case "assignment":
                # > `assignee` is set
                return "answer" if moment.fields["assignee"] is not None else "closed" if done else None
            case "resolution":
                return "answer" if done else None
            case _:
                return "answer" if moment.status == "closed" else None

    def listen(self, moment: Moment) -> None:
        """Whether a reply round is to begin, now or at the reopening."""
        done = moment.status in ("resolved", "closed")
        if self.metric == "next_response":
            # > the first customer reply after an agent's [...] a reply on a resolved or closed ticket starts its round
            # > at the reopening
            if moment.reply == "agent":
                self.agent_replied, self.waiting = True, False
            elif moment.reply == "customer" and self.agent_replied and not self.live():
                # Unanswered, resolved, and written again: the customer waits for a reply once more.
                self.waiting = True
        elif self.metric == "update":
            # > each agent reply, or a reopening after one
            self.agent_replied = self.agent_replied or moment.reply == "agent"
            self.waiting = self.agent_replied and not done and not self.live()

    def reopen(self, moment: Moment) -> None:
        ended = self.rounds[-1]
        promise = ended.parts[-1].promise
        match promise.target.on_reopen if promise else "resume":
            case "resume":  # > stopped time does not count, same round
                ended.ended_at, ended.verdict = None, False
                self.change(ended, moment)
            case "new_round":  # > a new round and budget
                self.begin(moment)
            case _:  # > `ignore`: ended for good
                self.over = True

    def begin(self, moment: Moment) -> Round:
        # > compared with the start of the clock's round
        agreements = [a for a in self.agreements if a.begins <= moment.at < a.ends]
        started = Round(len(self.rounds) + 1, moment.at, agreements, [])
        started.parts.append(self.part(self.applying(started, moment), moment.at, "retroactive"))
        started.phases.append((moment.at, "void" if moment.void else moment.status))
        self.rounds.append(started)
        return started

    def part(self, promise: Promise | None, start: int, mode: str) -> Part:
        return Part(promise, start, promise.target.on_change if promise else mode)

    def applying(self, live: Round, moment: Moment) -> Promise | None:
        # > The first matching agreement that has the metric wins, even if it has no limit for the priority (then there
        # > is no clock).
        for agreement in live.agreements:
            if matches(agreement, moment.fields):
                return self.book.promise(agreement, self.metric, moment.fields)
        return None

    def change(self, live: Round, moment: Moment) -> None:
        # > A **change** is a change of the agreement, limit or calendar that applies; the target in force before it
        # > decides, by `on_change`.
        now, last = self.applying(live, moment), live.parts[-1]
        if now == last.promise:
            return
        match last.mode:
            case "retroactive":
                # > the whole clock by the value at its end, or the latest while it runs; an agreement that no longer
                # > applies leaves no clock. / If nothing applied when the round began, the first agreement that does
                # > later counts from the start of the round.
                live.parts[-1] = self.part(now, last.start, last.mode)
            case "from_now":
                # > a new budget from the change (`started_at`) [...] an agreement that is left ends there
                live.parts.append(self.part(now, moment.at, last.mode))
            case _:
                pass  # > `keep`: the first that applied.

    def clocks(self) -> Iterator[Clock]:
        for live in self.rounds:
            stretches: dict[str, list[Stretch]] = {}
            left: dict[str, int | None] = {}
            for part, after in pairwise([*live.parts, None]):
                if part.promise is None:
                    continue
                end = after.start if after else FOREVER
                # > **Pauses** stop the clock
                runs = [
                    (max(start, part.start), min(stop, end))
                    for start, stop, status in live.runs
                    if status not in part.promise.target.pause and max(start, part.start) < min(stop, end)
                ]
                name = part.promise.agreement
                before = [status for at, status in live.phases if at <= part.start][-1:]
                seen = before + [status for at, status in live.phases if part.start <= at < end]
                begun = any(status not in {*part.promise.target.pause, "void"} for status in seen)
                stretches.setdefault(name, []).append(Stretch(part.promise, part.start, runs, begun))
                left[name] = after.start if after else None
            for name, parts in stretches.items():
                if left[name] is None:
                    yield Clock(name, self.metric, live.number, parts, live.ended_at, live.verdict)
                else:
                    # > an agreement that is left ends there, `missed` if exceeded, else without a verdict
                    yield Clock(name, self.metric, live.number, parts, left[name], False)


def clocks_of(life: list[Moment], book: Book) -> Iterator[Clock]:
    if not life:
        return
    for metric in METRICS:
        having = [agreement for agreement in book.agreements if metric in agreement.targets]
        # > An `also` agreement always attaches and never wins.
        for group in ([a for a in having if not a.also], *([a] for a in having if a.also)):
            yield from Slot(metric, group, life, book).clocks()


# What is true of a clock


class Truth:
    """What is true of a clock at any instant not before its ticket's last known fact."""

    def __init__(self, clock: Clock, book: Book) -> None:
        self.clock, self.book = clock, book
        self.present = clock.stretches[-1]
        # > a round is breached at most once per agreement, by its first part that is exceeded
        self.breaches = [(stretch, self.deadline(stretch, stretch.promise.budget)) for stretch in clock.stretches]
        self.crossings = [(t, self.deadline(self.present, int(t.amount))) for t in self.present.promise.thresholds]
        self.finished = clock.ended_at is not None

    def spent(self, stretch: Stretch, also: Iterable[Interval] = ()) -> Iterator[Interval]:
        for start, end in (*stretch.runs, *also):
            yield from self.book.working(stretch.promise.calendar, start, end)

    def deadline(self, stretch: Stretch, amount: int) -> int | None:
        return last_not_exceeding(self.spent(stretch), amount)

    def elapsed(self, stretch: Stretch, at: int) -> int:
        cut = [(start, min(end, at)) for start, end in stretch.runs if start < at]
        return sum(end - start for run in cut for start, end in self.book.working(stretch.promise.calendar, *run))

    def due_at(self, stretch: Stretch) -> int | None:
        # > null while a pause hides it; of a finished clock, as if it had run on
        on = [(self.clock.ended_at, FOREVER)] if self.clock.ended_at is not None else []
        return first_reaching(self.spent(stretch, on), stretch.promise.budget)

    def breach(self, now: int) -> tuple[Stretch, int] | None:
        # > **Missed means spent more than the budget**: `elapsed > budget` / Every threshold is crossed when elapsed
        # > exceeds it. Elapsed exceeds it from the millisecond after the deadline on.
        for stretch, deadline in self.breaches:
            if deadline is not None and deadline < now:
                return stretch, deadline
        return None

    def exceeded(self, now: int) -> bool:
        deadline = self.breaches[-1][1]
        return deadline is not None and deadline < now

    def crossed(self, now: int) -> dict[str, tuple[Threshold, int]]:
        return {t.key: (t, deadline) for t, deadline in self.crossings if deadline is not None and deadline < now}

    def outcome(self, now: int) -> str | None:
        # > missed if any part of it was [exceeded] / a stop at the due instant meets the target
        if not self.finished:
            return None
        # > A clock that was never started has no verdict.
        if not any(stretch.begun for stretch in self.clock.stretches):
            return None
        return "missed" if self.breach(now) else "met" if self.clock.verdict else None

    def deadlines(self) -> list[int]:
        if self.finished:
            return []
        return [d for _, d in (*self.crossings, self.breaches[-1]) if d is not None]


# What is said


@dataclass
class Said:
    """What was said of a clock, and what it stands for now."""

    breached: dict[str, Any] | None = None
    outcome: dict[str, Any] | None = None
    counted: set[str] = field(default_factory=set)  # thresholds said, or silenced by a higher one
    times: dict[str, int] = field(default_factory=dict)


def encoded(name: str) -> str:
    # > In names and ticket ids `/`, `@`, `%`, `~` and spaces are percent-encoded there.
    return "".join(f"%{ord(c):02X}" if c in "/@%~ " else c for c in name)


class Ticket:
    def __init__(self, name: str, book: Book) -> None:
        self.name, self.book = name, book
        self.facts: list[dict[str, Any]] = []
        self.truths: dict[tuple[str, str, int], Truth] = {}
        self.said: dict[tuple[str, str, int], Said] = {}
        self.judged_at = -FOREVER
        self.deadlines: list[int] = []
        self.shown: dict[str, Any] = {}

    def add(self, fact: dict[str, Any]) -> None:
        # > the same id again is dropped
        if any(fact["id"] == known["id"] for known in self.facts):
            return
        # > Facts that carry nothing (no observed field) are not kept
        if set(fact) <= {"id", "ticket", "at", "version"}:
            return
        self.facts.append(fact)
        # > **Facts order** by `at`, `version`, `id`, never by arrival [...] (absent is lowest, then by `id`)
        self.facts.sort(key=lambda f: (instant(f["at"]), *version_of(f), f["id"]))
        self.shown = {}
        for known in self.facts:
            self.shown |= {name: known[name] for name in SHOWN if name in known}
        truths = (Truth(clock, self.book) for clock in clocks_of(moments(self.facts, self.book), self.book))
        self.truths = {(t.clock.agreement, t.clock.metric, t.clock.number): t for t in truths}
        self.deadlines = sorted(d for truth in self.truths.values() for d in truth.deadlines())

    def next_deadline(self) -> int | None:
        return next((deadline for deadline in self.deadlines if deadline >= self.judged_at), None)

    def step(self, now: int, cause: int | None) -> list[dict[str, Any]]:
        """What is to be said at `now`; `cause` is the `at` of the event, if one caused the step."""
        alerts: list[dict[str, Any]] = []
        for key in sorted(self.said.keys() | self.truths.keys()):
            if key in self.truths:
                alerts += self.judge(key, self.truths[key], now, cause)
            else:
                alerts += self.take_back(key, cause)
        self.judged_at = max(self.judged_at, now)
        # > Within one step: retracted and withdrawn, warned, breached, overdue, outcomes; then by id.
        ranks = {"retracted": 0, "withdrawn": 0, "warned": 1, "breached": 2, "overdue": 3, "met": 4, "missed": 4}
        return sorted(alerts, key=lambda alert: (ranks[alert["what"]], alert["id"]))

    def judge(self, key: tuple[str, str, int], truth: Truth, now: int, cause: int | None) -> list[dict[str, Any]]:
        alerts = []
        first = key not in self.said
        said = self.said.setdefault(key, Said())
        breach = truth.breach(now)
        # > `on_arrival: true` marks what is said of a clock that was already past its budget when it was first judged,
        # > in that first step
        arrival = first and breach is not None
        if breach and not said.breached:
            said.breached = self.alert(key, said, "breached", truth, *breach, arrival)
            alerts.append(said.breached)
        elif said.breached and not breach:
            # > A breach that is no longer true [...] is `retracted` (`happened_at`: the `at` of the event that caused
            # > it)
            said.breached = None
            alerts.append(self.alert(key, said, "retracted", truth, truth.present, cause, arrival))
        alerts += self.judge_thresholds(key, said, truth, now, arrival)
        outcome = truth.outcome(now)
        if outcome and (said.outcome is None or said.outcome["what"] != outcome):
            # > says its outcome only if it changed: the last one counts
            said.outcome = self.alert(key, said, outcome, truth, truth.present, truth.clock.ended_at, arrival)
            alerts.append(said.outcome)
        elif said.outcome and truth.finished and not outcome:
            # > An outcome whose clock no longer exists, or now ended without a verdict, is `withdrawn`.
            said.outcome = None
            alerts.append(self.alert(key, said, "withdrawn", truth, truth.present, cause, arrival))
        return alerts

    def judge_thresholds(
        self, key: tuple[str, str, int], said: Said, truth: Truth, now: int, arrival: bool
    ) -> Iterator[dict[str, Any]]:
        # > an untrue warning or overdue level is forgotten silently. What becomes true again is said again
        crossed = truth.crossed(now)
        new = [crossed[name] for name in crossed.keys() - said.counted]
        if truth.finished:  # > A finished clock says only `breached`, `met`, `missed`.
            said.counted &= set(crossed)
            return
        said.counted = set(crossed)
        for what in ("warned", "overdue"):
            several = [(threshold, deadline) for threshold, deadline in new if threshold.what == what]
            # > When one event makes several thresholds true at once, `breached` is always said and silences the warnings
            if not several or (what == "warned" and truth.exceeded(now)):
                continue
            # > of warnings and of overdue levels only the highest / Of equal thresholds the later in the list is the
            # > higher.
            highest, deadline = max(several, key=lambda one: (one[0].amount, one[0].place))
            yield self.alert(key, said, what, truth, truth.present, deadline, arrival, highest.label)

    def take_back(self, key: tuple[str, str, int], cause: int | None) -> Iterator[dict[str, Any]]:
        """A clock that no longer exists: what is said of it has the numbers of the alert that it takes back."""
        said = self.said[key]
        said.counted = set()
        for what, taken in (("retracted", said.breached), ("withdrawn", said.outcome)):
            if taken:
                again = self.shown_fields() | {"threshold": None, "happened_at": rfc3339(cause), "on_arrival": False}
                yield taken | again | {"id": self.name_of(key, said, what), "what": what}
        said.breached = said.outcome = None

    def name_of(self, key: tuple[str, str, int], said: Said, what: str) -> str:
        # > the n-th saying of an alert has `~n` after its id
        agreement, metric, number = key
        said.times[what] = said.times.get(what, 0) + 1
        again = f"~{said.times[what]}" if said.times[what] > 1 else ""
        return f"{encoded(agreement)}/{metric}/{encoded(self.name)}/{number}/{what}{again}"

    def shown_fields(self) -> dict[str, Any]:
        # > latest known when it was said
        return {name: self.shown.get(name) for name in SHOWN}

    def alert(
        self,
        key: tuple[str, str, int],
        said: Said,
        what: str,
        truth: Truth,
        stretch: Stretch,
        happened_at: int | None,
        arrival: bool,
        label: str | None = None,
    ) -> dict[str, Any]:
        assert happened_at is not None, "only an event takes back"
        agreement, metric, number = key
        return {
            "id": self.name_of(key, said, f"{what}-{label}" if label else what),
            "what": what,
            "agreement": agreement,
            "metric": metric,
            "round": number,
            "ticket": self.name,
            "threshold": label,
            **self.shown_fields(),
            "started_at": rfc3339(stretch.start),
            "due_at": rfc3339(truth.due_at(stretch)),
            "happened_at": rfc3339(happened_at),
            "budget_seconds": seconds(stretch.promise.budget),
            "elapsed_seconds": seconds(truth.elapsed(stretch, happened_at)),
            "on_arrival": arrival,
        }


def version_of(fact: dict[str, Any]) -> tuple[bool, int]:
    version = fact.get("version")
    return version is not None, version or 0


# The replay


def judge(
    agreements_file: dict[str, Any], events: list[dict[str, Any]], until: str | None = None
) -> list[dict[str, Any]]:
    """The alerts of a replay of the events in order of arrival, as they are said."""
    if not events:
        return []
    begin = min(instant(text) for event in events for text in (event["at"], event.get("opened_at") or event["at"]))
    book = Book(agreements_file, (EPOCH + begin * MILLISECOND).date() - 3 * DAY)
    tickets: dict[str, Ticket] = {}
    alerts: list[dict[str, Any]] = []
    stream_time = -FOREVER

    def fire(before: int, among: Iterable[Ticket]) -> None:
        # > Deadlines fire one at a time, each judged at its own instant, however far stream time jumps
        # > A deadline equal to stream time has not passed: a wake-up is judged at its deadline + 1 ms.
        among = list(among)
        while True:
            waiting = [(d, ticket.name) for ticket in among if (d := ticket.next_deadline()) is not None]
            if not waiting or min(waiting)[0] >= before:
                return
            deadline, name = min(waiting)
            alerts.extend(tickets[name].step(deadline + 1, None))

    for event in events:
        at = instant(event["at"])
        ticket = tickets.setdefault(event["ticket"], Ticket(event["ticket"], book))
        # > Before an event is applied, its own ticket's deadlines before its `at` fire
        fire(at, [ticket])
        # > stream time is the greatest `at` so far
        stream_time = max(stream_time, at)
        ticket.add(event)
        alerts.extend(ticket.step(stream_time, at))
        # > after every record, everything that is due at the stream time that it brings
        fire(stream_time, tickets.values())
    if until is not None:
        # > `--until INSTANT` lets it run on after the last line ([...] an instant before it changes nothing)
        fire(instant(until), tickets.values())
    return alerts
