"""Draws the timelines of the documentation: `docs/pictures/*.yaml` to SVG beside them, by the core that judges tickets.

`python scripts/draw_pictures.py` writes; with `--check` it compares instead, and says what differs.
A picture has an agreements file and events, for all its rows or for each; a row of `spans` is drawn as it is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import drawsvg
import yaml

from slawatch.agreements import AgreementsFile, loads
from slawatch.core.clock import Clock
from slawatch.core.rule import ENDED, PAUSED, RUNNING
from slawatch.core.ticket import derive, story
from slawatch.instants import from_ms, to_ms
from slawatch.messages.events import decode_ticket_event
from slawatch.process import Rejection

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
WIDTH, LEFT, RIGHT = 900, 150, 20
ROW, BAR, TOP = 68, 24, 46
LABEL = 90  # as wide as a mark's text may be
COLOURS = {"running": "#2e7d32", "over": "#c62828", "paused": "#f9a825", "closed": "#bdbdbd", "still": "#eeeeee"}
INK, FONT = "#263238", "system-ui, sans-serif"


class Picture:
    """One timeline; x is time, each row a clock."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told
        self._zone = ZoneInfo(told["zone"])
        self._from, self._until = instant(told["from"]), instant(told["until"])
        file = loads(json.dumps(told["file"], default=str))
        self._rows: list[tuple[str, Any]] = []
        for row in told.get("rows") or [told]:
            if "spans" in row:
                self._rows.append((row["label"], row["spans"]))
            else:
                known = instant(row.get("known", told["until"]))
                self._rows += [(row.get("label") or name, clock) for name, clock in clocks(file, row["events"], known)]
        self._taken, self._level = -LABEL, 0
        self._drawing = drawsvg.Drawing(WIDTH, TOP + ROW * len(self._rows) + 24)

    def svg(self) -> str:
        """The picture as text."""
        drawing = self._drawing
        drawing.append(drawsvg.Rectangle(0, 0, WIDTH, drawing.height, fill="#ffffff"))
        self._text(self._told["title"], 14, LEFT, 20, weight="bold")
        for number, (label, row) in enumerate(self._rows):
            y = TOP + number * ROW
            self._text(label, 13, LEFT - 10, y + BAR - 7, anchor="end")
            if isinstance(row, Clock):
                self._clock(row, y)
            else:
                for span in row:
                    self._bar(instant(span["from"]), instant(span["to"]), y, span["kind"], span["text"])
        self._axis()
        return str(drawing.as_svg()) + "\n"

    def _clock(self, clock: Clock, y: int) -> None:
        trail = clock.trail or []
        self._taken, self._level = -LABEL, 0
        end = min(self._until, instant(self._told.get("known", self._told["until"])))
        for i, span in enumerate(trail):
            until = trail[i + 1].at if i + 1 < len(trail) else end
            if span.stance == ENDED:
                continue
            if span.stance == RUNNING:
                self._running(clock, span.at, until, y)
            else:
                self._bar(span.at, until, y, "paused" if span.stance == PAUSED else "still", "")
        for crossing, rung in zip(clock.crossings, clock.promise.ladder, strict=False):
            self._mark(crossing, y, rung.label, COLOURS["over"] if rung.what != "warned" else COLOURS["paused"])
        if clock.ended_at is not None:
            verdict = {1: "met", 2: "missed"}.get(clock.verdict or 0, "ended")
            self._mark(clock.ended_at, y, verdict, COLOURS["running"] if verdict == "met" else COLOURS["over"])

    def _running(self, clock: Clock, start: int, end: int, y: int) -> None:
        """Open hours of the stretch; what lies beyond the breach in another colour, closed hours in grey."""
        axis, breach = clock.promise.axis, clock.promise.breach
        limit = clock.crossings[breach] if len(clock.crossings) > breach else end
        self._bar(start, end, y, "closed", "")
        at = start
        while at < end:
            opens = axis.last(axis.work(at))
            at = max(at, opens)
            closes = min(end, at)
            step = 60_000
            while closes < end and axis.work(closes + step) - axis.work(closes) == step:
                closes += step
            if closes <= at:
                at += step
                continue
            self._bar(at, min(closes, max(limit, at)), y, "running", "")
            self._bar(max(at, limit), closes, y, "over", "")
            at = closes

    def _bar(self, start: int, end: int, y: int, kind: str, text: str) -> None:
        left, right = self._x(max(start, self._from)), self._x(min(end, self._until))
        if right > left:
            self._drawing.append(drawsvg.Rectangle(left, y, round(right - left, 1), BAR, fill=COLOURS[kind]))
            if text:
                self._text(text, 12, left + 6, y + 16, colour=INK if kind in ("closed", "still") else "#ffffff")

    def _mark(self, at: int, y: int, text: str, colour: str) -> None:
        x = self._x(at)
        self._drawing.append(drawsvg.Line(x, y - 3, x, y + BAR + 3, stroke=colour, stroke_width=2))
        self._level = self._level + 1 if x < self._taken + LABEL else 0
        self._taken = x
        below = 14 + 12 * self._level
        anchor = "end" if x > WIDTH - LABEL else "start"
        self._text(text, 11, x - 3 if anchor == "end" else x + 3, y + BAR + below, anchor=anchor, colour=colour)

    def _axis(self) -> None:
        y = self._drawing.height - 22
        self._drawing.append(drawsvg.Line(LEFT, y, WIDTH - RIGHT, y, stroke=INK, stroke_width=1))
        for at in self._ticks():
            x = self._x(at)
            self._drawing.append(drawsvg.Line(x, y, x, y + 4, stroke=INK, stroke_width=1))
            self._text(from_ms(at).astimezone(self._zone).strftime("%H:%M"), 11, x, y + 16, anchor="middle")

    def _ticks(self) -> Iterator[int]:
        hours = (self._until - self._from) / 3_600_000
        step = 1_800_000 if hours <= 6 else 3_600_000 * (3 if hours > 12 else 1)
        yield from range(-(-self._from // step) * step, self._until, step)

    def _x(self, at: int) -> float:
        return round(LEFT + (at - self._from) / (self._until - self._from) * (WIDTH - LEFT - RIGHT), 1)

    def _text(
        self, text: str, size: int, x: float, y: float, anchor: str = "start", colour: str = INK, weight: str = "normal"
    ) -> None:
        style = {"text_anchor": anchor, "fill": colour, "font_family": FONT, "font_weight": weight}
        self._drawing.append(drawsvg.Text(text, size, x, y, **style))


def clocks(file: AgreementsFile, events: list[dict[str, Any]], known: int) -> list[tuple[str, Clock]]:
    """The clocks that the events of one ticket come to, with their agreements' names."""
    facts = []
    for number, event in enumerate(events):
        read = decode_ticket_event(json.dumps({"id": f"e{number}", "ticket": "T-1", **event}, default=str).encode())
        assert not isinstance(read, Rejection), read
        facts.append(read.fact)
    found = []
    for rounds in derive(story(facts, None, file.agreements), None):
        for clock in rounds.clocks():
            clock.advance(known)
            found.append((clock.promise.agreement.id, clock))
    return found


def instant(value: str | datetime) -> int:
    return to_ms(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def main() -> int:
    parser = argparse.ArgumentParser(description="draw the timelines of the documentation")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    given = parser.parse_args()
    differ = False
    for source in sorted(FOLDER.glob("*.yaml")):
        picture, target = Picture(yaml.safe_load(source.read_text())).svg(), source.with_suffix(".svg")
        if not given.check:
            target.write_text(picture)
        elif not target.exists() or target.read_text() != picture:
            differ = True
            print(f"docs/pictures/{target.name} is not what is drawn now: run `make pictures`")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
