"""The toy work in an idiomatic Faust agent with one table: a list of the last tuples for each key, one write an event.

It stands alone (`bench/requirements.txt`) and reads a topic from its beginning until nothing has come for a while.
It is at least once, with the table in memory.
"""

import argparse
import os
import signal
import tempfile
from typing import Any

import faust

LINGER = 0.05  # seconds; without it each changelog record is a request of its own, and Faust does half as many events


def build(arguments: argparse.Namespace, folder: str) -> faust.App:
    app = faust.App(
        arguments.group,
        broker=f"kafka://{arguments.brokers}",
        consumer_auto_offset_reset="earliest",
        broker_commit_every=arguments.commit_every,
        topic_partitions=arguments.partitions,
        topic_disable_leader=True,
        producer_linger=LINGER,
        web_enabled=False,
        datadir=folder,
    )
    topic = app.topic(arguments.topic, key_type=str, value_serializer="json")
    table = app.Table("held", default=list, partitions=arguments.partitions)
    length = arguments.list_length
    count = 0

    @app.agent(topic)
    async def remember(events: faust.Stream[Any]) -> None:
        nonlocal count
        async for event in events:
            held = table[event["ticket"]]
            held.append((event["at"], event["status"]))
            table[event["ticket"]] = held[-length:]
            count += 1

    seen = 0

    @app.timer(arguments.idle)
    async def end_when_idle() -> None:
        nonlocal seen
        if 0 < count == seen:
            os.kill(os.getpid(), signal.SIGTERM)
        seen = count

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description="the toy work in Faust")
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--list-length", type=int, default=5)
    parser.add_argument("--commit-every", type=int, default=20_000)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds without a record after which it ends")
    with tempfile.TemporaryDirectory(prefix="faust-peer-") as folder:
        app = build(parser.parse_args(), folder)
        worker = faust.Worker(app, loglevel="WARNING")
        worker.spinner = None  # it would set the root logger to DEBUG, which makes Faust a third slower
        worker.execute_from_commandline()


if __name__ == "__main__":
    main()
