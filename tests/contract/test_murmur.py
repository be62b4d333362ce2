"""Our own hash of keys is that of Kafka's clients."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from slawatch.murmur import key_hash


@given(st.binary(max_size=50))
def test_the_hash_is_that_of_the_client(key: bytes) -> None:
    assert key_hash(key) == int(murmur2(key)) & 0x7FFFFFFF


def test_by_example() -> None:
    # From the tests of Apache Kafka's own clients.
    assert key_hash(b"21") == -973932308 & 0x7FFFFFFF
    assert key_hash(b"foobar") == -790332482 & 0x7FFFFFFF
    assert key_hash(b"abc") == 479470107
