"""A ticket's facts in words."""

from __future__ import annotations

from collections.abc import Iterator

from slawatch.core.fact import (
    BY_AGENT,
    BY_BOT,
    BY_CUSTOMER,
    DELETED,
    FIELD_NAMES,
    INTERNAL,
    OPENED_AT,
    REPLY,
    STATUS,
    Fact,
)
from slawatch.core.promise import Agreements
from slawatch.explain.heard import Heard
from slawatch.explain.page import INDENT, Page
from slawatch.instants import rfc3339

_REPLIES = {
    BY_AGENT: "an agent replies", BY_CUSTOMER: "the customer replies", INTERNAL: "internal note", BY_BOT: "a bot writes",
}  # fmt: skip


def facts_told(page: Page, heard: Heard[Fact], agreements: Agreements) -> Iterator[str]:
    """The events of a ticket in the order in which they happened, each with its line and what became of it."""
    for seen in sorted(heard.seen, key=lambda seen: seen.fact.order):
        said = "; ".join(words(seen.fact, agreements)) or "nothing observed"
        text = f"{page.instant(seen.fact.at)}  {said} [line {seen.number}]"
        if seen.remark == "late":
            text += f"; late: time had come to {page.instant(seen.stream_time)}"
        elif seen.remark == "duplicate":
            text += f"; dropped: the id {seen.fact.id!r} was known already"
        elif seen.remark == "empty":
            text += "; nothing in it is observed, so it is not kept"
        yield from page.wrapped(INDENT, text)


def words(fact: Fact, agreements: Agreements) -> Iterator[str]:
    """What was observed, in words."""
    for number, value in fact.observed.items():
        name = FIELD_NAMES[number]
        if number == REPLY:
            yield _REPLIES[value]
        elif value is None:
            yield f"{name} cleared"
        elif number == STATUS:
            yield f"status {status_words(value, agreements)}"
        elif number == OPENED_AT:
            yield f"opened_at {rfc3339(value)}"
        elif number == DELETED:
            yield "deleted" if value else "not deleted"
        else:
            yield f"{name} {value}"


def status_words(word: str, agreements: Agreements) -> str:
    """The help desk's word, and ours where it is another."""
    phase = agreements.phase(word).name.lower()
    if not agreements.knows(word):
        return f"{word!r} (unknown, counts as open)"
    return word if word == phase else f"{word!r} ({phase})"
