"""What some tests need beside Python: without it they are skipped with a reason, and in CI they fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from slawatch.core import assess

uncompiled = pytest.mark.skipif(
    not (assess.__file__ or "").endswith(".py"),
    reason="a compiled module calls its own: nothing can be put in their place",
)
TOOLS = Path(__file__).resolve().parents[1] / ".tools" / "bin"


def required_tool(name: str) -> str:
    """The path of a program, found in `.tools/bin` or on the PATH."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"there must be `{name}` in CI")
        pytest.skip(f"there is no `{name}` on this machine")
    return found
