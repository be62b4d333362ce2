"""What is owed, with its arithmetic, in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import UNSET

from slawatch.messages.reports import CreditEntry, Report
from slawatch.sheet.evidence import Terms
from slawatch.sheet.language import Language
from slawatch.sheet.promise import metric_words


def credit_lines(report: Report, terms: Terms | None, language: Language) -> Iterator[str]:
    """Each credit that is due, and what they come to; nothing where none is."""
    text, percent = language.text, language.percent
    for entry in report.credits:
        yield _credit(entry, report.currency, language)
    if not report.credits:
        return
    total = percent(percent_share(report.credit_percent))
    if report.credit_amount is None or report.currency is None:
        yield text("Credit: %(total)s of the fee.", total=total)
    else:
        amount = language.money(report.credit_amount, report.currency)
        if terms is not None:
            fee = language.money(terms.fee, terms.currency)
            yield text("Credit: %(total)s of the fee of %(fee)s = %(amount)s.", total=total, fee=fee, amount=amount)
        else:
            yield text("Credit: %(total)s of the fee = %(amount)s.", total=total, amount=amount)
    if report.capped:
        if terms is not None:
            cap = percent(Decimal(terms.cap.numerator) / Decimal(terms.cap.denominator))
            yield text("More would be due; credits are limited to %(cap)s of the fee.", cap=cap)
        else:
            yield text("More would be due; credits are limited.")
    if report.status != "final":
        yield text("Provisional until the period is final.")


def owed(report: Report, language: Language) -> str:
    """What a report's credits come to: an amount of money, or where there is no fee a percentage; empty for nothing."""
    if report.credit_amount is not None and report.currency is not None:
        return language.money(report.credit_amount, report.currency) if Decimal(report.credit_amount) else ""
    share = percent_share(report.credit_percent)
    return language.percent(share) if share else ""


def percent_share(percent: str) -> Decimal:
    """The share that a percentage is."""
    return Decimal(percent) / 100


def _credit(entry: CreditEntry, currency: str | None, language: Language) -> str:
    text = language.text
    about = metric_words(entry.metric, language)
    if entry.subject:
        about += f", {metric_words(entry.subject, language)}"
    if isinstance(entry.each, str):
        reason = text(
            "%(count)s full times %(each)s of downtime", count=language.number(_count(entry)), each=entry.each
        )
    elif isinstance(entry.count, int):
        reason = language.counted("%(count)s missed clock", "%(count)s missed clocks", entry.count)
    elif isinstance(entry.below, str):
        reason = text("below %(limit)s", limit=language.percent(percent_share(entry.below.removesuffix("%").strip())))
    else:
        reason = text("missed")
    if entry.percent is not None:
        due = language.percent(percent_share(entry.percent))
    elif entry.amount is not None and currency is not None:
        due = language.money(entry.amount, currency)
    else:
        due = entry.amount or ""
    return f"{about}: {reason} – {due}"


def _count(entry: CreditEntry) -> int:
    return 0 if entry.count is UNSET else entry.count
