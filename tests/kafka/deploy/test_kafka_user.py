"""The rights of the chart's KafkaUser on a real broker with access rules: the worker does its work, and uses each of them.

The broker writes down every decision of its authorizer. Strimzi's part, from the resource to the rules, is not run; TLS
and SCRAM are not either: the user comes by SASL/PLAIN.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.admin import CreateAclsRequest

from deploying import ROOT
from lane_desk import eventually
from slawatch.instants import rfc3339
from slawatch.local_kafka import KafkaUnavailable, LocalKafka, free_port
from slawatch.stream.wall_clock import now_ms
from write_manifests import GOLDEN, INPUTS, manifests

OBJECTS = manifests((GOLDEN / "strimzi.yaml").read_text())
(USER,) = [one for one in OBJECTS if one["kind"] == "KafkaUser"]
(WORKERS,) = [one for one in OBJECTS if one["kind"] == "StatefulSet"]
VARIABLES = {
    variable["name"]: variable.get("value", "slawatch-0")
    for variable in WORKERS["spec"]["template"]["spec"]["containers"][0]["env"]
}
GROUP = VARIABLES["SLAWATCH_GROUP"]
PASSWORD = "known-to-this-test-alone"
TYPES = {"topic": 2, "group": 3, "transactionalId": 5}
PATTERNS = {"literal": 3, "prefix": 4}
OPERATIONS = {"Read": 3, "Write": 4, "DescribeConfigs": 10}
ALLOW = 3

Right = tuple[str, str, str, str]
"""Type, name, pattern, operation."""

_DECISION = re.compile(
    r"Principal = User:slawatch is (Allowed|Denied) operation = (\w+) .* on resource = (\w+):LITERAL:(\S+) for request"
)


class GuardedKafka(LocalKafka):
    """A broker with a second door for users, behind which the authorizer decides; who comes by the first may do all."""

    def __init__(self) -> None:
        self._door = free_port()
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        super().__init__(
            config={
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
                "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT",
                "listener.name.users.sasl.enabled.mechanisms": "PLAIN",
                "listener.name.users.plain.sasl.jaas.config": f'{login} user_slawatch="{PASSWORD}";',
            }
        )

    @property
    def users(self) -> str:
        return f"127.0.0.1:{self._door}"

    def decisions(self) -> set[tuple[str, str, str, str]]:
        """Allowed or denied, operation, type and name: what the user's requests asked for."""
        return set(_DECISION.findall((self.folder / "kafka.log").read_text()))

    def _write_settings(self, node: int, port: int, controller: int) -> Path:
        path = super()._write_settings(node, port, controller)
        doors = {
            "listeners": f"BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},USERS://{self.users}",
            "advertised.listeners": f"BROKER://127.0.0.1:{port},USERS://{self.users}",
        }
        with path.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in doors.items())
        return path


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedKafka]:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=debug")
    broker = GuardedKafka()
    try:
        broker.start()
        yield broker
    except KafkaUnavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"there must be a kafka in CI: {error}")
        pytest.skip(f"no kafka: {error}")
    finally:
        broker.close()


