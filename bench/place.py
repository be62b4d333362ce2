"""Where a run takes place: the profile, a scratch folder, a broker, and a place for what it says meanwhile."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import desk
from slawatch.local_kafka import LocalKafka

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Place:
    """What the parts share; a run that is not `full` has fewer standing tickets."""

    profile: dict[str, Any]
    folder: Path
    kafka: LocalKafka
    runs: int
    full: bool
    names: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def desk(self) -> desk.Desk:
        return desk.Desk.of(self.profile)

    @property
    def brokers(self) -> str:
        if self.kafka.pid is None:
            self.say("starting kafka")
            self.kafka.start()
        return self.kafka.brokers

    @property
    def partitions(self) -> int:
        return int(self.profile["topic"]["partitions"])

    @property
    def agreements(self) -> Path:
        path = self.folder / "agreements.yaml"
        if not path.exists():
            path.write_text(desk.agreements(self.profile))
        return path

    @property
    def turns(self) -> int:
        """Of what takes long or swings little: one, but in a full run."""
        return self.runs if self.full else 1

    def name(self, of: str) -> str:
        """A name that nothing of this run has."""
        return f"bench-{of}-{next(self.names)}"

    def scaled(self, tickets: int) -> int:
        """So many tickets in a full run, three tenths of them else."""
        return tickets if self.full else tickets * 3 // 10

    def stored(self, topic: str) -> int:
        """The bytes of a topic's records on the broker's disk."""
        return sum(file.stat().st_size for file in self.kafka.folder.glob(f"data/{topic}-[0-9]*/*.log"))

    def say(self, text: str) -> None:
        sys.stderr.write(f"bench: {text}\n")
        sys.stderr.flush()
