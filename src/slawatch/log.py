"""Structured logs: one line an event, as text for people or as JSON for machines.

Fields go into `extra={"fields": {...}}`; ticket ids may stand there, secrets never.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# The Kafka client repeats itself once per connection and partition while a broker is away; the lane says it once.
# Of slawatch.web only Faust speaks, of its own starting and stopping.
_NOISY = ("aiokafka", "faust", "mode", "aiohttp", "asyncio", "slawatch.web")


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


class JsonLine(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the fields, and `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLine(logging.Formatter):
    """`instant level message field=value ...`; a traceback is on the same line with its newlines escaped."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().replace("\n", "\\n")
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items()).replace("\n", "\\n")
        line = f"{_instant(record)} {record.levelname.lower():<7} {message}{fields}"
        if record.exc_info:
            line += " traceback=" + self.formatException(record.exc_info).replace("\n", "\\n")
        return line


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send every log line to `stream` (standard error by default), once; calling it again replaces what was."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(_LEVELS[level])
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.CRITICAL)
