"""The report for people: what stands in it, in which words, and that nothing from outside becomes markup."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import msgspec
import pytest
import sheet_example as example

from slawatch.messages.reports import CreditEntry, Report, TargetEntry
from slawatch.sheet.dossier import dossiers
from slawatch.sheet.evidence import Evidence, LateTicket
from slawatch.sheet.language import Language
from slawatch.sheet.render import render
from slawatch.sheet.sheet import Sheet, lay_out, zone_of
from slawatch.sheet.standing import standing_text, standings
from slawatch.sheet.table import COLUMNS, as_csv, as_json, standings_as_csv, standings_as_json


def language(code: str = "en") -> Language:
    return Language(code, zone_of(example.report()))


def sheet(code: str = "en", **changed: object) -> Sheet:
    return lay_out(example.report(**changed), language(code), example.evidence(), example.earlier())


def page(form: str = "html", code: str = "en", **changed: object) -> str:
    return render([sheet(code, **changed)], form, language(code))


def plain(value: Any) -> Any:
    """With plain spaces, in whatever way a version of the locale data keeps a number and its unit together."""
    if isinstance(value, tuple):
        return tuple(plain(each) for each in value)
    return value.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_each_promise_says_its_figure_its_limit_and_its_verdict():
    found = [plain((p.title, p.figure, p.limit, p.verdict)) for p in sheet().promises]
    assert found == [
        ("Availability of crm", "99.8603%", "at least 99.9%", "broken"),
        ("Longest outage of crm", "57 mins", "at most 1 hr", "kept"),
        ("Tickets in time: resolution (urgent)", "97%", "at least 95%", "kept"),
        ("Satisfaction of customers", "4.666666", "at least 4.5", "too few to judge"),
    ]


def test_in_russian_words_plurals_dates_and_numbers_are_russian():
    found = sheet("ru")
    first = found.promises[0]
    assert plain((first.title, first.figure, first.verdict)) == ("Доступность crm", "99,8603 %", "нарушено")
    assert "2 простоя, самый долгий 57 мин" in plain(first.details)
    assert found.period == "октябрь 2026"
    assert "1 200,00 € = 120,00 €" in plain(found.credit[1])
    assert plain(found.span) == "с 1 окт. 2026 г., 00:00 до 1 нояб. 2026 г., 00:00"


@pytest.mark.parametrize(
    ("label", "english", "russian"),
    [
        ("2026-10-05", "5 October 2026", "5 октября 2026 г."),
        ("2026-W41", "week 41 of 2026", "41-я неделя 2026"),
        ("2026-10", "October 2026", "октябрь 2026"),
        ("2026-Q4", "4th quarter 2026", "4-й квартал 2026"),
        ("2026", "2026", "2026"),
    ],
)
def test_periods_have_the_names_that_people_give_them(label, english, russian):
    assert plain((language().period(label), language("ru").period(label))) == (english, russian)


def test_a_length_of_time_is_exact():
    spans = [0, 1, 59.5, 60, 3600, 3720.4, 2678400]
    assert [plain(language().span(s)) for s in spans] == [
        "0 secs", "1 sec", "59.5 secs", "1 min", "1 hr", "1 hr 2 mins 0.4 secs", "744 hrs",
    ]  # fmt: skip


def test_a_missed_target_is_never_printed_as_its_target():
    entry = example.availability("0.998999")
    found = lay_out(example.report(targets=[entry]), language()).promises[0]
    assert (found.figure, found.limit) == ("99.8999%", "at least 99.9%")


class _Page(HTMLParser):
    """The tags of a page and where they lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]


@pytest.mark.parametrize("code", ["en", "ru"])
def test_the_html_is_one_file_without_scripts_and_loads_nothing(code):
    text = page(code=code)
    found = _Page(text)
    assert found.addresses == []
    assert {"script", "link", "img", "iframe", "object"} & set(found.tags) == set()
    assert re.findall(r"url\(|@import", text) == []
    assert f'<html lang="{code}">' in text


