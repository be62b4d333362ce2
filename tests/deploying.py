"""The files that deploy slawatch, read as their own programs would read them, and those programs where there are any."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:[-?])([^}]*))?\})")


def tool(name: str) -> str:
    """A program that `make tools` or `make setup` brings; a machine that can't have it skips, except in CI."""
    for folder in (ROOT / ".tools" / "bin", Path(sys.prefix) / "bin"):
        if (folder / name).is_file():
            return str(folder / name)
    reason = f"there is no {name}: make tools"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run it at the top of the repository, whatever its exit code."""
    variables = None if environment is None else {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def compose(**variables: str) -> dict[str, Any]:
    """docker-compose.yml with these variables and, for all others, the defaults that it names itself."""
    text = (ROOT / "docker-compose.yml").read_text()

    def value(match: re.Match[str]) -> str:
        name, how, default = match.groups()
        if name is None:
            return "$"
        if name in variables:
            return variables[name]
        if how == ":-":
            return str(default)
        raise LookupError(f"{name}: {default}")

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: resolve(below) for key, below in node.items()}
        if isinstance(node, list):
            return [resolve(below) for below in node]
        return _VARIABLE.sub(value, node) if isinstance(node, str) else node

    result: dict[str, Any] = resolve(yaml.safe_load(text))
    return result


@cache
def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile and their arguments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines if line.strip()]


def of_the_image(instruction: str) -> str:
    """The argument of an instruction of the last stage."""
    last_from = max(number for number, (name, _) in enumerate(dockerfile()) if name == "FROM")
    (argument,) = [argument for name, argument in dockerfile()[last_from:] if name == instruction]
    return argument


def image_environment() -> dict[str, str]:
    """The variables that the image sets for slawatch."""
    pairs = (pair.split("=", 1) for pair in of_the_image("ENV").split(" "))
    return {name: value for name, value in pairs if name.startswith("SLAWATCH_")}


def image_command(arguments: list[str]) -> list[str]:
    """What a container runs: the entry point with these arguments."""
    return [*json.loads(of_the_image("ENTRYPOINT")), *arguments]


def image_healthcheck() -> list[str]:
    command: list[str] = json.loads(of_the_image("HEALTHCHECK").split(" CMD ", 1)[1])
    return command
