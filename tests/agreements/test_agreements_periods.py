"""What valid promises about periods mean, and what is odd in them."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from textwrap import dedent, indent
from typing import Any

import pytest

from slawatch.agreements import AgreementsFile, loads
from slawatch.core.agreement import Metric, Percent, TimeLeft
from slawatch.core.fact import CUSTOMER, KIND, PRIORITY, TEAM
from slawatch.core.interval import DAY, HOUR, MINUTE, Interval
from slawatch.core.periods.contract import (
    Basis,
    ComplianceTarget,
    Contract,
    Exclusion,
    Fee,
    Hourly,
    Maintenance,
    PeriodMetric,
    PerMiss,
    SatisfactionTarget,
    ServiceRule,
    ServiceTarget,
    Tier,
    Unknown,
)
from slawatch.core.periods.period import Per

EXAMPLE = """\
services:
  crm: {down_when: any, stale_after: null}
agreements:
  - id: silver
    match: {customer: [ACME, BETA]}
    each: customer
    timezone: Europe/Moscow
    settle: 1d
    fee: {amount: "1200.00", currency: EUR}
    credit_cap: 100%
    exclude: [{from: 2026-10-03T10:00:00+03:00, until: 2026-10-03T12:00:00+03:00, service: [crm], reason: customer's own network}]
    credits:
      - {metric: availability, below: 99.9%, credit: 10%}
      - {metric: availability, below: 99.0%, credit: 25%, service: [erp]}
      - {metric: availability, each: 1h, credit: 5%}
      - {metric: resolution, each_miss: "50.00", cap: "500.00"}
      - {metric: p1, credit: 5%}
    targets:
      - {metric: availability, service: [crm, erp], at_least: 99.9%, per: month, calendar: 24x7, warn: [50%, 10m], overdue: [],
         unknown: exclude, degraded: 0, min_outage: 0s, maintenance: {cap: 8h, notice: 48h}}
      - {metric: resolution, within: 8h}
      - {metric: outage, service: [crm], at_most: 4h, per: month}
      - {metric: outages, service: [crm], at_most: 2, per: month, min_outage: 1m}
      - {metric: compliance, name: p1, of: resolution, match: {priority: [P1]}, at_least: 95%, per: month,
         min_sample: 20, by: verdict, warn: [80%]}
      - {metric: satisfaction, at_least: 90%, good: 4, per: month, min_sample: 5}
"""
CALENDARS = """\
calendars:
  office: {timezone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}, day: 8h}
  tokyo: {timezone: Asia/Tokyo, hours: {mon-fri: ["09:00-17:00"]}}
"""


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def file(lines: str) -> AgreementsFile:
    """A file whose one agreement `a` has these lines besides."""
    return loads(CALENDARS + "agreements:\n  - id: a\n" + indent(dedent(lines), "    "), "a.yaml")


def contract(lines: str) -> Contract:
    return file(lines).contracts.contracts[0]


def the_target(lines: str, besides: str = "") -> Any:
    return contract(f"{besides}\ntargets:\n  - {{{lines}}}\n").targets[0]


UP = "metric: availability, service: [crm], at_least: 99.9%, per: month"
BOTH_UP = UP.replace("crm", "crm, erp")
TICKETS = "{metric: resolution, within: 8h}"


class TestTheExample:
    @pytest.fixture
    def made(self) -> AgreementsFile:
        return loads(EXAMPLE, "a.yaml")

    def test_is_fine(self, made: AgreementsFile) -> None:
        assert made.warnings == []
        counts = made.summary
        assert (counts.agreements, counts.results, counts.targets) == (1, 2, 6)
        assert (counts.period_targets, counts.services) == (5, 2)

    def test_makes_one_contract_and_one_agreement_for_each_customer(self, made: AgreementsFile) -> None:
        acme, beta = made.contracts.contracts
        assert (acme.agreement, acme.slug, acme.customer) == ("silver@ACME", "silver@ACME", "ACME")
        assert (beta.customers, beta.customer) == (frozenset({"BETA"}), "BETA")
        assert acme.targets == beta.targets
        assert [(found.id, found.slug, found.match) for found in made.agreements.agreements] == [
            ("silver@ACME", "silver@ACME", {CUSTOMER: frozenset({"ACME"})}),
            ("silver@BETA", "silver@BETA", {CUSTOMER: frozenset({"BETA"})}),
        ]
        assert [len(found.targets) for found in made.agreements.agreements] == [1, 1]

    def test_has_the_fingerprint_of_the_file(self, made: AgreementsFile) -> None:
        assert made.contracts.fingerprint == made.agreements.fingerprint

    def test_services(self, made: AgreementsFile) -> None:
        assert made.contracts.rules == {"crm": ServiceRule(1, None)}
        found = [(held.agreement, promise.metric) for held, promise in made.contracts.of_service("erp")]
        assert found == [("silver@ACME", PeriodMetric.AVAILABILITY), ("silver@BETA", PeriodMetric.AVAILABILITY)]

    def test_the_contract(self, made: AgreementsFile) -> None:
        acme = made.contracts.contracts[0]
        assert (acme.zone_name, str(acme.zone), acme.settle, acme.where) == (
            "Europe/Moscow",
            "Europe/Moscow",
            DAY,
            "a.yaml:4",
        )
        assert acme.fee == Fee(Decimal("1200.00"), "EUR")
        assert str(acme.fee.amount) == "1200.00"
        assert acme.credit_cap == 1
        span = Interval(ms("2026-10-03T10:00:00+03:00"), ms("2026-10-03T12:00:00+03:00"))
        assert acme.exclusions == (Exclusion(span, "customer's own network", frozenset({"crm"})),)
        assert acme.pers() == (Per.MONTH,)

    def test_its_targets(self, made: AgreementsFile) -> None:
        up, outage, outages, compliance, satisfaction = made.contracts.contracts[0].targets
        assert isinstance(up, ServiceTarget)
        assert (up.metric, up.services, up.per) == (PeriodMetric.AVAILABILITY, ("crm", "erp"), Per.MONTH)
        assert (up.at_least, up.text, up.hours.name) == (Fraction(999, 1000), "99.9%", "24x7")
        assert up.warn == (Percent("50%", Fraction(1, 2)), TimeLeft("10m", 10 * MINUTE))
        assert (up.unknown, up.degraded, up.min_outage) == (Unknown.EXCLUDE, 0, 0)
        assert up.maintenance == Maintenance(True, 8 * HOUR, 48 * HOUR)
        assert up.where == "a.yaml:19"
        assert isinstance(outage, ServiceTarget)
        assert (outage.metric, outage.at_most, outage.text) == (PeriodMetric.OUTAGE, 4 * HOUR, "4h")
        assert isinstance(outages, ServiceTarget)
        assert (outages.metric, outages.at_most, outages.text, outages.min_outage) == ("outages", 2, "2", MINUTE)
        assert isinstance(compliance, ComplianceTarget)
        assert (compliance.of, compliance.name, compliance.match) == (
            Metric.RESOLUTION,
            "p1",
            {PRIORITY: frozenset({"P1"})},
        )
        assert (compliance.at_least, compliance.min_sample, compliance.basis) == (Fraction(19, 20), 20, Basis.VERDICT)
        assert compliance.warn == (Percent("80%", Fraction(4, 5)),)
        assert isinstance(satisfaction, SatisfactionTarget)
        assert (satisfaction.at_least, satisfaction.text, satisfaction.good) == (Fraction(9, 10), "90%", 4)
        assert satisfaction.min_sample == 5

    def test_its_credits(self, made: AgreementsFile) -> None:
        assert made.contracts.contracts[0].credits == (
            Tier("availability", Fraction(999, 1000), Fraction(1, 10), text="99.9%"),
            Tier("availability", Fraction(99, 100), Fraction(1, 4), frozenset({"erp"}), "99.0%"),
            Hourly("availability", HOUR, Fraction(1, 20)),
            PerMiss(Metric.RESOLUTION, Decimal("50.00"), Decimal("500.00")),
            Tier("p1", None, Fraction(1, 20)),
        )


def test_what_nobody_says() -> None:
    made = contract(f"targets: [{{{UP}}}]")
    assert (made.agreement, made.slug, made.zone, made.zone_name) == ("a", "a", UTC, "UTC")
    assert (made.customers, made.customer, made.since, made.until) == (None, None, None, None)
    assert (made.settle, made.credits, made.fee, made.credit_cap, made.exclusions) == (DAY, (), None, 1, ())
    target = made.targets[0]
    assert isinstance(target, ServiceTarget)
    assert (target.warn, target.overdue, target.unknown, target.degraded) == ((), (), Unknown.EXCLUDE, 0)
    assert (target.min_outage, target.maintenance, target.name) == (0, Maintenance(True, None, 0), "")
    assert target.hours.name == "24x7"


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (f"{UP}, degraded: 0.25", "degraded", Fraction(1, 4)),
        (f'{UP}, degraded: "1"', "degraded", Fraction(1)),
        (f"{UP}, unknown: up", "unknown", Unknown.UP),
        (f"{UP}, maintenance: none", "maintenance", Maintenance(False)),
        (f"{UP}, maintenance: {{}}", "maintenance", Maintenance()),
        (f"{UP}, maintenance: {{cap: 0h}}", "maintenance", Maintenance(False)),
        (
            f"{UP}, maintenance: {{cap: 1d, notice: 1d}}, calendar: office",
            "maintenance",
            Maintenance(True, 8 * HOUR, DAY),
        ),
        (f"{UP}, min_outage: 1d, calendar: office", "min_outage", DAY),
        (f"{UP}, overdue: [200%, 1000%]", "overdue", (Percent("200%", Fraction(2)), Percent("1000%", Fraction(10)))),
        (f"{UP}, warn: [1d], calendar: office", "warn", (TimeLeft("1d", 8 * HOUR),)),
        (f"{UP}, name: gold", "name", "gold"),
        ("metric: outage, service: [crm], at_most: 1d, per: week, calendar: office", "at_most", 8 * HOUR),
        ("metric: outage, service: [crm], at_most: 0s, per: week", "at_most", 0),
        ('metric: outages, service: [crm], at_most: "2", per: day', "at_most", 2),
        ("metric: outages, service: [crm], at_most: 02, per: day", "text", "2"),
        (
            "metric: outages, service: [crm], at_most: 4, per: day, warn: [50%]",
            "warn",
            (Percent("50%", Fraction(1, 2)),),
        ),
        ("metric: satisfaction, at_least: 4.5, per: quarter", "at_least", Fraction(9, 2)),
        ('metric: satisfaction, at_least: "4.50", per: quarter', "text", "4.50"),
        ("metric: satisfaction, at_least: 4.5, per: quarter", "good", None),
        ("metric: satisfaction, at_least: 90%, good: 3.5, per: year", "good", Fraction(7, 2)),
        ('metric: satisfaction, at_least: 4, per: year, min_sample: "3"', "min_sample", 3),
    ],
)
def test_options(lines: str, field: str, value: object) -> None:
    assert getattr(the_target(lines), field) == value


def test_options_of_compliance() -> None:
    lines = (
        "metric: compliance, of: resolution, at_least: 95.5%, per: year, by: ended, match: {team: [A, B], kind: [x]}"
    )
    made = contract(f"targets: [{TICKETS}, {{{lines}}}]").targets
    assert len(made) == 1
    assert isinstance(made[0], ComplianceTarget)
    assert (made[0].basis, made[0].min_sample, made[0].at_least) == (Basis.ENDED, 1, Fraction(191, 200))
    assert made[0].match == {TEAM: frozenset({"A", "B"}), KIND: frozenset({"x"})}


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("{}", ServiceRule(1)),
        ("{down_when: any}", ServiceRule(1)),
        ("{down_when: all}", ServiceRule(0)),
        ("{down_when: 2}", ServiceRule(2)),
        ('{down_when: "2"}', ServiceRule(2)),
        ("{stale_after: 5m}", ServiceRule(1, 5 * MINUTE)),
        ("{stale_after: null}", ServiceRule(1)),
    ],
)
def test_how_a_service_is_read(written: str, rule: ServiceRule) -> None:
    made = loads(f"services: {{crm: {written}}}\nagreements: [{{id: a, targets: [{{{UP}}}]}}]")
    assert made.contracts.rule("crm") == rule
    assert made.contracts.rules == {"crm": rule}
    assert made.contracts.rule("erp") == ServiceRule()


class TestWhichHours:
    @pytest.mark.parametrize(
        ("own", "target", "hours"),
        [
            ("", "", "24x7"),
            ("calendar: office", "", "office"),
            ("", ", calendar: tokyo", "tokyo"),
            ("calendar: office", ", calendar: tokyo", "tokyo"),
            ("calendar: office", ", calendar: 24x7", "24x7"),
        ],
    )
    def test_are_judged(self, own: str, target: str, hours: str) -> None:
        assert the_target(UP + target, own).hours.name == hours


class TestWhichMonths:
    @pytest.mark.parametrize(
        ("lines", "zone"),
        [
            (f"targets: [{{{UP}}}]", "UTC"),
            (f"timezone: Asia/Kolkata\ncalendar: office\ntargets: [{{{UP}}}]", "Asia/Kolkata"),
            (f"calendar: office\ntargets: [{{{UP}, calendar: 24x7}}]", "Europe/Berlin"),
            (f"calendar: office\ntargets: [{{{UP}, calendar: tokyo}}]", "Europe/Berlin"),
            (f"targets: [{{{UP}, calendar: tokyo}}]", "Asia/Tokyo"),
            (f"targets: [{{{UP}}}, {{metric: resolution, within: 8h, calendar: tokyo}}]", "Asia/Tokyo"),
            (f"calendar: 24x7\ntargets: [{{{UP}, calendar: office}}]", "Europe/Berlin"),
        ],
    )
    def test_are_judged(self, lines: str, zone: str) -> None:
        made = contract("from: 2026-07-01\nuntil: 2027-01-01\n" + lines)
        assert (made.zone_name, str(made.zone)) == (zone, zone)
        summer = {"UTC": "Z", "Europe/Berlin": "+02:00", "Asia/Kolkata": "+05:30", "Asia/Tokyo": "+09:00"}
        winter = {**summer, "Europe/Berlin": "+01:00"}
        assert made.since == ms("2026-07-01T00:00:00" + summer[zone])
        assert made.until == ms("2027-01-01T00:00:00" + winter[zone])


class TestWhoseEvents:
    @pytest.mark.parametrize(
        ("match", "customers", "customer"),
        [
            ("", None, None),
            ("match: {kind: [incident]}\n", None, None),
            ("match: {customer: [ACME]}\n", {"ACME"}, "ACME"),
            ("match: {customer: [ACME, ACME]}\n", {"ACME"}, "ACME"),
            ("match: {customer: [ACME, BETA]}\n", {"ACME", "BETA"}, None),
        ],
    )
    def test_count(self, match: str, customers: set[str] | None, customer: str | None) -> None:
        made = contract(f"{match}targets: [{{{UP}}}]")
        assert (made.customers, made.customer) == (customers, customer)


class TestEach:
    def test_names_are_escaped_but_not_what_joins_them(self) -> None:
        made = file(f"match: {{customer: [A/B @ C]}}\neach: customer\ntargets: [{{{UP}}}, {TICKETS}]")
        (own,) = made.contracts.contracts
        assert (own.agreement, own.slug, own.customer) == ("a@A/B @ C", "a@A%2FB%20%40%20C", "A/B @ C")
        assert [(found.id, found.slug) for found in made.agreements.agreements] == [(own.agreement, own.slug)]

    def test_an_at_sign_in_an_id_is_not_what_joins(self) -> None:
        (made,) = loads(f"agreements: [{{id: a@b, targets: [{{{UP}}}]}}]").contracts.contracts
        assert (made.agreement, made.slug) == ("a@b", "a%40b")

    def test_a_customer_named_twice_is_one(self) -> None:
        made = file(f"match: {{customer: [B, A, B]}}\neach: customer\ntargets: [{{{UP}}}]")
        assert [found.customer for found in made.contracts.contracts] == ["B", "A"]

    def test_a_thousand_customers_share_what_is_promised(self) -> None:
        customers = ", ".join(f"C{i}" for i in range(1000))
        made = file(f"match: {{customer: [{customers}]}}\neach: customer\ntargets: [{{{UP}}}, {TICKETS}]")
        assert made.summary.results == 1000
        assert [found.customer for found in made.contracts.contracts[::333]] == ["C0", "C333", "C666", "C999"]
        assert len({id(found.targets) for found in made.contracts.contracts}) == 1
        assert len({id(found.targets) for found in made.agreements.agreements}) == 1

    def test_of_tickets_alone(self) -> None:
        made = file(f"match: {{customer: [A, B], kind: [x]}}\neach: customer\ntargets: [{TICKETS}]")
        assert made.contracts.contracts == ()
        assert not made.contracts
        assert [(found.id, found.match) for found in made.agreements.agreements] == [
            (f"a@{customer}", {CUSTOMER: frozenset({customer}), KIND: frozenset({"x"})}) for customer in "AB"
        ]

    def test_stands_where_its_template_stands(self) -> None:
        text = f"""\
        agreements:
          - {{id: x, match: {{customer: [A]}}, targets: [{{{UP}}}]}}
          - {{id: y, match: {{customer: [A, B]}}, each: customer, targets: [{{{UP}}}]}}
          - {{id: z, targets: [{{{UP}}}]}}
        """
        made = loads(dedent(text))
        assert [found.agreement for found in made.contracts.contracts] == ["x", "y@A", "y@B", "z"]
        assert [found.id for found in made.agreements.agreements] == ["x", "y@A", "y@B", "z"]


class TestWhichContracts:
    def test_an_agreement_about_tickets_has_none(self) -> None:
        assert file(f"targets: [{TICKETS}]").contracts.contracts == ()

    def test_one_about_periods_is_no_promise_about_tickets(self) -> None:
        (found,) = file(f"targets: [{{{UP}}}]").agreements.agreements
        assert found.targets == ()

    def test_credits_for_tickets_are_a_contract(self) -> None:
        made = contract(
            f"targets: [{TICKETS}]\nfee: {{amount: 10, currency: EUR}}\ncredits: [{{metric: resolution, each_miss: 5}}]"
        )
        assert made.targets == ()
        assert made.credits == (PerMiss(Metric.RESOLUTION, Decimal(5), None),)


def test_days_of_a_credit_are_those_of_the_calendar() -> None:
    made = contract(f"targets: [{{{UP}, calendar: office}}]\ncredits: [{{metric: availability, each: 1d, credit: 5%}}]")
    assert made.credits == (Hourly("availability", 8 * HOUR, Fraction(1, 20)),)


@pytest.mark.parametrize(("metric", "at_most"), [("outage", "4h"), ("outages", "2")])
def test_a_credit_for_outages_is_due_whenever_they_are_missed(metric: str, at_most: str) -> None:
    made = contract(
        f"targets: [{{metric: {metric}, service: [crm], at_most: {at_most}, per: month}}]\n"
        f"credits: [{{metric: {metric}, credit: 10%}}]"
    )
    assert made.credits == (Tier(metric, None, Fraction(1, 10)),)


def test_money_without_decimals_and_another_cap() -> None:
    made = contract(f"targets: [{{{UP}}}]\nfee: {{amount: 1000, currency: JPY}}\ncredit_cap: 30%\nsettle: 0s")
    assert made.fee is not None
    assert (str(made.fee.amount), made.credit_cap, made.settle) == ("1000", Fraction(3, 10), 0)


@pytest.mark.parametrize(
    "text", ["2026-10-03T07:00:00Z", "2026-10-03T10:00:00.000+03:00", "2026-10-03t07:00:00z", "'2026-10-03T07:00:00Z'"]
)
def test_instants(text: str) -> None:
    made = contract(
        f"targets: [{{{UP}}}]\nexclude: [{{from: {text}, until: 2026-10-03T07:00:00.001Z, reason: agreed}}]"
    )
    at = ms("2026-10-03T07:00:00Z")
    assert made.exclusions == (Exclusion(Interval(at, at + 1), "agreed", frozenset()),)


class TestWarnings:
    @staticmethod
    def warnings(lines: str) -> list[str]:
        found = file("#\n" + dedent(lines)).warnings
        assert all(problem.warning for problem in found)
        return [
            f"{problem.field.removeprefix('agreements[0]').lstrip('.')}: {problem.text}"
            for problem in found
            if not problem.field.startswith("calendars")
        ]

    OWN = (
        "is judged in `office`, the hours in which tickets are worked on: "
        "write `calendar: 24x7`, or `calendar: office` if that is meant"
    )

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (f"calendar: office\ntargets: [{TICKETS}, {{{UP}}}]", [f"targets[1]: {OWN}"]),
            (
                f"calendar: office\ntargets: [{{metric: outages, service: [crm], at_most: 1, per: day}}, {TICKETS}]",
                [f"targets[0]: {OWN}"],
            ),
            (f"calendar: office\ntargets: [{TICKETS}, {{{UP}, calendar: office}}]", []),
            (f"calendar: office\ntargets: [{TICKETS}, {{{UP}, calendar: 24x7}}]", []),
            (f"calendar: office\ntargets: [{{{UP}}}]", []),
            (f"targets: [{TICKETS}, {{{UP}}}]", []),
            (f"calendar: office\ntargets: [{{metric: update, within: 1h, calendar: 24x7}}, {{{UP}}}]", []),
        ],
    )
    def test_support_hours_that_become_service_hours(self, lines: str, expected: list[str]) -> None:
        assert self.warnings(lines) == expected

    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("metric: availability, service: [crm], at_least: 100%, per: day, warn: [50%, 1s]", [0, 1]),
            ("metric: availability, service: [crm], at_least: 99.999%, per: day, warn: [50%]", []),
            ("metric: availability, service: [crm], at_least: 99%, per: month, warn: [8h]", [0]),
            ("metric: availability, service: [crm], at_least: 99%, per: month, warn: [7h]", []),
            ("metric: outage, service: [crm], at_most: 0s, per: day, warn: [50%]", [0]),
            ("metric: outage, service: [crm], at_most: 1h, per: day, warn: [59m, 60m]", [1]),
            ("metric: outages, service: [crm], at_most: 0, per: day, warn: [50%]", [0]),
            ("metric: outages, service: [crm], at_most: 1, per: day, warn: [50%]", []),
            ("metric: compliance, of: resolution, at_least: 100%, per: day, warn: [50%]", [0]),
        ],
    )
    def test_warnings_that_never_come(self, target: str, expected: list[int]) -> None:
        found = self.warnings(f"targets: [{{{target}}}, {TICKETS}]")
        assert [line.partition(": `")[0] for line in found] == [f"targets[0].warn[{i}]: never comes" for i in expected]

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (f"targets: [{{{UP}}}]\ncredits: [{{metric: availability, below: 99.9%, credit: 5%}}]", []),
            (
                f"targets: [{{{UP}}}]\ncredits: [{{metric: availability, below: 99.95%, credit: 5%}}]",
                ["credits[0].below: is above what is promised, 99.9%: nothing is owed before that is missed"],
            ),
            (
                f"targets: [{{{UP}}}]\ncredits: [{{metric: availability, credit: 500%}}]",
                ["credits[0].credit: is never paid in full: `credit_cap` is 100%"],
            ),
            (
                (
                    f"targets: [{{{UP}}}]\ncredit_cap: 12.5%\n"
                    "credits: [{metric: availability, credit: 12.5%}, {metric: availability, each: 1h, credit: 13%}]"
                ),
                ["credits[1].credit: is never paid in full: `credit_cap` is 12.5%"],
            ),
            (
                (
                    f"targets: [{{{UP}}}]\ncredits:\n  - {{metric: availability, below: 99.9%, credit: 5%}}\n"
                    "  - {metric: availability, below: 99%, credit: 5%}\n  - {metric: availability, credit: 2%}\n"
                    "  - {metric: availability, below: 95%, credit: 10%}"
                ),
                [
                    (
                        "credits[1].credit: makes no difference: below 99.9%, 5% is due; "
                        "of several tiers the highest counts"
                    )
                ],
            ),
            (
                (
                    f"targets: [{{{UP.replace('crm', 'crm, erp')}}}]\ncredits:\n"
                    "  - {metric: availability, credit: 5%, service: [crm]}\n"
                    "  - {metric: availability, below: 99%, credit: 5%}\n"
                    "  - {metric: availability, below: 98%, credit: 4%, service: [crm]}"
                ),
                [
                    (
                        "credits[2].credit: makes no difference: whenever missed, 5% is due; "
                        "of several tiers the highest counts"
                    )
                ],
            ),
            (
                f"match: {{customer: [A, B]}}\ntargets: [{{{UP}}}]\ncredits: [{{metric: availability, credit: 5%}}]",
                ["credits: are due to which of several customers? Write `each: customer`, or an agreement for each"],
            ),
            (
                (
                    f"match: {{customer: [A, B]}}\neach: customer\ntargets: [{{{UP}}}]\n"
                    "credits: [{metric: availability, credit: 5%}]"
                ),
                [],
            ),
            (
                (
                    f"targets: [{{{UP}}}, {{metric: outages, service: [crm], at_most: 1, per: year}}]\n"
                    "credits: [{metric: availability, credit: 5%}]"
                ),
                ["credits: are shares of what? The targets have `month` and `year`: make one agreement for each"],
            ),
            (
                f"targets: [{{{UP}}}, {TICKETS}]\ncredits: [{{metric: resolution, each_miss: 5}}]",
                ["credits[0].each_miss: is money of no currency: give the agreement a `fee`, or it is not added"],
            ),
            (
                (
                    f"targets: [{TICKETS}]\nfee: {{amount: 9, currency: EUR}}\n"
                    "credits: [{metric: resolution, each_miss: 5}]"
                ),
                ["credits: are never due: no target of this agreement is judged by a period"],
            ),
            (
                f"targets: [{TICKETS}]\nexclude: [{{from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z, reason: x}}]",
                ["exclude: excludes nothing: no target of this agreement is about a service"],
            ),
        ],
    )
    def test_credits_without_a_meaning(self, lines: str, expected: list[str]) -> None:
        assert self.warnings(lines) == expected

    def test_a_service_that_nothing_names(self) -> None:
        made = loads(f"services:\n  crm: {{}}\n  cmr: {{}}\nagreements: [{{id: a, targets: [{{{UP}}}]}}]", "a.yaml")
        assert [str(found) for found in made.warnings] == [
            "a.yaml:3: warning: services.cmr: no target is about this service"
        ]

    def test_a_calendar_in_which_only_a_service_is_judged_has_its_use(self) -> None:
        made = file(
            f"targets: [{{{UP}, calendar: office}}, {{metric: update, within: 1h, calendar: tokyo}}]\ntimezone: UTC"
        )
        assert made.warnings == []

    def test_a_warning_about_a_target_names_its_place_among_all(self) -> None:
        found = self.warnings(f"targets: [{{{UP}}}, {{metric: update, within: 1h, warn: [2h]}}]")
        assert found == ["targets[1].warn[0]: never comes: no limit is longer than 2h"]

    def test_a_customer_whose_own_agreement_never_applies(self) -> None:
        text = """\
        agreements:
          - {id: gold, match: {customer: [B, C, D, E]}, targets: [{metric: resolution, within: 1h}]}
          - id: all
            match: {customer: [%s]}
            each: customer
            targets: [{metric: resolution, within: 8h}]
        """
        never = (
            "it never applies to a ticket: all that it matches goes to `gold` (a.yaml:2) before it; "
            "move it up, or narrow what stands before"
        )
        found = [str(problem) for problem in loads(dedent(text) % "A, B, C, D, E", "a.yaml").warnings]
        assert found == [
            f"a.yaml:5: warning: agreements[1].each: of `all@B`: {never}",
            f"a.yaml:5: warning: agreements[1].each: of `all@C`: {never}",
            f"a.yaml:5: warning: agreements[1].each: of `all@D`: {never}",
            "a.yaml:5: warning: agreements[1].each: the same of 1 more of its customers",
        ]
        alike = [str(problem) for problem in loads(dedent(text) % "B, C, D, E", "a.yaml").warnings]
        assert alike == [f"a.yaml:3: warning: agreements[1]: {never}"]
