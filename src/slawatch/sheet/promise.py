"""One target of a report in words: what was promised, how it came out, and how much of what was allowed is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from msgspec import UNSET

from slawatch.instants import ms_of
from slawatch.messages.reports import TargetEntry
from slawatch.sheet.evidence import Key, key_of
from slawatch.sheet.language import Language


@dataclass(frozen=True, slots=True)
class Promise:
    """A target in words; `mark` is `met`, `missed` or `none`."""

    key: Key
    title: str
    limit: str
    figure: str
    mark: str
    verdict: str
    details: tuple[str, ...]


def promise(entry: TargetEntry, language: Language, *, over: bool) -> Promise:
    """A target in words; `over` says whether its period is."""
    return Promise(
        key=key_of(entry),
        title=title(entry, language),
        limit=_limit(entry, language),
        figure=figure(entry, language),
        mark=mark(entry),
        verdict=_verdict(entry, language, over),
        details=tuple(_details(entry, language)),
    )


def mark(entry: TargetEntry) -> str:
    """`met`, `missed` or `none`; a promise that is broken is missed, even if its period is not over."""
    if entry.verdict is not None:
        return entry.verdict
    return "missed" if entry.breached_at is not None else "none"


def title(entry: TargetEntry, language: Language) -> str:
    """What the promise is about."""
    text, subject = language.text, entry.subject
    match entry.metric:
        case "availability":
            words = text("Availability of %(service)s", service=subject)
        case "outage":
            words = text("Longest outage of %(service)s", service=subject)
        case "outages":
            words = text("Outages of %(service)s", service=subject)
        case "compliance":
            words = text("Tickets in time: %(metric)s", metric=metric_words(subject, language))
        case _:
            words = text("Satisfaction of customers")
    return f"{words} ({entry.name})" if entry.name else words


def metric_words(metric: str, language: Language) -> str:
    """A metric by the name that people know it by."""
    text = language.text
    names = {
        "first_response": text("first response"), "next_response": text("next response"), "update": text("updates"),
        "assignment": text("assignment"), "resolution": text("resolution"), "closure": text("closure"),
        "availability": text("availability"), "outage": text("longest outage"), "outages": text("number of outages"),
        "compliance": text("tickets in time"), "satisfaction": text("satisfaction"), "ratings": text("ratings"),
    }  # fmt: skip
    return names.get(metric, metric)


def used(entry: TargetEntry) -> Fraction | None:
    """The share of what was allowed that is used: more than 1 is too much. None where nothing was measured.

    From the figures as they are printed: to sort by and to draw, not to judge.
    """
    down, budget = entry.down_seconds, entry.budget_seconds
    if entry.metric == "outages":
        return _share(None if entry.outages is UNSET else entry.outages, budget)
    if entry.metric == "outage":
        return _share(None if entry.longest_seconds is UNSET else entry.longest_seconds, budget)
    if entry.metric == "availability":
        if entry.ratio is not None and entry.degraded_seconds and entry.measured_seconds is not UNSET:
            down = float((1 - Fraction(entry.ratio)) * Fraction(str(entry.measured_seconds)))
        return None if entry.ratio is None else _share(None if down is UNSET else down, budget)
    if entry.ratio is None:
        return None
    if not entry.target.endswith("%"):
        return Fraction(entry.target) / Fraction(entry.ratio) if Fraction(entry.ratio) else Fraction(10)
    allowed = 1 - Fraction(_least(entry.target))
    return _share(float(1 - Fraction(entry.ratio)), float(allowed))


def _share(spent: float | None, budget: object) -> Fraction | None:
    if spent is None or not isinstance(budget, int | float):
        return None
    if budget <= 0:
        return Fraction(10) if spent else Fraction(0)
    return Fraction(str(spent)) / Fraction(str(budget))


def figure(entry: TargetEntry, language: Language) -> str:
    """How it came out, in one figure."""
    if entry.metric == "outage" and entry.longest_seconds is not UNSET:
        return language.span(entry.longest_seconds)
    if entry.metric == "outages" and entry.outages is not UNSET:
        return language.number(entry.outages)
    if entry.ratio is None:
        return "–"
    if entry.target.endswith("%"):
        return language.percent(_trimmed(entry.ratio, 2))
    return language.number(_trimmed(entry.ratio, 0))


def _trimmed(ratio: str, places: int) -> Decimal:
    """A ratio without the zeros at its end, but with so many decimals at least."""
    short = Decimal(ratio).normalize()
    exponent = short.as_tuple().exponent
    return (
        short
        if isinstance(exponent, int) and exponent < -places
        else Decimal(ratio).quantize(Decimal(1).scaleb(-places))
    )


def _limit(entry: TargetEntry, language: Language) -> str:
    text, target = language.text, entry.target
    if entry.metric == "outage" and entry.budget_seconds is not UNSET:
        return text("at most %(limit)s", limit=language.span(entry.budget_seconds))
    if entry.metric == "outages":
        return text("at most %(limit)s", limit=language.number(target))
    if target.endswith("%"):
        return text("at least %(limit)s", limit=language.percent(_least(target)))
    return text("at least %(limit)s", limit=language.number(target))


def _verdict(entry: TargetEntry, language: Language, over: bool) -> str:
    text = language.text
    match mark(entry), entry.reason:
        case "met", _:
            return text("kept")
        case "missed", _:
            return text("broken")
        case _, "no_data":
            return text("no data")
        case _, "too_few":
            return text("too few to judge")
        case _ if over:
            return text("no verdict")
        case _:
            return text("below its target so far") if _below(entry) else text("kept so far")


def _below(entry: TargetEntry) -> bool:
    """Whether a share or a mean that is judged at the end is less than it must be by then."""
    if entry.sample is UNSET or entry.ratio is None:
        return False
    return Decimal(entry.ratio) < _least(entry.target)


def _least(target: str) -> Decimal:
    """A target as it is written, `95%` or `4.2`, as a number."""
    if target.endswith("%"):
        return Decimal(target.removesuffix("%").strip()) / 100
    return Decimal(target)


def _details(entry: TargetEntry, language: Language) -> Iterator[str]:
    text, span = language.text, language.span
    if entry.breached_at is not None:
        yield text("lost on %(instant)s", instant=language.instant(ms_of(entry.breached_at)))
    if entry.agreed_seconds is not UNSET:
        yield from _time(entry, language)
    if entry.sample is not UNSET:
        yield from _counts(entry, language)
    if entry.metric != "availability" and entry.down_seconds is not UNSET and entry.down_seconds:
        yield text("%(down)s down in all", down=span(entry.down_seconds))


def _time(entry: TargetEntry, language: Language) -> Iterator[str]:
    text, span = language.text, language.span
    if entry.metric == "availability" and entry.down_seconds is not UNSET and entry.budget_seconds is not UNSET:
        yield text(
            "%(down)s down, %(budget)s allowed", down=span(entry.down_seconds), budget=span(entry.budget_seconds)
        )
        if entry.degraded_seconds:
            yield text("%(time)s degraded", time=span(entry.degraded_seconds))
        if entry.outages:
            yield language.counted(
                "%(count)s outage, the longest %(longest)s", "%(count)s outages, the longest %(longest)s",
                entry.outages, longest=span(entry.longest_seconds or 0),
            )  # fmt: skip
    if entry.measured_seconds is not UNSET and entry.agreed_seconds is not UNSET:
        yield text(
            "measured %(measured)s of %(agreed)s agreed",
            measured=span(entry.measured_seconds), agreed=span(entry.agreed_seconds),
        )  # fmt: skip
    yield text("planned or agreed work %(time)s", time=span(entry.excluded_seconds or 0))
    yield text("nothing known for %(time)s", time=span(entry.unknown_seconds or 0))


def _counts(entry: TargetEntry, language: Language) -> Iterator[str]:
    text, sample = language.text, entry.sample or 0
    met = "" if entry.met is UNSET else language.number(entry.met)
    if entry.metric == "satisfaction":
        if met:
            yield language.counted(
                "%(met)s of %(count)s rating good", "%(met)s of %(count)s ratings good", sample, met=met
            )
        else:
            yield language.counted("%(count)s rating", "%(count)s ratings", sample)
        return
    yield language.counted(
        "%(met)s of %(count)s ticket in time", "%(met)s of %(count)s tickets in time", sample, met=met or "0"
    )
    if entry.missed is not UNSET and entry.missed:
        yield text("%(missed)s missed", missed=language.number(entry.missed))
    if entry.open_overdue:
        yield language.counted(
            "the clock of %(count)s of them has not ended",
            "the clocks of %(count)s of them have not ended",
            entry.open_overdue,
        )
