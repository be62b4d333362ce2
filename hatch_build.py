"""Compiles the modules that every event of a ticket passes through into the wheel, where that is asked for.

`SLAWATCH_COMPILE=1 pip install .` compiles or fails; `auto` compiles where a C compiler is at hand; without either the wheel
is pure Python. The sources are the same, and so is all that they do: see docs/decisions/19-compiled.md. Nothing is written
beside the sources, so a checkout never runs what was compiled of older ones.

GCC compiles twice: it watches the first result at work (scripts/rehearse.py), and lays the second out for what it has seen.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WANTED = os.environ.get("SLAWATCH_COMPILE", "0")
LIBRARY = "slawatch"  # beside the package: one library, which the extension of each module only points to
INWARD = ["-fvisibility=hidden", "-fno-plt"]  # functions of the library call each other directly
WATCH, LAY_OUT = "-fprofile-generate", "-fprofile-use"


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook of the wheel; `modules` in pyproject.toml says which."""

    PLUGIN_NAME = "custom"
    _folder: str | None = None

    def dependencies(self) -> list[str]:
        return list(self.config["needs"]) if WANTED in ("1", "auto") else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if WANTED not in ("0", "1", "auto"):
            raise SystemExit(f"SLAWATCH_COMPILE is {WANTED!r}: it must be 0, 1 or auto")
        if WANTED == "0" or version == "editable":
            return
        self._folder = tempfile.mkdtemp(prefix="slawatch-compile-")
        source = Path(self.root, "src")
        modules = [str(source / module) for module in self.config["modules"]]
        made = subprocess.run(
            [sys.executable, __file__, self.root, *modules],
            cwd=self._folder,
            check=False,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            said = (made.stdout + made.stderr)[-2000:]
            if WANTED == "1":
                shutil.rmtree(self._folder)
                raise SystemExit(f"the modules could not be compiled:\n{said}")
            self.app.display_warning("nothing is compiled: that needs a C compiler and the headers of Python")
            self.app.display_debug(said)
            return
        built = Path(self._folder, "built")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"] |= {
            str(file): str(file.relative_to(built)) for file in sorted(built.rglob("*")) if file.is_file()
        }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if self._folder is not None:
            shutil.rmtree(self._folder)


def compile_modules(root: Path, modules: list[str]) -> None:
    """Make extensions of them, in `built` under the present folder; in a process of its own, as mypyc wants to be alone."""
    from mypyc.build import mypycify

    extensions = mypycify(
        ["--strict", "--cache-dir=.cache", *modules], opt_level="3", debug_level="0", target_dir="c", group_name=LIBRARY
    )
    if not is_gcc():
        build(extensions)
        return
    library = next(extension for extension in extensions if extension.name.startswith(f"{LIBRARY}__"))
    plain = [*library.extra_compile_args, *INWARD]
    library.extra_compile_args, library.extra_link_args = [*plain, WATCH], [WATCH]
    build(extensions)
    rehearse(root)
    library.extra_compile_args, library.extra_link_args = [*plain, LAY_OUT], []
    build([library])


def is_gcc() -> bool:
    """Whether the C compiler is GCC; the profiles of others need tools of their own."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    said = subprocess.run([*command, "--version"], check=False, capture_output=True, text=True)
    return "Free Software Foundation" in said.stdout


def build(extensions: list[Any]) -> None:
    """Compile and link these, also where that was done before."""
    from setuptools import setup

    setup(
        name=LIBRARY,
        ext_modules=extensions,
        packages=[],
        script_args=["--quiet", "build_ext", "--force", "--build-lib", "built", "--build-temp", "objects"],
    )


def rehearse(root: Path) -> None:
    """Let what is built work, beside the modules that are not; its counts come to lie beside the objects."""
    shutil.copytree(root / "src" / "slawatch", "rehearsal/slawatch", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree("built", "rehearsal", dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, root / "scripts" / "rehearse.py", root / "src" / "slawatch" / "demo" / "agreements.yaml"],
        env=os.environ | {"PYTHONPATH": "rehearsal", "PYTHONHASHSEED": "0"},
        check=True,
    )


if __name__ == "__main__":
    compile_modules(Path(sys.argv[1]), sys.argv[2:])
