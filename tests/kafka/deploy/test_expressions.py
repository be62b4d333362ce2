"""Every expression of rules and dashboards in a real Prometheus, over real workers to which things happen.

Promtool proves the logic of the alerts; only this proves that what they ask for is really there. Whatever is rightly
empty is listed with its reason, and a list that has become untrue fails too.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from lane_desk import Desk
from observing import (
    ALERTMANAGER,
    DASHBOARDS,
    PROMETHEUS,
    RULES,
    alerts,
    expressions,
    names,
    program,
    rules,
    run,
    selectors,
)
from slawatch.child import Child
from slawatch.instants import rfc3339
from slawatch.local_kafka import free_port
from slawatch.stream.wall_clock import now_ms

AGREEMENTS = """
statuses: {resolved: [Done]}
agreements:
  - id: quick
    targets:
      - {metric: first_response, within: 2s, warn: [50%]}
      - {metric: resolution, within: 5s, warn: [50%], overdue: [150%]}
      - {metric: compliance, of: first_response, at_least: 90%, per: month}
      - {metric: satisfaction, at_least: 4.5, per: month}
      - {metric: availability, service: [crm], at_least: 99.9999%, per: day}
      - {metric: outages, service: [erp], at_most: 4, per: month}
"""

HAPPENS = {
    "SlawatchDown": "both workers are killed at the end",
    "SlawatchWorkerDown": "one is killed before the other",
    "SlawatchPartitionUnwatched": "until its session ends, nobody has the partitions of the one that was killed",
    "SlawatchAgreementsDiffer": "the second worker has another file",
    "SlawatchEventsLost": "records are deleted while no worker runs",
    "SlawatchDeadLetters": "records of many kinds can't be used",
    "SlawatchDeadLetterFlood": "and there are more than twenty of them",
    "SlawatchUnknownStatuses": "an event has a word that nobody has mapped",
    "SlawatchRetracts": "ten answers come late",
    "SlawatchBudgetBurnsFast": "a service is down that may be so a tenth of a second a day",
    "SlawatchBudgetBurnsSlowly": "and all that there is of the last six hours is this",
    "SlawatchPromiseBroken": "so its budget is exceeded",
    "SlawatchBudgetLow": "three outages of four were had by another one",
    "SlawatchShareSlipping": "first answers are missed, again and again",
}
QUIET = {
    "SlawatchNotReady": "a worker is ready within seconds",
    "SlawatchRestoreTooLong": "a restore of some tickets is faster than a scrape",
    "SlawatchRestarts": "a worker is not started three times",
    "SlawatchRebalances": "two workers do not rebalance a dozen times",
    "SlawatchTimeStandsStill": "time moves",
    "SlawatchBehind": "nothing is behind",
    "SlawatchBacklogGrows": "ten thousand records do not wait",
    "SlawatchSaysLate": "six deadlines are not said 10 s late",
    "SlawatchClockSkew": "workers and broker have one clock",
    "SlawatchInputSilent": "there was no week ago",
    "SlawatchBug": "the process does not raise",
    "SlawatchBreachesRising": "there was no day before to compare with",
}
SLOW = {"SlawatchNotReady", "SlawatchRestoreTooLong", "SlawatchSaysLate"}
"""What may ring too where a machine takes long to start a worker."""
ABSENT = {
    "slawatch_restore_left_records": "only there while a restore runs",
    "slawatch:breaches:week_ago1h": "there was no week ago",
    "slawatch:breaches:week_average1h": "an hour has not passed",
    "slawatch:breaches:usual1h": "an hour has not passed",
}


class Api:
    """Prometheus, or an Alertmanager, over HTTP."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"

    async def get(self, path: str, **parameters: str) -> Any:
        def ask() -> Any:
            query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
            with urllib.request.urlopen(f"{self.base}{path}{query}", timeout=10) as answer:
                return answer.read()

        return await asyncio.to_thread(ask)

    async def up(self) -> bool:
        try:
            await self.get("/-/ready")
        except OSError:
            return False
        return True

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """What it returns now; raises HTTPError when it does not parse."""
        answer = json.loads(await self.get("/api/v1/query", query=expression))
        assert answer["status"] == "success"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    async def seen(self, selector: str) -> bool:
        """Whether there was such a series at any time."""
        return bool(await self.query(f"count_over_time({selector}[1h])"))

    async def fired(self) -> set[str]:
        """Alerts whose expression returned something at any time."""
        return {one["metric"]["alertname"] for one in await self.query("count_over_time(ALERTS[1h])")}


