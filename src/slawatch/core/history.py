"""What is kept of a ticket's past: its facts, what was said of rounds that are over, and the base of what was folded.

A ticket whose events come in order never reads it, it only adds to it; so whoever stores tickets may keep it packed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from slawatch.core.agreement import Metric
from slawatch.core.fact import Fact, Fields, Order
from slawatch.core.rounds import Rounds

Identity = tuple[str, Metric, int]
"""Agreement (as it stands in ids), metric, round: what an alert is about."""


class Filed(NamedTuple):
    """What was said of a clock that is over: of an earlier round, or of an agreement that no longer applies."""

    slug: str
    metric: Metric
    round: int
    said: dict[str, int]

    @property
    def identity(self) -> Identity:
        return (self.slug, self.metric, self.round)


@dataclass(slots=True)
class Base:
    """A ticket as it was when its past was folded: what is left of facts that nobody can add to any more.

    `order` is that of the newest folded fact; a fact that is not newer comes too late.
    """

    order: Order
    first_at: int
    opened_at: int | None
    opening: int | None
    fields: Fields
    rounds: list[Rounds] = field(default_factory=list)


class History(ABC):
    """The past of one ticket; `size` is about how many bytes it takes."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    @abstractmethod
    def __len__(self) -> int:
        """How many facts there are, those of the base not counted."""

    @abstractmethod
    def facts(self) -> list[Fact]:
        """The facts by their order."""

    @abstractmethod
    def knows(self, name: str) -> bool:
        """Whether a fact has this id already."""

    @abstractmethod
    def append(self, fact: Fact) -> None:
        """Add a fact that is newer than all others."""

    @abstractmethod
    def replace(self, facts: Sequence[Fact]) -> None:
        """Keep these facts, in their order, and no others."""

    @abstractmethod
    def filed(self) -> list[Filed]:
        """What was said of clocks that are over."""

    @abstractmethod
    def filings(self) -> int:
        """How many there are of them."""

    @abstractmethod
    def file(self, said: Filed) -> None:
        """Add what was said of one."""

    @abstractmethod
    def unfile(self, identity: Identity) -> dict[str, int] | None:
        """Take out what was said of a clock that begins again; None if nothing was."""

    @abstractmethod
    def refile(self, filed: Sequence[Filed]) -> None:
        """Keep these and no others."""

    @abstractmethod
    def base(self) -> Base | None:
        """What was folded; the caller may change its fields."""

    @abstractmethod
    def rebase(self, base: Base) -> None:
        """Keep this base, which stays as it is until the next fact is added."""
