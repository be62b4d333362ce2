"""Exports to events: what each cell becomes, in which order, and what is said of a bad one. Run as a user would."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slawatch.core.fact import Fact
from slawatch.messages.events import TicketEvent, decode_ticket_event

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "convert_csv.py"
SERVICENOW = ROOT / "examples" / "servicenow.yaml"
HEADER = "number,sys_updated_at,sys_mod_count,opened_at,incident_state,priority,assignment_group,assigned_to,category\n"
SMALL = ["--column", "ticket=Key", "--column", "at=Updated", "--column", "status=Status"]


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def events(*arguments: str | Path, stdin: bytes = b"") -> list[dict[str, Any]]:
    done = run(*arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(*arguments: str | Path, stdin: bytes = b"", code: int = 2) -> str:
    done = run(*arguments, stdin=stdin)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(
        HEADER
        + "INC2,1/3/2016 09:00,0,1/3/2016 08:30,New,3 - Moderate,?,,Mail\n"
        + "INC1,1/3/2016 09:05,10,29/2/2016 23:59,Closed,2 - High,Desk,Ann,?\n"
        + 'INC1,1/3/2016 09:05,9,29/2/2016 23:59,Active,2 - High,Desk,"Lee, Ann",?\n'
        + "INC1,1/3/2016 08:00,0,29/2/2016 23:59,New,3 - Moderate,Desk,?,?\n"
    )
    return path


def test_rows_are_merged_by_time_and_then_by_version_as_a_number(export: Path) -> None:
    found = events(export, "--mapping", SERVICENOW)
    assert [(event["ticket"], event["at"], event["version"]) for event in found] == [
        ("INC1", "2016-03-01T08:00:00Z", 0),
        ("INC2", "2016-03-01T09:00:00Z", 0),
        ("INC1", "2016-03-01T09:05:00Z", 9),
        ("INC1", "2016-03-01T09:05:00Z", 10),
    ]


def test_a_row_becomes_an_event_missing_is_left_out_and_empty_is_cleared(export: Path) -> None:
    second = events(export, "--mapping", SERVICENOW)[1]
    assert second == {
        "id": "INC2@2016-03-01T09:00:00Z/0", "ticket": "INC2", "at": "2016-03-01T09:00:00Z", "version": 0,
        "opened_at": "2016-03-01T08:30:00Z", "status": "New", "priority": "3 - Moderate", "assignee": None,
        "attributes": {"category": "Mail"}, "kind": "incident",
    }  # fmt: skip


def test_every_line_is_an_event_that_slawatch_takes(export: Path) -> None:
    for event in events(export, "--mapping", SERVICENOW):
        taken = decode_ticket_event(json.dumps(event).encode())
        assert isinstance(taken, TicketEvent)
        assert isinstance(taken.fact, Fact)
        assert taken.fact.id == event["id"]


def test_packed_and_from_standard_input_it_is_the_same(export: Path, tmp_path: Path) -> None:
    packed = tmp_path / "export.csv.gz"
    packed.write_bytes(gzip.compress(export.read_bytes()))
    want = events(export, "--mapping", SERVICENOW)
    assert events(packed, "--mapping", SERVICENOW) == want
    assert events("-", "--mapping", SERVICENOW, stdin=export.read_bytes()) == want


def test_ids_are_the_same_in_a_longer_export(export: Path) -> None:
    before = {event["id"] for event in events(export, "--mapping", SERVICENOW)}
    header, *rows = export.read_text().splitlines()
    rows = ["INC0,1/1/2016 09:00,0,1/1/2016 09:00,New,4 - Low,?,?,?", *reversed(rows)]
    export.write_text("\n".join([header, *rows]))
    after = {event["id"] for event in events(export, "--mapping", SERVICENOW)}
    assert after - before == {"INC0@2016-01-01T09:00:00Z/0"}
    assert before < after


def test_rows_of_one_instant_without_a_version_keep_their_order_by_id() -> None:
    rows = "".join(f"T,2026-03-01T09:00:00Z,s{number}\n" for number in range(12))
    found = events("-", *SMALL, stdin=f"Key,Updated,Status\n{rows}".encode())
    assert [event["status"] for event in found] == [f"s{number}" for number in range(12)]
    assert len({event["id"] for event in found}) == 12
    assert sorted(found, key=lambda event: event["id"]) == found


def test_local_times_are_read_in_their_zone_and_offsets_as_they_are() -> None:
    text = b"Key,Updated,Status\nA,2026-07-01 12:00,x\nB,2026-01-01 12:00,x\nC,2026-01-01T12:00:00.250+05:30,x\n"
    found = {event["ticket"]: event["at"] for event in events("-", *SMALL, "--zone", "Europe/Berlin", stdin=text)}
    assert found == {"A": "2026-07-01T10:00:00Z", "B": "2026-01-01T11:00:00Z", "C": "2026-01-01T06:30:00.250000Z"}


def test_the_command_line_goes_before_the_mapping_file(export: Path) -> None:
    first = events(
        export, "--mapping", SERVICENOW, "--column", "team=category", "--constant", "kind=request",
        "--zone", "Europe/Berlin", "--missing", "none",
    )[0]  # fmt: skip
    assert (first["team"], first["kind"], first["assignee"]) == ("?", "request", "?")
    assert first["at"] == "2016-03-01T07:00:00Z"


def test_delimiter_and_encoding_of_a_spreadsheet(tmp_path: Path) -> None:
    mapping, export = tmp_path / "mapping.yaml", tmp_path / "export.csv"
    mapping.write_text("columns: {ticket: Key, at: Updated, team: Équipe}\ndelimiter: ';'\nencoding: cp1252\n")
    export.write_bytes('Key;Updated;Équipe\r\nT;2026-03-01T09:00:00Z;"Büro;\r\nKöln"\r\n'.encode("cp1252"))
    assert [event["team"] for event in events(export, "--mapping", mapping)] == ["Büro;\r\nKöln"]
    mapping.write_text("columns: {ticket: Key, at: Updated}\ndelimiter: ';'\n")
    assert "is not written in utf-8" in refused(export, "--mapping", mapping)


def test_bad_rows_are_named_as_a_spreadsheet_numbers_them_and_the_others_go_on(export: Path) -> None:
    with export.open("a") as file:
        file.write(
            "\n,1/3/2016 10:00,1,?,New,?,?,?,?\n"
            "INC3,2016-03-01,1,?,New,?,?,?,?\n"
            "INC3,1/3/2016 10:00,one,?,New,?,?,?,?\n"
            "INC3,1/3/2016 10:00\n"
            "INC3,1/3/2016 10:00,1,soon,New,?,?,?,?\n"
        )
    done = run(export, "--mapping", SERVICENOW)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.replace(str(export), "export.csv").splitlines() == [
        "export.csv: row 7: the column 'number' is empty; every event needs its ticket",
        "export.csv: row 8: at '2016-03-01' is not written as %d/%m/%Y %H:%M",
        "export.csv: row 9: the version 'one' is not a whole number",
        "export.csv: row 10: has 2 cells, the header has 9",
        "export.csv: row 11: opened_at 'soon' is not written as %d/%m/%Y %H:%M",
        "4 rows became events, 5 could not be used",
    ]


def test_a_local_time_without_a_zone_is_refused() -> None:
    said = refused("-", *SMALL, stdin=b"Key,Updated,Status\nA,2026-07-01 12:00,x\n", code=1)
    assert "row 2: at '2026-07-01 12:00' has no offset; name the zone of the export" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no column is named for `ticket`"),
        (["--column", "ticket"], "--column ticket: write field=value"),
        ([*SMALL, "--column", "colour=Key"], "colour: events have no such field"),
        (
            [*SMALL, "--column", "team=Team"],
            "team: the file has no column 'Team'; it has Key, Updated, Status, Key2, Key2",
        ),
        ([*SMALL, "--column", "team=Key2"], "team: the file has more than one column 'Key2'"),
        ([*SMALL, "--constant", "at=now"], "at: can't be a constant"),
        ([*SMALL, "--constant", "status=New"], "status: is both a column and a constant"),
        ([*SMALL, "--zone", "Mars/Base"], "there is no time zone 'Mars/Base'"),
        ([*SMALL, "--mapping", "no-such-file.yaml"], "no-such-file.yaml: can't be read: No such file or directory"),
    ],
)
def test_wrong_usage_is_one_clear_sentence(arguments: list[str], sentence: str) -> None:
    assert sentence in refused("-", *arguments, stdin=b"Key,Updated,Status,Key2,Key2\n")


def test_another_delimiter_is_guessed_at() -> None:
    said = refused("-", *SMALL, stdin=b"Key;Updated;Status\n")
    assert "it has Key;Updated;Status; if ';' is what separates its columns, name it as `delimiter`" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns: [", "is not YAML"),
        ("- ticket", "should have a `columns` key"),
        ("colums: {ticket: Key}", "colums: unknown key; the keys are columns,"),
        ("columns: {ticket: 1}", "columns: write it as `field: text` pairs"),
        ("timestamps: {fmt: x}", "timestamps.fmt: unknown key"),
        ("missing: [1]", "missing: write texts"),
        ("delimiter: ';;'", "delimiter: should be one character, is ';;'"),
        ("encoding: klingon", "there is no encoding 'klingon'"),
    ],
)
def test_a_wrong_mapping_file_is_one_too(tmp_path: Path, text: str, sentence: str) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text)
    assert sentence in refused("-", "--mapping", mapping)


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    assert "can't be read: No such file" in refused(tmp_path / "absent.csv", *SMALL)
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"Key,Updated,Status\nA,2026-07-01T12:00Z,x\n")[:-9])
    assert "can't be read" in refused(cut, *SMALL)
    assert "is empty" in refused("-", *SMALL)
    assert "is not CSV" in refused("-", *SMALL, stdin=b'Key,Updated,Status\nA,"2026-07-01T12:00Z,x\n')


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    text = b"Key,Updated,Status\n" + b"A,2026-07-01T12:00Z,x\n" * 5_000
    command = f"{sys.executable} {SCRIPT} - {' '.join(SMALL)} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


def test_help_shows_an_example() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--mapping examples/servicenow.yaml" in done.stdout
    assert "exit codes" in done.stdout