class Worker:
    """`slawatch worker`, on a port of its own that is the same after a restart."""

    def __init__(self, desk: Desk, folder: Path, agreements: str) -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir()
        (folder / "agreements.yaml").write_text(agreements)
        settings = desk.settings()
        self._environment = {
            "SLAWATCH_BROKERS": desk.brokers, "SLAWATCH_GROUP": settings.group, "SLAWATCH_PARTITIONS": "4",
            "SLAWATCH_GRACE": "0s", "SLAWATCH_SESSION_TIMEOUT": "6s", "SLAWATCH_WEB_PORT": str(self.port),
            "SLAWATCH_AGREEMENTS": str(folder / "agreements.yaml"),
        }  # fmt: skip
        for role in ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters"):
            self._environment[f"SLAWATCH_{role.upper()}"] = settings.topic_of(role)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return when it is ready."""
        self._spawn()
        await until(lambda: self._answers("/readyz"), 60, (self._folder / "log").read_text)

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "slawatch", "worker"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def _answers(self, page: str) -> bool:
        try:
            await Api(self.port).get(page)
        except OSError:
            return False
        return True

    def end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)


async def until(condition: Callable[[], Any], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    """Return when an asynchronous condition holds; fail with `why` when it does not in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"not within {seconds} s: {why()}")


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Api]:
    """A real one, with the routes of deploy/."""
    port = free_port()
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={ALERTMANAGER}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    server = Child(command, tmp_path / "alertmanager.log")
    yield Api(port)
    server.kill()


@pytest.fixture
async def workers(desk: Desk, tmp_path: Path) -> AsyncIterator[list[Worker]]:
    found = [
        Worker(desk, tmp_path / "first", AGREEMENTS),
        Worker(desk, tmp_path / "second", AGREEMENTS.replace("5s", "6s")),
    ]
    yield found
    for worker in found:
        worker.end(signal.SIGKILL)


