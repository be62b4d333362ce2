"""Two workers with one static id are told apart from a group that merely rebalances."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownError, for_code

from slawatch.stream.errors import BrokerAway, Refused
from slawatch.stream.twins import Twins, suspect


def test_the_same_assignment_again_and_again() -> None:
    twins = Twins("pod-1")
    for second in range(5):
        twins.look("all", second)
    with pytest.raises(Refused, match="SLAWATCH_INSTANCE=pod-1"):
        twins.look("all", 5)


@pytest.mark.parametrize(
    ("instance", "assignments", "seconds"),
    [
        (None, ["all"] * 20, 1),
        ("pod-1", ["all", "half"] * 10, 1),
        ("pod-1", ["all"] * 20, 6),
    ],
)
def test_what_is_no_twin(instance: str | None, assignments: list[str], seconds: int) -> None:
    twins = Twins(instance)
    for number, assigned in enumerate(assignments):
        twins.look(assigned, number * seconds)


@pytest.mark.parametrize(
    ("error", "instance", "named"),
    [
        (KafkaError("UnknownError()"), "pod-1", True),  # what the client makes of code 82
        (KafkaError("UnknownError()"), None, False),
        (KafkaConnectionError("no route"), "pod-1", False),
    ],
)
def test_a_member_that_was_fenced_hears_of_its_twin(error: KafkaError, instance: str | None, named: bool) -> None:
    told = str(suspect(BrokerAway(f"Kafka failed: {error!r}"), instance))
    assert told.startswith(f"Kafka failed: {error!r}")
    assert ("SLAWATCH_INSTANCE=pod-1" in told) is named


def test_the_client_has_no_name_for_a_fenced_instance() -> None:
    assert for_code(82) is UnknownError
