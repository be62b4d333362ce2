"""A folder of states that has been damaged: nothing is left out in silence, and the next start builds it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from slawatch.stream.errors import Damaged
from slawatch.stream.position import Position
from slawatch.stream.wall_clock import now_ms

pytest.importorskip("rocksdict", reason="the extra `rocksdb` is not installed")
import rocksdict

from slawatch.stream.rocks import RocksTable

STATES = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table with many states in one file, some bytes of which in the middle are not what was written."""
    folder = tmp_path / "lock-smiths" / "0"  # the word for what another process holds, in a path
    table = opened(folder)
    table.load({b"%08d" % n: b"%08d" % n * 30 for n in range(STATES)}, Position(7, 7, 1, 1), 7)
    table.close()
    whole = rocksdict.Rdict(str(folder), rocksdict.Options(raw_mode=True))
    whole.flush()
    whole.compact_range(None, None)
    whole.close()
    return folder


def opened(folder: Path) -> RocksTable:
    return RocksTable(folder, "group/changelog/0", lambda _: b"", now_ms)


def damage(folder: Path, part: float) -> None:
    """Overwrite some bytes of the largest file, at this part of its length."""
    file = max(folder.glob("*.sst"), key=lambda file: file.stat().st_size)
    with file.open("r+b") as data:
        data.seek(int(file.stat().st_size * part))
        data.write(bytes(8_192))


def test_what_can_not_be_walked_to_its_end_is_said(folder: Path) -> None:
    damage(folder, 0.5)
    table = opened(folder)
    with pytest.raises(Damaged, match="the next start builds it anew"):
        sum(1 for _ in table.items())
    table.close()
    again = opened(folder)
    assert (again.position, again.changelog_offset, list(again.items())) == (None, 0, [])
    again.load({b"k": b"v"}, Position(1, 1, 1, 1), 1)
    again.close()
    assert dict(opened(folder).items()) == {b"k": b"v"}, "it is built anew once"


def test_a_state_that_can_not_be_read_is_no_fault_of_who_asks(folder: Path) -> None:
    damage(folder, 0.5)
    table = opened(folder)
    with pytest.raises(Damaged):
        all(table.get(b"%08d" % number) for number in range(STATES))
    table.close()


def test_a_folder_whose_own_record_is_damaged_is_built_anew(folder: Path) -> None:
    for file in folder.glob("*.sst"):
        file.write_bytes(bytes(file.stat().st_size))
    table = opened(folder)
    assert (table.position, list(table.items())) == (None, [])
    table.close()


def test_a_folder_that_is_open_elsewhere_is_left_alone(folder: Path) -> None:
    table = opened(folder)
    with pytest.raises(Exception, match="lock hold by"):
        opened(folder)
    assert sum(1 for _ in table.items()) == STATES
    table.close()
