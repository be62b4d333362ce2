"""The arguments of `slawatch`, and what becomes of a failure."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from slawatch.cli.ending import leave
from slawatch.cli.failure import Exit, Failure, complain

_EVENTS = "a file of JSON lines, also packed as .gz, or - for standard input"
_WHILE_STARTING = (100_000, 50, 100)
"""Thresholds of the collector: modules stay, and looking through them again and again is a quarter of a start."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that the arguments name, and exit with its code."""
    gc.set_threshold(*_WHILE_STARTING)
    leave(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; its exit code."""
    given = _parser().parse_args(arguments)
    try:
        code = int(_command(given))
        sys.stdout.flush()
    except Failure as failure:
        for sentence in failure.sentences:
            complain(sentence)
        code = failure.code
    except BrokenPipeError:
        # Whoever read our output has enough. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.FINE
    except KeyboardInterrupt:
        complain("slawatch: interrupted")
        code = Exit.INTERRUPTED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"slawatch: {where}{error.strerror or error}")
        code = Exit.REFUSED
    return code


def _command(given: argparse.Namespace) -> int:
    match given.command:
        case "check":
            from slawatch.cli.check import check, print_schema

            return print_schema() if given.schema else check(given.file)
        case "replay" if given.compare is not None:
            from slawatch.cli.compare import compare_replays

            if given.retention is not None:
                raise Failure(["--retention: says nothing together with --compare; leave one of them out"])
            return compare_replays(given.events, given.agreements, given.compare, given.until, given.format or "text")
        case "replay":
            from slawatch.cli.replay import replay

            if given.format is not None:
                raise Failure(["--format: goes with --compare; alerts are always JSON lines"])
            return replay(given.events, given.agreements, given.until, given.retention)
        case "explain":
            from slawatch.cli.explain import explain

            return explain(given)
        case "report":
            from slawatch.cli.report import report

            return report(given)
        case "worker":
            from slawatch.cli.service import worker

            return worker()
        case "topics" if given.describe:
            from slawatch.cli.describe import describe

            return describe()
        case "topics":
            from slawatch.cli.service import topics

            return topics()
        case _:
            from slawatch.cli.service import demo

            return demo(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slawatch",
        description="Watches service level agreements: warns before a promise is broken and says so when it is.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="agreements: valid, or every mistake with file, line and field")
    what = check.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", metavar="FILE", help="an agreements file, or a folder of them")
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of an agreements file, for editors")

    replay = commands.add_parser("replay", help="what a worker would have said of a file of events, as JSON lines")
    _file_arguments(replay)
    replay.add_argument("--retention", metavar="DURATION", help="fold what has been idle for so long, such as 30d")
    replay.add_argument(
        "--compare", metavar="FILE", help="set beside it what another agreements file would have led to"
    )
    replay.add_argument("--format", choices=("text", "json"), help="of the comparison; default: text")

    explain = commands.add_parser("explain", help="why: the clocks of a ticket, or a service's period, in words")
    _file_arguments(explain)
    about = explain.add_mutually_exclusive_group(required=True)
    about.add_argument("--ticket", metavar="ID", help="the ticket")
    about.add_argument("--service", metavar="ID", help="the service, in a --period")
    explain.add_argument("--period", metavar="LABEL", help="such as 2026-10, 2026-W41 or 2026-Q4; with --service")
    explain.add_argument("--agreement", metavar="ID", help="of this agreement only; with --service")

    report = commands.add_parser("report", help="the reports of one period: for people, or as tables")
    report.add_argument("events", metavar="EVENTS", nargs="?", help=_EVENTS)
    report.add_argument("--agreements", metavar="FILE", help="an agreements file, or a folder of them; with EVENTS")
    report.add_argument("--until", metavar="INSTANT", help="let time run on after the last line; with EVENTS")
    report.add_argument("--brokers", metavar="HOST:PORT", help="instead of EVENTS: what stands on this Kafka's topic")
    report.add_argument("--period", metavar="LABEL", required=True, help="such as 2026-10, 2026-W41 or 2026-Q4")
    report.add_argument("--agreement", metavar="ID", help="of this agreement only")
    report.add_argument("--all", action="store_true", help="a line for each customer, the most at risk first")
    report.add_argument("--format", choices=("text", "json", "csv", "html", "md"), default="text", help="default: text")
    report.add_argument("--output", metavar="FILE", help="write there instead of to standard output")
    report.add_argument("--language", choices=("en", "ru"), default="en", help="of words, dates and numbers")

    commands.add_parser("worker", help="the service; its settings are environment variables SLAWATCH_...")
    topics = commands.add_parser("topics", help="create the topics, or verify them and say what differs")
    topics.add_argument("--describe", action="store_true", help="say what stands on each topic; needs no Kafka")
    demo = commands.add_parser("demo", help="a local Kafka, a simulated help desk, and what is said of it")
    demo.add_argument("--brokers", metavar="HOST:PORT", help="use this Kafka instead of a local one")
    demo.add_argument("--speed", type=float, metavar="FACTOR", help="how much faster than real time")
    demo.add_argument("--seconds", type=float, metavar="N", help="how long it takes")
    return parser


def _file_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("events", metavar="EVENTS", help=_EVENTS)
    command.add_argument("--agreements", metavar="FILE", required=True, help="an agreements file, or a folder of them")
    command.add_argument("--until", metavar="INSTANT", help="let time run on after the last line, RFC 3339 with offset")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        sys.stdout.write(f"slawatch {version('slawatch')}\n")
        parser.exit()
