"""The documentation is built as it is published, with every link checked, and its pictures are those that are drawn."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder of pages, strictly."""
    config = site.parent / "mkdocs.yml"
    text = (ROOT / "mkdocs.yml").read_text()
    config.write_text(text.replace("docs_dir: docs", f"docs_dir: {docs}").replace("build/site", str(site)))
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    done = build(ROOT / "docs", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "agreements" / "index.html").exists()


@pytest.mark.parametrize("link", ["[gone](gone.md)", "[gone](semantics.md#gone)", "![gone](pictures/gone.svg)"])
def test_a_broken_link_would_be_found(tmp_path: Path, link: str) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", docs)
    (docs / "index.md").write_text(f"{(docs / 'index.md').read_text()}\n{link}\n")
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    assert "gone" in done.stderr


def test_the_pictures_are_those_that_are_drawn() -> None:
    command = [sys.executable, "scripts/draw_pictures.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
