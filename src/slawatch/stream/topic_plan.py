"""Which topics a group needs, and how those that there are differ; knows no client.

A partition count that doesn't fit is refused, never worked around: keys would change their partition, and with it their
state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from slawatch.process import Output
from slawatch.settings import Settings, StreamTime

_CHANGELOG = {
    "cleanup.policy": "compact",
    # Only closed segments are compacted, and a restore reads what is not: so they are small.
    "segment.bytes": "16777216",
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "86400000",
    "delete.retention.ms": "86400000",
    # The broker's clock in our own records is what ours is compared with.
    "message.timestamp.type": "LogAppendTime",
}


class Role(Enum):
    """What a topic is for."""

    INPUT = "input"
    OUTPUT = "output"
    RELAY = "relay"
    """Written by some processes and read by another."""
    CHANGELOG = "changelog"


class Planned(NamedTuple):
    """A topic that there must be."""

    name: str
    role: Role
    configs: Mapping[str, str]


class Found(NamedTuple):
    """A topic that there is."""

    partitions: int
    configs: Mapping[str, str]

    @property
    def largest(self) -> int:
        """The largest record batch that it accepts, less what compression may add to what can't be compressed."""
        limit = int(self.configs.get("max.message.bytes", 1_048_588))
        return limit - limit // 200 - 100


class Difference(NamedTuple):
    """Something that is not as planned; `fatal` is what a worker refuses to start with."""

    topic: str
    text: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.topic}: {self.text}"


def changelog_name(group: str, topic: str) -> str:
    """The changelog of the table that a group keeps for an input topic."""
    return f"{group}-{topic}-changelog"


def plan(settings: Settings, inputs: Iterable[str]) -> list[Planned]:
    """The topics for the processes named; configurations are those of a topic that we create."""
    by_records = settings.stream_time is StreamTime.RECORDS
    # Old events have old timestamps: retention by time would delete them as they arrive.
    arrival = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
    appended = {"message.timestamp.type": "LogAppendTime"}
    outputs = {settings.topic_of(output) for output in Output}
    read = [settings.topic_of(name) for name in inputs]
    topics = [Planned(topic, Role.INPUT, arrival if by_records else appended) for topic in read if topic not in outputs]
    topics += [Planned(changelog_name(settings.group, topic), Role.CHANGELOG, _CHANGELOG) for topic in read]
    for output in Output:
        topic = settings.topic_of(output)
        cleanup = "compact" if output is Output.REPORTS else "delete"
        topics.append(Planned(topic, Role.RELAY if topic in read else Role.OUTPUT, {"cleanup.policy": cleanup}))
    topics.append(Planned(settings.dead_letters, Role.OUTPUT, {"cleanup.policy": "delete"}))
    return topics


def differences(planned: Iterable[Planned], found: Mapping[str, Found], by_records: bool) -> list[Difference]:
    """What is not as planned among the topics that there are; missing ones too."""
    planned = list(planned)
    result = [Difference(topic.name, "is missing", True) for topic in planned if topic.name not in found]
    present = [topic for topic in planned if topic.name in found]
    counted = [topic for topic in present if topic.role is not Role.OUTPUT]
    counts = {topic.name: found[topic.name].partitions for topic in counted}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        text = f"partition counts of inputs and changelogs differ: {listed}; make them equal before starting"
        result.append(Difference(counted[0].name, text, True))
    for topic in present:
        configs = found[topic.name].configs
        if topic.role is Role.CHANGELOG:
            result += _changelog_differences(topic, configs)
        elif topic.role is Role.INPUT:
            result += _input_differences(topic, configs, by_records)
        elif configs.get("cleanup.policy") not in (None, topic.configs["cleanup.policy"]):
            text = f"cleanup.policy is {configs['cleanup.policy']}, not {topic.configs['cleanup.policy']}"
            if topic.role is Role.RELAY:
                text += ": what one process tells another would be lost; set it back"
            result.append(Difference(topic.name, text, topic.role is Role.RELAY))
    return result


def _changelog_differences(topic: Planned, configs: Mapping[str, str]) -> list[Difference]:
    policy = configs.get("cleanup.policy")
    if policy is not None and policy != "compact":
        return [Difference(topic.name, f"cleanup.policy is {policy}: states would be deleted; set it to compact", True)]
    names = ("delete.retention.ms", "message.timestamp.type")
    return [
        Difference(topic.name, f"{name} is {configs[name]}, not {topic.configs[name]}", False)
        for name in names
        if name in configs and configs[name] != topic.configs[name]
    ]


def _input_differences(topic: Planned, configs: Mapping[str, str], by_records: bool) -> list[Difference]:
    kind, retention = configs.get("message.timestamp.type"), configs.get("retention.ms")
    policy = configs.get("cleanup.policy", "delete")
    result = []
    if by_records and kind == "LogAppendTime":
        text = "message.timestamp.type is LogAppendTime; SLAWATCH_STREAM_TIME=records needs CreateTime"
        result.append(Difference(topic.name, text, True))
    elif by_records and retention not in (None, "-1") and "delete" in policy:
        text = f"retention.ms is {retention}: records with old timestamps may be deleted before they are read"
        result.append(Difference(topic.name, text, False))
    elif not by_records and kind == "CreateTime":
        text = "message.timestamp.type is CreateTime: deadlines wait until a partition is caught up"
        result.append(Difference(topic.name, text, False))
    if "compact" in policy:
        result.append(Difference(topic.name, f"cleanup.policy is {policy}: events of a key would be lost", False))
    return result