@pytest.fixture
async def prometheus(workers: list[Worker], alertmanager: Api, tmp_path: Path) -> AsyncIterator[Api]:
    """A real one, with the configuration of deploy/ but for names, addresses and its pace."""
    port = free_port()
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(path) for path in RULES]
    addresses = {
        "slawatch": [f"127.0.0.1:{worker.port}" for worker in workers],
        "prometheus": [f"127.0.0.1:{port}"],
        "alertmanager": [alertmanager.base.removeprefix("http://")],
    }
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": addresses[job["job_name"]]}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": addresses["alertmanager"]}]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        program("prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    server = Child(command, tmp_path / "prometheus.log")
    api = Api(port)
    await until(api.up, 30, (tmp_path / "prometheus.log").read_text)
    yield api
    server.kill()


class Tickets:
    """A help desk whose tickets are answered in time, late, or not at all."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._opened: list[tuple[str, int]] = []

    async def send(self, ticket: str, at: int, **fields: Any) -> None:
        event = {"id": f"{ticket}-{at}-{sorted(fields)}", "ticket": ticket, "at": rfc3339(at), **fields}
        await self._desk.produce_raw([(ticket.encode(), json.dumps(event).encode())])

    async def open(self, count: int) -> None:
        """Half of them are answered and done at once."""
        for number in range(len(self._opened), len(self._opened) + count):
            ticket, at = f"INC-{number}", now_ms()
            await self.send(ticket, at, status="open", priority="P1", customer="ACME")
            if number % 2:
                await self.send(ticket, at + 1, reply={"by": "agent", "public": True}, status="Done")
            self._opened.append((ticket, at))

    async def answer_in_the_past(self, count: int) -> None:
        """What nobody has answered was answered after a second; this was only heard of now."""
        for ticket, at in self._opened[: 2 * count : 2]:
            await self.send(ticket, at + 1_000, reply={"by": "agent", "public": True})

    async def rate(self) -> None:
        """A customer is not content."""
        await self.send(self._opened[0][0], now_ms(), rating=3)

    async def close(self, count: int) -> None:
        """Tickets that nobody has worked on are done now: too late."""
        for ticket, _ in self._opened[: 2 * count : 2]:
            await self.send(ticket, now_ms(), status="Done")

    async def spoil(self) -> None:
        """Records of every kind that can't be used, and a status that nobody knows."""
        future = rfc3339(now_ms() + 3_600_000)
        bad: list[tuple[bytes | None, bytes | None]] = [
            (b"X", b"no json"),
            (b"X", b'{"id": "x", "ticket": "X"}'),
            (None, json.dumps({"id": "x", "ticket": "X", "at": rfc3339(now_ms())}).encode()),
            (b"Y", json.dumps({"id": "x", "ticket": "X", "at": rfc3339(now_ms())}).encode()),
            (b"X", json.dumps({"id": "x", "ticket": "X", "at": future}).encode()),
            (b"X", None),
        ]
        await self._desk.produce_raw(bad * 8)
        await self.send("INC-odd", now_ms(), status="Waiting for Godot")


async def fail(desk: Desk) -> None:
    """One service goes down and stays so, another one falters three times."""
    story = [("crm", "up"), ("erp", "up"), *[("erp", "down"), ("erp", "up")] * 3, ("crm", "down")]
    began = now_ms() - 1_000
    for number, (service, status) in enumerate(story):
        event = {"id": f"M{number}", "service": service, "at": rfc3339(began + 100 * number), "status": status}
        await desk.produce_raw([(service.encode(), json.dumps(event).encode())], role="monitoring")


async def lose_events(desk: Desk, tickets: Tickets) -> None:
    """Retention is faster than the workers, none of which runs."""
    await desk.produce_raw([(b"INC-lost", b"{}")] * 20, partition=0)
    topic = TopicPartition(desk.settings().tickets, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=desk.brokers)
    await admin.start()
    await admin.delete_records({topic: RecordsToDelete(-1)})
    await admin.close()


def filled_in(expression: str) -> str:
    """As Grafana would ask it."""
    for variable, value in {
        "$__rate_interval": "30s",
        "$job": "slawatch",
        "$agreement": ".*",
        "$service": ".*",
    }.items():
        expression = expression.replace(variable, value)
    return expression


async def test_every_expression_returns_data(
    desk: Desk, workers: list[Worker], prometheus: Api, alertmanager: Api, tmp_path: Path
) -> None:
    first, second = workers
    tickets = Tickets(desk)
    await first.start()
    await tickets.open(40)
    await desk.read("breaches", 20)  # every partition has committed
    first.end(signal.SIGTERM)
    await lose_events(desk, tickets)
    await first.start()
    await second.start()
    await fail(desk)
    await tickets.rate()
    await tickets.spoil()
    await tickets.answer_in_the_past(10)
    await tickets.open(40)
    await desk.read("breaches", lambda found: sum(b'"retracted"' in record.value for record in found) >= 10)
    await desk.read("breaches", lambda found: sum(b'"overdue"' in record.value for record in found) >= 30)
    await miss_again(prometheus, tickets)
    await tickets.close(10)
    await desk.read("outcomes", lambda found: sum(b'"missed"' in record.value for record in found) >= 10)
    await desk.read("dead_letters", 40)

    page = await Api(first.port).get("/metrics")
    assert run(program("promtool"), "check", "metrics", stdin=page) == (0, "")
    assert await alertmanager.up()

    # All that anybody asks for was seen, or is rightly absent; so `or vector(0)` hides no misspelt name and no wrong label.
    shown = [expression for path in DASHBOARDS for expression in expressions(json.loads(path.read_text()))]
    asked = {
        selector for one in (*shown, *(rule["expr"] for rule in rules())) for selector in selectors(filled_in(one))
    }
    assert set(ABSENT) <= {selector.partition("{")[0] for selector in asked}
    sought = {selector for selector in asked if selector.partition("{")[0] not in ABSENT}
    assert len(sought) > 40
    for selector in sorted(sought):  # what is counted when time passes, and not with an event, comes some seconds later
        await until(lambda selector=selector: prometheus.seen(selector), 60, lambda selector=selector: selector)
    assert {name for name in ABSENT if name != "slawatch_restore_left_records" and await prometheus.seen(name)} == set()

    # Each expression of a dashboard returns something now, unless what it asks for is absent.
    present = [expression for expression in shown if not names(expression) & set(ABSENT)]
    assert len(present) > len(shown) / 2
    for asked in map(filled_in, present):
        await until(lambda asked=asked: prometheus.query(asked), 60, lambda asked=asked: asked)

    # Recorded series are there, and no rule has failed.
    groups = json.loads(await prometheus.get("/api/v1/rules"))["data"]["groups"]
    judged = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert {rule.get("record") or rule["alert"] for rule in rules()} == set(judged)
    assert {name: rule["lastError"] for name, rule in judged.items() if rule["health"] != "ok"} == {}

    # What should ring rings, what should not does not, and the Alertmanager hears of it.
    dying = {"SlawatchDown", "SlawatchPartitionUnwatched", "SlawatchWorkerDown"}
    await until(lambda: rang(prometheus, *HAPPENS.keys() - dying), 60)  # before what they look at is gone
    second.end(signal.SIGKILL)
    await until(lambda: rang(prometheus, "SlawatchPartitionUnwatched", "SlawatchWorkerDown"), 30)
    first.end(signal.SIGKILL)
    await until(lambda: rang(prometheus, "SlawatchDown"), 30)
    assert set(HAPPENS) | set(QUIET) == set(alerts())
    assert await prometheus.fired() - SLOW == set(HAPPENS)
    await until(lambda: heard(alertmanager, {"SlawatchDeadLetterFlood", "SlawatchEventsLost"}), 60)


async def miss_again(prometheus: Api, tickets: Tickets) -> None:
    """First answers are missed in three goes, each of which Prometheus has seen."""
    share = 'resets(slawatch_period_ratio{service="first_response"}[1h])'
    for times in (1, 2, 3):
        await tickets.open(8 * times)
        await until(lambda times=times: at_least(prometheus, share, times), 30)


async def at_least(prometheus: Api, expression: str, figure: float) -> bool:
    return any(float(one["value"][1]) >= figure for one in await prometheus.query(expression))


async def rang(prometheus: Api, *wanted: str) -> bool:
    return set(wanted) <= await prometheus.fired()


async def heard(alertmanager: Api, wanted: set[str]) -> bool:
    """Whether it has these alerts, for the receiver that they are meant for."""
    found = json.loads(await alertmanager.get("/api/v2/alerts"))
    routed = {alert["labels"]["alertname"]: [receiver["name"] for receiver in alert["receivers"]] for alert in found}
    return all(routed.get(name) == ["operators-on-call"] for name in wanted)
