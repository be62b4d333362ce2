"""Which partition a key belongs to, by the hash of every Kafka client's default: for who must know without asking one."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


_REMEMBERED: Final = 256  # bytes of a key: a full cache is some megabytes


def key_hash(key: bytes) -> int:
    """The number whose remainder by the count of partitions is the partition: murmur2 without its sign."""
    return _remembered(key) if len(key) <= _REMEMBERED else _hash(key)


def _hash(key: bytes) -> int:
    length = len(key)
    found = 0x9747B28C ^ length
    for start in range(0, length & ~3, 4):
        word = int.from_bytes(key[start : start + 4], "little") * _M & _MASK
        word = (word ^ word >> 24) * _M & _MASK
        found = found * _M & _MASK ^ word
    rest = key[length & ~3 :]
    if rest:
        found = (found ^ int.from_bytes(rest, "little")) * _M & _MASK
    found = (found ^ found >> 13) * _M & _MASK
    return (found ^ found >> 15) & 0x7FFFFFFF


_remembered = lru_cache(maxsize=65_536)(_hash)
