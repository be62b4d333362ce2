"""What makes a command give up, as sentences for the person who typed it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes."""

    FINE = 0
    PROBLEMS = 1
    REFUSED = 2
    INTERRUPTED = 130  # what a shell makes of SIGINT


class Failure(Exception):  # noqa: N818 - it is an answer to a person, not an error of ours
    """The command can't go on: sentences, and its exit code."""

    def __init__(self, sentences: Iterable[str], code: Exit = Exit.REFUSED) -> None:
        self.sentences = list(sentences)
        super().__init__("\n".join(self.sentences))
        self.code = code


def complain(sentence: object) -> None:
    """Say something on standard error."""
    sys.stderr.write(f"{sentence}\n")
