"""Every example of the documentation is run: the agreements file, its events, and what is said of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from slawatch.agreements import loads
from slawatch.cli.running import replay_of
from slawatch.core.fold import Bounds
from slawatch.replay import BadLine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agreements.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A section of the page."""

    title: str
    agreements: str
    events: str
    said: list[list[str]]


def examples() -> list[Example]:
    found = []
    for section in PAGE.read_text().split("\n## ")[1:]:
        blocks = dict(_BLOCK.findall(section))
        if "yaml" in blocks:
            said = [line.split() for line in blocks["text"].splitlines()]
            found.append(Example(section.splitlines()[0], blocks["yaml"], blocks["jsonl"], said))
    return found


def refused(bad: BadLine) -> None:
    raise AssertionError(bad)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_an_example_says_what_the_page_says(example: Example) -> None:
    replay = replay_of(loads(example.agreements), Bounds(), refused)
    alerts = [json.loads(line) for line in replay.run(line.encode() for line in example.events.splitlines())]
    assert [[alert["id"], alert["happened_at"]] for alert in alerts] == example.said


def test_every_section_with_a_file_is_found() -> None:
    assert len(examples()) == PAGE.read_text().count("```yaml") > 0
