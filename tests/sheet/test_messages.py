"""Every message has its translation, and no catalogue has one that nobody says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import slawatch.sheet
from slawatch.sheet.language import LOCALES

SOURCE = Path(slawatch.sheet.__file__).parent
KEYWORDS = {"text": None, "_": None, "counted": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**", "jinja2")]


def said() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(str(SOURCE), METHODS, {}, KEYWORDS)
    return {message for _, _, message, *_ in found}


@pytest.mark.parametrize("code", sorted(LOCALES.keys() - {"en"}))
def test_a_catalogue_has_all_messages_and_no_others(code):
    with (SOURCE / "locale" / code / "LC_MESSAGES" / "slawatch.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    messages = {message.id: message for message in catalogue if message.id}
    assert set(messages) == said()
    assert catalogue.obsolete == {}
    for message in messages.values():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"{message.id} is not translated"
        assert not message.fuzzy
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        names = set(re.findall(r"%\(\w+\)s", " ".join(ids)))
        assert all(set(re.findall(r"%\(\w+\)s", string)) == names for string in strings), message.id


def test_every_language_but_english_has_a_catalogue():
    assert {folder.name for folder in (SOURCE / "locale").iterdir()} == LOCALES.keys() - {"en"}
