"""The past of a ticket, as packed as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from slawatch.core.agreement import METRICS
from slawatch.core.fact import NO_VERSION, Fact
from slawatch.core.history import Base, Filed, History, Identity
from slawatch.core.promise import Agreements
from slawatch.states.ticket.rows import (
    NUMBER,
    fields_of,
    fields_row,
    in_a_row,
    order_of,
    order_row,
    pack,
    rounds_of,
    rounds_row,
    unpack,
    unpacked,
)

_WAITING: Final = 16
"""Facts that wait to be packed, at most: each new one is compared with them."""


class PackedHistory(History):
    """The past of a ticket as bytes; unpacked when asked for. The newest facts wait to be packed until somebody asks."""

    __slots__ = ("_agreements", "_base", "_count", "_facts", "_filed", "_filings", "_folded", "_new")

    def __init__(
        self, agreements: Agreements, count: int = 0, facts: bytes = b"", filings: int = 0, filed: bytes = b"",
        base: bytes = b"",
    ) -> None:  # fmt: skip
        super().__init__(len(facts) + len(filed) + len(base))
        self._agreements = agreements
        self._count, self._facts = count, facts
        self._new: list[Fact] = []
        self._filings, self._filed = filings, filed
        self._base = base
        self._folded: Base | None = None
        """A base that need not be packed before there is a fact beyond it: until then it is the ticket itself."""

    def row(self) -> tuple[int, bytes, int, bytes, bytes]:
        """What is stored; where there are no facts beyond it, the base is the ticket itself."""
        return self._count, self._packed(), self._filings, self._filed, self._packed_base() if self._count else b""

    def __len__(self) -> int:
        return self._count

    def facts(self) -> list[Fact]:
        rows = unpacked(self._count, self._packed())
        return [Fact(at, NO_VERSION if version is None else version, name, seen) for at, version, name, seen in rows]

    def knows(self, name: str) -> bool:
        for fact in self._new:
            if fact.id == name:
                return True
        if not self._facts:
            return False
        # Searching the packed bytes is a hundred times faster than unpacking them; what it finds may be something else.
        return pack(name) in self._facts and any(fact.id == name for fact in self.facts())

    def append(self, fact: Fact) -> None:
        self._packed_base()
        self._new.append(fact)
        self._count += 1
        if len(self._new) >= _WAITING:
            self._packed()

    def replace(self, facts: Sequence[Fact]) -> None:
        if facts:
            self._packed_base()
        self.size -= len(self._facts)
        self._count, self._facts, self._new = len(facts), b"", list(facts)
        self._packed()

    def _packed(self) -> bytes:
        """The facts as bytes, the newest too."""
        if self._new:
            packed = in_a_row([
                (fact.at, None if fact.version == NO_VERSION else fact.version, fact.id, fact.observed)
                for fact in self._new
            ])  # fmt: skip
            self._facts += packed
            self.size += len(packed)
            self._new.clear()
        return self._facts

    def filed(self) -> list[Filed]:
        rows = unpacked(self._filings, self._filed)
        return [Filed(slug, METRICS[metric], number, said) for slug, metric, number, said in rows]

    def filings(self) -> int:
        return self._filings

    def file(self, said: Filed) -> None:
        row = pack((said.slug, NUMBER[said.metric], said.round, said.said))
        self._filed += row
        self._filings += 1
        self.size += len(row)

    def unfile(self, identity: Identity) -> dict[str, int] | None:
        slug, metric, number = identity
        # The beginning of its row, but for the length: most rounds are new, and a ticket may have a thousand.
        if not self._filings or pack((slug, NUMBER[metric], number))[1:] not in self._filed:
            return None
        filed = self.filed()
        found = [one.said for one in filed if one.identity == identity]
        if not found:
            return None
        self.refile([one for one in filed if one.identity != identity])
        return found[0]

    def refile(self, filed: Sequence[Filed]) -> None:
        self.size -= len(self._filed)
        self._filings, self._filed = 0, b""
        for said in filed:
            self.file(said)

    def base(self) -> Base | None:
        packed = self._packed_base()
        if not packed:
            return None
        order, first_at, opened_at, opening, fields, rounds = unpack(packed)
        return Base(
            order_of(order), first_at, opened_at, opening, fields_of(fields),
            [rounds_of(row, self._agreements) for row in rounds],
        )  # fmt: skip

    def rebase(self, base: Base) -> None:
        self.size -= len(self._base)
        self._base, self._folded = b"", base

    def _packed_base(self) -> bytes:
        """The base as bytes, the newest too."""
        base = self._folded
        if base is not None:
            self._folded = None
            self._base = pack((
                order_row(base.order), base.first_at, base.opened_at, base.opening, fields_row(base.fields),
                [rounds_row(rounds, base=True) for rounds in base.rounds],
            ))  # fmt: skip
            self.size += len(self._base)
        return self._base
