"""The Dockerfile and its locks. `scripts/build_image.sh` builds and runs it."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from deploying import ROOT, compose, dockerfile, image_environment, of_the_image, run, tool
from slawatch.settings import PREFIX, Settings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
needs_hadolint = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="hadolint is locked for Linux on x86-64 only"
)


def hadolint(text: str, folder: Path) -> str:
    (folder / "Dockerfile").write_text(text)
    return run(tool("hadolint"), "--no-color", "--failure-threshold", "warning", str(folder / "Dockerfile")).stdout


@needs_hadolint
def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    assert hadolint((ROOT / "Dockerfile").read_text(), tmp_path) == ""


@needs_hadolint
@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        (r"FROM (\S+) AS", "FROM python:latest AS", "DL3007"),
        (r"WORKDIR /build", "WORKDIR build", "DL3000"),
        (r'CMD \["worker"\]', "CMD worker", "DL3025"),
        (r"COPY src src", "ADD src src", "DL3020"),
        (r"EXPOSE 6066", "EXPOSE 606600", "DL3011"),
    ],
)
def test_hadolint_finds_mistakes(tmp_path: Path, right: str, wrong: str, rule: str) -> None:
    text, number = re.subn(right, wrong, (ROOT / "Dockerfile").read_text(), count=1)
    assert number == 1
    assert rule in hadolint(text, tmp_path)


def test_the_base_is_pinned_and_of_a_python_that_is_supported() -> None:
    bases = {argument.split(" ")[0] for name, argument in dockerfile() if name == "FROM"}
    assert len(bases) == 1
    match = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-\w+", bases.pop())
    assert match
    assert f"Programming Language :: Python :: {match[1]}" in PROJECT["classifiers"]


def test_it_runs_as_a_user_with_a_number() -> None:
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", of_the_image("USER"))


def test_versions_agree() -> None:
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in of_the_image("LABEL")
    given = {"AGREEMENTS": "a", "GRAFANA_PASSWORD": "b"}
    assert compose(**given)["services"]["worker"]["image"] == f"slawatch:{PROJECT['version']}"


def test_its_variables_are_settings() -> None:
    assert image_environment()["SLAWATCH_WEB_HOST"] == "0.0.0.0"
    assert {name.removeprefix(PREFIX).lower() for name in image_environment()} <= set(Settings.model_fields)


def locked(path: Path) -> dict[str, str]:
    entries = re.findall(r"^([a-z0-9-]+)==(\S+).*\\\n {4}--hash=sha256:", path.read_text(), re.MULTILINE)
    return dict(entries)


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_its_locks_are_parts_of_the_lock(name: str) -> None:
    part, whole = locked(ROOT / "deploy" / "image" / name), locked(ROOT / "requirements.lock")
    assert part
    assert {name: version for name, version in part.items() if whole.get(name) != version} == {}


def test_the_image_has_what_the_worker_needs_and_no_more() -> None:
    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^\w-]", entry)[0].lower() for entry in requirements}

    extras = PROJECT["optional-dependencies"]
    part = set(locked(ROOT / "deploy" / "image" / "requirements.lock"))
    assert names(PROJECT["dependencies"]) | names(extras["rocksdb"]) <= part
    assert part & names(extras["dev"]) == set()
    assert part & names(extras["local"]) == set()


def test_what_it_copies_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    sources = [
        source
        for name, argument in dockerfile()
        if name == "COPY" and "--from" not in argument
        for source in argument.split(" ")[:-1]
    ]
    assert len(sources) >= 5
    assert [source for source in sources if not any(fnmatch(source, pattern) for pattern in kept)] == []
    assert [source for source in sources if not (ROOT / source).exists()] == []
