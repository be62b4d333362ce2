"""One valid agreement of a file: as it was written, and all that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from slawatch.agreements.build import Calendars, build_agreement
from slawatch.agreements.contracts import build_contract, own_agreement, own_contract
from slawatch.agreements.document import Document
from slawatch.agreements.models import AgreementPart
from slawatch.agreements.problem import Path, Problem
from slawatch.core.agreement import Agreement
from slawatch.core.periods.contract import Contract


@dataclass(frozen=True, slots=True)
class Built:
    """An agreement and its contract about periods; with `each: customer` they are templates of the customers' own."""

    part: AgreementPart
    agreement: Agreement
    contract: Contract | None
    document: Document
    path: Path

    @property
    def customers(self) -> list[str]:
        """The customers that it is a template for, in the order of the file; none if it stands for itself."""
        if self.part.each is None or self.part.match is None:
            return []
        return list(dict.fromkeys(self.part.match.customer or ()))

    def agreements(self) -> list[Agreement]:
        """What is promised about tickets."""
        return [own_agreement(self.agreement, customer) for customer in self.customers] or [self.agreement]

    def contracts(self) -> list[Contract]:
        """What is promised about periods."""
        if self.contract is None:
            return []
        return [own_contract(self.contract, customer) for customer in self.customers] or [self.contract]

    def problem(self, below: Path, text: str, warning: bool = False) -> Problem:
        """What is wrong in this agreement."""
        return self.document.problem((*self.path, *below), text, warning)


def build(part: AgreementPart, calendars: Calendars, document: Document, path: Path) -> Built:
    """The agreement; `calendars` has all that it names, and its parts agree."""
    agreement = build_agreement(part, calendars, document, path)
    return Built(part, agreement, build_contract(part, agreement, calendars, document, path), document, path)
