"""What is wrong with an agreements file, in the words that the person who wrote it sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Step = str | int
Path = tuple[Step, ...]
"""The way from the top of a file to a value: keys, and positions in lists."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, or one thing that is allowed but hardly meant (`warning`); `line` 0 is the file as a whole."""

    file: str
    line: int
    field: str
    text: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        words = f"{self.field}: {self.text}" if self.field else self.text
        return f"{place}: warning: {words}" if self.warning else f"{place}: {words}"


class AgreementsError(Exception):
    """The agreements can't be used; `problems` are all their mistakes, in the order of the files and lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


class Mistake(ValueError):  # noqa: N818 - a mistake of the person who wrote the file, not an error of ours
    """One value is wrong; `below` leads from the value that was judged to the part of it that is meant."""

    def __init__(self, text: str, *below: Step) -> None:
        super().__init__(text)
        self.below = below


def field_name(path: Path) -> str:
    """A path as people write it: `agreements[0].targets[1].within.P1`."""
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
            continue
        bare = step.replace("-", "").replace("_", "").isalnum()
        name += ("." if name else "") + (step if bare else f'"{step}"')
    return name


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def hint(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: what was probably meant, else what there is."""
    names = list(known)
    meant = nearest(word, names)
    if meant is not None:
        return f"did you mean `{meant}`?"
    if not names:
        return "there is none"
    return "write one of " + ", ".join(f"`{name}`" for name in names)
