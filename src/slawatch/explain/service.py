"""Why a service's figures for a period stand as they do, in words: which seconds counted, which did not and why.

What was observed comes first, in the order in which it happened; then each promise about the service, stretch by
stretch with a running sum, the thresholds that were crossed, what was said, and the sum until the number stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from fractions import Fraction

from slawatch.core.periods.contract import Contract, Contracts, PeriodMetric, ServiceTarget, Unknown
from slawatch.core.periods.figures import ServiceFigures
from slawatch.core.periods.measure import EXCLUDED
from slawatch.core.periods.period import Period, period_of
from slawatch.core.periods.reading import Reading
from slawatch.core.periods.status import Fact, Status
from slawatch.core.slug import escaped
from slawatch.explain.followed import Followed, Piece, follow
from slawatch.explain.heard import Heard, Seen
from slawatch.explain.page import INDENT, Page, said_text, span_text, zone_name
from slawatch.messages.reports import ratio_text

_KINDS = {
    Status.UP: "up", Status.DEGRADED: "degraded", Status.DOWN: "down", Status.UNKNOWN: "unknown", EXCLUDED: "excused",
}  # fmt: skip
_UNKNOWN = {
    Unknown.EXCLUDE: "neither up nor down (exclude)", Unknown.UP: "up (up)", Unknown.DOWN: "down (down)",
}  # fmt: skip


def service_explanation(
    service: str, label: str, heard: Heard[Fact], contracts: Contracts, only: str | None, width: int = 100
) -> Iterator[str]:
    """The whole text, a line each; `only`: of this agreement. Nothing where no promise is about such a period."""
    promises = [
        (contract, target)
        for contract, target in contracts.of_service(service)
        if target.per is period_of(label, UTC)[0] and only in (None, contract.agreement)
    ]
    if not promises:
        return
    now = heard.now
    assert now is not None
    page = Page(width, promises[0][0].zone)
    periods = {contract.agreement: period_of(label, contract.zone)[1] for contract, _ in promises}
    yield f"Service {service}, {label}"
    yield f"as known at {page.instant(now)} ({zone_name(page.zone)})"
    yield ""
    yield "What was observed"
    until = max(period.end for period in periods.values())
    yield from _observed(page, heard, min(period.start for period in periods.values()), until)
    for contract, target in promises:
        yield ""
        period = periods[contract.agreement]
        followed = follow(contract, target, service, heard.facts, contracts.rule(service), now)
        yield from _Account(contract, target, service, period, followed, heard, width).lines()


def _observed(page: Page, heard: Heard[Fact], start: int, end: int) -> Iterator[str]:
    before: Seen[Fact] | None = None
    for seen in sorted(heard.seen, key=lambda seen: seen.fact.order):
        fact = seen.fact
        if fact.at >= end:
            break
        if fact.at < start and fact.planned_until is None:
            before = seen
            continue
        if before is not None:
            yield from _seen(page, before)
            before = None
        yield from _seen(page, seen)
    if before is not None:
        yield from _seen(page, before)


def _seen(page: Page, seen: Seen[Fact]) -> list[str]:
    fact = seen.fact
    of = f" of {fact.customer}" if fact.customer is not None else ""
    if fact.planned_until is not None:
        name = f" {fact.check}" if fact.check else ""
        words = f"planned work{name}{of}: {page.instant(fact.planned_from)} until {page.instant(fact.planned_until)}"
        if fact.planned_until <= fact.planned_from:
            words = f"planned work{name}{of} of {page.instant(fact.planned_from)} is cancelled"
    else:
        words = f"{fact.check or 'the check'}{of} says {fact.status.name.lower()}"
    text = f"{page.instant(fact.at)}  {words} [line {seen.number}]"
    if seen.remark == "late":
        text += f"; late: time had come to {page.instant(seen.stream_time)}"
    elif seen.remark == "duplicate":
        text += f"; dropped: the id {fact.id!r} was known already"
    return page.wrapped(INDENT, text)


class _Account:
    """One promise, told from what it was followed through."""

    def __init__(
        self, contract: Contract, target: ServiceTarget, service: str, period: Period, followed: Followed | None,
        heard: Heard[Fact], width: int,
    ) -> None:  # fmt: skip
        self._contract, self._target, self._service, self._period = contract, target, service, period
        self._followed, self._heard = followed, heard
        self._page = Page(width, contract.zone)

    def lines(self) -> Iterator[str]:
        target, page, contract = self._target, self._page, self._contract
        yield f"{target.name or target.metric}, agreement {contract.agreement}"
        sign = "at least" if target.metric is PeriodMetric.AVAILABILITY else "at most"
        yield from self._item("promise", f"{sign} {target.text} a {target.per} in calendar {target.hours.name}")
        if target.where:
            yield from self._item("rule", target.where)
        yield from self._item("zone", contract.zone_name)
        yield from self._item("period", f"{page.instant(self._period.start)} until {page.instant(self._period.end)}")
        yield from self._item("unknown", _UNKNOWN[target.unknown])
        if target.degraded:
            yield from self._item("degraded", f"counts {float(target.degraded):g} as downtime")
        if target.min_outage:
            yield from self._item("outages", f"of less than {span_text(target.min_outage)} do not count")
        yield from self._item("planned", self._planned())
        reading = None if self._followed is None else self._followed.reading(self._period)
        if self._followed is None or reading is None:
            yield from page.wrapped(INDENT, f"nothing is measured: {self._why_nothing()}")
            return
        yield INDENT + "what counted"
        yield from self._pieces(list(self._followed.pieces(self._period)))
        yield INDENT + "thresholds"
        yield from self._thresholds(self._followed, reading)
        yield INDENT + "said"
        yield from self._said()
        yield INDENT + "the number"
        for line in self._number(self._followed, reading):
            yield from page.wrapped(INDENT * 2, line)

    def _item(self, name: str, text: str) -> list[str]:
        return self._page.wrapped(INDENT, f"{name:<8} {text}")

    def _planned(self) -> str:
        maintenance = self._target.maintenance
        if not maintenance.excused:
            return "work excuses nothing (none)"
        words = "work is excused"
        if maintenance.cap is not None:
            words += f", up to {span_text(maintenance.cap)} a {self._target.per}"
        return words + (f", {span_text(maintenance.notice)} after it is announced" if maintenance.notice else "")

    def _why_nothing(self) -> str:
        contract, page, period = self._contract, self._page, self._period
        if contract.since is not None and contract.since >= period.end:
            return f"the agreement applies from {page.instant(contract.since)}"
        if contract.until is not None and contract.until <= period.start:
            return f"the agreement applied until {page.instant(contract.until)}"
        if self._followed is not None and self._followed.meter.at <= period.start:
            return f"time has only come to {page.instant(self._followed.meter.at)}"
        return "nothing was observed by then"

    def _pieces(self, pieces: Sequence[Piece]) -> Iterator[str]:
        page = self._page
        down = 0
        for piece in pieces:
            what = self._why(piece)
            counted = f"{span_text(piece.agreed)} agreed"
            length = piece.end - piece.start
            if piece.agreed < length and not piece.without:
                counted += f", {span_text(length - piece.agreed)} closed"
            if piece.kind == Status.DOWN and not piece.blip:
                down += piece.agreed
                counted += f"; down so far {span_text(down)}"
            yield from page.wrapped(INDENT * 2, f"{page.instant(piece.start)}  {what}: {counted}")
        if pieces:
            end = pieces[-1].end
            known = end < self._period.end and end != self._contract.until
            words = (
                "as far as it is known"
                if known
                else "the agreement ends"
                if end < self._period.end
                else "the period ends"
            )
            yield from page.wrapped(INDENT * 2, f"{page.instant(end)}  {words}")

    def _why(self, piece: Piece) -> str:
        checks = ", ".join(f"{name or 'the check'} {word}" for name, word in piece.checks)
        if piece.kind == EXCLUDED:
            words = f"excused: {piece.planned}" if piece.planned else "excused: maintenance"
        elif piece.blip:
            words = f"up: an outage of less than {span_text(self._target.min_outage)}"
        else:
            words = _KINDS[piece.kind]
            if piece.status is Status.MAINTENANCE:
                words += ", as the maintenance is not excused"
            elif piece.kind != piece.status:
                words += f", as {piece.status.name.lower()} counts"
        if piece.status is Status.UNKNOWN and not checks:
            checks = "nothing was observed yet"
        words += f" ({checks})" if checks else ""
        return f"agreed not to count, {piece.without!r}; else {words}" if piece.without else words

    def _thresholds(self, followed: Followed, reading: Reading) -> Iterator[str]:
        page, measure = self._page, followed.measure
        for number, rung in enumerate(measure.rungs):
            crossing = reading.crossed.get(number)
            fell = "not exceeded" if crossing is None else f"exceeded after {page.instant(crossing.at)}"
            measured = reading.measured if crossing is None else crossing.measured
            amount = Fraction(rung.share * measured - rung.less, measure.scale)
            yield from page.wrapped(INDENT * 2, f"{rung.label} at {self._amount(amount)}: {fell}")

    def _amount(self, amount: Fraction | int) -> str:
        if self._target.metric is PeriodMetric.OUTAGES:
            return f"{float(amount):g}"
        return _exact_span(Fraction(amount))

    def _said(self) -> Iterator[str]:
        name = escaped(self._target.name or self._target.metric)
        start = f"{self._contract.slug}/{name}/{escaped(self._service)}/{self._period.label}/"
        mine = [alert for alert in self._heard.alerts if alert["id"].startswith(start)]
        for alert in mine:
            yield from self._page.wrapped(INDENT * 2, said_text(self._page, alert))
        if not mine:
            yield INDENT * 2 + "nothing"

    def _number(self, followed: Followed, reading: Reading) -> Iterator[str]:
        figures, target = reading.figures(followed.measure), self._target
        over = followed.meter.at > self._period.end
        yield (
            f"agreed {span_text(figures.agreed)} - excused {span_text(figures.excluded)} - unknown "
            f"{span_text(figures.unknown)} = measured {span_text(figures.measured)}"
        )
        if figures.measured <= 0:
            yield "nothing was measured, so there is no verdict"
            return
        if target.metric is PeriodMetric.AVAILABILITY:
            yield from self._availability(figures)
        elif target.metric is PeriodMetric.OUTAGE:
            yield f"the longest outage that began here: {span_text(figures.longest)}, allowed {self._amount(figures.budget)}"
        else:
            yield f"outages that began here: {figures.outages}, allowed {self._amount(figures.budget)}"
        broken = figures.breached_at is not None
        yield "missed" if broken and over else "broken" if broken else "met" if over else "kept so far"

    def _availability(self, figures: ServiceFigures) -> Iterator[str]:
        target = self._target
        used = Fraction(figures.down) + target.degraded * figures.degraded
        words = f"down {span_text(figures.down)}"
        if target.degraded:
            words += f" + {float(target.degraded):g} x degraded {span_text(figures.degraded)} = {_exact_span(used)}"
        yield f"{words}, allowed (1 - {target.text}) x {span_text(figures.measured)} = {_exact_span(figures.budget)}"
        cut = "" if figures.ratio is None or figures.ratio * 10**6 % 1 == 0 else "..."
        yield f"1 - {_exact_span(used)} / {span_text(figures.measured)} = {ratio_text(figures.ratio)}{cut}"


def _exact_span(ms: Fraction) -> str:
    """A length of time that may not be whole milliseconds."""
    return span_text(int(ms)) + ("..." if ms % 1 else "")
