"""The help desk of the profile: its events in time order, its agreements, and the topic that holds them.

`python -m bench.desk events FILE`, `agreements FILE` or `preload --brokers ADDRESS`. The same profile always makes the
same events. It knows nothing of how slawatch works: only the formats that a user would write.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import math
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

PROFILE = Path(__file__).with_name("profile.toml")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WORKING_DAY = 8 * HOUR
OFFSET = 3 * HOUR  # Moscow has been three hours ahead of UTC, all the year, since 2014
AGENTS = 40
BATCH_BYTES = 512 * 1024


class Event(NamedTuple):
    """One line of the desk: when, of which ticket, and the JSON."""

    at: int
    ticket: str
    value: str


@dataclass(frozen=True)
class Desk:
    """The profile's numbers that the events depend on; instants in ms since the epoch."""

    seed: int
    events: int
    tickets: int
    customers: int
    start: int
    weeks: int
    at_night: float
    shares: dict[str, float]
    reactions: dict[str, float]

    @classmethod
    def of(cls, profile: dict[str, Any]) -> Desk:
        desk = dict(profile["desk"])
        priorities = desk.pop("priority")
        start = datetime(desk["start"].year, desk["start"].month, desk["start"].day, tzinfo=UTC)
        return cls(
            **desk | {"start": milliseconds(start) - OFFSET},
            shares={name: of["share"] for name, of in priorities.items()},
            reactions={name: of["reaction"] for name, of in priorities.items()},
        )


def load(path: Path = PROFILE) -> dict[str, Any]:
    """The profile."""
    return tomllib.loads(path.read_text())


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def written(at: int) -> str:
    """An instant as an event has it."""
    return f"{(EPOCH + timedelta(milliseconds=at)).isoformat(timespec='milliseconds')[:-6]}Z"


class Office:
    """Turns working time into instants: Monday to Friday, 9 to 18 with an hour for lunch, from `start` on."""

    def __init__(self, start: int) -> None:
        self._start = start

    def instant(self, worked: int) -> int:
        """When so much working time has passed since the start."""
        day, rest = divmod(worked, WORKING_DAY)
        week, weekday = divmod(day, 5)
        lunch = HOUR if rest >= 4 * HOUR else 0
        return self._start + (week * 7 + weekday) * DAY + 9 * HOUR + rest + lunch

    def worked(self, at: int) -> int:
        """How much working time has passed since the start."""
        days, rest = divmod(at - self._start, DAY)
        week, weekday = divmod(days, 7)
        if weekday >= 5:
            return (week * 5 + 5) * WORKING_DAY
        morning = min(max(rest - 9 * HOUR, 0), 4 * HOUR)
        afternoon = min(max(rest - 14 * HOUR, 0), 4 * HOUR)
        return (week * 5 + weekday) * WORKING_DAY + morning + afternoon

    def after(self, at: int, work: int) -> int:
        return self.instant(self.worked(at) + work)


def spread(random: Random, median: float) -> float:
    """Skewed like the times that people need: half are below the median, one in 25 is beyond eight times it."""
    return median * math.exp(1.2 * (sum(random.random() for _ in range(12)) - 6))


def ticket_events(number: int, desk: Desk, random: Random, office: Office) -> Iterator[Event]:
    """The six events of a ticket."""
    total = desk.weeks * 5 * WORKING_DAY
    if random.random() < desk.at_night:
        opened = desk.start + int(random.random() * desk.weeks * 7 * DAY)
    else:
        opened = office.instant(int(random.random() * total))
    priority = pick(random.random(), desk.shares)
    customer = f"customer-{int(random.random() * desk.customers):02d}"
    agent = f"agent-{int(random.random() * AGENTS):02d}"
    reaction = desk.reactions[priority] * MINUTE

    def later(at: int, median: float) -> int:
        gap = int(spread(random, median)) + 1000
        return at + gap if priority == "P1" else office.after(at, gap)

    answered = later(opened, reaction)
    pending = later(answered, reaction)
    reply = pending + int(spread(random, 5 * HOUR)) + 1000  # customers keep no office hours
    again = later(reply, reaction)
    resolved = later(again, 4 * reaction)

    ticket = f"INC-{number:07d}"
    instants = (opened, answered, pending, reply, again, resolved)
    for step, (at, fields) in enumerate(zip(instants, steps(priority, customer, agent), strict=True), 1):
        yield Event(at, ticket, as_json(ticket, step, at, fields))


def steps(priority: str, customer: str, agent: str) -> list[str]:
    """What each of the six events says besides whose it is and when; like a webhook, with what hasn't changed."""
    same = f'"priority":"{priority}","customer":"{customer}"'
    by_agent, by_customer = (f'"reply":{{"by":"{who}","public":true}}' for who in ("agent", "customer"))
    return [
        f'"status":"New",{same},"kind":"incident"',
        f'"status":"In progress",{same},"assignee":"{agent}",{by_agent}',
        f'"status":"Waiting for customer",{same},"team":"second line"',
        f'"status":"In progress",{same},{by_customer}',
        f'"status":"In progress",{same},"assignee":"{agent}",{by_agent}',
        f'"status":"Resolved",{same}',
    ]


def as_json(ticket: str, step: int, at: int, fields: str) -> str:
    return f'{{"id":"desk:{ticket}:{step}","ticket":"{ticket}","at":"{written(at)}",{fields}}}'


def pick(chance: float, shares: dict[str, float]) -> str:
    for name, share in shares.items():
        chance -= share
        if chance < 0:
            return name
    return name


