"""The shape of an agreements file: what may stand where, as frozen pydantic models.

They judge each value by itself; what depends on other parts of the file is for `twice` and `build`. The JSON Schema
for editors is made from them, so every field has its description here and nowhere else.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from slawatch.agreements import values
from slawatch.agreements.amounts import AnyLength, CreditShare
from slawatch.agreements.calendars import CalendarPart
from slawatch.agreements.document import Kind, Scalar
from slawatch.agreements.owed import CreditPart, ExclusionPart, FeePart
from slawatch.agreements.part import Part, Told, Words, meant
from slawatch.agreements.periods import (
    METRICS,
    AvailabilityPart,
    CompliancePart,
    OutagePart,
    OutagesPart,
    PeriodTargetPart,
    SatisfactionPart,
    ServiceRulePart,
    read_metric,
)
from slawatch.agreements.problem import Mistake, nearest
from slawatch.agreements.values import (
    CalendarName,
    Day,
    Length,
    Level,
    Name,
    PausePhase,
    Switch,
    Threshold,
    Word,
    Zone,
)
from slawatch.core.agreement import Metric, OnChange, OnReopen
from slawatch.core.periods.contract import PeriodMetric

_REOPENED = (Metric.RESOLUTION, Metric.CLOSURE)


class StatusesPart(Part):
    """The help desk's words for a status; a word that stands nowhere counts as open."""

    open: tuple[Word, ...] = Field((), description="Words for: somebody is to work on it. Clocks run.")
    pending: tuple[Word, ...] = Field((), description="Words for: waiting for somebody else.")
    resolved: tuple[Word, ...] = Field((), description="Words for: solved, as far as we know.")
    closed: tuple[Word, ...] = Field((), description="Words for: closed.")
    cancelled: tuple[Word, ...] = Field((), description="Words for: it was none. Clocks end without a verdict.")


class LimitPart(Part):
    """A limit in hours of its own."""

    time: Length = Field(description="Working time that may be spent.")
    calendar: CalendarName | None = Field(None, description="Calendar of this limit; else the target's.")


def _limits(value: Any) -> Any:
    """`4h` and `{time, calendar}` in the long form: limits by priority, here with nothing but a default."""
    if isinstance(value, dict) and not {"time", "calendar"} & value.keys():
        return {priority: _limit(limit) for priority, limit in value.items()}
    return {"default": _limit(value)}


def _limit(value: Any) -> Any:
    if isinstance(value, Scalar) and value.kind is Kind.NULL:
        return {"time": Scalar("", Kind.EMPTY)}  # it must not count as absent: then the default would apply
    return value if isinstance(value, dict) else {"time": value}


_ONE_LIMIT: list[Any] = [
    values.LENGTH_SCHEMA,
    {
        "type": "object",
        "description": "A limit in hours of its own.",
        "properties": {"time": values.LENGTH_SCHEMA, "calendar": {"type": ["string", "number"]}},
        "required": ["time"],
        "additionalProperties": False,
    },
]
_LIMITS: dict[str, Any] = {
    "type": "object",
    "description": "Limits by priority; `default` is that of all others.",
    "minProperties": 1,
    "propertyNames": {"not": {"enum": ["time", "calendar"]}},
    "additionalProperties": {"anyOf": _ONE_LIMIT},
}
Limits = Annotated[
    dict[Word, LimitPart],
    BeforeValidator(_limits),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [*_ONE_LIMIT, _LIMITS]}),
]


class TargetPart(Part):
    """One promise about tickets."""

    limit: ClassVar[str] = "within"

    metric: Annotated[Metric, PlainValidator(read_metric), values.one_of(Metric)] = Field(
        description="What is measured."
    )
    within: Limits = Field(description="Working time that may be spent.")
    calendar: CalendarName | None = Field(None, description="Calendar of this target; else the agreement's.")
    warn: tuple[Threshold, ...] = Field((), description="When to warn: share of the limit, or working time left.")
    overdue: tuple[Level, ...] = Field((), description="Shares of the limit, above 100%, to speak up again at.")
    pause: tuple[PausePhase, ...] = Field((), description="Statuses, in our words, in which the clock stands still.")
    on_reopen: Annotated[OnReopen, PlainValidator(values.choice("choice", OnReopen)), values.one_of(OnReopen)] = Field(
        OnReopen.RESUME, description="What a reopened ticket does; of resolution and closure."
    )
    on_change: Annotated[OnChange, PlainValidator(values.choice("choice", OnChange)), values.one_of(OnChange)] = Field(
        OnChange.RETROACTIVE, description="What another agreement, limit or calendar does to a clock in flight."
    )
    resolved_counts: Switch = Field(False, description="Whether resolving answers; of first_response.")

    @field_validator("on_reopen")
    @classmethod
    def _can_reopen(cls, choice: OnReopen, info: ValidationInfo) -> OnReopen:
        metric = info.data.get("metric", Metric.RESOLUTION)
        if metric not in _REOPENED:
            raise Mistake(f"does not apply to {metric}: only resolution and closure can be reopened; take it out")
        return choice

    @field_validator("resolved_counts")
    @classmethod
    def _can_be_answered(cls, counts: bool, info: ValidationInfo) -> bool:
        metric = info.data.get("metric", Metric.FIRST_RESPONSE)
        if metric is not Metric.FIRST_RESPONSE:
            raise Mistake(f"does not apply to {metric}: only first_response is answered; take it out")
        return counts


