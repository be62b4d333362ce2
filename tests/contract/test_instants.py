"""The quick ways between ms and text lead where the slow ones do."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from slawatch.core.worktime import EARLIEST, LATEST
from slawatch.instants import from_ms, learn, quick_ms, rfc3339, to_ms

INSTANTS = st.integers(EARLIEST, LATEST - 1)


@given(INSTANTS)
def test_what_is_written_is_the_instant(ms: int) -> None:
    text = rfc3339(ms)
    assert to_ms(datetime.fromisoformat(text)) == ms
    assert text == from_ms(ms).isoformat(timespec="milliseconds" if ms % 1_000 else "seconds").replace("+00:00", "Z")


@given(INSTANTS, st.integers(0, 86_399_999))
def test_of_a_known_day_every_instant_is_read_quickly(ms: int, since: int) -> None:
    learn(rfc3339(ms), ms)
    other = ms - ms % 86_400_000 + since
    assert quick_ms(rfc3339(other)) == other


@given(INSTANTS, st.data())
def test_what_is_read_quickly_is_an_instant(ms: int, data: st.DataObject) -> None:
    text = rfc3339(ms)
    learn(text, ms)
    place = data.draw(st.integers(0, len(text)))
    written = (
        text[:place]
        + data.draw(st.text("0123456789-:.TtZz +é", max_size=2))
        + text[place + data.draw(st.integers(0, 2)) :]
    )
    found = quick_ms(written)
    assert found is None or found == to_ms(datetime.fromisoformat(written))


def test_the_day_of_an_instant_with_an_offset_is_not_learnt() -> None:
    learn("1999-12-31T23:30:00-01:00", 946_686_600_000)
    assert quick_ms("1999-12-31T00:00:00Z") is None
