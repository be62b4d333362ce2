"""The demo's help desk and script, without Kafka."""

import io
from importlib import resources
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from slawatch.agreements import AgreementsFile, loads
from slawatch.demo import words
from slawatch.demo.board import Board
from slawatch.demo.desk import LATE_TICKET, simulate
from slawatch.demo.page import write_page
from slawatch.demo.screen import Plain, draw
from slawatch.demo.script import PARTITIONS, Script, replayed, write_script


@pytest.fixture(scope="module")
def agreements() -> AgreementsFile:
    return loads(resources.files("slawatch.demo").joinpath("agreements.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def script(agreements: AgreementsFile) -> Script:
    return write_script(agreements)


def played(script: Script) -> Board:
    board = Board(script)
    for number in range(len(script.sendings)):
        board.sent(number, number / 1000)
    for expected in script.expected.values():
        board.heard(expected.alert, expected.cause / 1000 + 0.02)
    for dossier in script.reports.values():
        board.reported(dossier.report)
    return board


def test_the_agreements_have_no_mistakes_and_nothing_odd(agreements: AgreementsFile) -> None:
    assert agreements.warnings == []


def test_the_same_seed_gives_the_same_events() -> None:
    assert simulate(7) == simulate(7)
    assert simulate(7) != simulate(8)


def test_some_events_come_twice_and_some_out_of_order() -> None:
    events = simulate()
    assert len({event.id for event in events}) < len(events)
    assert any(event.heard > event.at for event in events)


def test_one_replay_of_all_says_what_the_partitions_say(script: Script, agreements: AgreementsFile) -> None:
    whole = {
        alert["id"]: alert for _, alert in replayed(script.sendings, range(len(script.sendings)), agreements.agreements)
    }
    assert whole == {
        name: {**e.alert, "detected_at": whole[name]["detected_at"]}
        for name, e in script.expected.items()
        if "period" not in e.alert
    }


def test_the_late_event_retracts_a_breach(script: Script) -> None:
    about = f"volga-gold/first_response/{LATE_TICKET}/1"
    assert [n for n in script.expected if n.startswith(about) and "warned" not in n] == [
        f"{about}/breached", f"{about}/retracted", f"{about}/met"
    ]  # fmt: skip


def test_every_kind_and_partition_has_its_part(script: Script) -> None:
    whats = {expected.alert["what"] for expected in script.expected.values()}
    assert whats == {"warned", "breached", "overdue", "retracted", "met", "missed"}
    assert {script.sendings[e.cause].partition for e in script.expected.values()} == set(range(PARTITIONS))


def test_a_full_board_is_content(script: Script) -> None:
    board = played(script)
    total = len(script.expected)
    assert board.complete
    assert (
        words.verdict(board)
        == f"{total} of {total} alerts as a replay of the same events says them, 3 of 3 reports as it writes them"
    )
    assert all(said.wall_ms == pytest.approx(20) for said in board.said)
    assert any("from a train" in line for line in words.summary(board, 42.0))


def test_a_missing_a_wrong_and_a_second_alert_are_told(script: Script) -> None:
    board = Board(script)
    for number in range(len(script.sendings)):
        board.sent(number, 0.0)
    first, second, *_ = (expected.alert for expected in script.expected.values())
    board.heard(first, 1.0)
    board.heard(first, 1.0)
    board.heard({**second, "priority": "P9"}, 1.0)
    assert len(board.problems) == 2
    assert "said twice" in words.verdict(board)
    assert not board.complete


def test_plain_lines_have_no_control_codes(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    board, screen = played(script), Plain()
    screen.begin(board, 7200)
    for said in board.said:
        if said.alert["what"] in words.MARKS:
            screen.said(said)
    shown = capsys.readouterr().out
    assert f"retracted Volga Logistics  {LATE_TICKET}" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


@pytest.mark.parametrize(("width", "in_full"), [(80, False), (108, True), (120, True), (154, True)])
def test_a_wide_terminal_shows_alerts_in_full(script: Script, width: int, in_full: bool) -> None:
    board = played(script)
    # The longest words that there are.
    latest = [said for said in board.said if said.customer == "Prairie Bakeries" and said.alert["threshold"]][-5:]
    console = Console(width=width, height=40, file=io.StringIO())
    console.print(draw(board, latest, 20_000, width))
    picture = console.file.getvalue()  # type: ignore[attr-defined]
    for said in latest:
        row = f"warned Prairie Bakeries {said.alert['ticket']} {said.alert['priority']} {words.metric(said)} due {said.due}"
        assert (row in " ".join(picture.split())) is in_full


def test_the_month_has_its_story(script: Script) -> None:
    about = {name: e.alert for name, e in script.expected.items() if "period" in e.alert}
    assert [name.rpartition("/")[2] for name in about if "/availability/tracking/" in name] == [
        "warned-50%", "warned-80%", "breached", "overdue-150%", "missed",
    ]  # fmt: skip
    assert about["spree-bank/availability/payments/2025-06/met"]["figures"]["excluded_seconds"] == 7200
    assert about["tagus-hospital/availability/records/2025-06/met"]["figures"]["degraded_seconds"] == 10_800
    assert sorted(script.reports) == ["spree-bank", "tagus-hospital", "volga-gold"]
    report = script.reports["volga-gold"].report
    assert (report.status, report.period, report.credit_amount) == ("closed", "2025-06", "400.00")


def test_the_report_of_the_month_is_a_page(script: Script) -> None:
    path = write_page(played(script))
    assert path is not None
    page = Path(path)
    try:
        assert "Volga Logistics" in page.read_text()
        assert "Tickets that broke the promise" in page.read_text()
    finally:
        page.unlink()


def test_a_part_of_the_story_has_no_report(agreements: AgreementsFile) -> None:
    script = write_script(agreements, 36 * 3_600_000)
    board = played(script)
    assert (script.reports, script.calm) == ({}, script.end)
    assert board.complete
    assert write_page(board) is None


def test_a_wrong_or_missing_report_is_told(script: Script) -> None:
    board = played(script)
    board.reported(structs.replace(script.reports["volga-gold"].report, revision=2))
    del board.reports["spree-bank"]
    assert board.wrong_reports() == ["spree-bank", "volga-gold"]
    assert "1 of 3 reports as it writes them: 0 missing, 0 wrong; of spree-bank" in words.verdict(board)
    assert not board.complete
