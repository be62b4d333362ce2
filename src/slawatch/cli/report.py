"""`slawatch report`: the reports of one period, from a file of events or from the topic that they stand on."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import msgspec

from slawatch.agreements.problem import hint
from slawatch.cli.check import read_agreements
from slawatch.cli.failure import Exit, Failure, complain
from slawatch.cli.running import SOURCE, Complaints, instant, remarks
from slawatch.core.periods.period import period_of
from slawatch.explain.collected import Collected
from slawatch.instants import rfc3339
from slawatch.messages.reports import Report
from slawatch.replay import Unreadable, opened
from slawatch.settings import SettingsError, read_settings
from slawatch.sheet.dossier import Dossier, dossiers
from slawatch.sheet.language import Language
from slawatch.sheet.render import FORMS, render
from slawatch.sheet.sheet import lay_out, zone_of
from slawatch.sheet.standing import standing_text, standings
from slawatch.sheet.table import as_csv, as_json, standings_as_csv, standings_as_json

_OF_ALL = ("text", "json", "csv")


def report(given: argparse.Namespace) -> int:
    """The reports on standard output or in a file, bad lines on standard error."""
    try:
        period_of(given.period, UTC)
    except ValueError as error:
        raise Failure([f"--period: {error}"]) from None
    if given.all and given.format not in _OF_ALL:
        raise Failure([f"--all: there is no {given.format} of it; use {', '.join(_OF_ALL)}"])
    if (given.events is None) == (given.brokers is None):
        raise Failure(["name a file of events, or with --brokers a Kafka whose reports are shown; one of the two"])
    if given.brokers is not None:
        return _print(given, from_topic(given.brokers, given.period), bad=0)
    if given.agreements is None:
        raise Failure(["--agreements: is needed with a file of events; name the agreements file"])
    return from_events(given)


def _print(given: argparse.Namespace, found: Sequence[Dossier], bad: int) -> int:
    if given.agreement is not None:
        found = [dossier for dossier in found if dossier.report.agreement == given.agreement]
    if not found:
        whose = "" if given.agreement is None else f" of agreement {given.agreement!r}"
        which = "" if given.brokers is None else "; the topic has those of closed periods"
        raise Failure([f"there is no report{whose} for {given.period}{which}"], Exit.PROBLEMS)
    write(printed(found, given.format, given.language, every=given.all), given.output)
    return Exit.PROBLEMS if bad else Exit.FINE


def from_events(given: argparse.Namespace) -> int:
    """What comes of a file of events: closed periods as they stand on the topic, open ones as they are by now."""
    until = None if given.until is None else instant(given.until)
    file = read_agreements(given.agreements)
    judging = [contract for contract in file.contracts.contracts if given.agreement in (None, contract.agreement)]
    per = period_of(given.period, UTC)[0]
    if not any(per in contract.pers() for contract in judging):
        whose, known = "no agreement", ""
        if given.agreement is not None:
            found = [contract.agreement for contract in file.contracts.contracts if per in contract.pers()]
            whose, known = f"no agreement {given.agreement!r}", f"; {hint(given.agreement, found)}" if found else ""
        raise Failure([f"{given.agreements}: {whose} promises anything per {per}, as {given.period} is{known}"])
    bad = Complaints(given.events)
    collected = Collected(file, SOURCE, bad)
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    try:
        with opened(given.events) as lines:
            for _ in collected.run(lines, until):
                pass
    except Unreadable as error:
        raise Failure([str(error)]) from None
    finally:
        bad.close()
    if collected.empty:
        raise Failure([f"{given.events}: there is no event"], Exit.PROBLEMS if bad.count else Exit.REFUSED)
    if not collected.begun(given.period):
        raise Failure(
            [f"{given.period} has not begun: the events go until {rfc3339(collected.now)}; --until lets time run on"]
        )
    for remark in remarks(collected.last_event, until):
        complain(remark)
    return _print(given, collected.dossiers(given.period, given.agreement), bad.count)


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
        from aiokafka.errors import KafkaConnectionError, KafkaError

        if isinstance(error, KafkaConnectionError):
            away = f"no broker at {settings.brokers}, or none that accepts the SLAWATCH_SECURITY settings"
            raise Failure([f"slawatch: {away}"], Exit.PROBLEMS) from None
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
