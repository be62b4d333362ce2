"""`python -m bench`: everything that is measured, with what it must reach; a table, and a JSON file beside it."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import against, costs, delays, desk, ledger, monitored, replays, standing
from bench.place import ROOT, Place
from bench.results import Measure, save, table
from slawatch.core import assess
from slawatch.local_kafka import KafkaFailed, KafkaUnavailable, LocalKafka

LOAD_HEAP = "1g"
PARTS = "abcdefgh"
OFTEN = {"log.cleaner.backoff.ms": "500"}  # a changelog is compacted as soon as it can be


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="measure slawatch beside its peers")
    parser.add_argument("--runs", type=int, default=3, help="turns; the median counts (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one turn")
    parser.add_argument("--full", action="store_true", help="as many standing tickets as the profile says: much longer")
    parser.add_argument("--only", default=",".join(PARTS), help="some of the parts a to h (default: all)")
    parser.add_argument("--output", type=Path, default=ROOT / "bench-results" / "bench.json")
    given = parser.parse_args()
    parts = set(given.only.split(","))
    if unknown := parts - set(PARTS):
        parser.error(f"--only: there is no part {', '.join(sorted(unknown))}; the parts are a to h")
    if given.runs < 1:
        parser.error("--runs: must be one or more")
    with tempfile.TemporaryDirectory(prefix="slawatch-bench-") as folder:
        kafka = LocalKafka(heap=LOAD_HEAP, config=OFTEN)
        place = Place(desk.load(), Path(folder), kafka, 1 if given.quick else given.runs, given.full)
        measures: list[Measure] = []
        try:
            for part in chosen(place, parts, measures):
                measures += part()
                save(given.output, measures, about(place))  # what is measured is kept if a later part fails
        except (KafkaUnavailable, KafkaFailed) as error:
            sys.exit(str(error))
        finally:
            kafka.close()
            if measures:
                print(table(measures))
        kind = "compiled" if compiled() else "interpreted"
        print(f"\nmedians of {place.runs}, slawatch {kind}; everything is in {given.output}")


def chosen(place: Place, parts: set[str], measures: list[Measure]) -> list[Callable[[], list[Measure]]]:
    """What is to be done, in order; the load of (c) is a share of what (b) has measured, and (g) compares with it."""

    known = list[Measure]()

    def rate() -> Measure:
        """That of the worker, as (b) has measured it in this run, or measured once for those who need it."""
        known.extend([measure for measure in measures if measure.part == "b"][:1] or known or [against.alone(place)])
        return known[0]

    work: list[tuple[str, Callable[[], list[Measure]]]] = [
        ("a", lambda: replays.measure(place)),
        ("b", lambda: against.measure(place)),
        ("c", lambda: delays.measure(place, rate().value or 0)),
        ("de", lambda: [m for m in standing.measure(place, "e" in parts) if m.part in parts]),
        ("f", lambda: costs.measure(place)),
        ("g", lambda: monitored.measure(place, rate())),
        ("h", lambda: ledger.measure(place)),
    ]
    return [part for name, part in work if parts & set(name)]


def compiled() -> bool:
    """Whether what is measured is compiled."""
    return not (assess.__file__ or "").endswith(".py")


def about(place: Place) -> dict[str, object]:
    """What another run must have in common with this one to be compared with it."""
    return {
        "slawatch": importlib.metadata.version("slawatch"),
        "compiled": compiled(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "runs": place.runs,
        "full": place.full,
        "profile": {name: value for name, value in place.profile.items() if name != "desk"}
        | {"desk": {name: str(value) for name, value in place.profile["desk"].items()}},
    }


if __name__ == "__main__":
    main()
