"""The simulated help desk as a feeder of any Kafka: `python -m slawatch.demo.feeder`, until it is told to stop.

Its story is told in the present, faster than life and again and again, each time with new tickets. It reads the clock;
how to reach Kafka and the topic's name come from the settings.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from slawatch.demo.desk import BEGIN, LENGTH, Event, simulate
from slawatch.instants import rfc3339, to_ms
from slawatch.settings import SettingsError, read_settings
from slawatch.stream.client import client_options

SPEED: Final = 240  # four hours in a minute; the agreements of deploy/compose/demo.yaml are made for it
_BEGIN_MS: Final = to_ms(BEGIN)
_LENGTH_MS: Final = int(LENGTH.total_seconds()) * 1000


def tell(began: int) -> Iterator[tuple[int, str, bytes]]:
    """When to send what, without end: instant in ms, key, value; `began` is the instant of the story's beginning."""
    story = simulate()
    for turn in count(1):
        start = began + (turn - 1) * _LENGTH_MS // SPEED
        for event in story:
            ticket = f"{event.ticket}-{start // 1000}"
            yield _moved(event.heard, start), ticket, _line(event, ticket, _moved(event.at, start))


def _moved(instant: int, start: int) -> int:
    return start + (instant - _BEGIN_MS) // SPEED


def _line(event: Event, ticket: str, at: int) -> bytes:
    number = event.id.rsplit(".", 1)[1]
    data = {"id": f"{ticket}.{number}", "ticket": ticket, "at": rfc3339(at), **event.observed}
    return json.dumps(data, separators=(",", ":")).encode()


async def feed() -> None:
    """Send each event at its moment until cancelled."""
    settings = read_settings()
    async with AIOKafkaProducer(**client_options(settings), enable_idempotence=True) as producer:
        sys.stdout.write(f"the help desk writes to {settings.tickets} at {settings.brokers}\n")
        sys.stdout.flush()
        for instant, key, value in tell(int(time.time() * 1000)):
            await asyncio.sleep(max(0.0, instant / 1000 - time.time()))
            await producer.send_and_wait(settings.tickets, value, key.encode())


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