def test_no_word_from_outside_becomes_markup():
    evil = '<script>alert(1)</script>"onload='
    entry = example.availability()
    text = page(agreement=evil, customer=evil, targets=[msgspec.structs.replace(entry, subject=evil, name=evil)])
    assert "script" not in _Page(text).tags
    assert "&lt;script&gt;" in text
    assert "\\<script" in page("md", agreement=evil)
    assert re.search(r"(?<!\\)<script", page("md", agreement=evil, customer=evil)) is None


def test_the_verdicts_come_first_then_the_timeline_tickets_trend_credit_and_where_it_comes_from():
    text = page()
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings == ["Promises", "What happened when", "Tickets that broke the promise", "Earlier periods", "Credit"]
    footer = text[text.index("<footer>") :]
    assert "reached until 2 Nov 2026, 00:00:02" in footer
    assert "Revision 2." in footer


def _rectangles(picture: str, kind: str) -> list[tuple[float, float]]:
    found = re.findall(rf'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" class="{kind}"', picture)
    return [(float(left), float(wide)) for left, wide in found]


def test_the_timeline_has_every_stretch_where_it_was():
    (lane,) = sheet().lanes
    month = 31 * 86_400
    down = 11 * 86_400 + 12 * 3600
    (first, second) = _rectangles(lane.picture, "down")
    assert first[0] == pytest.approx(1000 * down / month, abs=0.01)
    assert second[1] == 2  # five minutes of a month, as thin as can be seen
    assert _rectangles(lane.picture, "degraded")[0][1] == pytest.approx(1000 / 31, abs=0.01)
    assert len(_rectangles(lane.picture, "planned")) == len(_rectangles(lane.picture, "unknown")) == 1
    assert _rectangles(lane.picture, "ahead") == []


def test_where_nothing_is_known_nothing_is_drawn_as_up():
    (lane,) = sheet().lanes
    assert _rectangles(lane.picture, "unsaid") == _rectangles(lane.picture, "unknown")
    assert (
        lane.picture.index('class="up"') < lane.picture.index('class="unsaid"') < lane.picture.index('class="unknown"')
    )


def test_without_the_events_the_timeline_has_the_outages_of_the_report():
    (lane,) = lay_out(example.report(), language()).lanes
    assert len(_rectangles(lane.picture, "down")) == 2
    assert _rectangles(lane.picture, "planned") == []


def test_what_is_not_known_yet_stays_white():
    (lane,) = sheet(status="open", complete_until="2026-10-16T09:00:00Z").lanes
    assert _rectangles(lane.picture, "ahead") == [(500.0, 500.0)]
    assert ("ahead", "not known yet") in sheet(status="open", complete_until="2026-10-16T09:00:00Z").kinds


@pytest.mark.parametrize(
    ("start", "until", "zone", "labels"),
    [
        ("2026-10-04T22:00:00Z", "2026-10-05T22:00:00Z", "Europe/Berlin", "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00"),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Europe/Berlin", "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00"),
        ("2026-10-04T22:00:00Z", "2026-10-11T22:00:00Z", "Europe/Berlin", "Mon 5,Tue 6,Wed 7,Thu 8,Fri 9,Sat 10,Sun 11"),
        ("2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z", "Europe/Berlin", "1 Feb,8 Feb,15 Feb,22 Feb"),
        ("2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z", "Europe/Berlin", "Oct Nov Dec"),
    ],
)  # fmt: skip
def test_below_the_timeline_stand_the_instants_that_people_look_for(start, until, zone, labels):
    report = example.report(start=start, until=until, timezone=zone)
    ticks = lay_out(report, Language("en", zone_of(report))).ticks
    assert [tick.label for tick in ticks] == labels.split("," if "," in labels else " ")
    assert ticks[0].left == 0
    assert [tick.left for tick in ticks] == sorted(tick.left for tick in ticks)


