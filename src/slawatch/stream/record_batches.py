"""What a transaction writes, put into the client's record batches: an await for each record would cost too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from slawatch.murmur import key_hash
from slawatch.process import Message, Output

_NO_HEADERS: Final[list[Any]] = []  # the client insists on a list; one for all


class RecordBatches:
    """Records by topic and partition, in the order in which they were added, all with one timestamp (ms).

    `create` makes an empty batch of the producer that will send them. Records are known to fit into one.
    """

    def __init__(self, create: Callable[[], Any], now: int) -> None:
        self._create = create
        self._now = now
        self._open: dict[tuple[str, int], Any] = {}
        self._full: list[tuple[str, int, Any]] = []

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
        target = (topic, partition)
        batch = self._open.get(target)
        if batch is not None:
            if batch.append(timestamp=self._now, key=key, value=value, headers=headers) is not None:
                return
            self._full.append((topic, partition, batch))
        self._open[target] = batch = self._create()
        batch.append(timestamp=self._now, key=key, value=value, headers=headers)

    def add_messages(
        self, messages: Sequence[Message], topics: Mapping[Output, str], partitions: Mapping[str, int]
    ) -> None:
        """Each on the topic of its output; in its partition, or in that of its key."""
        for output, key, value, headers, _, partition in messages:
            topic = topics[output]
            number = key_hash(key) % partitions[topic] if partition is None else partition
            self.add(topic, number, key, value, headers if isinstance(headers, list) else list(headers))

    def add_states(self, topic: str, partition: int, states: Mapping[bytes, bytes | None]) -> None:
        for key, state in states.items():
            self.add(topic, partition, key, state, _NO_HEADERS)

    def closed(self) -> list[tuple[str, int, Any]]:
        """All of them with their topics and partitions, those of one partition in order; nothing is added any more."""
        self._full.extend([(topic, partition, batch) for (topic, partition), batch in self._open.items()])
        self._open.clear()
        for _, _, batch in self._full:
            batch.close()
        return self._full
