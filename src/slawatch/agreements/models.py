"""The shape of an agreements file: what may stand where, as frozen pydantic models.

They judge each value by itself; what depends on other parts of the file is for `twice` and `build`. The JSON Schema
for editors is made from them, so every field has its description here and nowhere else.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    field_validator,
    model_validator,
)

from slawatch.agreements import pinned, values
from slawatch.agreements.document import Kind, Scalar
from slawatch.agreements.durations import Duration
from slawatch.agreements.problem import Mistake
from slawatch.agreements.values import (
    CalendarName,
    ClosedDay,
    Country,
    Day,
    Length,
    Level,
    Name,
    PausePhase,
    Span,
    Switch,
    Threshold,
    Weekdays,
    Word,
    Zone,
)
from slawatch.core.agreement import Metric, OnChange, OnReopen
from slawatch.core.interval import DAY

LATER_METRICS = ("availability", "outage", "outages", "compliance", "satisfaction")
_REOPENED = (Metric.RESOLUTION, Metric.CLOSURE)


def not_yet(what: str) -> str:
    """What is said of a promise that nobody would watch."""
    return f"{what} is not supported by this version yet: take it out, or it would go unwatched"


class Part(BaseModel):
    """A mapping with known keys; a key whose value is a written `null` counts as absent.

    `later` are keys of period metrics and credits: refused, but not as if they were mistyped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    later: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _given(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if not (isinstance(v, Scalar) and v.kind is Kind.NULL)}


Words = Annotated[tuple[Word, ...], Field(min_length=1)]


class StatusesPart(Part):
    """The help desk's words for a status; a word that stands nowhere counts as open."""

    open: tuple[Word, ...] = Field((), description="Words for: somebody is to work on it. Clocks run.")
    pending: tuple[Word, ...] = Field((), description="Words for: waiting for somebody else.")
    resolved: tuple[Word, ...] = Field((), description="Words for: solved, as far as we know.")
    closed: tuple[Word, ...] = Field((), description="Words for: closed.")
    cancelled: tuple[Word, ...] = Field((), description="Words for: it was none. Clocks end without a verdict.")


class HolidaysPart(Part):
    """The public holidays of a country; they close the hours that begin on them."""

    country: Country = Field(description='Code of the country; "NO" needs its quotes.')
    subdivision: Word | None = Field(None, description="Code or name of a state or region of the country.")

    @field_validator("subdivision")
    @classmethod
    def _known(cls, code: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        return code if code is None or country is None else pinned.known_subdivision(country, code)


class CalendarPart(Part):
    """Working hours in a time zone."""

    timezone: Zone = Field(description="Zone of the hours and dates.")
    hours: dict[Weekdays, tuple[Span, ...]] = Field(
        description="Working hours by weekday or range of weekdays; an end not after its start is on the next day."
    )
    holidays: HolidaysPart | None = Field(None, description="Public holidays without hours.")
    closed: tuple[ClosedDay, ...] = Field((), description="Days without hours: a date, or a day of every year.")
    open: dict[Day, Annotated[tuple[Span, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Dates with hours of their own, whatever else is said of them."
    )
    day: Length | None = Field(None, description="Working time that `1d` stands for in limits; else 24h.")

    @field_validator("day")
    @classmethod
    def _at_most_a_day(cls, day: Duration | None) -> Duration | None:
        if day is not None and (day.days or day.ms() > DAY):
            raise Mistake(f"`{day.text}` can't be the length of a working day: write at most 24h, in hours")
        return day


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

    later = ("name", "of", "service", "at_least", "at_most", "per", "match", "good", "by", "min_sample", "unknown",
             "degraded", "maintenance", "min_outage", "down_when", "stale_after")  # fmt: skip

    metric: Annotated[Metric, PlainValidator(values.choice("metric", Metric)), values.one_of(Metric)] = Field(
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


def _watched(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """A target of a metric that comes later is one mistake, not one for each of its keys."""
    metric = value.get("metric") if isinstance(value, dict) else None
    if metric in LATER_METRICS:
        raise Mistake(not_yet(str(metric)), "metric")
    return read(value)


class MatchPart(Part):
    """Which tickets: every field must have one of its values."""

    priority: Words | None = Field(None, description="Accepted priorities.")
    customer: Words | None = Field(None, description="Accepted customers.")
    service: Words | None = Field(None, description="Accepted services.")
    kind: Words | None = Field(None, description="Accepted kinds.")
    team: Words | None = Field(None, description="Accepted teams.")
    assignee: Words | None = Field(None, description="Accepted assignees.")
    attributes: dict[Word, Words] | None = Field(None, description="Accepted values of further fields, by name.")


class AgreementPart(Part):
    """A contract: which tickets, from when until when, what is promised."""

    later = ("each", "settle", "fee", "credit_cap", "credits", "exclude")

    id: Name = Field(description="Its name in alerts; a change of contract is a new entry with a new id.")
    match: MatchPart | None = Field(None, description="Which tickets it covers; absent: all.")
    start: Day | None = Field(None, alias="from", description="The first day.")
    until: Day | None = Field(None, description="The first day on which it is over.")
    timezone: Zone | None = Field(None, description="Zone of `from` and `until`; else that of the calendar.")
    calendar: CalendarName | None = Field(None, description="Working hours; absent: 24x7.")
    also: Switch = Field(False, description="Attaches besides whichever agreement wins, such as an OLA.")
    targets: Annotated[tuple[Annotated[TargetPart, WrapValidator(_watched)], ...], Field(min_length=1)] = Field(
        description="What is promised."
    )

    @field_validator("until")
    @classmethod
    def _after_start(cls, until: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start")
        if until is not None and start is not None and until <= start:
            raise Mistake(f"{until} is not after `from` ({start}): it is the first day on which the agreement is over")
        return until


class FilePart(Part):
    """Service level agreements: calendars, what is promised to whom, and the help desk's words for statuses."""

    later = ("services",)

    statuses: StatusesPart | None = Field(None, description="The help desk's words for statuses.")
    calendars: dict[Name, CalendarPart] | None = Field(None, description="Working hours, by name.")
    agreements: tuple[AgreementPart, ...] | None = Field(
        None, description="Agreements; the first that covers a ticket and has the metric wins."
    )
