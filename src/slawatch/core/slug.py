"""Names as they stand in the ids of alerts, whose parts are separated by `/`, `@` and `~`."""

from __future__ import annotations

from typing import Final

_ESCAPES: Final = {"%": "%25", "/": "%2F", "@": "%40", "~": "%7E", " ": "%20"}
_TABLE: Final = str.maketrans(_ESCAPES)


def escaped(name: str) -> str:
    """A name as it stands in the id of an alert."""
    # Most are letters, digits and hyphens, and to see that is cheaper than to look up each character.
    return name if name.replace("-", "").isalnum() else name.translate(_TABLE)


def unescaped(slug: str) -> str:
    """What was written so."""
    if "%" in slug:
        for character, escape in reversed(_ESCAPES.items()):  # the percent sign last, as it was the first to be written
            slug = slug.replace(escape, character)
    return slug
