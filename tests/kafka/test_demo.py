"""The demo as a user runs it, without a terminal."""

import subprocess
import sys
from pathlib import Path

from slawatch.local_kafka import LocalKafka

_PROGRAM = "import sys; from slawatch.demo.runner import run; sys.exit(run(brokers=sys.argv[1], seconds=10))"


def test_says_what_a_replay_says(kafka: LocalKafka) -> None:
    demo = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kafka.brokers], capture_output=True, text=True, timeout=120, check=False
    )
    assert demo.returncode == 0, demo.stderr
    assert "alerts as a replay of the same events says them, 3 of 3 reports as it writes them\n" in demo.stdout
    page = Path(demo.stdout.splitlines()[-1].rpartition(": ")[2])
    try:
        assert "Volga Logistics" in page.read_text()
    finally:
        page.unlink()
    assert "retracted" in demo.stdout
    assert "\x1b" not in demo.stdout
