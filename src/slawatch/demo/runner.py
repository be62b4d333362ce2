"""Runs the demo: Kafka, topics, the worker, then the script at the pace of the fast clock, until all has been said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from slawatch.agreements import load
from slawatch.child import Child
from slawatch.demo import words
from slawatch.demo.board import SHOWN, Board
from slawatch.demo.desk import LENGTH
from slawatch.demo.page import write_page
from slawatch.demo.screen import Screen, choose_screen
from slawatch.demo.script import MONITORING, PARTITIONS, TICKETS, Script, write_script
from slawatch.local_kafka import KafkaFailed, KafkaUnavailable, LocalKafka, free_port
from slawatch.messages.reports import Report
from slawatch.settings import Settings, SettingsError, StreamTime, read_settings
from slawatch.stream.client import client_options
from slawatch.stream.errors import LaneError
from slawatch.stream.topic_plan import changelog_name
from slawatch.stream.topics import ensure

DEFAULT_SECONDS: Final = 34.0  # with Kafka's start, the worker's and the month, the demo takes about a minute
_MONTH_SECONDS: Final = 9.0  # for the rest of the month, in which only the services are told of
_INPUTS: Final = (TICKETS, MONITORING, "outcomes")
_INTERRUPTED: Final = 130
_READY_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 20.0  # for the last alerts, when nothing new comes any more
_QUIET_SECONDS: Final = 0.5  # and so long for what should not come
_WORKER_STOP_SECONDS: Final = 5.0
_STEP_SECONDS: Final = 0.005
_COPIES: Final = ("breached", "retracted")  # in sla-outcomes: counted in sla-breaches already
_REACHING: Final = ("security", "sasl_mechanism", "sasl_username", "sasl_password", "tls_ca", "tls_cert", "tls_key")


class DemoFailed(Exception):  # noqa: N818 - what happened, told to a person
    """The demo can't go on: one sentence."""


