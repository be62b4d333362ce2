"""One line an event, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from slawatch import log


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(form: str) -> list[str]:
    stream = io.StringIO()
    log.configure(form, "info", stream)
    logger = logging.getLogger("slawatch.test")
    logger.info("two\nlines %s", "x", extra={"fields": {"ticket": "INC-7", "offset": 3}})
    logger.debug("not at this level")
    try:
        raise ValueError("broken\nline")
    except ValueError:
        logger.exception("failed")
    return stream.getvalue().splitlines()


def test_text() -> None:
    first, second = written("text")
    assert first.endswith("info    two\\nlines x ticket=INC-7 offset=3")
    assert "error   failed traceback=Traceback" in second
    assert "ValueError: broken\\nline" in second


def test_json() -> None:
    first, second = map(json.loads, written("json"))
    assert first | {"time": ""} == {
        "time": "",
        "level": "info",
        "logger": "slawatch.test",
        "message": "two\nlines x",
        "ticket": "INC-7",
        "offset": 3,
    }
    assert first["time"].endswith("Z")
    assert "ValueError" in second["traceback"]


def test_configuring_again_does_not_double_the_lines() -> None:
    written("json")
    assert len(written("json")) == 2