def test_a_night_of_daylight_saving_moves_the_marks():
    report = example.report(start="2026-10-24T22:00:00Z", until="2026-10-25T23:00:00Z", timezone="Europe/Berlin")
    ticks = lay_out(report, Language("en", zone_of(report))).ticks
    assert ticks[1].left == pytest.approx(100 * 4 / 25)


def test_late_tickets_are_told_with_their_clocks():
    (found,) = sheet().late
    assert [plain((late.ticket, late.beyond, late.ended)) for late in found.tickets] == [
        ("INC-7", "45 mins", "5 Oct 2026, 14:15"),
        ("INC-12", "13 hrs", "not ended"),
        ("INC-31 <b>", "7 secs", "25 Oct 2026, 13:30:07"),
    ]
    assert _rectangles(found.tickets[1].picture, "beyond") == [(pytest.approx(76.19), pytest.approx(123.81))]


def test_a_ticket_late_by_a_moment_never_looks_as_if_it_had_been_in_time():
    (found,) = lay_out(
        example.report(),
        language(),
        Evidence(late={("urgent", "resolution"): [LateTicket("T", None, 0, 1, 2, 60_000, 60_001)]}),
    ).late
    assert plain((found.tickets[0].spent, found.tickets[0].beyond)) == ("1 min 1 sec of 1 min", "1 sec")
    assert found.more == "and 2 more"


def test_without_the_events_late_tickets_are_named():
    (found,) = lay_out(example.report(), language()).late
    assert [late.ticket for late in found.tickets] == ["INC-7", "INC-12", "INC-31"]
    assert "INC-7, INC-12, INC-31" in render([lay_out(example.report(), language())], "html", language())


def test_a_trend_needs_an_earlier_period_and_ends_with_this_one():
    (trend,) = sheet().trends
    assert [step.label for step in trend.steps] == ["Jul 26", "Aug 26", "Sept 26", "Oct 26"]
    assert [step.now for step in trend.steps] == [False, False, False, True]
    assert lay_out(example.report(), language()).trends == ()
    later = [example.report(period="2026-11", start="2026-10-31T21:00:00Z")]
    assert lay_out(example.report(), language(), earlier=later).trends == ()


def test_credits_are_told_with_their_arithmetic():
    lines = sheet().credit
    assert lines == (
        "availability, crm: below 99.9% – 10%",
        "Credit: 10% of the fee of €1,200.00 = €120.00.",
        "Provisional until the period is final.",
    )
    capped = sheet(
        status="final", capped=True, credits=[CreditEntry("availability", "crm", "35", each="1h", count=7)]
    ).credit
    assert capped[0] == "availability, crm: 7 full times 1h of downtime – 35%"
    assert capped[-1] == "More would be due; credits are limited to 100% of the fee."
    nothing = sheet(credits=[], credit_percent="0", credit_amount="0.00")
    assert (nothing.credit, nothing.owed) == ((), "")


def test_an_open_period_says_that_it_is():
    found = sheet(status="open", revision=0, closed_at=None)
    assert found.summary == "1 broken so far; the period is not over"
    assert "The period is open: it has no revision yet." in found.provenance


@pytest.mark.parametrize(
    ("metric", "target", "ratio", "words"),
    [
        ("compliance", "95%", "0.949999", "below its target so far"),
        ("compliance", "95%", "0.950000", "kept so far"),
        ("satisfaction", "4.5", "4.499999", "below its target so far"),
        ("satisfaction", "4.5", None, "kept so far"),
    ],
)
def test_a_share_of_an_open_period_is_above_its_target_or_below(
    metric: str, target: str, ratio: str | None, words: str
) -> None:
    entry = TargetEntry(metric, "ratings", target, None, None, None, ratio, met=1, missed=1, sample=2)
    found = page("text", status="open", revision=0, closed_at=None, targets=[entry])
    assert words in found
    assert ("below its target" in found) is words.startswith("below")


