"""Text from a message catalogue; dates, numbers, money and lengths of time as a language writes them."""

from __future__ import annotations

import gettext
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from slawatch.instants import from_ms

LOCALES = {"en": "en_GB", "ru": "ru_RU"}
"""By language, the country whose way of writing dates and numbers is taken."""
_HOUR, _MINUTE = 3600, 60


@cache
def _messages(code: str) -> gettext.NullTranslations:
    """The catalogue of a language; the messages themselves are English."""
    source = files("slawatch.sheet") / "locale" / code / "LC_MESSAGES" / "slawatch.po"
    if not source.is_file():
        return gettext.NullTranslations()
    # Compiled here, so that no compiled file can be older than the one that people edit.
    compiled = BytesIO()
    with source.open("rb") as text:
        write_mo(compiled, read_po(text, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Language:
    """One of `LOCALES`, for instants in one zone."""

    def __init__(self, code: str, zone: tzinfo) -> None:
        self.code, self.zone = code, zone
        self.messages = _messages(code)
        self._locale = Locale.parse(LOCALES[code])

    def text(self, message: str, **values: object) -> str:
        """A message in this language, its `%(name)s` filled in."""
        found = self.messages.gettext(message)
        return found % values if values else found

    def counted(self, singular: str, plural: str, count: int, **values: object) -> str:
        """A message whose form depends on `%(count)s`."""
        found = self.messages.ngettext(singular, plural, count)
        return found % {"count": self.number(count), **values}

    def number(self, value: Decimal | int | str) -> str:
        """A number, with all of its digits."""
        return str(format_decimal(Decimal(value), locale=self._locale, decimal_quantization=False))

    def percent(self, share: Decimal | str) -> str:
        """A share as a percentage, with all of its digits."""
        return str(format_percent(Decimal(share), locale=self._locale, decimal_quantization=False))

    def money(self, amount: Decimal | str, currency: str) -> str:
        """An amount of money, with the decimals that it has."""
        return str(
            format_currency(
                Decimal(amount), currency, locale=self._locale, decimal_quantization=False, currency_digits=False
            )
        )

    def span(self, seconds: float) -> str:
        """A length of time in hours, minutes and seconds, exact."""
        exact = Decimal(str(seconds))
        hours, rest = divmod(exact, _HOUR)
        minutes, rest = divmod(rest, _MINUTE)
        parts = [(hours, "duration-hour"), (minutes, "duration-minute"), (rest.normalize(), "duration-second")]
        said = [self._unit(amount, unit) for amount, unit in parts if amount]
        return " ".join(said) if said else self._unit(Decimal(0), "duration-second")

    def instant(self, at: int) -> str:
        """The date and the time of day in the zone, to the second where it is not the whole minute."""
        local = self.local(at)
        if local.second:
            return str(format_datetime(local, "medium", locale=self._locale))
        return f"{format_date(local.date(), 'medium', locale=self._locale)}, {local:%H:%M}"

    def day(self, at: int) -> str:
        """A date without its year, short."""
        return str(format_date(self.local(at).date(), "d MMM", locale=self._locale))

    def weekday(self, at: int) -> str:
        """A day of the week with its date, short."""
        return str(format_date(self.local(at).date(), "EEE d", locale=self._locale))

    def month(self, at: int) -> str:
        """The name of a month, short."""
        return str(format_date(self.local(at).date(), "LLL", locale=self._locale))

    def hour(self, at: int) -> str:
        """The time of day, to the minute."""
        return f"{self.local(at):%H:%M}"

    def period(self, label: str) -> str:
        """A period by its label, as people call it."""
        if "W" in label:
            return self.text("week %(week)s of %(year)s", week=str(int(label[6:])), year=label[:4])
        if "Q" in label:
            first = date(int(label[:4]), 3 * int(label[6]) - 2, 1)
            return str(format_date(first, "QQQQ y", locale=self._locale))
        if len(label) == 7:
            return str(format_date(date(int(label[:4]), int(label[5:]), 1), "LLLL y", locale=self._locale))
        if len(label) == 10:
            return str(format_date(date.fromisoformat(label), "long", locale=self._locale))
        return label

    def short_period(self, label: str) -> str:
        """A period in as few letters as will do below a bar."""
        if len(label) == 7 and "Q" not in label:
            return str(format_date(date(int(label[:4]), int(label[5:]), 1), "LLL yy", locale=self._locale))
        if len(label) == 10:
            return str(format_date(date.fromisoformat(label), "d MMM", locale=self._locale))
        return label

    def local(self, at: int) -> datetime:
        """The instant on a clock of the zone."""
        return from_ms(at).astimezone(self.zone)

    def _unit(self, amount: Decimal, unit: str) -> str:
        return str(format_unit(amount, unit, length="short", locale=self._locale)).replace(" ", "\N{NO-BREAK SPACE}")