def history(desk: Desk) -> list[Event]:
    """All events of the desk, in time order."""
    random, office = Random(desk.seed), Office(desk.start)
    events = [event for number in range(desk.tickets) for event in ticket_events(number, desk, random, office)]
    events.sort()
    return events[: desk.events]


def standing(
    desk: Desk, tickets: int, facts: int, *, priority: str = "P3", start: int | None = None, minutes: int = 60
) -> Iterator[Event]:
    """Tickets that stay open: the first `facts` events of a ticket of the desk (five at most), in time order.

    All tickets have their first event, then all their second; the whole takes `minutes` of event time from `start` on,
    by default the desk's first working hour.
    """
    begin = desk.start + 9 * HOUR if start is None else start
    for step in range(1, facts + 1):
        for number in range(tickets):
            at = begin + minutes * MINUTE * ((step - 1) * tickets + number) // (facts * tickets)
            ticket = f"OPEN-{number:07d}"
            said = steps(priority, f"customer-{number % desk.customers:02d}", f"agent-{number % AGENTS:02d}")
            yield Event(at, ticket, as_json(ticket, step, at, said[step - 1]))


def agreements(profile: dict[str, Any]) -> str:
    """The agreements file of the profile: one agreement for each customer, with two promises."""
    of = profile["agreements"]
    hours = ", ".join(f'"{span}"' for span in of["hours"])

    def within(name: str) -> str:
        limits = {key: value for key, value in of[name].items() if isinstance(value, str)}
        p1 = f"{{time: {limits.pop('P1')}, calendar: 24x7}}"
        return f"{{P1: {p1}, {', '.join(f'{key}: {value}' for key, value in limits.items())}}}"

    def listed(name: str, key: str) -> str:
        return f"[{', '.join(of[name][key])}]"

    text = f"""\
statuses:
  open: [New, In progress]
  pending: [Waiting for customer]
  resolved: [Resolved]
calendars:
  office:
    timezone: {of["timezone"]}
    hours: {{{of["days"]}: [{hours}]}}
agreements:
"""
    for number in range(profile["desk"]["customers"]):
        text += f"""\
  - id: agreement-{number:02d}
    match: {{customer: [customer-{number:02d}]}}
    from: 2025-01-01
    calendar: office
    targets:
      - metric: first_response
        within: {within("first_response")}
        warn: {listed("first_response", "warn")}
      - metric: resolution
        within: {within("resolution")}
        pause: {listed("resolution", "pause")}
        warn: {listed("resolution", "warn")}
"""
    return text


async def preload(brokers: str, topic: str, partitions: int, events: Iterable[Event]) -> int:
    """Make the topic and fill it: key is the ticket, timestamp the event's instant; the number of records."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        settings = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
        made = await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
    finally:
        await admin.close()
    for _, code, *message in made.topic_errors:
        if code:
            raise SystemExit(f"topic {topic} can't be made: {message[0] or code}")
    producer = AIOKafkaProducer(bootstrap_servers=brokers, compression_type="lz4", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        return await fill(producer, topic, list(range(partitions)), events)
    finally:
        await producer.stop()


async def fill(producer: AIOKafkaProducer, topic: str, partitions: list[int], events: Iterable[Event]) -> int:
    """Send batches that are filled here, far faster than record by record; the order within a partition stays."""
    partitioner = DefaultPartitioner()
    places: dict[str, int] = {}  # the hash is pure Python and costs more than the rest of the loop
    open_batches = {partition: producer.create_batch() for partition in partitions}
    delivered: dict[int, asyncio.Future[Any]] = {}
    count = 0

    async def send(partition: int) -> None:
        if partition in delivered:
            await delivered[partition]
        delivered[partition] = await producer.send_batch(open_batches[partition], topic, partition=partition)
        open_batches[partition] = producer.create_batch()

    for at, ticket, value in events:
        count += 1
        key, data = ticket.encode(), value.encode()
        if (place := places.get(ticket)) is None:
            place = places[ticket] = partitioner(key, partitions, partitions)
        if open_batches[place].append(key=key, value=data, timestamp=at) is None:
            await send(place)
            open_batches[place].append(key=key, value=data, timestamp=at)
    for partition in partitions:
        if open_batches[partition].record_count():
            await send(partition)
    await asyncio.gather(*delivered.values())
    return count


def main() -> None:
    profile = load()
    desk = Desk.of(profile)
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description="the help desk of the profile")
    commands = parser.add_subparsers(dest="command", required=True)
    events = commands.add_parser("events", help="write its events as JSON lines")
    events.add_argument("file", type=Path, help="compressed if its name ends in .gz")
    rules = commands.add_parser("agreements", help="write its agreements")
    rules.add_argument("file", type=Path)
    topic = commands.add_parser("preload", help="make a topic of its events")
    topic.add_argument("--brokers", required=True)
    topic.add_argument("--topic", default=profile["topic"]["name"])
    for command in (events, topic):
        command.add_argument("--standing", type=int, metavar="TICKETS", help="so many tickets that stay open, instead")
    arguments = parser.parse_args()
    if arguments.command == "agreements":
        arguments.file.write_text(agreements(profile))
        return
    chosen: Iterable[Event] = history(desk)
    if arguments.standing:
        chosen = standing(desk, arguments.standing, profile["standing"]["facts"])
    if arguments.command == "events":
        opened = gzip.open if arguments.file.suffix == ".gz" else open
        with closing(opened(arguments.file, "wt", encoding="utf-8")) as file:
            file.writelines(f"{event.value}\n" for event in chosen)
    else:
        count = asyncio.run(preload(arguments.brokers, arguments.topic, profile["topic"]["partitions"], chosen))
        sys.stderr.write(f"{count} events in {arguments.topic}\n")


if __name__ == "__main__":
    main()
