"""The shape of calendars: when work is done, in which time zone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from slawatch.agreements import pinned
from slawatch.agreements.durations import Duration
from slawatch.agreements.part import Part
from slawatch.agreements.problem import Mistake
from slawatch.agreements.values import ClosedDay, Country, Day, Length, Span, Weekdays, Word, Zone
from slawatch.core.interval import DAY


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
