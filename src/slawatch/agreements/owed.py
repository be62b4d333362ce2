"""The shape of what is owed for a missed period: credits, the fee they are shares of, and time that does not count."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, PlainValidator, Tag, ValidationInfo, field_validator

from slawatch.agreements import values
from slawatch.agreements.amounts import CreditShare, Currency, Instant, Money, Score
from slawatch.agreements.part import Part, Told, Words, meant
from slawatch.agreements.problem import Mistake
from slawatch.agreements.values import Length, Word
from slawatch.core.agreement import Metric


class TierPart(Part):
    """A share of the fee for a missed target."""

    metric: Word = Field(description="A period metric, or the name of a target.")
    below: Score | None = Field(None, description="Due when the figure is below this; absent: whenever missed.")
    credit: CreditShare = Field(description="Share of the fee; of several tiers the highest counts.")
    service: Words | None = Field(None, description="Services that it is for; absent: all of the target.")


class HourlyPart(Part):
    """A share of the fee for every so much of downtime in a missed period."""

    metric: Word = Field(description="availability, or the name of such a target.")
    each: Length = Field(description="Downtime, only full ones count.")
    credit: CreditShare = Field(description="Share of the fee for each.")
    service: Words | None = Field(None, description="Services that it is for; absent: all of the target.")


class PerMissPart(Part):
    """Money for every missed clock of a ticket metric."""

    metric: Annotated[Metric, PlainValidator(values.choice("ticket metric", Metric)), values.one_of(Metric)] = Field(
        description="The ticket metric."
    )
    each_miss: Money = Field(description="Amount for each, in the currency of the fee.")
    cap: Money | None = Field(None, description="The most for one period.")


CREDITS: dict[str, type[Part]] = {"<tier>": TierPart, "<hourly>": HourlyPart, "<per miss>": PerMissPart}
"""By tags that nobody can write as keys."""


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        if "each_miss" in value:
            return "<per miss>"
        if "each" in value:
            return "<hourly>"
    return meant(value, CREDITS)


CreditPart = Annotated[
    Annotated[TierPart, Tag("<tier>")]
    | Annotated[HourlyPart, Tag("<hourly>")]
    | Annotated[PerMissPart, Tag("<per miss>")],
    Discriminator(_kind),
    Told(
        {"not": {"anyOf": [{"required": ["each"]}, {"required": ["each_miss"]}]}},
        {"required": ["each"], "not": {"required": ["each_miss"]}},
        {"required": ["each_miss"]},
    ),
]


class FeePart(Part):
    """What is paid for one period."""

    amount: Money = Field(description="Credits are rounded to its decimals.")
    currency: Currency = Field(description="Three letters.")


class ExclusionPart(Part):
    """Time that was agreed afterwards not to count."""

    start: Instant = Field(alias="from", description="The first instant.")
    until: Instant = Field(description="The instant at which it is over.")
    reason: Word = Field(description="Why, for the report.")
    service: Words | None = Field(None, description="Services that it is for; absent: all.")

    @field_validator("until")
    @classmethod
    def _after_start(cls, until: int, info: ValidationInfo) -> int:
        if until <= info.data.get("start", -1):
            raise Mistake("is not after `from`: no time would be excluded")
        return until

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if not reason.strip():
            raise Mistake("is empty: say why this time does not count")
        return reason
