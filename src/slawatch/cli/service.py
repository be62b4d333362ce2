"""`slawatch worker`, `topics` and `demo`: the commands that speak to a Kafka."""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from slawatch.cli.ending import hold
from slawatch.cli.failure import Exit, Failure
from slawatch.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from slawatch.agreements import AgreementsFile

_log = logging.getLogger("slawatch")


def worker() -> int:
    """Run the service until it is told to stop."""
    settings = _settings()
    agreements_path = _agreements_path(settings)

    from slawatch import log
    from slawatch.cli.composition import processes

    agreements = _load(agreements_path)
    log.configure(settings.log_format, settings.log_level)
    for warning in agreements.warnings:
        _log.warning("%s", replace(warning, warning=False))  # the line has its level
    summary = agreements.summary
    fingerprint = agreements.agreements.fingerprint.hex()
    fields = {
        "file": agreements_path,
        "agreements": summary.agreements,
        "targets": summary.targets,
        "fingerprint": fingerprint,
        **agreements.versions,
    }
    _log.info("agreements loaded", extra={"fields": {name: str(value) for name, value in fields.items()}})

    from slawatch.stream.app import run_worker

    composed = processes(settings, agreements)
    hold(composed)  # at the end no thread is waited for, such as one that asks a silent name server
    return run_worker(settings, composed, agreements_info=str(agreements_path), fingerprint=fingerprint)


def topics() -> int:
    """Create what is missing, or verify only (SLAWATCH_CREATE_TOPICS=false), and say what differs.

    They are those of the processes that the agreements need; without SLAWATCH_AGREEMENTS those of tickets.
    """
    settings = _settings()
    inputs = ["tickets"]
    if settings.agreements is not None:
        from slawatch.cli.composition import needed

        inputs = needed(_load(settings.agreements).contracts)

    import asyncio

    from slawatch.stream.errors import LaneError
    from slawatch.stream.topic_plan import plan
    from slawatch.stream.topics import ensure, inspect

    # The client says once per connection what we say once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        if settings.create_topics:
            before = asyncio.run(inspect(settings, inputs))
            asyncio.run(ensure(settings, inputs))
            missing = {difference.topic for difference in before if difference.text == "is missing"}
            for topic in plan(settings, inputs):
                if topic.name in missing:
                    sys.stdout.write(f"{topic.name}: created\n")
        found = asyncio.run(inspect(settings, inputs))
    except (LaneError, OSError) as error:
        raise Failure([f"slawatch: {error}"], Exit(getattr(error, "exit_code", 1))) from None
    except Exception as error:
        from aiokafka.errors import KafkaConnectionError, KafkaError

        if isinstance(error, KafkaConnectionError):
            away = f"no broker at {settings.brokers}, or none that accepts the SLAWATCH_SECURITY settings"
            raise Failure([f"slawatch: {away}"], Exit.PROBLEMS) from None
        if not isinstance(error, KafkaError):
            raise
        raise Failure([f"slawatch: Kafka at {settings.brokers}: {error}"], Exit.PROBLEMS) from None
    for difference in found:
        sys.stdout.write(f"{difference}\n")
    if not found:
        sys.stdout.write("all topics are as planned\n")
    return Exit.PROBLEMS if any(difference.fatal for difference in found) else Exit.FINE


def demo(given: argparse.Namespace) -> int:
    """Show the service at work."""
    run = import_module("slawatch.demo.runner").run
    return int(run(given.brokers, given.speed, given.seconds))


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        raise Failure(error.mistakes) from None


def _load(path: Path) -> AgreementsFile:
    from slawatch.agreements import AgreementsError, load

    try:
        return load(path)
    except AgreementsError as error:
        raise Failure(map(str, error.problems)) from None


def _agreements_path(settings: Settings) -> Path:
    try:
        return settings.required_agreements()
    except SettingsError as error:
        raise Failure(error.mistakes) from None
