"""`slawatch report --brokers`: what stands on the topic of reports, as a user asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from slawatch.local_kafka import LocalKafka
from slawatch.messages.reports import Report, TargetEntry


def report(agreement: str, period: str, start: str, revision: int = 1) -> Report:
    target = TargetEntry("outages", "crm", "2", "met", None, None, None, outages=0, budget_seconds=2)
    return Report(
        agreement, "ACME", period, start, "2026-10-31T00:00:00Z", "UTC", "closed", revision, None, None, [target], [],
        "0", None, None, False,
    )  # fmt: skip


def ask(kafka: LocalKafka, topic: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slawatch", "report", "--brokers", kafka.brokers, *arguments],
        env=os.environ | {"SLAWATCH_REPORTS": topic}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def test_the_latest_report_of_each_agreement_is_shown(
    kafka: LocalKafka, unique_name: Callable[[str], str]
) -> None:
    topic = unique_name("reports")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 3, 1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=topic)
    await producer.start()

    async def say(*reports: Report) -> None:
        for each in reports:
            await producer.send_and_wait(
                topic, msgspec.json.encode(each), key=f"{each.agreement}/{each.period}".encode()
            )

    try:
        async with producer.transaction():
            october = "2026-10-01T00:00:00Z"
            await say(report("a", "2026-09", "2026-09-01T00:00:00Z"), report("a", "2026-10", october))
            await say(report("a", "2026-10", october, revision=2), report("b", "2026-10", october))
            await producer.send_and_wait(topic, None, key=b"b/2026-10")
        await producer.begin_transaction()
        await say(report("a", "2026-10", october, revision=3))
        await producer.abort_transaction()
    finally:
        await producer.stop()

    done = ask(kafka, topic, "--period", "2026-10", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert msgspec.json.decode(done.stdout, type=list[Report]) == [report("a", "2026-10", october, revision=2)]
    page = ask(kafka, topic, "--period", "2026-10", "--format", "html").stdout
    assert "Earlier periods" in page
    absent = ask(kafka, topic, "--period", "2026-11")
    assert (absent.returncode, absent.stderr) == (
        1,
        "there is no report for 2026-11; the topic has those of closed periods\n",
    )
    nowhere = ask(kafka, unique_name("nothing"), "--period", "2026-10")
    assert nowhere.returncode == 2
    assert "there is no such topic" in nowhere.stderr