def rights() -> set[Right]:
    return {
        (rule["resource"]["type"], rule["resource"]["name"], rule["resource"]["patternType"], operation)
        for rule in USER["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
    }


async def prepare(brokers: str) -> None:
    """What Strimzi makes of the resources, but for the replicas."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    topics = [
        NewTopic(
            one["spec"]["topicName"],
            one["spec"]["partitions"],
            1,
            topic_configs={
                name: value for name, value in one["spec"]["config"].items() if name != "min.insync.replicas"
            },
        )
        for one in OBJECTS
        if one["kind"] == "KafkaTopic"
    ]
    await admin.create_topics(topics)
    for kind, name, pattern, operation in sorted(rights()):
        request = CreateAclsRequest(
            TYPES[kind], name, PATTERNS[pattern], "User:slawatch", "*", OPERATIONS[operation], ALLOW
        )
        response = await admin._send_request(request)
        assert [code for code, _ in response.creation_responses] == [0]
    await admin.close()


def start(broker: GuardedKafka, folder: Path) -> subprocess.Popen[bytes]:
    """The container's variables and arguments; different are addresses, folders and how the user is known."""
    own = {
        "SLAWATCH_BROKERS": broker.users,
        "SLAWATCH_SECURITY": "sasl_plaintext",
        "SLAWATCH_SASL_MECHANISM": "PLAIN",
        "SLAWATCH_SASL_PASSWORD": PASSWORD,
        "SLAWATCH_AGREEMENTS": str(ROOT / "examples" / "agreements.yaml"),
        "SLAWATCH_DATA": str(folder / "tables"),
        "SLAWATCH_WEB_PORT": "0",
        "SLAWATCH_GRACE": "0s",
        "PATH": os.environ["PATH"],
    }
    environment = {name: value for name, value in VARIABLES.items() if name != "SLAWATCH_TLS_CA"} | own
    with (folder / "worker.log").open("wb") as log:
        command = [sys.executable, "-m", "slawatch", "worker"]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


async def send(brokers: str) -> None:
    """A ticket that is warned of and breached, another that is met, a record that is none, and a service that is up."""
    now = now_ms()
    common = {"status": "New", "priority": "P1", "customer": "ACME", "kind": "incident"}
    events: list[dict[str, Any]] = [
        {"id": "1", "ticket": "LATE", "at": rfc3339(now - 20 * 60_000), **common},
        {"id": "2", "ticket": "SOON", "at": rfc3339(now - 10 * 60_000), **common},
        {"id": "3", "ticket": "SOON", "at": rfc3339(now), "reply": {"by": "agent", "public": True}},
    ]
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for event in events:
            topic = VARIABLES["SLAWATCH_TICKETS"]
            await producer.send_and_wait(topic, json.dumps(event).encode(), event["ticket"].encode())
        await producer.send_and_wait(VARIABLES["SLAWATCH_TICKETS"], b"{", b"BAD")
        service = {"id": "4", "service": "crm", "at": rfc3339(now), "status": "up"}
        await producer.send_and_wait(VARIABLES["SLAWATCH_MONITORING"], json.dumps(service).encode(), b"crm")


def used(decisions: set[tuple[str, str, str, str]]) -> tuple[set[Right], set[tuple[str, str, str]]]:
    """The rights that were needed, and what was allowed without any of them."""
    kinds = {"Topic": "topic", "Group": "group", "TransactionalId": "transactionalId"}
    operations = {"READ": "Read", "WRITE": "Write", "DESCRIBE_CONFIGS": "DescribeConfigs"}
    found, unexplained = set(), set()
    for _, operation, kind, name in decisions:
        holders = {
            right
            for right in rights()
            if right[0] == kinds.get(kind)
            and (right[1] == name or (right[2] == "prefix" and name.startswith(right[1])))
        }
        if operation == "DESCRIBE":  # comes with the right to read or to write
            explained = bool(holders)
        else:
            needed = {right for right in holders if right[3] == operations.get(operation)}
            found |= needed
            explained = bool(needed)
        if not explained:
            unexplained.add((operation, kind, name))
    return found, unexplained


async def stopped(worker: subprocess.Popen[bytes], log: Path) -> None:
    worker.terminate()
    await eventually(lambda: worker.poll() is not None, 12, log.read_text)
    assert worker.returncode == 0, log.read_text()


async def heard(brokers: str, wanted: dict[str, bytes], worker: subprocess.Popen[bytes], log: Path) -> None:
    """Return when each topic has said something under its key."""
    consumer = AIOKafkaConsumer(
        *wanted, bootstrap_servers=brokers, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with asyncio.timeout(60), consumer:
        while wanted:
            assert worker.poll() is None, log.read_text()
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                if any(record.key == wanted.get(partition.topic) for record in records):
                    del wanted[partition.topic]


async def test_the_worker_does_its_work_with_these_rights_and_uses_each(guarded: GuardedKafka, tmp_path: Path) -> None:
    await prepare(guarded.brokers)
    await send(guarded.brokers)
    log = tmp_path / "worker.log"
    worker = start(guarded, tmp_path)
    try:
        said = {
            "sla-warnings": b"SOON",
            "sla-breaches": b"LATE",
            "sla-outcomes": b"acme-gold",
            "sla-dead-letters": b"BAD",
        }
        await heard(guarded.brokers, said, worker, log)
        await stopped(worker, log)
        # Once more, without what the first one kept on disk: the tables are read back.
        shutil.rmtree(tmp_path / "tables")
        worker = start(guarded, tmp_path)
        partitions = int(VARIABLES["SLAWATCH_PARTITIONS"]) * len(INPUTS)
        await eventually(lambda: log.read_text().count("partition restored") == partitions, 60, log.read_text)
        await stopped(worker, log)
    finally:
        worker.kill()
        worker.wait()
    decisions = guarded.decisions()
    assert {decision for decision in decisions if decision[0] == "Denied"} == set()
    needed, unexplained = used(decisions)
    assert unexplained == set()
    # A report is not written before its time, which need not come in this test.
    assert rights() - needed <= {("topic", VARIABLES["SLAWATCH_REPORTS"], "literal", "Write")}
