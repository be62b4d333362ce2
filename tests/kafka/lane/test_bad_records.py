"""A record that can't be used becomes a dead letter with its bytes and coordinates; the stream goes on."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.record.util import calc_crc32c

from counting import Counting
from lane_desk import Desk, due_in, events, eventually, ids
from slawatch.local_kafka import LocalKafka
from slawatch.stream.app import Worker


def headers(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def event(key: str, **fields: Any) -> tuple[bytes, bytes]:
    return key.encode(), json.dumps({"key": key, **fields}).encode()


async def test_every_kind_of_bad_record(desk: Desk) -> None:
    settings = desk.settings(partitions=1)
    await desk.create_topic(settings.tickets, 1, max_message_bytes="4000000", message_timestamp_type="LogAppendTime")
    huge = json.dumps({"key": "k", "id": 7, "pad": "x" * 2_000_000}).encode()
    bad: list[tuple[bytes | None, bytes | None, str]] = [
        (b"k", b"{not json", "not_json"),
        (b"k", b'{"key": "k"}', "invalid"),
        (None, b'{"id": 1}', "no_key"),
        (b"k", b'{"key": "other", "id": 1}', "key_mismatch"),
        (b"k", huge, "too_large"),
        (b"k" * 4_097, event("k", id=1)[1], "too_large"),
        (*event("k", id=3, do="raise"), "bug"),
        (*event("k", id=4, do="huge_state"), "state_too_large"),
        (*event("k", id=5, do="huge_message"), "too_large"),
    ]
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce([{"key": "k", "id": 0}])
        await desk.produce_raw([(key, value) for key, value, _ in bad])
        await desk.produce_raw([(b"k", None)])  # a tombstone of the source is none of them
        await desk.produce([{"key": "k", "id": 9}])
        letters = await desk.read("dead_letters", len(bad))
        said = await desk.read("warnings", 2)
        sample = worker.metrics.registry.get_sample_value
        assert [sample("slawatch_dead_letters_total", {"reason": r}) for r in ("bug", "too_large")] == [1, 3]
        labels = {"topic": settings.tickets}
        assert sample("slawatch_events_total", labels | {"outcome": "dead_letter"}) == len(bad)
        assert sample("slawatch_events_total", labels | {"outcome": "tombstone"}) == 1
        assert sample("slawatch_events_total", labels | {"outcome": "applied"}) == 2
    assert ids(said) == [0, 9]
    assert said[1].value == b"k 2 9", "a turn that was refused has left the state as it was"
    assert [headers(letter)["reason"] for letter in letters] == [reason for _, _, reason in bad]
    for offset, (letter, (key, value, _)) in enumerate(zip(letters, bad, strict=True), start=1):
        assert letter.key == key
        assert headers(letter)["source-topic"] == settings.tickets
        assert headers(letter)["source-partition"] == "0"
        assert headers(letter)["source-offset"] == str(offset)
        assert int(headers(letter)["source-timestamp"]) > 0
        if value is not huge:
            assert letter.value == value
    cut = letters[4]
    assert headers(cut)["truncated"] == "value"
    assert headers(cut)["original-size"] == str(len(huge))
    assert 1_000_000 < len(cut.value) < 1_048_588
    assert huge.startswith(cut.value)
    assert "asked to raise by 3" in headers(letters[6])["error"]


async def test_a_header_whose_name_is_no_utf_8(desk: Desk, kafka: LocalKafka) -> None:
    settings = await desk.create_topics(partitions=1)
    await desk.produce(events(0, 5))
    async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
        batch = producer.create_batch()
        batch.append(key=b"k", value=b"{}", timestamp=None, headers=[("zzqq", b"v")])
        batch.close()
        batch._build = spoilt(batch._build())
        await (await producer.send_batch(batch, settings.tickets, partition=0))
    await desk.produce(events(6, 10))
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        assert ids(await desk.read("warnings", 9)) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
        [letter] = await desk.read("dead_letters", 1)
    assert (letter.key, letter.value) == (None, None)
    assert (headers(letter)["reason"], headers(letter)["source-offset"]) == ("invalid", "5")
    assert "can't decode" in headers(letter)["error"]
    assert await desk.committed(0) == 10


def spoilt(built: bytes) -> Callable[[], bytearray]:
    """A record batch whose header `zzqq` has a name that no client can decode, with a checksum that is right."""
    data = bytearray(built)
    at = data.index(b"zzqq")
    data[at : at + 2] = b"\xff\xfe"
    struct.pack_into(">I", data, 17, calc_crc32c(memoryview(data)[21:]))
    return lambda: data


async def test_what_a_transactional_producer_wrote_is_read_to_its_last_marker(desk: Desk, kafka: LocalKafka) -> None:
    settings = await desk.create_topics(partitions=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=settings.group) as producer:
        for number in range(3):
            async with producer.transaction():
                for one in events(number * 10, number * 10 + 10):
                    await producer.send(settings.tickets, json.dumps(one).encode(), b"%b" % one["key"].encode())
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.read("warnings", 30)
        async with asyncio.timeout(20):
            while await desk.committed(0) != 33:
                await asyncio.sleep(0.2)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    await admin.delete_records({TopicPartition(settings.tickets, 0): RecordsToDelete(-1)})  # as retention would
    await admin.close()
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        assert worker.metrics.registry.get_sample_value("slawatch_events_lost_total") == 0


async def test_a_wake_up_that_raises_is_silent_until_the_next_event(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    settings = await desk.create_topics(partitions=1)
    async with Worker(settings, [Counting()]) as worker:
        await worker.ready()
        await desk.produce([{"key": "bad", "id": 0, "due": due_in(0.3), "do": "raise_on_wake"}])
        await desk.produce([{"key": "good", "id": 1, "due": due_in(0.5)}])
        assert [record.key for record in await desk.read("breaches", 1)] == [b"good"]
        [letter] = await desk.read("dead_letters", 1, settle=1)
        assert headers(letter)["reason"] == "bug"
        assert headers(letter)["wake-up"] == "true"
        assert letter.key == b"bad"
        assert letter.value.startswith(b"1;1;")
        await desk.produce([{"key": "bad", "id": 2, "due": due_in(0.3)}])
        breaches = await desk.read("breaches", 3)  # its old deadline is said with the event, the new one when it comes
        assert [record.key for record in breaches] == [b"good", b"bad", b"bad"]
    assert "asked to raise on the wake-up" in caplog.text


async def test_a_topic_that_accepts_little(desk: Desk) -> None:
    settings = desk.settings(partitions=1)
    for topic in (settings.dead_letters, settings.warnings, f"{settings.group}-{settings.tickets}-changelog"):
        policy = "compact" if topic.endswith("changelog") else "delete"
        await desk.create_topic(topic, 1, max_message_bytes="2000", cleanup_policy=policy)
    async with Worker(settings, [Counting(pad=100)]) as worker:
        await worker.ready()
        await desk.produce(events(0, 500))
        await desk.produce_raw([(b"k" * 5_000, b"{" * 5_000)])
        assert len(await desk.read("warnings", 500)) == 500
        [letter] = await desk.read("dead_letters", 1)
        assert headers(letter)["truncated"] == "key,value"
        assert headers(letter)["original-size"] == "5000"
        await eventually(lambda: worker.lane.failure is None, 1)
