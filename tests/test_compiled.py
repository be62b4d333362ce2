"""What is compiled, where it is: everything that pyproject.toml names, and nothing of it as Python beside that."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

from slawatch.core import assess

ROOT = Path(__file__).resolve().parents[1]
HOOK = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"][
    "custom"
]
MODULES = HOOK["modules"]


def test_there_is_a_source_of_each_module() -> None:
    assert sorted(MODULES) == MODULES
    assert [module for module in MODULES if not (ROOT / "src" / module).is_file()] == []


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.skipif((assess.__file__ or "").endswith(".py"), reason="it runs on the sources; see `make test-compiled`")
def test_it_is_compiled(module: str) -> None:
    loaded = importlib.import_module(module.removesuffix(".py").replace("/", "."))
    assert not (loaded.__file__ or "").endswith(".py")
