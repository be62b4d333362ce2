"""Which topics there must be, and what is said of those that differ."""

from __future__ import annotations

import pytest

from slawatch.settings import read_settings
from slawatch.stream.topic_plan import Found, Role, differences, plan


def found(**changes: Found) -> dict[str, Found]:
    planned = plan(read_settings(), ["tickets"])
    return {topic.name: Found(8, topic.configs) for topic in planned} | changes


def said(there: dict[str, Found], by_records: bool = False) -> list[tuple[str, bool]]:
    planned = plan(read_settings(), ["tickets"])
    return [(str(difference), difference.fatal) for difference in differences(planned, there, by_records)]


def test_the_plan_names_inputs_changelogs_and_outputs() -> None:
    planned = plan(read_settings(group="g"), ["tickets", "monitoring"])
    names = {topic.name: topic.role for topic in planned}
    assert names == {
        "tickets": Role.INPUT,
        "g-tickets-changelog": Role.CHANGELOG,
        "monitoring": Role.INPUT,
        "g-monitoring-changelog": Role.CHANGELOG,
        "sla-warnings": Role.OUTPUT,
        "sla-breaches": Role.OUTPUT,
        "sla-outcomes": Role.OUTPUT,
        "sla-reports": Role.OUTPUT,
        "sla-dead-letters": Role.OUTPUT,
    }


@pytest.mark.parametrize("stream_time", ["auto", "records", "caught_up"])
def test_an_output_that_a_process_reads_is_planned_once_as_the_output_that_it_is(stream_time: str) -> None:
    planned = plan(read_settings(group="g", stream_time=stream_time), ["tickets", "monitoring", "outcomes"])
    [relay] = [topic for topic in planned if topic.name == "sla-outcomes"]
    assert relay == ("sla-outcomes", Role.RELAY, {"cleanup.policy": "delete"})
    assert [topic.name for topic in planned if topic.role is Role.CHANGELOG] == [
        "g-tickets-changelog",
        "g-monitoring-changelog",
        "g-sla-outcomes-changelog",
    ]


def test_what_processes_tell_each_other_must_be_kept_and_have_the_inputs_partitions() -> None:
    planned = plan(read_settings(stream_time="records"), ["tickets", "outcomes"])
    there = {topic.name: Found(8, topic.configs) for topic in planned}
    assert differences(planned, there, by_records=True) == []
    few, compacted = Found(4, {}), Found(8, {"cleanup.policy": "compact"})
    [counts] = differences(planned, there | {"sla-outcomes": few}, by_records=True)
    assert counts.fatal
    assert "sla-outcomes has 4" in counts.text
    [lost] = differences(planned, there | {"sla-outcomes": compacted}, by_records=True)
    assert lost.fatal
    assert (
        lost.text == "cleanup.policy is compact, not delete: what one process tells another would be lost; set it back"
    )


def test_as_planned() -> None:
    assert said(found()) == []


def test_what_is_fatal_and_what_is_not() -> None:
    changelog = "slawatch-tickets-changelog"
    assert said(found(tickets=Found(4, {}))) == [
        (
            (
                f"tickets: partition counts of inputs and changelogs differ: tickets has 4, {changelog} has 8; "
                "make them equal before starting"
            ),
            True,
        )
    ]
    assert said(found(**{"sla-warnings": Found(3, {"cleanup.policy": "delete"})})) == []
    deleting = said(found(**{changelog: Found(8, {"cleanup.policy": "compact,delete"})}))
    assert [fatal for _, fatal in deleting] == [True]
    [(text, fatal)] = said(found(tickets=Found(8, {"message.timestamp.type": "CreateTime"})))
    assert "wait until a partition is caught up" in text
    assert not fatal
    stamped = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
    assert [fatal for _, fatal in said(found(tickets=Found(8, stamped)), by_records=True)] == [True]
    short = {"message.timestamp.type": "CreateTime", "retention.ms": "604800000"}
    [(text, fatal)] = said(found(tickets=Found(8, short)), by_records=True)
    assert "may be deleted before they are read" in text
    assert not fatal


def test_the_largest_record_leaves_room_for_what_compression_may_add() -> None:
    assert Found(1, {"max.message.bytes": "1048588"}).largest < 1_048_588 * 0.996
