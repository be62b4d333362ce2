"""The topics of a group: created where they are missing, and compared with the plan (`topic_plan`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, for_code

from slawatch.process import Output
from slawatch.settings import Settings, StreamTime
from slawatch.stream.client import bounded, client_options
from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.login import refusal
from slawatch.stream.topic_plan import Difference, Found, Planned, Role, changelog_name, differences, plan

_VISIBLE_SECONDS = 15.0  # until a created topic is in every broker's metadata
_TOPIC_EXISTS = 36
_PASSING = {7, 38, 41, 89}
"""Timed out, fewer brokers than replicas, no controller, throttled: so it is while a cluster starts."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names, sizes and limits, as they were at start."""

    group: str
    inputs: Mapping[str, str]
    """Topic by the name of its process."""
    outputs: Mapping[Output, str]
    dead_letters: str
    partitions: Mapping[str, int]
    limits: Mapping[str, int]
    """The largest record per topic, in bytes."""

    def changelog_of(self, topic: str) -> str:
        return changelog_name(self.group, topic)

    @property
    def input_partitions(self) -> int:
        return next(self.partitions[topic] for topic in self.inputs.values())


class TopicAdmin:
    """What the service asks of a cluster's administration; every request is bounded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = AIOKafkaAdminClient(**client_options(settings))

    async def start(self) -> None:
        """Connect; raises `Refused` with the reason where a broker is there and does not let us in."""
        try:
            await bounded(self._client.start(), "connect")
        except KafkaConnectionError:
            reason = await refusal(self._settings)
            if reason is None:
                raise
            raise Refused(reason) from None

    async def close(self) -> None:
        await bounded(self._client.close(), "disconnect", 3.0)

    async def find(self, names: Iterable[str]) -> dict[str, Found]:
        """The topics of these names that there are; asking creates none."""
        wanted = set(names)
        # All topics are listed, as asking for one by name would let the broker create it.
        topics = await bounded(self._client.describe_topics(), "list topics")
        counts = {topic["topic"]: len(topic["partitions"]) for topic in topics if topic["topic"] in wanted}
        configs = await self._configs(counts)
        return {name: Found(count, configs.get(name, {})) for name, count in counts.items()}

    async def _configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        responses = await bounded(self._client.describe_configs(resources), "read topic configurations")
        return {
            resource[3]: {entry[0]: entry[1] for entry in resource[4]}
            for response in responses
            for resource in response.resources
        }

    async def _replication(self) -> int:
        """The broker's default where no other is set; 1 where the broker doesn't say."""
        if self._settings.replication is not None:
            return self._settings.replication
        cluster = await bounded(self._client.describe_cluster(), "describe the cluster")
        broker = ConfigResource(ConfigResourceType.BROKER, str(cluster["brokers"][0]["node_id"]))
        responses = await bounded(self._client.describe_configs([broker]), "read the broker's configuration")
        entries = [entry for response in responses for resource in response.resources for entry in resource[4]]
        return next((int(entry[1]) for entry in entries if entry[0] == "default.replication.factor"), 1)

    async def create(self, missing: Iterable[Planned], partitions: int) -> None:
        """Create topics; one that another worker has created meanwhile is as good.

        Raises `Refused`, or `BrokerAway` for what passes when the cluster has come up.
        """
        replication = await self._replication()
        new = []
        for topic in missing:
            configs = dict(topic.configs)
            if topic.role is Role.CHANGELOG and replication > 1:
                configs["min.insync.replicas"] = "2"
            new.append(NewTopic(topic.name, partitions, replication, topic_configs=configs))
        response = await bounded(self._client.create_topics(new), "create topics")
        for name, code, *rest in response.topic_errors:
            if code not in (0, _TOPIC_EXISTS):
                reason = (rest[0] if rest else None) or for_code(code).__name__
                if code in _PASSING:
                    raise BrokerAway(f"{name}: the topic could not be created yet: {reason}")
                raise Refused(f"{name}: the topic could not be created: {reason}")


async def ensure(settings: Settings, inputs: Iterable[str]) -> tuple[Topics, list[Difference]]:
    """Topics created and verified, with what is not as planned but no reason to refuse; raises `Refused`."""
    names = list(inputs)
    admin = TopicAdmin(settings)
    try:
        await admin.start()
        planned = plan(settings, names)
        found = await admin.find(topic.name for topic in planned)
        missing = [topic for topic in planned if topic.name not in found]
        if missing and not settings.create_topics:
            listed = ", ".join(topic.name for topic in missing)
            raise Refused(f"topics are missing: {listed}; create them or set SLAWATCH_CREATE_TOPICS=true")
        inputs_first = [topic for topic in missing if topic.role is Role.INPUT]
        for group in (inputs_first, [topic for topic in missing if topic.role is not Role.INPUT]):
            # Another worker, or a producer, may just have created an input: its count is the one to copy.
            if group:
                await admin.create(group, _partitions(settings, planned, found))
                found = await _visible(admin, {*found, *(topic.name for topic in group)})
    finally:
        await admin.close()
    found_differences = differences(planned, found, settings.stream_time is StreamTime.RECORDS)
    fatal = [str(difference) for difference in found_differences if difference.fatal]
    if fatal:
        raise Refused("; ".join(fatal))
    return _topics(settings, names, found), found_differences


async def inspect(settings: Settings, inputs: Iterable[str]) -> list[Difference]:
    """Everything about the topics that is not as planned; changes nothing."""
    admin = TopicAdmin(settings)
    try:
        await admin.start()
        planned = plan(settings, inputs)
        found = await admin.find(topic.name for topic in planned)
    finally:
        await admin.close()
    return differences(planned, found, settings.stream_time is StreamTime.RECORDS)


def _partitions(settings: Settings, planned: Iterable[Planned], found: Mapping[str, Found]) -> int:
    """The count of an input that exists, or of what processes tell each other, else the one that is set."""
    there = [topic for topic in planned if topic.name in found]
    for role in (Role.INPUT, Role.RELAY):
        for topic in there:
            if topic.role is role:
                return found[topic.name].partitions
    return settings.partitions


async def _visible(admin: TopicAdmin, names: set[str]) -> dict[str, Found]:
    """What there is once topics of all these names are seen."""
    deadline = asyncio.get_running_loop().time() + _VISIBLE_SECONDS
    while True:
        found = await admin.find(names)
        if len(found) == len(names):
            return found
        if asyncio.get_running_loop().time() > deadline:
            missing = ", ".join(sorted(names - set(found)))
            raise BrokerAway(f"created topics did not appear within {_VISIBLE_SECONDS:g} s: {missing}")
        await asyncio.sleep(0.1)


def _topics(settings: Settings, inputs: Iterable[str], found: Mapping[str, Found]) -> Topics:
    return Topics(
        group=settings.group,
        inputs={name: settings.topic_of(name) for name in inputs},
        outputs={output: settings.topic_of(output) for output in Output},
        dead_letters=settings.dead_letters,
        partitions={name: topic.partitions for name, topic in found.items()},
        limits={name: topic.largest for name, topic in found.items()},
    )