TARGETS: dict[str, type[TargetPart | PeriodTargetPart]] = {
    "<tickets>": TargetPart,
    "<availability>": AvailabilityPart,
    "<outage>": OutagePart,
    "<outages>": OutagesPart,
    "<compliance>": CompliancePart,
    "<satisfaction>": SatisfactionPart,
}
"""By tags that nobody can write as keys."""


def _kind(value: Any) -> str:
    """Which promise it is, by its metric; where that is mistyped, by what else it says."""
    metric = value.get("metric") if isinstance(value, dict) else None
    if not isinstance(metric, str):
        return meant(value, TARGETS)
    if metric in tuple(Metric):
        return "<tickets>"
    return f"<{metric}>" if metric in METRICS else meant(value, TARGETS, f"<{nearest(metric, METRICS)}>")


def _when(*metrics: str) -> dict[str, Any]:
    return {"properties": {"metric": {"enum": list(metrics)}}, "required": ["metric"]}


AnyTarget = Annotated[
    Annotated[TargetPart, Tag("<tickets>")]
    | Annotated[AvailabilityPart, Tag("<availability>")]
    | Annotated[OutagePart, Tag("<outage>")]
    | Annotated[OutagesPart, Tag("<outages>")]
    | Annotated[CompliancePart, Tag("<compliance>")]
    | Annotated[SatisfactionPart, Tag("<satisfaction>")],
    Discriminator(_kind),
    Told(
        _when(*Metric),
        *(_when(metric) for metric in PeriodMetric),
        common={
            "description": "One promise.",
            "properties": {"metric": {"type": "string", "enum": list(METRICS), "description": "What is measured."}},
            "required": ["metric"],
        },
    ),
]


class Each(Enum):
    """What an agreement can be a template for."""

    CUSTOMER = "customer"


class MatchPart(Part):
    """Which tickets: every field must have one of its values."""

    priority: Words | None = Field(None, description="Accepted priorities.")
    customer: Words | None = Field(None, description="Accepted customers; of monitoring events too.")
    service: Words | None = Field(None, description="Accepted services.")
    kind: Words | None = Field(None, description="Accepted kinds.")
    team: Words | None = Field(None, description="Accepted teams.")
    assignee: Words | None = Field(None, description="Accepted assignees.")
    attributes: dict[Word, Words] | None = Field(None, description="Accepted values of further fields, by name.")


class AgreementPart(Part):
    """A contract: whom and what it covers, from when until when, what is promised and what is owed."""

    id: Name = Field(description="Its name in alerts; a change of contract is a new entry with a new id.")
    match: MatchPart | None = Field(None, description="Which tickets it covers; absent: all.")
    start: Day | None = Field(None, alias="from", description="The first day.")
    until: Day | None = Field(None, description="The first day on which it is over.")
    timezone: Zone | None = Field(None, description="Zone of `from`, `until` and periods; else that of the calendar.")
    calendar: CalendarName | None = Field(None, description="Working hours; absent: 24x7.")
    also: Switch = Field(False, description="Attaches besides whichever agreement wins, such as an OLA.")
    each: Annotated[Each, PlainValidator(values.choice("choice", Each)), values.one_of(Each)] | None = Field(
        None, description="One agreement, result and report for each customer in `match`; absent: one for all."
    )
    targets: Annotated[tuple[AnyTarget, ...], Field(min_length=1)] = Field(description="What is promised.")
    settle: AnyLength | None = Field(None, description="How long after its end a period is closed; absent: 1d.")
    credits: tuple[CreditPart, ...] = Field((), description="What is owed when a target is missed.")
    fee: FeePart | None = Field(None, description="What is paid for a period; absent: credits are percents only.")
    credit_cap: CreditShare | None = Field(None, description="The most that is owed, of the fee; absent: 100%.")
    exclude: tuple[ExclusionPart, ...] = Field((), description="Time that was agreed afterwards not to count.")

    @field_validator("until")
    @classmethod
    def _after_start(cls, until: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start")
        if until is not None and start is not None and until <= start:
            raise Mistake(f"{until} is not after `from` ({start}): it is the first day on which the agreement is over")
        return until


class FilePart(Part):
    """Service level agreements: what is promised to whom, calendars, services, and the help desk's words for statuses."""

    statuses: StatusesPart | None = Field(None, description="The help desk's words for statuses.")
    calendars: dict[Name, CalendarPart] | None = Field(None, description="Working hours, by name.")
    services: dict[Name, ServiceRulePart] | None = Field(
        None, description="How a service's status comes about, by name, for all agreements."
    )
    agreements: tuple[AgreementPart, ...] | None = Field(
        None, description="Agreements; the first that covers a ticket and has the metric wins."
    )
