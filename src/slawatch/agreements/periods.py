"""The shape of promises about periods: targets of services and of an agreement's tickets, and how services are read."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, field_validator

from slawatch.agreements import values
from slawatch.agreements.amounts import (
    AnyLength,
    Count,
    DownWhen,
    LengthOrNone,
    Number,
    Positive,
    Rating,
    Score,
    Share,
    TimePart,
    WarnShare,
)
from slawatch.agreements.part import Part, Words
from slawatch.agreements.problem import Mistake
from slawatch.agreements.values import CalendarName, Level, Name, Threshold
from slawatch.core.agreement import Metric, Percent
from slawatch.core.periods.contract import Basis, PeriodMetric, Unknown
from slawatch.core.periods.period import Per

METRICS: dict[str, Metric | PeriodMetric] = {
    **{metric.value: metric for metric in Metric},
    **{metric.value: metric for metric in PeriodMetric},
}
read_metric = values.read(lambda word: values.word_of("metric", METRICS, word))
"""All metrics, of tickets and of periods."""

PerName = Annotated[Per, PlainValidator(values.choice("period", Per)), values.one_of(Per)]


class MaintenancePart(Part):
    """Planned work is excused as far as it was announced in time, up to so much a period."""

    cap: AnyLength | None = Field(None, description="Agreed time of a period that may be excused; absent: all of it.")
    notice: AnyLength | None = Field(None, description="How long ahead work must be announced; absent: not at all.")


def _excused(value: Any) -> Any:
    """`none`, or a mapping."""
    if isinstance(value, str) and value == "none":
        return {"cap": "0s"}
    if isinstance(value, str):
        raise Mistake(f"`{value}` is not a choice: write `none`, or a mapping with `cap` and `notice`")
    return value


class _OrNone:
    """The schema of a mapping in whose place `none` may stand."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "enum": ["none"]}, handler(core_schema)]}


Planned = Annotated[MaintenancePart, BeforeValidator(_excused), _OrNone()]


class PeriodTargetPart(Part):
    """What all promises about periods say. `limit` is the key of what is promised."""

    limit: ClassVar[str] = "at_least"

    per: PerName = Field(description="The calendar period that is judged, from midnight to midnight.")
    name: Name | None = Field(None, description="Stands for the metric in ids, where two targets would share one.")

    @field_validator("name")
    @classmethod
    def _no_metric(cls, name: str | None) -> str | None:
        if name in METRICS:
            raise Mistake(f"`{name}` is a metric: a name must tell this target from others")
        return name


class ServiceTargetPart(PeriodTargetPart):
    """What all promises about services say."""

    service: Words = Field(description="The services; each is judged by itself.")
    calendar: CalendarName | None = Field(None, description="Hours that are judged; else the agreement's calendar.")
    warn: tuple[Threshold, ...] = Field((), description="When to warn: share of the budget, or downtime left.")
    overdue: tuple[Level, ...] = Field((), description="Shares of the budget, above 100%, to speak up again at.")
    unknown: Annotated[Unknown, PlainValidator(values.choice("choice", Unknown)), values.one_of(Unknown)] = Field(
        Unknown.EXCLUDE, description="What time counts as of which nothing is known."
    )
    min_outage: AnyLength | None = Field(None, description="A shorter outage counts as up, a longer one whole.")
    maintenance: Planned | None = Field(None, description="Which planned work is excused; absent: all of it.")


class AvailabilityPart(ServiceTargetPart):
    """How much of the agreed time a service is up."""

    metric: Annotated[PeriodMetric, PlainValidator(read_metric), values.one_of([PeriodMetric.AVAILABILITY])] = Field(
        description="What is measured."
    )
    at_least: Share = Field(description="Share of the measured time that it must be up.")
    degraded: TimePart = Field(Fraction(0), description="How much of degraded time counts as down, from 0 to 1.")


class OutagePart(ServiceTargetPart):
    """How long the longest outage of a service may be."""

    limit: ClassVar[str] = "at_most"

    metric: Annotated[PeriodMetric, PlainValidator(read_metric), values.one_of([PeriodMetric.OUTAGE])] = Field(
        description="What is measured."
    )
    at_most: AnyLength = Field(description="Agreed time that the longest outage may take.")


class OutagesPart(ServiceTargetPart):
    """How many outages a service may have."""

    limit: ClassVar[str] = "at_most"

    metric: Annotated[PeriodMetric, PlainValidator(read_metric), values.one_of([PeriodMetric.OUTAGES])] = Field(
        description="What is measured."
    )
    at_most: Count = Field(description="How many outages there may be.")
    warn: tuple[WarnShare, ...] = Field((), description="When to warn: share of the outages that may be.")


class NarrowPart(Part):
    """Which tickets count: every field must have one of its values."""

    priority: Words | None = Field(None, description="Priorities that count.")
    customer: Words | None = Field(None, description="Customers that count.")
    service: Words | None = Field(None, description="Services that count.")
    kind: Words | None = Field(None, description="Kinds that count.")
    team: Words | None = Field(None, description="Teams that count.")


class CompliancePart(PeriodTargetPart):
    """How many of the tickets must meet a ticket metric."""

    metric: Annotated[PeriodMetric, PlainValidator(read_metric), values.one_of([PeriodMetric.COMPLIANCE])] = Field(
        description="What is measured."
    )
    of: Annotated[Metric, PlainValidator(values.choice("ticket metric", Metric)), values.one_of(Metric)] = Field(
        description="The ticket metric; the same agreement must have it."
    )
    at_least: Share = Field(description="Share of the tickets that must meet it.")
    match: NarrowPart | None = Field(None, description="Which tickets count; absent: all of the agreement.")
    min_sample: Positive = Field(1, description="With fewer tickets there is no verdict.")
    by: Annotated[Basis, PlainValidator(values.choice("choice", Basis)), values.one_of(Basis)] = Field(
        Basis.VERDICT, description="Which instant puts a ticket into a period: its verdict, or when it ended."
    )
    warn: tuple[WarnShare, ...] = Field((), description="When to warn: share of the misses that may be.")


class SatisfactionPart(PeriodTargetPart):
    """How content customers must be."""

    metric: Annotated[PeriodMetric, PlainValidator(read_metric), values.one_of([PeriodMetric.SATISFACTION])] = Field(
        description="What is measured."
    )
    good: Rating | None = Field(None, description="The least rating that is good, of a share of good ratings.")
    at_least: Score = Field(description="The least mean of the ratings (4.5), or share of good ones (90%).")
    min_sample: Positive = Field(1, description="With fewer ratings there is no verdict.")

    @field_validator("at_least")
    @classmethod
    def _fits(cls, score: Percent | Number, info: ValidationInfo) -> Percent | Number:
        good = info.data.get("good", score)  # one that is wrong is no reason for a second mistake
        if isinstance(score, Percent) and good is None:
            raise Mistake(f"`{score.text}` of the ratings must be what? Say from which on they are good: `good: 4`")
        if isinstance(score, Number) and "good" in info.data and good is not None:
            raise Mistake(
                f"`{score.text}` is a mean, which no rating is good for: write a share (90%), or take `good` out"
            )
        return score


ServicePart = AvailabilityPart | OutagePart | OutagesPart
PeriodPart = ServicePart | CompliancePart | SatisfactionPart


class ServiceRulePart(Part):
    """How the checks of a service come to one status."""

    down_when: DownWhen = Field(
        1, description="How many checks must be down: any, all (that say anything), or a number."
    )
    stale_after: LengthOrNone = Field(None, description="A check that is silent for so long is unknown; absent: never.")
