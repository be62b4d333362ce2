"""A page of plain text: instants in one zone, lengths of time, and lines that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from slawatch.core.interval import HOUR, MINUTE, SECOND
from slawatch.instants import from_ms, ms_of

INDENT = "  "


class Page:
    """Instants in one zone, and lines that fit."""

    def __init__(self, width: int, zone: tzinfo) -> None:
        self.width, self.zone = max(width, 40), zone

    def local(self, at: int) -> datetime:
        """The instant on a clock of the zone."""
        return from_ms(at).astimezone(self.zone)

    def instant(self, at: int) -> str:
        """`Mon 2026-10-12 09:44:38 +03:00`."""
        local = self.local(at)
        offset = local.strftime("%z")
        return f"{local:%a %Y-%m-%d} {self.time(at)} {offset[:3]}:{offset[3:5]}"

    def time(self, at: int) -> str:
        """`09:44:38`, the milliseconds where they are not zero."""
        return f"{self.local(at):%H:%M:%S}" + (f".{at % SECOND:03}" if at % SECOND else "")

    def wrapped(self, indent: str, text: str) -> list[str]:
        """The text in lines of the page's width; what runs over is indented more."""
        return textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent + INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def span_text(ms: int) -> str:
    """A length of working time: `26h15m`, `45m`, `3.5s`, `0s`; exact."""
    hours, rest = divmod(ms, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    whole, rest = divmod(rest, SECOND)
    second = f"{whole}.{rest:03}s" if rest else f"{whole}s" if whole else ""
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "") + second or "0s"


def said_text(page: Page, alert: Mapping[str, Any]) -> str:
    """When something was said and what, from the data of the alert."""
    what = alert["what"] + (f" {alert['threshold']}" if alert["threshold"] else "")
    text = f"{page.instant(ms_of(alert['detected_at']))}  {what}"
    if alert["happened_at"] != alert["detected_at"]:
        text += f", which happened {page.instant(ms_of(alert['happened_at']))}"
    return text + (", overdue already when first judged" if alert["on_arrival"] else "")


def zone_name(zone: tzinfo) -> str:
    """The name of a zone as people know it."""
    return getattr(zone, "key", None) or str(zone)
