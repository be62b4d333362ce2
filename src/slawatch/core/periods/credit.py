"""What is owed for a period whose promises were not kept: exact until it is rounded at the very end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from slawatch.core.agreement import Metric
from slawatch.core.periods.contract import Contract, Credit, Hourly, PeriodTarget, PerMiss, Tier
from slawatch.core.periods.figures import Verdict


class Judged(NamedTuple):
    """A target about one service (None: about tickets), its verdict, exact figure, and downtime in ms."""

    target: PeriodTarget
    service: str | None
    verdict: Verdict | None
    ratio: Fraction | None
    downtime: Fraction = Fraction(0)


class Due(NamedTuple):
    """A credit that is due: by which rule, for what, and how much: a share of the fee, or an amount of money.

    `times` are the full hours (or what else `each` says), or the missed clocks.
    """

    rule: Credit
    judged: Judged | None
    share: Fraction | None
    amount: Fraction | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """The credits of a period. `share` is their sum as a share of the fee, cut at the cap (then `capped`).

    `amount` is rounded half up to the decimals of the fee; None without a fee, and then `share` has no money in it.
    """

    dues: tuple[Due, ...]
    share: Fraction
    amount: Decimal | None
    capped: bool


def owed(contract: Contract, judged: Sequence[Judged], misses: Mapping[Metric, int]) -> Owed:
    """What a contract owes for a period judged so; `misses` are the missed clocks of its ticket metrics.

    Of tiers about one metric (or target by name), and of the services that they are about, the highest counts once; so
    does the highest of hourly credits. All others add up.
    """
    best: dict[tuple[type[Credit], str], Due] = {}
    money: list[Due] = []
    for rule in contract.credits:
        if isinstance(rule, PerMiss):
            money += _per_miss(rule, misses.get(rule.metric, 0))
            continue
        for due in _shares(rule, judged):
            known = best.get((type(rule), rule.metric))
            if known is None or known.share is None or (due.share is not None and due.share > known.share):
                best[type(rule), rule.metric] = due
    dues = sorted((*best.values(), *money), key=lambda due: contract.credits.index(due.rule))
    return _summed(contract, tuple(dues))


def _summed(contract: Contract, dues: tuple[Due, ...]) -> Owed:
    share = sum((due.share for due in dues if due.share is not None), Fraction(0))
    fee = contract.fee
    if fee is not None and fee.amount:
        share += sum((due.amount for due in dues if due.amount is not None), Fraction(0)) / Fraction(fee.amount)
    capped = share > contract.credit_cap
    share = min(share, contract.credit_cap)
    amount = None if fee is None else half_up(share * Fraction(fee.amount), decimals(fee.amount))
    return Owed(dues, share, amount, capped)


def _shares(rule: Tier | Hourly, judged: Iterable[Judged]) -> Iterable[Due]:
    """What a rule comes to for each of its targets that was missed."""
    for one in judged:
        target = one.target
        if one.verdict is not Verdict.MISSED or rule.metric not in (target.name, target.metric.value):
            continue
        if rule.services and one.service not in rule.services:
            continue
        if isinstance(rule, Tier):
            if rule.below is None or (one.ratio is not None and one.ratio < rule.below):
                yield Due(rule, one, rule.credit)
        elif count := int(one.downtime // rule.each):
            yield Due(rule, one, count * rule.credit, times=count)


def _per_miss(rule: PerMiss, count: int) -> Iterable[Due]:
    if count:
        amount = count * Fraction(rule.amount)
        if rule.cap is not None:
            amount = min(amount, Fraction(rule.cap))
        yield Due(rule, None, None, amount, count)


def decimals(amount: Decimal) -> int:
    """With how many decimals an amount was written."""
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def half_up(value: Fraction, decimals: int) -> Decimal:
    """A value that is not negative, rounded to so many decimals, a half upwards."""
    scaled = int(value * 10**decimals * 2 + 1) // 2
    return Decimal(scaled).scaleb(-decimals)
