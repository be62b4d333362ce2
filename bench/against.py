"""(b) The worker and its peers over the same preloaded topic, in turns; ratios are those of one turn."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import desk
from bench.place import ROOT, Place
from bench.results import Measure
from bench.worker import COMMAND, environment

FOLDER = ROOT / "bench" / "peers"
PEERS = {"QuixStreams": (FOLDER / "quix_peer.py", 1.0, 1.5), "Faust": (FOLDER / "faust_peer.py", 6.0, 10.0)}
SLOW = "Faust"
HOME = ROOT / ".venv-bench"


def peers_python(place: Place) -> Path:
    """The Python of the peers' own environment, which is made if it is missing."""
    python = HOME / "bin" / "python"
    ready = HOME / ".ready"
    if ready.exists() or (python.exists() and _runs(python, "import quixstreams, faust, orjson")):
        return python
    place.say(f"setting up the peers in {HOME.name}; the first time takes a minute")
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / "bench" / "requirements.txt"], check=True)
    ready.touch()
    return python


def _runs(python: Path, code: str) -> bool:
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def preloaded(place: Place) -> str:
    """A topic of the desk's events; its name."""
    topic = place.name(place.profile["topic"]["name"])
    place.say(f"filling {topic}")
    asyncio.run(desk.preload(place.brokers, topic, place.partitions, desk.history(place.desk)))
    return topic


def run_worker(place: Place, topic: str) -> dict[str, Any]:
    """What the stopwatch says of a worker that reads the topic from its beginning."""
    group = place.name("worker")
    settings = environment(place.brokers, place.agreements, group, topic, place.partitions)
    return watched(place, topic, group, COMMAND, settings)


def measure(place: Place) -> list[Measure]:
    """Events a second of the worker, and how many times those of each peer."""
    python = peers_python(place)
    topic = preloaded(place)
    rate = Measure("b", "worker, exactly once", "events/s", [])
    measures = [rate]
    for name, (_, must, aim) in PEERS.items():
        measures += [Measure("b", name, "events/s", []), Measure("b", f"worker / {name}", "x", [], must, aim)]
    for turn in range(place.runs):
        mine = run_worker(place, topic)
        take(place, rate, mine)
        for (name, (program, _, _)), its_rate, ratio in zip(PEERS.items(), measures[1::2], measures[2::2], strict=True):
            if name == SLOW and turn >= place.turns:
                continue
            group = place.name("peer")
            of = place.profile["peer"]
            command = [str(python), str(program), "--brokers", place.brokers, "--topic", topic, "--group", group]
            command += ["--list-length", str(of["list_length"]), "--commit-every", str(of["commit_every"])]
            its = watched(place, topic, group, command, os.environ)
            take(place, its_rate, its)
            ratio.values.append(mine["events_per_second"] / its["events_per_second"])
            ratio.cpu.append(rate.cpu[-1] / its_rate.cpu[-1])
    return measures


def alone(place: Place) -> Measure:
    """The worker's rate without its peers, for the parts that load it with a share of that or compare with it."""
    rate = Measure("b", "worker, exactly once", "events/s", [])
    take(place, rate, run_worker(place, preloaded(place)))
    return rate


def take(place: Place, measure: Measure, timing: dict[str, Any]) -> None:
    """Add what the stopwatch said to a measure."""
    measure.values.append(timing["events_per_second"])
    measure.cpu.append(timing["events"] / timing["cpu_seconds"])
    measure.details.setdefault("timings", []).append(timing)
    place.say(f"{measure.what}: {timing['events_per_second']:,.0f} events/s")


def watched(
    place: Place, topic: str, group: str, command: Sequence[str], settings: Mapping[str, str]
) -> dict[str, Any]:
    """What the stopwatch says of a program whose group reads a topic to its end."""
    watch = [sys.executable, "-m", "bench.timing", "--brokers", place.brokers, "--topic", topic, "--group", group, "--"]
    with (place.folder / f"{group}.log").open("w+") as log:
        ended = subprocess.run(
            [*watch, *command],
            check=False,
            env=dict(settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
        )
        if ended.returncode:
            log.seek(0)
            raise SystemExit(f"{group} failed:\n{log.read()[-3000:]}")
    return dict(json.loads(ended.stdout))
