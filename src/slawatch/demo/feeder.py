"""The simulated help desk as a feeder of any Kafka: `python -m slawatch.demo.feeder`, until it is told to stop.

Its story is told in the present, faster than life and again and again, each time with new tickets; beside it services
fail now and then. It reads the clock; how to reach Kafka and the topics' names come from the settings.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from itertools import count, cycle
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from slawatch.demo.desk import BEGIN, CUSTOMERS, LENGTH, Event, simulate
from slawatch.instants import rfc3339, to_ms
from slawatch.settings import SettingsError, read_settings
from slawatch.stream.client import client_options

SPEED: Final = 240  # four hours in a minute; the agreements of deploy/compose/demo.yaml are made for it
_BEGIN_MS: Final = to_ms(BEGIN)
_LENGTH_MS: Final = int(LENGTH.total_seconds()) * 1000
_UP_MS: Final = (20_000, 240_000)  # a service fails every other minute, for seconds
_DOWN_MS: Final = (3_000, 15_000)


class Sending(NamedTuple):
    """What is to be sent at an instant, in ms, and to the topic of which role."""

    instant: int
    role: str
    key: str
    value: bytes


def tell(began: int) -> Iterator[Sending]:
    """Tickets and services, in order and without end; `began` is the instant of the story's beginning."""
    services = [_monitored(customer.name, service, began) for customer in CUSTOMERS for service in customer.services]
    return heapq.merge(_tickets(began), *services, key=lambda sending: sending.instant)


def _tickets(began: int) -> Iterator[Sending]:
    story = simulate()
    for turn in count(1):
        start = began + (turn - 1) * _LENGTH_MS // SPEED
        for event in story:
            ticket = f"{event.ticket}-{start // 1000}"
            value = _line(event, ticket, _moved(event.at, start))
            yield Sending(_moved(event.heard, start), "tickets", ticket, value)


def _moved(instant: int, start: int) -> int:
    return start + (instant - _BEGIN_MS) // SPEED


def _line(event: Event, ticket: str, at: int) -> bytes:
    number = event.id.rsplit(".", 1)[1]
    data = {"id": f"{ticket}.{number}", "ticket": ticket, "at": rfc3339(at), **event.observed}
    return json.dumps(data, separators=(",", ":")).encode()


def _monitored(customer: str, service: str, began: int) -> Iterator[Sending]:
    """One service, as a check sees it."""
    chance = random.Random(service)  # noqa: S311 - a play
    at = began
    for status, lasts in cycle((("up", _UP_MS), ("down", _DOWN_MS))):
        data = {"id": f"{service}-{at}", "service": service, "at": rfc3339(at), "status": status, "customer": customer}
        yield Sending(at, "monitoring", service, json.dumps(data, separators=(",", ":")).encode())
        at += chance.randint(*lasts)


async def feed() -> None:
    """Send each event at its moment until cancelled; those of services only where there is a topic for them."""
    settings = read_settings()
    options = client_options(settings)
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    there = set(await admin.list_topics())
    await admin.close()
    roles = [role for role in ("tickets", "monitoring") if settings.topic_of(role) in there]
    names = " and ".join(map(settings.topic_of, roles))
    async with AIOKafkaProducer(**options, enable_idempotence=True) as producer:
        sys.stdout.write(f"the help desk writes to {names} at {settings.brokers}\n")
        sys.stdout.flush()
        for sending in tell(int(time.time() * 1000)):
            if sending.role in roles:
                await asyncio.sleep(max(0.0, sending.instant / 1000 - time.time()))
                await producer.send_and_wait(settings.topic_of(sending.role), sending.value, sending.key.encode())


async def _until_stopped() -> None:
    feeding = asyncio.ensure_future(feed())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, feeding.cancel)
    await feeding


def main() -> int:
    """Feed, and return the exit code: 0 when told to stop, 1 when Kafka failed, 2 with wrong settings."""
    try:
        asyncio.run(_until_stopped())
    except asyncio.CancelledError:
        return 0
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (KafkaError, OSError) as error:
        sys.stderr.write(f"the help desk could not reach Kafka: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
