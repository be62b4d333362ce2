"""`slawatch report`: the reports of one period, from a file of events or from the topic that they stand on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import msgspec

from slawatch.cli.failure import Exit, Failure
from slawatch.core.periods.period import period_of
from slawatch.reports import Report
from slawatch.settings import SettingsError, read_settings
from slawatch.sheet.dossier import Dossier, dossiers
from slawatch.sheet.language import Language
from slawatch.sheet.render import FORMS, render
from slawatch.sheet.sheet import lay_out, zone_of
from slawatch.sheet.standing import standing_text, standings
from slawatch.sheet.table import as_csv, as_json, standings_as_csv, standings_as_json

_OF_ALL = ("text", "json", "csv")


def report(given: argparse.Namespace) -> int:
    """The reports on standard output or in a file."""
    try:
        period_of(given.period, UTC)
    except ValueError as error:
        raise Failure([f"--period: {error}"]) from None
    if given.all and given.format not in _OF_ALL:
        raise Failure([f"--all: there is no {given.format} of it; use {', '.join(_OF_ALL)}"])
    found = from_topic(given.brokers, given.period)
    if given.agreement is not None:
        found = [dossier for dossier in found if dossier.report.agreement == given.agreement]
    if not found:
        whose = "" if given.agreement is None else f" of agreement {given.agreement!r}"
        raise Failure([f"there is no report{whose} for {given.period}"], Exit.PROBLEMS)
    write(printed(found, given.format, given.language, every=given.all), given.output)
    return Exit.FINE


def from_topic(brokers: str, period: str) -> list[Dossier]:
    """What stands on the topic of reports; the settings come from the environment."""
    import asyncio
    import logging

    from slawatch.stream.errors import LaneError
    from slawatch.stream.standing_reports import standing_reports

    try:
        settings = read_settings(brokers=brokers)
    except SettingsError as error:
        raise Failure(error.mistakes) from None
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it says once per connection what is said once here
    try:
        values = asyncio.run(standing_reports(settings))
    except (LaneError, OSError) as error:
        raise Failure([f"slawatch: {error}"], Exit(getattr(error, "exit_code", 1))) from None
    except Exception as error:
        from aiokafka.errors import KafkaError

        if not isinstance(error, KafkaError):
            raise
        raise Failure([f"slawatch: Kafka at {settings.brokers}: {error}"], Exit.PROBLEMS) from None
    try:
        return dossiers([msgspec.json.decode(value, type=Report) for value in values.values()], period)
    except msgspec.MsgspecError as error:
        raise Failure([f"{settings.reports}: a report in it can't be read: {error}"], Exit.PROBLEMS) from None


def printed(found: Sequence[Dossier], form: str, code: str, *, every: bool = False) -> str:
    """Reports in one of the forms that the command knows, in the language `code`; `every`: a line for each customer instead."""
    reports = [dossier.report for dossier in found]
    if every:
        language = Language(code, UTC)
        lines = standings(reports, language)
        forms = {"json": standings_as_json, "csv": standings_as_csv}
        return forms[form](lines) if form in forms else standing_text(lines, language)
    if form == "json":
        return as_json(reports)
    if form == "csv":
        return as_csv(reports)
    assert form in FORMS
    sheets = []
    for each, earlier, evidence in found:
        language = Language(code, zone_of(each))
        sheets.append(lay_out(each, language, evidence, earlier))
    return render(sheets, form, language)


def write(text: str, output: str | None) -> None:
    """To a file, or to standard output."""
    if output is None:
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure([f"{output}: can't be written: {error.strerror or error}"]) from None
