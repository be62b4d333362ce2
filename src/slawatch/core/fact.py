"""What is known of a ticket: facts in the order in which they happened, and the fields that they leave behind."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final


class Phase(IntEnum):
    """The help desk's many words for a status, as far as clocks can tell them apart. Stored: append only."""

    OPEN = 0
    PENDING = 1
    RESOLVED = 2
    CLOSED = 3
    CANCELLED = 4

    __hash__ = int.__hash__


GONE: Final = Phase.CANCELLED
"""Merged and deleted tickets are in the same phase as cancelled ones: every clock stands still."""

# A field's number: its position in `Fields` and its key in `Fact.observed`. Stored: append only.
STATUS: Final = 0
PRIORITY: Final = 1
CUSTOMER: Final = 2
SERVICE: Final = 3
KIND: Final = 4
TEAM: Final = 5
ASSIGNEE: Final = 6
ATTRIBUTES: Final = 7
MERGED_INTO: Final = 8
DELETED: Final = 9
RATING: Final = 10
REPLY: Final = 11
OPENED_AT: Final = 12
FIELD_NAMES: Final = (
    "status", "priority", "customer", "service", "kind", "team", "assignee", "attributes",
    "merged_into", "deleted", "rating", "reply", "opened_at",
)  # fmt: skip
KEPT: Final = 11
"""Fields below this number are remembered; a reply and an opening are things that happened."""

Fields = list[Any]
"""The last observed value of each kept field, None where there is none; attributes are a dict."""

# Who replied, as the clocks see it.
BY_AGENT: Final = 1
BY_CUSTOMER: Final = 2
INTERNAL: Final = 3
BY_BOT: Final = 4

Order = tuple[int, int, str]
"""Facts are ordered by instant, version (-1: none), id; never by arrival."""

NO_VERSION: Final = -(2**63)


Observed = dict[int, Any]
"""What each field, by number, was seen to be (None: cleared)."""


class Fact:
    """Something observed about a ticket; its `id` is that of the event that said so."""

    __slots__ = ("at", "id", "observed", "version")

    def __init__(self, at: int, version: int, name: str, observed: Observed) -> None:
        self.at = at
        self.version = version
        self.id = name
        self.observed = observed

    @property
    def order(self) -> Order:
        return (self.at, self.version, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fact) and self.order == other.order and self.observed == other.observed

    __hash__ = None  # type: ignore[assignment]  # what was observed can't be hashed


def no_fields() -> Fields:
    """The fields of a ticket of which nothing was observed yet."""
    return [None] * KEPT


def observe(fields: Fields, observed: Observed) -> None:
    """Let `fields` be what they are after a fact; attributes are observed one by one, a null clears them all."""
    for number, value in observed.items():
        if number < ATTRIBUTES:
            fields[number] = value
        elif number != ATTRIBUTES or value is None:
            if number < KEPT:
                fields[number] = value
        elif fields[ATTRIBUTES] != value:
            merged = {**(fields[ATTRIBUTES] or {}), **value}
            fields[ATTRIBUTES] = {name: given for name, given in merged.items() if given is not None} or None
