"""A table in RocksDB, for state larger than memory.

States and the record of what they include (position, changelog offset) are one write, so a folder never holds half a
batch. A folder that belongs to something else, is too old for the changelog's tombstones, or is damaged, is built anew.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from rocksdict import Options, Rdict, WriteBatch

from slawatch.stream.position import POSITION_KEY, Position
from slawatch.stream.table import Tally, recount

_log = logging.getLogger(__name__)

STALE_MS = 43_200_000
"""Half of the changelog's `delete.retention.ms`: after the whole of it a deletion may be unseen for ever."""


class _Meta(NamedTuple):
    """What the folder holds, under the key that no state can have."""

    owner: str
    written_at: int
    changelog_offset: int
    position: tuple[int, int, int, int] | None


class RocksTable:
    """The states of one partition in a folder of its own; `owner` names group, changelog topic and partition."""

    def __init__(self, folder: Path, owner: str, tally: Tally, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._owner = owner
        self._tally = tally
        self._clock = clock
        self.position: Position | None = None
        self.changelog_offset = 0
        self.tallies: Counter[bytes] = Counter()
        self._count = 0
        self._db = self._open()

    def _open(self) -> Rdict:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._adopt(Rdict(str(self._folder), Options(raw_mode=True)))
        except Exception as error:  # rocksdict raises plain Exception for damage, locks and missing rights alike
            if "lock" in str(error).lower():
                raise
            return self._anew(f"is damaged ({error})")

    def _adopt(self, db: Rdict) -> Rdict:
        data = db.get(POSITION_KEY)
        if data is None:
            if next(iter(db.keys()), None) is None:
                return db
            db.close()
            return self._anew("does not say what it includes")
        meta = msgspec.msgpack.decode(data, type=_Meta)
        reason = None
        if meta.owner != self._owner:
            reason = f"belongs to {meta.owner}, not to {self._owner}"
        elif self._clock() - meta.written_at > STALE_MS:
            reason = "is older than the changelog's deletions"
        if reason is not None:
            db.close()
            return self._anew(reason)
        self.changelog_offset = meta.changelog_offset
        self.position = None if meta.position is None else Position(*meta.position)
        return db

    def _anew(self, reason: str) -> Rdict:
        fields = {"folder": str(self._folder)}
        _log.warning("table folder %s; it is built anew from the changelog", reason, extra={"fields": fields})
        shutil.rmtree(self._folder, ignore_errors=True)
        self.position, self.changelog_offset = None, 0
        return Rdict(str(self._folder), Options(raw_mode=True))

    def get(self, key: bytes) -> bytes | None:
        state: bytes | None = self._db.get(key)  # bytes in and out: the mode is raw
        return state

    def __len__(self) -> int:
        return int(self._db.property_int_value("rocksdb.estimate-num-keys") or 0)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for key, state in self._db.items():
            if isinstance(key, bytes) and key != POSITION_KEY:
                yield key, state

    def load(self, states: Mapping[bytes, bytes | None], position: Position | None, changelog_offset: int) -> None:
        if position is not None:
            self.position = position
        self.changelog_offset = changelog_offset
        batch = WriteBatch(raw_mode=True)
        for key, state in states.items():
            if state is None:
                batch.delete(key)
            else:
                batch.put(key, state)
        held = None if self.position is None else tuple(self.position)
        meta = (self._owner, self._clock(), changelog_offset, held)
        batch.put(POSITION_KEY, msgspec.msgpack.encode(meta))
        self._db.write(batch)

    def apply(self, states: Mapping[bytes, bytes | None], position: Position, changelog_offset: int) -> None:
        recount(self.tallies, self._tally, self.get, states)
        self.load(states, position, changelog_offset)

    def clear(self) -> None:
        self._db.close()
        self.tallies.clear()
        self._db = self._anew("is ahead of its changelog")

    def close(self) -> None:
        self._db.close()
