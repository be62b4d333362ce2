"""New events at a fixed rate, at the present: `python -m bench.load --brokers A --topic T --rate N --seconds S`.

Tickets go through the six steps of the desk's tickets within moments, so an event does the same to a ticket, while no
promise of theirs comes near its end.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from itertools import count, islice

from aiokafka import AIOKafkaProducer

from bench import desk

CROWD = 600  # tickets that take a step one after another
TICK = 0.02  # seconds between two sends


def endless(run: int) -> Iterator[tuple[str, int, str]]:
    """Ticket, number of the event, and what it says, of one crowd of tickets after another."""
    for crowd in count():
        for step in range(1, 7):
            for number in range(CROWD):
                said = desk.steps("P3", f"customer-{number % 50:02d}", f"agent-{number % 40:02d}")
                yield f"LOAD-{run}-{crowd * CROWD + number:07d}", step, said[step - 1]


async def load(brokers: str, topic: str, rate: float, seconds: float) -> int:
    """Send them; the number that were sent, which is less than asked for only if this program can't keep up."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, compression_type="lz4", max_batch_size=desk.BATCH_BYTES)
    await producer.start()
    try:
        partitions = sorted(await producer.partitions_for(topic))
        began, sent = time.monotonic(), 0
        events = endless(int(time.time()))
        while (passed := time.monotonic() - began) < seconds:
            now = int(time.time() * 1000)
            due = int(passed * rate) - sent
            chosen = (
                desk.Event(now, ticket, desk.as_json(ticket, step, now, said))
                for ticket, step, said in islice(events, due)
            )
            sent += await desk.fill(producer, topic, partitions, chosen)
            await asyncio.sleep(TICK)
        return sent
    finally:
        await producer.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="new events at a fixed rate")
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--rate", type=float, required=True, help="events a second")
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    print(asyncio.run(load(given.brokers, given.topic, given.rate, given.seconds)))


if __name__ == "__main__":
    main()
