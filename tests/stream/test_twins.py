"""Two workers with one static id are told apart from a group that merely rebalances."""

from __future__ import annotations

import pytest

from slawatch.stream.errors import Refused
from slawatch.stream.twins import Twins


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
