"""A stopwatch for any consumer group: it watches committed offsets from outside, with an admin client.

`python -m bench.timing --brokers A --topic T --group G -- COMMAND ...` starts the command, stops it when the group has
committed the end of the topic, and prints the result as JSON. So the same watch serves the worker and its peers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    GroupCoordinatorNotAvailableError,
    NotCoordinatorForGroupError,
)

POLL_SECONDS = 0.02  # of a run of ten seconds the error is a fifth of a percent, at most
STOP_SECONDS = 30.0


class NotFinished(Exception):  # noqa: N818 - what happened
    """The group did not commit the end of the topic: it stood still, or its program ended before."""


@dataclass(frozen=True)
class Timing:
    """What was committed when; `ready_seconds` runs from the start of the watch to the first commit seen.

    The rate leaves the first commit's events out: they were read before the watch saw anything.
    """

    events: int
    seconds: float
    ready_seconds: float
    commits: int
    events_per_second: float
    cpu_seconds: float | None = None


async def watch(
    brokers: str, topic: str, group: str, *, still: float, alive: Callable[[], bool] = lambda: True
) -> Timing:
    """Follow the group from its first committed offset to the end that the topic has now.

    Raises NotFinished after `still` seconds without a new commit, or when `alive` says that the program has ended.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers)
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await consumer.start()
    try:
        await admin.start()
        found = (await admin.describe_topics([topic]))[0]["partitions"]
        partitions = [TopicPartition(topic, partition["partition"]) for partition in found]
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        goal = sum(ends.values()) - sum(begins.values())
        if goal <= 0:
            raise NotFinished(f"topic {topic} has no records")
        started = changed = time.monotonic()
        samples: list[tuple[float, int]] = []
        before = 0
        while before < goal:
            try:
                committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
            except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, CoordinatorLoadInProgressError):
                committed = {}  # the broker is just making or loading the topic of its groups
            now = time.monotonic()
            done = sum(max(committed[tp].offset, begins[tp]) - begins[tp] for tp in partitions if tp in committed)
            if done > before:
                samples.append((now, done))
                before, changed = done, now
            elif not alive():
                raise NotFinished(f"the program of group {group} ended after {done} of {goal} events")
            elif now - changed > still:
                raise NotFinished(f"group {group} stands still at {done} of {goal} events")
            await asyncio.sleep(POLL_SECONDS)
        return timing(started, samples)
    finally:
        await admin.close()
        await consumer.stop()


def timing(started: float, samples: Sequence[tuple[float, int]]) -> Timing:
    """The result of what was seen: instants in seconds, and events committed until then."""
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    if first_at == last_at:
        raise NotFinished("everything was in one commit: nothing can be timed")
    seconds = last_at - first_at
    return Timing(
        last - first, round(seconds, 3), round(first_at - started, 3), len(samples), round((last - first) / seconds, 1)
    )


def run(command: Sequence[str], brokers: str, topic: str, group: str, *, still: float = 120.0) -> Timing:
    """Start the program, watch its group to the end of the topic, stop it; with the CPU time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = subprocess.Popen(command, stdout=sys.stderr)  # our own output is the result only
    try:
        result = asyncio.run(watch(brokers, topic, group, still=still, alive=lambda: program.poll() is None))
    finally:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    values: dict[str, Any] = asdict(result) | {"cpu_seconds": round(used, 2)}
    return Timing(**values)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.timing", description="time a consumer group from outside")
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--still", type=float, default=120.0, help="give up after so many seconds without a commit")
    parser.add_argument("command", nargs="+", help="after --: the program to start")
    given = parser.parse_args()
    try:
        result = run(given.command, given.brokers, given.topic, given.group, still=given.still)
    except NotFinished as error:
        sys.exit(str(error))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
