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

from slawatch.stream.errors import Damaged
from slawatch.stream.position import POSITION_KEY, Position
from slawatch.stream.table import Tally, recount

_log = logging.getLogger(__name__)

STALE_MS = 43_200_000
"""Half of the changelog's `delete.retention.ms`: after the whole of it a deletion may be unseen for ever."""


_LOCKED = ("lock hold by", "/LOCK")
"""In what is said of a folder that another process has open."""


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
        self._damage = folder.with_name(f"{folder.name}.damaged")
        """A file that is there when the folder was found damaged while it was open."""
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
        if self._damage.exists():
            return self._anew("was found damaged")
        try:
            db = Rdict(str(self._folder), Options(raw_mode=True))
        except Exception as error:  # rocksdict raises plain Exception for damage, locks and missing rights alike
            if any(words in str(error) for words in _LOCKED):
                raise
            return self._anew(f"is damaged ({error})")
        try:
            reason = self._adopt(db)
        except Exception as error:
            reason = f"is damaged ({error})"
        if reason is None:
            return db
        db.close()
        return self._anew(reason)

    def _adopt(self, db: Rdict) -> str | None:
        """Take over how far the folder goes; else why it can't be."""
        data = db.get(POSITION_KEY)
        if data is None:
            return None if next(iter(db.keys()), None) is None else "does not say what it includes"
        meta = msgspec.msgpack.decode(data, type=_Meta)
        if meta.owner != self._owner:
            return f"belongs to {meta.owner}, not to {self._owner}"
        if self._clock() - meta.written_at > STALE_MS:
            return "is older than the changelog's deletions"
        self.changelog_offset = meta.changelog_offset
        self.position = None if meta.position is None else Position(*meta.position)
        return None

    def _anew(self, reason: str) -> Rdict:
        fields = {"folder": str(self._folder)}
        _log.warning("table folder %s; it is built anew from the changelog", reason, extra={"fields": fields})
        shutil.rmtree(self._folder, ignore_errors=True)
        self._damage.unlink(missing_ok=True)
        self.position, self.changelog_offset = None, 0
        return Rdict(str(self._folder), Options(raw_mode=True))

    def get(self, key: bytes) -> bytes | None:
        try:
            state: bytes | None = self._db.get(key)  # bytes in and out: the mode is raw
        except Exception as error:
            raise self._damaged(error) from error
        return state

    def __len__(self) -> int:
        return int(self._db.property_int_value("rocksdb.estimate-num-keys") or 0)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        found = self._db.iter()
        found.seek_to_first()
        while found.valid():
            key = found.key()
            if key != POSITION_KEY:
                yield key, found.value()
            found.next()
        try:
            found.status()  # at damage it ends as if there were no more
        except Exception as error:
            raise self._damaged(error) from error

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

    def _damaged(self, error: Exception) -> Damaged:
        self._damage.touch()
        return Damaged(f"the table folder {self._folder} is damaged ({error}); the next start builds it anew")

    def clear(self) -> None:
        self._db.close()
        self.tallies.clear()
        self._db = self._anew("is ahead of its changelog")

    def close(self) -> None:
        self._db.close()