def test_the_text_fits_a_terminal_and_the_markdown_has_a_row_for_each_promise():
    text = page("text")
    assert "X Availability of crm: 99.8603% (at least 99.9%), broken" in text
    assert text.endswith("Corrections of what happened may still revise it.\n")
    rows = [line for line in page("md").splitlines() if line.startswith(("| broken", "| kept", "| too few"))]
    assert len(rows) == 4


def test_json_is_the_object_of_the_topic():
    text = as_json([example.report()])
    assert msgspec.json.decode(text, type=list[Report]) == [example.report()]
    assert json.loads(text)[0]["targets"][0]["ratio"] == "0.998603"


def test_csv_has_a_row_for_each_promise():
    rows = list(csv.DictReader(StringIO(as_csv([example.report(), example.earlier()[0]]))))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["period"], row["metric"], row["verdict"]) for row in rows] == [
        ("2026-10", "availability", "missed"), ("2026-10", "outage", "met"), ("2026-10", "compliance", "met"),
        ("2026-10", "satisfaction", ""), ("2026-07", "availability", "met"),
    ]  # fmt: skip
    assert rows[0]["outage_list"].split() == [
        "2026-10-12T09:00:00Z/2026-10-12T09:57:00Z", "2026-10-27T13:00:00Z/2026-10-27T13:05:00.400Z",
    ]  # fmt: skip
    assert Decimal(rows[0]["credit_amount"]) == 120


def test_no_cell_of_the_csv_is_a_formula():
    (row, *_) = csv.DictReader(StringIO(as_csv([example.report(customer='=HYPERLINK("x")')])))
    assert row["customer"] == '\'=HYPERLINK("x")'


def test_customers_stand_in_the_order_of_their_risk():
    calm = example.report(
        agreement="b", customer="Calm", targets=[example.availability("1.000000", "met", down_seconds=0)]
    )
    none = example.report(
        agreement="c", customer=None, targets=[], credits=[], credit_percent="0", credit_amount="0.00"
    )
    near = example.report(
        agreement="d", customer="Near", targets=[example.availability("0.999100", "met", down_seconds=2660)]
    )
    found = standings([calm, none, near, example.report()], language())
    assert [line.customer for line in found] == ["ACME & Söhne <GmbH>", "Near", "Calm", "c"]
    assert (found[0].worst, found[0].broken, found[0].promises) == ("Availability of crm", 1, 4)
    lines = plain(standing_text(found, language())).splitlines()
    assert lines[0].split() == ["customer", "broken", "most", "at", "risk", "used", "credit"]
    assert lines[1].split()[-2:] == ["139.7%", "€120.00"]
    assert [line["used"] for line in json.loads(standings_as_json(found))] == ["1.397", "0.999", "0.000", None]
    rows = list(csv.DictReader(StringIO(standings_as_csv(found))))
    assert [row["agreements"] for row in rows] == ["acme-gold", "d", "b", "c"]


def test_of_equal_risk_the_customer_comes_first_to_whom_more_is_owed():
    reports = [
        example.report(agreement=name, customer=name, credit_percent=percent)
        for name, percent in (("a", "5"), ("b", "25"))
    ]
    assert [line.customer for line in standings(reports, language())] == ["b", "a"]


def test_a_customer_of_two_agreements_has_one_line():
    (line,) = standings(
        [example.report(), example.report(agreement="acme-ola", targets=[example.availability()])], language()
    )
    assert (line.agreements, line.broken, line.promises) == (("acme-gold", "acme-ola"), 2, 5)


def test_earlier_reports_are_those_of_the_same_kind_of_period():
    others = [
        example.report(period="2026-Q2", start="2026-03-31T21:00:00Z"),
        example.report(agreement="other", period="2026-09"),
    ]
    (found, other) = dossiers([*example.earlier(), example.report(), *others, example.report(agreement="z")], "2026-10")
    assert [report.period for report in found.earlier] == ["2026-07", "2026-08", "2026-09"]
    assert (found.report, other.report.agreement, other.earlier) == (example.report(), "z", [])
