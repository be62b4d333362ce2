"""Why a worker ends.

LaneError
├── Refused        settings, topics, tables or positions that don't fit: exit code 2, a restart changes nothing
├── BrokerAway     Kafka did not answer within a bound: exit code 1, a restart may help
├── Fenced         another worker has taken a partition over: exit code 1
├── Stuck          a partition with work did not turn: exit code 1
└── Damaged        a table on disk can't be read: exit code 1, the next start builds it anew
"""

from __future__ import annotations


class LaneError(Exception):
    """A failure of the shell, as a sentence for an operator."""

    exit_code = 1


class Refused(LaneError):  # noqa: N818 - what happened, told to a person
    """Something is not as it must be, and going on would lose or repeat events."""

    exit_code = 2


class BrokerAway(LaneError):  # noqa: N818 - what happened, told to a person
    """No broker answered in time."""


class Fenced(LaneError):  # noqa: N818 - what happened, told to a person
    """A newer producer writes for the partition."""


class Stuck(LaneError):  # noqa: N818 - what happened, told to a person
    """A partition with work has not turned for too long."""


class Damaged(LaneError):  # noqa: N818 - what happened, told to a person
    """The folder of a table has bytes that are not what was written."""
