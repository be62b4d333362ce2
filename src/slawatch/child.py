"""A child process that doesn't outlive its parent, however that ends; nothing of what it runs is known here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

LAUNCHER = """
import ctypes, os, signal, sys
parent, *command = sys.argv[1:]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, which an exec keeps
    if os.getppid() != int(parent):
        sys.exit("the parent ended before its child was started")
os.execv(command[0], command)
"""


class Child:
    """A running program, its output appended to a file.

    It has a session of its own, so that a Ctrl-C in the terminal reaches only the parent. On Linux the kernel kills it
    when the parent ends; elsewhere whoever starts one also has to register an exit handler.
    """

    def __init__(self, command: Sequence[str], output: Path) -> None:
        self._over = threading.Event()
        started = threading.Event()
        failed: list[OSError] = []

        def keep() -> None:
            """Start it and live as long as it does: to the kernel the parent is the thread that forked."""
            try:
                with output.open("ab") as log:
                    self._process = subprocess.Popen(  # noqa: S603 - the command is the caller's
                        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *command],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
            except OSError as error:
                failed.append(error)
            finally:
                started.set()
            self._over.wait()

        threading.Thread(target=keep, name="child", daemon=True).start()
        started.wait()
        if failed:
            self._over.set()
            raise failed[0]

    @property
    def pid(self) -> int | None:
        """Its process id, until it has ended."""
        return self._process.pid if self._process.poll() is None else None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None if it still runs after so long."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Kill it if it runs, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._over.set()
