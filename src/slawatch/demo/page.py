"""The report of the demo's month as a page, which stays when the demo is over."""

from __future__ import annotations

import os
import tempfile
from typing import Final

from slawatch.demo.board import Board
from slawatch.sheet.language import Language
from slawatch.sheet.render import render
from slawatch.sheet.sheet import lay_out, zone_of

AGREEMENT: Final = "volga-gold"


def write_page(board: Board) -> str | None:
    """Where the page is: what the worker reported, with what the desk knows besides. None where the month was not played."""
    report, dossier = board.reports.get(AGREEMENT), board.script.reports.get(AGREEMENT)
    if report is None or dossier is None:
        return None
    language = Language("en", zone_of(report))
    number, path = tempfile.mkstemp(prefix=f"slawatch-{AGREEMENT}-{report.period}-", suffix=".html")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(render([lay_out(report, language, dossier.evidence)], "html", language))
    return path