def run(brokers: str | None = None, speed: float | None = None, seconds: float | None = None) -> int:
    """Play the demo and return its exit code: 0 if all was said as a replay says it, 130 after Ctrl-C, else 1 or 2.

    `speed` is simulated seconds a second, `seconds` how long the desk is played: one of them gives the other for the
    whole story, both cut it. Without `brokers` a local Kafka is started. Reads the clock and prints.
    """
    whole = LENGTH.total_seconds()
    if any(value is not None and not (0 < value < math.inf) for value in (speed, seconds)):
        sys.stderr.write("--speed and --seconds must be more than 0\n")
        return 2
    length = whole if speed is None or seconds is None else min(whole, speed * seconds)
    speed = speed or whole / (seconds or DEFAULT_SECONDS)
    folder = Path(tempfile.mkdtemp(prefix="slawatch-demo-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of fresh topics' leaders; failures are raised
    # A shell starts what it puts into the background with SIGINT ignored; both signals end the demo all the same.
    handlers = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    handlers[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    keep = False
    try:
        return _play(folder, brokers, speed, int(length * 1000))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: everything that the demo started is stopped\n")
        return _INTERRUPTED
    except KafkaUnavailable as error:
        sys.stderr.write(f"{error}\nor name a running Kafka: slawatch demo --brokers host:port\n")
    except (DemoFailed, KafkaFailed, LaneError, KafkaError, SettingsError, OSError) as error:
        keep = (folder / "worker.log").exists()
        sys.stderr.write(f"the demo failed: {error}\n")
        if keep:
            sys.stderr.write(f"the worker's log is {folder / 'worker.log'}\n")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 1


def _play(folder: Path, brokers: str | None, speed: float, length_ms: int) -> int:
    agreements = folder / "agreements.yaml"
    agreements.write_bytes(resources.files("slawatch.demo").joinpath("agreements.yaml").read_bytes())
    script = write_script(load(agreements), length_ms)
    board = Board(script)
    with choose_screen() as screen, contextlib.ExitStack() as stack:
        if brokers is None:
            screen.tell("starting a local Apache Kafka (its first start on a machine downloads it once)")
            kafka = LocalKafka()
            stack.callback(_undisturbed, kafka.close)
            kafka.start()
        settings = _settings(brokers or kafka.brokers, brokers is not None, agreements)
        metrics = f"http://127.0.0.1:{settings.web_port}/metrics"
        screen.tell(f"kafka is at {settings.brokers}, the worker's metrics at {metrics}")
        began = time.monotonic()
        asyncio.run(_Show(settings, folder, board, screen, speed, brokers is not None).run())
        took = time.monotonic() - began
    sys.stdout.write("\n".join(["", *words.summary(board, took), "", words.verdict(board), ""]))
    page = write_page(board)
    if page is not None:
        sys.stdout.write(f"the report of the month, to read or print: {page}\n")
    sys.stdout.flush()
    return 0 if board.complete and not board.problems and not board.wrong_reports() else 1


def _undisturbed(close: Any) -> None:
    """Cleaning up is quick and must not be broken off by a second Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        close()
    finally:
        signal.signal(signal.SIGINT, before)


def _settings(brokers: str, foreign: bool, agreements: Path) -> Settings:
    """The worker's settings; of the environment only how to reach a foreign Kafka. Topics have names of their own."""
    ours: dict[str, Any] = {
        name: field.default for name, field in Settings.model_fields.items() if not (foreign and name in _REACHING)
    }
    group = f"slawatch-demo-{os.urandom(3).hex()}"
    roles = ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters")
    ours |= {role: f"{group}.{ours[role]}" for role in roles}
    ours |= {"brokers": brokers, "agreements": agreements, "group": group, "partitions": PARTITIONS}
    ours |= {"stream_time": StreamTime.RECORDS, "grace": 0, "web_port": free_port()}
    return read_settings(**ours)


def _environment(settings: Settings, foreign: bool) -> Iterator[str]:
    """The same as variables, for `env`; what reaches a foreign Kafka is inherited."""
    passed = {f"SLAWATCH_{name.upper()}" for name in _REACHING} if foreign else set()
    passed |= {"SLAWATCH_CACHE", "SLAWATCH_JAVA"}
    for name in os.environ:
        if name.upper().startswith("SLAWATCH_") and name.upper() not in passed:
            yield from ("-u", name)
    for name in ("brokers", "agreements", "group", "partitions", "web_port", "stream_time"):
        yield f"SLAWATCH_{name.upper()}={getattr(settings, name)}"
    for name in ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters"):
        yield f"SLAWATCH_{name.upper()}={settings.topic_of(name)}"
    yield "SLAWATCH_GRACE=0s"


class _Show:
    """The running demo: sends the script, listens to the worker's topics, and keeps the screen going."""

    def __init__(
        self, settings: Settings, folder: Path, board: Board, screen: Screen, speed: float, foreign: bool
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._board = board
        self._screen = screen
        self._speed = speed
        self._foreign = foreign
        self._options = client_options(settings)
        self._last_heard = time.monotonic()

    async def run(self) -> None:
        """Returns when everything was said, or nothing comes any more."""
        await ensure(self._settings, _INPUTS)
        worker = self._start_worker()
        try:
            consumer = self._consumer()
            producer = AIOKafkaProducer(**self._options, enable_idempotence=True, linger_ms=0)
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(consumer.stop)
                await consumer.start()
                stack.push_async_callback(producer.stop)
                await producer.start()
                await self._ready(worker)
                self._screen.begin(self._board, self._speed)
                await self._until_said(worker, consumer, producer)
        finally:
            _undisturbed(lambda: self._stop_worker(worker))
            if self._foreign:
                await self._remove_topics()

    def _start_worker(self) -> Child:
        env = shutil.which("env")
        if env is None:
            raise DemoFailed("there is no program `env` here to start the worker with")
        command = [env, *_environment(self._settings, self._foreign), sys.executable, "-m", "slawatch", "worker"]
        self._screen.tell("starting the worker")
        return Child(command, self._folder / "worker.log")

    def _stop_worker(self, worker: Child) -> None:
        if worker.pid is not None:
            worker.signal(signal.SIGTERM)
            worker.wait(_WORKER_STOP_SECONDS)
        worker.kill()

    def _consumer(self) -> AIOKafkaConsumer:
        topics = [self._settings.topic_of(role) for role in ("warnings", "breaches", "outcomes", "reports")]
        consumer = AIOKafkaConsumer(
            **self._options, isolation_level="read_committed", auto_offset_reset="earliest", fetch_max_wait_ms=20
        )
        consumer.assign([TopicPartition(topic, p) for topic in topics for p in range(PARTITIONS)])
        return consumer

    async def _ready(self, worker: Child) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not await asyncio.to_thread(_answers, f"http://127.0.0.1:{self._settings.web_port}/readyz"):
            _alive(worker)
            if time.monotonic() > deadline:
                raise DemoFailed(f"the worker was not ready within {_READY_SECONDS:.0f} s")
            await asyncio.sleep(0.1)

    async def _until_said(self, worker: Child, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        listening = asyncio.create_task(self._listen(consumer))
        sending = asyncio.create_task(self._send(producer, self._board.script))
        try:
            while not sending.done() or self._waits():
                for task in (listening, sending):
                    if task.done() and (error := task.exception()) is not None:
                        raise error
                _alive(worker)
                await asyncio.sleep(0.1)
            await sending
        finally:
            for task in (listening, sending):
                task.cancel()
            await asyncio.wait([listening, sending])

    def _waits(self) -> bool:
        """Whether something may still come, now that everything was sent."""
        quiet = time.monotonic() - self._last_heard
        return quiet < (_QUIET_SECONDS if self._board.complete else _PATIENCE_SECONDS)

    async def _send(self, producer: AIOKafkaProducer, script: Script) -> None:
        """Each sending at its moment of the fast clock, in the script's order; all are delivered at the end."""
        topics = {role: self._settings.topic_of(role) for role in (TICKETS, MONITORING)}
        began = time.monotonic()
        deliveries = []
        for number, sending in enumerate(script.sendings):
            moment = began + self._pace(sending.heard)
            if moment - time.monotonic() > _STEP_SECONDS or number % 100 == 0:
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
            self._board.sent(number, time.monotonic())
            delivery = await producer.send(
                topics[sending.role], sending.value, sending.key,
                partition=sending.partition, timestamp_ms=sending.at,
            )  # fmt: skip
            deliveries.append(delivery)
        await asyncio.gather(*deliveries)
        self._last_heard = time.monotonic()

    def _pace(self, heard: int) -> float:
        """After how many seconds a simulated instant is played."""
        script = self._board.script
        seconds = (min(heard, script.calm) - script.begin) / 1000 / self._speed
        if heard > script.calm:
            seconds += _MONTH_SECONDS * (heard - script.calm) / (script.end - script.calm)
        return seconds

    async def _listen(self, consumer: AIOKafkaConsumer) -> None:
        """Take what is said, for ever; the outcomes' copies of breaches were counted as breaches."""
        outcomes, reports = self._settings.outcomes, self._settings.reports
        while True:
            for partition, records in (await consumer.getmany(timeout_ms=1_000)).items():
                now = time.monotonic()
                for record in records:
                    self._last_heard = now
                    if partition.topic == reports:
                        self._board.reported(msgspec.json.decode(record.value, type=Report))
                        continue
                    alert = msgspec.json.decode(record.value)
                    # What has no id is no alert: it is for the ledger.
                    if "id" not in alert or (partition.topic == outcomes and _is_copy(alert)):
                        continue
                    said = self._board.heard(alert, now)
                    if said is not None and alert["what"] in SHOWN:
                        self._screen.said(said)

    async def _remove_topics(self) -> None:
        """Leave a foreign Kafka as it was."""
        roles = ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters")
        settings = self._settings
        admin = AIOKafkaAdminClient(**self._options)
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(_WORKER_STOP_SECONDS):
                await admin.start()
                names = [changelog_name(settings.group, settings.topic_of(role)) for role in _INPUTS]
                names += map(settings.topic_of, roles)
                known = set(await admin.list_topics())
                await admin.delete_topics([name for name in names if name in known])
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()


def _is_copy(alert: dict[str, Any]) -> bool:
    """Whether an outcome about a ticket is a copy of what stands among the breaches."""
    return alert["what"] in _COPIES


def _alive(worker: Child) -> None:
    if worker.pid is None:
        raise DemoFailed("the worker has ended")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - of our own, on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
