"""Laid out reports in one of their forms; HTML is one self-contained file, escaped wherever words from outside stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from slawatch.sheet.language import Language
from slawatch.sheet.sheet import Sheet

FORMS = {"html": "report.html", "md": "report.md", "text": "report.txt"}
"""By form, its template."""


def render(sheets: Sequence[Sheet], form: str, language: Language) -> str:
    """Sheets, at least one, in one of `FORMS`; `language` is the one that they were laid out in."""
    template = _environment().get_template(FORMS[form])
    text = template.render(sheets=sheets, language=language.code, _=language.messages.gettext)
    return text.rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("slawatch.sheet"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    return environment


def _cell(text: str) -> str:
    """Words within a table of Markdown: nothing in them ends a cell, a line, or begins markup."""
    plain = " ".join(text.split())
    for sign in "\\`*_[]<>|#":
        plain = plain.replace(sign, "\\" + sign)
    return plain
