"""What a release changes in the tree, and what it refuses to begin with."""

from __future__ import annotations

import runpy
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
release = SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "release.py")))
DAY = date(2027, 1, 2)
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0]\n\n- The first.\n"


def test_what_was_unreleased_gets_a_version_and_a_date() -> None:
    text = release.released_changelog(CHANGELOG, "0.2.0", DAY)
    assert "## [Unreleased]\n\n## [0.2.0] - 2027-01-02\n\n### Added\n\n- A thing.\n\n## [0.1.0]" in text


def test_a_release_needs_something_to_say() -> None:
    with pytest.raises(release.Refused, match="nothing under"):
        release.released_changelog(CHANGELOG.replace("### Added\n\n- A thing.\n\n", ""), "0.2.0", DAY)


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "1", "v1.0.0", "1.0.0rc1", ""])
def test_a_version_must_be_well_formed_and_newer(version: str) -> None:
    with pytest.raises(release.Refused):
        release.check_version(version, "0.1.0")
    release.check_version("0.10.0", "0.9.1")


def test_the_tree_of_a_release_keeps_its_contracts(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts")
    release.prepare(tmp_path, "99.0.0", DAY)
    assert release.current((tmp_path / "pyproject.toml").read_text()) == "99.0.0"
    assert "## [99.0.0] - 2027-01-02" in (tmp_path / "CHANGELOG.md").read_text()
    schemas = sorted(path.name for path in (ROOT / "contracts" / "schemas").iterdir())
    assert sorted(path.name for path in (tmp_path / "contracts" / "released" / "99.0.0").iterdir()) == schemas
