"""Makes a release: `make release VERSION=0.2.0`. Nothing is published: that is one command more, which it prints.

    1 the tree must be clean, the version newer, the changelog must have something to say
    2 version, changelog and contracts are brought up to date, and the contracts of this version are kept
    3 lint and tests
    4 wheel and sdist are built and checked, and the wheel is installed and started in an environment of its own
    5 commit and tag

What fails before step 5 leaves a changed tree and no commit: `git checkout .` takes it back.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("build==1.6.1", "twine==7.0.0")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_CURRENT = re.compile(r'^version = "(\d+\.\d+\.\d+)"$', re.MULTILINE)
_UNRELEASED = "## [Unreleased]\n"


class Refused(Exception):  # noqa: N818 - it is an answer to a person
    """A sentence that says why there is no release."""


def current(project: str) -> str:
    """The version in pyproject.toml."""
    found = _CURRENT.search(project)
    if found is None:
        raise Refused('pyproject.toml has no line `version = "…"`')
    return found[1]


def check_version(version: str, present: str) -> None:
    """Raise `Refused` unless a version is well formed and newer than the present one."""
    if not _VERSION.fullmatch(version):
        raise Refused(f"{version!r} is not a version: write for example 1.4.0")
    if _parts(version) <= _parts(present):
        raise Refused(f"{version} is not newer than {present}")


def released_changelog(changelog: str, version: str, on: date) -> str:
    """The changelog with what was unreleased under this version."""
    _, found, rest = changelog.partition(_UNRELEASED)
    notes = rest.split("\n## [", 1)[0].strip()
    if not found or not notes:
        raise Refused(f"CHANGELOG.md has nothing under `{_UNRELEASED.strip()}`: what would be released?")
    return changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n## [{version}] - {on.isoformat()}\n", 1)


def prepare(root: Path, version: str, on: date) -> None:
    """Bring version, changelog and contracts up to date in the tree, and keep the contracts of this version."""
    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    text = project.read_text()
    check_version(version, current(text))
    changelog.write_text(released_changelog(changelog.read_text(), version, on))
    project.write_text(_CURRENT.sub(f'version = "{version}"', text, count=1))
    shutil.copytree(root / "contracts" / "schemas", root / "contracts" / "released" / version)


def build(root: Path) -> list[Path]:
    """Wheel and sdist, checked; the wheel is installed without its surroundings and started."""
    shutil.rmtree(root / "dist", ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        tools, alone = Path(folder) / "tools", Path(folder) / "alone"
        for place in (tools, alone):
            venv.create(place, with_pip=True)
        _run(tools / "bin" / "python", "-m", "pip", "install", "--quiet", *TOOLS)
        _run(tools / "bin" / "python", "-m", "build", "--outdir", root / "dist", root)
        made = sorted((root / "dist").iterdir())
        _run(tools / "bin" / "twine", "check", "--strict", *made)
        (wheel,) = (path for path in made if path.suffix == ".whl")
        _run(alone / "bin" / "python", "-m", "pip", "install", "--quiet", wheel)
        _run(alone / "bin" / "slawatch", "check", root / "examples" / "agreements.yaml")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description="make a release")
    parser.add_argument("version", nargs="?", help="such as 0.2.0; without it only the packages are built and checked")
    given = parser.parse_args()
    try:
        if given.version is None:
            build(ROOT)
            return 0
        if _output("git", "status", "--porcelain"):
            raise Refused("the tree has changes that are not committed")
        prepare(ROOT, given.version, datetime.now(UTC).date())  # noqa: TID251 - the day of the release
        _run("make", "setup", "contracts")
        _run("make", "lint", "test")
        made = build(ROOT)
        _run("git", "add", "--all")
        _run("git", "commit", "--quiet", "--message", f"Release {given.version}")
        _run("git", "tag", "--annotate", f"v{given.version}", "--message", f"Release {given.version}")
    except (Refused, subprocess.CalledProcessError) as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    names = " ".join(f"dist/{path.name}" for path in made)
    print(f"v{given.version} is tagged; to publish: git push --follow-tags, then twine upload {names}")
    return 0


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
