"""The deadlines of a partition against its obvious definition: a dict that is sorted each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slawatch.core.interval import HOUR
from slawatch.core.schedule import Wakes

KEYS = st.sampled_from([b"a", b"b", b"c", b"d"])
INSTANTS = st.builds(lambda hour, ms: hour * HOUR + ms, st.integers(0, 4), st.integers(-1, 2)).filter(
    lambda at: at >= 0
)
STEPS = st.lists(st.one_of(st.tuples(KEYS, st.none() | INSTANTS), INSTANTS), max_size=60)


@given(st.dictionaries(KEYS, INSTANTS), STEPS)
def test_it_is_a_sorted_dict(start: dict[bytes, int], steps: list[tuple[bytes, int | None] | int]) -> None:
    wakes, model = Wakes(start.items()), dict(start)
    for step in steps:
        if isinstance(step, int):
            first = min(((due, key) for key, due in model.items() if due < step), default=None)
            assert wakes.pop(step) == first
            if first is not None:
                del model[first[1]]
        elif step[1] is None:
            wakes.set(step[0], None)
            model.pop(step[0], None)
        else:
            wakes.set(*step)
            model[step[0]] = step[1]
        assert wakes.may_be_due(2 * HOUR) or min(model.values(), default=2 * HOUR) >= 2 * HOUR
        assert wakes.soonest() == min(model.values(), default=None)
        assert len(wakes) == len(model)


def test_a_deadline_that_keeps_moving_does_not_fill_memory() -> None:
    wakes = Wakes()
    for due in range(100_000):
        wakes.set(b"k", due)
    assert wakes.entries < 2_000
    assert wakes.pop(1_000_000) == (99_999, b"k")
    assert wakes.pop(1_000_000) is None


def test_a_deadline_that_keeps_coming_closer_does_not_fill_memory() -> None:
    wakes = Wakes()
    for due in range(100_000, 0, -1):
        wakes.set(b"k", 2 * HOUR + due)
    assert wakes.entries < 2_000
    assert wakes.pop(3 * HOUR) == (2 * HOUR + 1, b"k")
    assert wakes.soonest() is None
