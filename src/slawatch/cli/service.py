"""`slawatch worker`, `topics` and `demo`: the commands that speak to a Kafka."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module
from pathlib import Path

from slawatch.cli.failure import Exit, Failure
from slawatch.settings import Settings, SettingsError, read_settings

_log = logging.getLogger("slawatch")
_INPUTS = ("tickets",)


def worker() -> int:
    """Run the service until it is told to stop."""
    settings = _settings()
    agreements_path = _agreements_path(settings)

    from slawatch import log
    from slawatch.agreements import AgreementsError, load
    from slawatch.core.fold import Bounds
    from slawatch.tickets import TicketProcess

    try:
        agreements = load(agreements_path)
    except AgreementsError as error:
        raise Failure(map(str, error.problems)) from None
    log.configure(settings.log_format, settings.log_level)
    for warning in agreements.warnings:
        _log.warning("%s", warning)
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
    bounds = Bounds(settings.retention, settings.forget)
    process = TicketProcess(agreements.agreements, f"/slawatch/{settings.group}", bounds)

    from slawatch.stream.app import run_worker

    return run_worker(settings, [process], agreements_info=str(agreements_path), fingerprint=fingerprint)


def topics() -> int:
    """Create what is missing, or verify only (SLAWATCH_CREATE_TOPICS=false), and say what differs."""
    settings = _settings()

    import asyncio

    from slawatch.stream.errors import LaneError
    from slawatch.stream.topic_plan import plan
    from slawatch.stream.topics import ensure, inspect

    # The client says once per connection what we say once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        if settings.create_topics:
            before = asyncio.run(inspect(settings, _INPUTS))
            asyncio.run(ensure(settings, _INPUTS))
            missing = {difference.topic for difference in before if difference.text == "is missing"}
            for topic in plan(settings, _INPUTS):
                if topic.name in missing:
                    sys.stdout.write(f"{topic.name}: created\n")
        found = asyncio.run(inspect(settings, _INPUTS))
    except (LaneError, OSError) as error:
        raise Failure([f"slawatch: {error}"], Exit(getattr(error, "exit_code", 1))) from None
    except Exception as error:
        from aiokafka.errors import KafkaError

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
    run = import_module("slawatch.demo").run
    return int(run(given.brokers, given.speed, given.seconds))


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        raise Failure(error.mistakes) from None


def _agreements_path(settings: Settings) -> Path:
    try:
        return settings.required_agreements()
    except SettingsError as error:
        raise Failure(error.mistakes) from None
