"""Time zones and public holidays from the pinned packages, never from the machine, so that all workers agree.

`holidays` is imported by who needs it: many agreements have none, and it is a tenth of what a program needs to begin.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo

from slawatch.agreements.problem import Mistake, hint


def versions() -> dict[str, str]:
    """The versions of the packages that verdicts depend on."""
    return {package: metadata.version(package) for package in ("holidays", "tzdata")}


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone that there is."""
    return tuple((resources.files("tzdata") / "zones").read_text("utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of this name; else a `Mistake`."""
    if name not in zone_names():
        cities = {known.rpartition("/")[2]: known for known in zone_names()}
        meant = cities.get(name.rpartition("/")[2])
        tip = f"did you mean `{meant}`?" if meant else _zone_hint(name)
        raise Mistake(f"unknown time zone `{name}`: {tip}")
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _zone_hint(name: str) -> str:
    tip = hint(name, zone_names())
    return tip if tip.startswith("did") else "write a name such as `Europe/Moscow`"


@cache
def countries() -> tuple[str, ...]:
    """The codes of the countries whose holidays are known."""
    from holidays.registry import EntityLoader

    return tuple(sorted(EntityLoader.get_country_codes()))


def known_country(code: str) -> str:
    """The code of a country; else a `Mistake`."""
    if code not in countries():
        tip = f"did you mean `{code.upper()}`?" if code.upper() in countries() else "write a code such as `DE`"
        raise Mistake(f"no holidays are known for country `{code}`: {tip}")
    return code


def known_subdivision(country: str, code: str) -> str:
    """The code or name of a part of the country; else a `Mistake`."""
    import holidays

    entity = getattr(holidays, country)
    known = [*entity.subdivisions, *getattr(entity, "subdivisions_aliases", {})]
    if code not in known:
        raise Mistake(f"`{country}` has no subdivision `{code}`: {hint(code, known)}")
    return code


@cache
def public_holidays(country: str, subdivision: str | None) -> Callable[[int], frozenset[date]]:
    """The dates of a year's public holidays, found when first asked for."""
    import holidays

    @cache
    def of(year: int) -> frozenset[date]:
        with warnings.catch_warnings():
            # Some countries warn that a moon-dependent holiday is known for certain years only.
            warnings.simplefilter("ignore")
            return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year, expand=False))

    return of
