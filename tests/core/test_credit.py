"""What is owed, by hand."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from slawatch.core.agreement import Metric
from slawatch.core.interval import HOUR, MINUTE
from slawatch.core.periods.contract import (
    ComplianceTarget,
    Contract,
    Credit,
    Fee,
    Hourly,
    PeriodMetric,
    PerMiss,
    ServiceTarget,
    Tier,
)
from slawatch.core.periods.credit import Judged, Owed, half_up, owed
from slawatch.core.periods.figures import Verdict
from slawatch.core.periods.period import Per

AVAILABLE = ServiceTarget(PeriodMetric.AVAILABILITY, ("crm", "erp"), Per.MONTH, "99.9%", Fraction(999, 1000))
LONGEST = ServiceTarget(PeriodMetric.OUTAGE, ("crm",), Per.MONTH, "4h", at_most=4 * HOUR, name="longest")
SHARE = ComplianceTarget(Metric.RESOLUTION, Per.MONTH, Fraction(95, 100), "95%")
URGENT = ComplianceTarget(Metric.RESOLUTION, Per.MONTH, Fraction(95, 100), "95%", name="p1")


def percent(value: str) -> Fraction:
    return Fraction(value) / 100


def contract(*rules: Credit, **rest: Any) -> Contract:
    return Contract("a", "a", (AVAILABLE, LONGEST, SHARE, URGENT), credits=rules, **rest)


def missed(service: str, ratio: str = "99.5", downtime: int = 0) -> Judged:
    return Judged(AVAILABLE, service, Verdict.MISSED, percent(ratio), Fraction(downtime))


def met(service: str) -> Judged:
    return Judged(AVAILABLE, service, Verdict.MET, Fraction(1))


def share(found: Owed) -> str:
    return str(float(found.share * 100)).removesuffix(".0")


TIERS = (
    Tier("availability", percent("99.9"), percent("10")),
    Tier("availability", percent("99.0"), percent("25")),
)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [("99.8999999999", "10"), ("99.0", "10"), ("98.9999999999", "25"), ("0", "25")],
)
def test_the_highest_tier_that_was_reached(ratio: str, expected: str) -> None:
    found = owed(contract(*TIERS), [missed("crm", ratio)], {})
    assert share(found) == expected
    assert len(found.dues) == 1


def test_a_figure_equal_to_the_limit_is_not_below_it() -> None:
    assert share(owed(contract(TIERS[0]), [missed("crm", "99.9")], {})) == "0"


def test_nothing_for_what_was_met_nor_without_a_verdict() -> None:
    tier = Tier("availability", percent("100"), percent("10"))
    unjudged = Judged(AVAILABLE, "erp", None, percent("50"))
    found = owed(contract(tier), [Judged(AVAILABLE, "crm", Verdict.MET, percent("99.9")), unjudged], {})
    assert (found.dues, found.share, found.amount, found.capped) == ((), 0, None, False)


def test_of_several_services_the_highest_counts_once() -> None:
    both = [missed("crm", "99.5"), missed("erp", "98")]
    found = owed(contract(*TIERS), both, {})
    assert share(found) == "25"
    (due,) = found.dues
    assert due.judged is not None
    assert due.judged.service == "erp"
    again = owed(contract(*TIERS), [missed("crm", "99.5"), missed("erp", "99.4")], {})
    assert [due.judged.service for due in again.dues if due.judged] == ["crm"], "of equal ones the first"


def test_a_tier_may_be_narrowed_to_services() -> None:
    tier = Tier("availability", None, percent("10"), frozenset({"erp"}))
    assert share(owed(contract(tier), [missed("crm")], {})) == "0"
    assert share(owed(contract(tier), [missed("crm"), missed("erp")], {})) == "10"


def test_without_a_limit_whenever_missed_also_for_what_has_no_ratio() -> None:
    outage = Judged(LONGEST, "crm", Verdict.MISSED, None)
    assert share(owed(contract(Tier("outage", None, percent("3"))), [outage], {})) == "3"
    assert share(owed(contract(Tier("longest", None, percent("3"))), [outage], {})) == "3"
    assert share(owed(contract(Tier("outage", percent("99"), percent("3"))), [outage], {})) == "0"


def test_other_metrics_add_up() -> None:
    rules = (*TIERS, Tier("outage", None, percent("5")), Tier("compliance", percent("95"), percent("2.5")))
    judged = [
        missed("crm", "98"),
        Judged(LONGEST, "crm", Verdict.MISSED, None),
        Judged(SHARE, None, Verdict.MISSED, percent("94")),
    ]
    found = owed(contract(*rules), judged, {})
    assert share(found) == "32.5"
    assert [due.rule for due in found.dues] == [rules[1], *rules[2:]], "in the order of the file"


def test_a_named_target_is_one_of_its_metric_and_has_credits_of_its_own() -> None:
    judged = [Judged(SHARE, None, Verdict.MET, Fraction(1)), Judged(URGENT, None, Verdict.MISSED, percent("90"))]
    assert share(owed(contract(Tier("compliance", None, percent("2"))), judged, {})) == "2"
    assert share(owed(contract(Tier("p1", None, percent("3"))), judged, {})) == "3"


@pytest.mark.parametrize(
    ("downtime", "hours"), [(HOUR - 1, 0), (HOUR, 1), (7 * HOUR + 30 * MINUTE, 7), (8 * HOUR - 1, 7)]
)
def test_for_every_full_hour(downtime: int, hours: int) -> None:
    found = owed(contract(Hourly("availability", HOUR, percent("5"))), [missed("crm", downtime=downtime)], {})
    assert found.share == hours * percent("5")
    assert [due.times for due in found.dues] == ([hours] if hours else [])


def test_hours_of_a_service_that_kept_its_promise_do_not_count_and_of_several_the_highest() -> None:
    hourly = Hourly("availability", HOUR, percent("1"))
    judged = [Judged(AVAILABLE, "crm", Verdict.MET, Fraction(1), Fraction(9 * HOUR)), missed("erp", downtime=2 * HOUR)]
    assert share(owed(contract(hourly), judged, {})) == "2"
    judged = [missed("crm", downtime=3 * HOUR), missed("erp", downtime=2 * HOUR)]
    assert share(owed(contract(hourly), judged, {})) == "3"


def test_weighted_downtime_is_exact() -> None:
    # Three spells of degraded time at a third come to a full hour, not to 59:59.999.
    third = Fraction(1, 3) * (3 * HOUR)
    found = owed(contract(Hourly("availability", HOUR, percent("1"))), [missed("crm")._replace(downtime=third)], {})
    assert share(found) == "1"


FEE = Fee(Decimal("1200.00"), "EUR")


def test_money_for_every_missed_clock_up_to_its_cap() -> None:
    credit = PerMiss(Metric.RESOLUTION, Decimal("50.00"), Decimal("500.00"))
    for count, amount in ((0, "0.00"), (1, "50.00"), (3, "150.00"), (10, "500.00"), (11, "500.00")):
        found = owed(contract(credit, fee=FEE), [], {Metric.RESOLUTION: count})
        assert str(found.amount) == amount
    assert found.share == Fraction(500, 1200)
    assert owed(contract(credit, fee=FEE), [], {Metric.CLOSURE: 3}).dues == ()


def test_money_without_a_fee_is_told_but_not_summed() -> None:
    credit = PerMiss(Metric.RESOLUTION, Decimal("50.00"))
    found = owed(contract(credit), [], {Metric.RESOLUTION: 3})
    (due,) = found.dues
    assert (due.amount, due.times) == (150, 3)
    assert (found.share, found.amount) == (0, None)


def test_shares_and_money_and_the_cap() -> None:
    rules = (*TIERS, PerMiss(Metric.RESOLUTION, Decimal("50.00")))
    found = owed(contract(*rules, fee=FEE), [missed("crm", "98")], {Metric.RESOLUTION: 4})
    assert (str(found.amount), found.capped) == ("500.00", False)
    found = owed(contract(*rules, fee=FEE, credit_cap=percent("30")), [missed("crm", "98")], {Metric.RESOLUTION: 4})
    assert (str(found.amount), found.share, found.capped) == ("360.00", percent("30"), True)
    exactly = owed(contract(*TIERS, fee=FEE, credit_cap=percent("25")), [missed("crm", "98")], {})
    assert (str(exactly.amount), exactly.capped) == ("300.00", False)


def test_by_default_not_more_than_the_fee() -> None:
    found = owed(contract(Hourly("availability", HOUR, percent("5")), fee=FEE), [missed("crm", downtime=99 * HOUR)], {})
    assert (str(found.amount), found.capped) == ("1200.00", True)


@pytest.mark.parametrize(
    ("fee", "tier", "amount"),
    [
        ("1000", "2.5", "25"),
        ("1000", "0.05", "1"),  # half a yen
        ("1000", "0.049", "0"),
        ("999.99", "10", "100.00"),
        ("0.05", "10", "0.01"),  # half a cent
        ("0.15", "10", "0.02"),  # and not to the even one
        ("0.25", "10", "0.03"),
        ("100.000", "33.3333", "33.333"),
        ("1200.5", "10", "120.1"),  # 120.05
        ("0.00", "10", "0.00"),
    ],
)
def test_rounded_half_up_to_the_decimals_of_the_fee_at_the_end_only(fee: str, tier: str, amount: str) -> None:
    credit = Tier("availability", None, percent(tier))
    found = owed(contract(credit, fee=Fee(Decimal(fee), "EUR")), [missed("crm")], {})
    assert str(found.amount) == amount


def test_the_sum_is_rounded_not_its_parts() -> None:
    rules = (Tier("availability", None, percent("0.05")), Tier("outage", None, percent("0.05")))
    judged = [missed("crm"), Judged(LONGEST, "crm", Verdict.MISSED, None)]
    found = owed(contract(*rules, fee=Fee(Decimal("900"), "JPY")), judged, {})
    assert str(found.amount) == "1", "0.45 and 0.45"


def test_half_up() -> None:
    assert [str(half_up(Fraction(n, 8), 2)) for n in (0, 1, 3, 4)] == ["0.00", "0.13", "0.38", "0.50"]
    assert str(half_up(Fraction(5, 2), 0)) == "3"
