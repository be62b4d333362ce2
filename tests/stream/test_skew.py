"""What the instants of sending, of the broker and of its answer say of two clocks: no delay is taken for a skew."""

from __future__ import annotations

import pytest

from slawatch.stream.transaction import Written


@pytest.mark.parametrize(
    ("sent", "appended", "received", "skew"),
    [
        (1_000, 1_400, 2_000, 0),  # the broker took a second: that may be all
        (1_000, 900, 2_000, 100),  # stamped before it was sent: ours is ahead, by no less
        (1_000, 2_500, 2_000, -500),  # after the answer had come: behind
        (1_000, None, 2_000, None),
    ],
)
def test_the_skew_is_what_no_delay_explains(sent: int, appended: int | None, received: int, skew: int | None) -> None:
    assert Written(0, appended, sent, received).skew == skew
