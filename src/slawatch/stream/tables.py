"""The tables of a worker over its assignments: opened, kept while a partition is away, or let go."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from slawatch.process import Process
from slawatch.settings import Settings, Store
from slawatch.stream.table import MemoryTable, Table
from slawatch.stream.wall_clock import now_ms


class Tables:
    """A table in memory is kept until the next assignment, with the changelog offset that it includes.

    If its partition comes back, the restore reads on from there. A folder stays on disk and needs no keeping.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: dict[TopicPartition, MemoryTable] = {}

    def open(self, source: TopicPartition, process: Process[Any]) -> Table:
        """The table of a partition: the kept one, that of its folder, or an empty one."""
        kept = self._kept.pop(source, None)
        if kept is not None:
            return kept
        if self._settings.store is Store.MEMORY:
            return MemoryTable(process.tally)
        from slawatch.stream.rocks import RocksTable  # an extra: only who asks for it needs it

        group = self._settings.group
        folder = Path(self._settings.data) / group / source.topic / str(source.partition)
        return RocksTable(folder, f"{group}/{source.topic}/{source.partition}", process.tally, now_ms)

    def keep(self, source: TopicPartition, table: Table) -> None:
        """Put the table of a revoked partition aside."""
        if isinstance(table, MemoryTable):
            self._kept[source] = table
        else:
            table.close()

    def drop_but(self, wanted: Container[TopicPartition]) -> None:
        """Let go of what is kept for other partitions than these."""
        self._kept = {source: table for source, table in self._kept.items() if source in wanted}
