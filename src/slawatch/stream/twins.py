"""Two workers with one static id: they rebalance each other for ever, and neither client nor broker says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from slawatch.stream.errors import BrokerAway, Refused

_MOST, _SECONDS = 5, 30.0


class Twins:
    """Looks at assignments as they come; `instance` is the static id, None for a dynamic member."""

    def __init__(self, instance: str | None) -> None:
        self._instance = instance
        self._seen: deque[tuple[float, Hashable]] = deque(maxlen=_MOST + 1)

    def look(self, assigned: Hashable, now: float) -> None:
        """Raises `Refused` when the same partitions were assigned too often; `now` is in seconds of any clock."""
        self._seen.append((now, assigned))
        if self._instance is None or len(self._seen) <= _MOST or now - self._seen[0][0] >= _SECONDS:
            return
        if all(earlier == assigned for _, earlier in self._seen):
            raise Refused(
                f"{len(self._seen)} assignments of the same partitions within {_SECONDS:g} s: another worker has the "
                f"same SLAWATCH_INSTANCE={self._instance}; every worker needs one of its own"
            )


def suspect(failure: BrokerAway, instance: str | None) -> BrokerAway:
    """The same failure, with the twin that it may come from where the worker has a static id.

    The group fences one of two (FENCED_INSTANCE_ID, code 82 of Kafka's protocol); the client has no name for that code
    and calls it `UnknownError`.
    """
    if instance is None or "UnknownError" not in str(failure):
        return failure
    return BrokerAway(
        f"{failure}. If another worker has the same SLAWATCH_INSTANCE={instance}, this is how the group tells it; every "
        "worker needs one of its own"
    )
