"""What is promised to a ticket: an agreements file taken apart into promises, and which of them apply to which fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from slawatch.core.agreement import ROUND_THE_CLOCK, Agreement, Limit, Metric, Target, TimeLeft
from slawatch.core.fact import ATTRIBUTES, PRIORITY, STATUS, Fields, Phase
from slawatch.core.rule import RULES

BREACHED: Final = "breached"
WARNED: Final = "warned"
OVERDUE: Final = "overdue"


class Rung(NamedTuple):
    """One threshold of a promise: crossed when more than `amount` (ms) of working time is spent."""

    amount: int
    what: str
    threshold: str | None

    @property
    def label(self) -> str:
        return self.what if self.threshold is None else f"{self.what}-{self.threshold}"


class Promise:
    """A target with one of its limits: what a clock is held to. One object for each, so identity is equality.

    `ladder` has the thresholds by amount (of equal ones the later in the file is the higher), `breach` the index of
    the budget in it, `number` tells the promises of an agreement about a metric apart. `stances` and `ends` say what
    its clocks do in each phase (see `Rule`).
    """

    __slots__ = (
        "agreement", "amounts", "axis", "breach", "budget", "ends", "labels", "ladder", "limit", "number", "stances", "target",
    )  # fmt: skip

    def __init__(self, agreement: Agreement, target: Target, limit: Limit, number: int = 0) -> None:
        self.agreement, self.target, self.limit, self.number = agreement, target, limit, number
        self.budget, self.axis = limit.budget, limit.hours.axis
        # A warning whose time left is not less than the budget does not exist for it.
        warns = (warn for warn in target.warn if not isinstance(warn, TimeLeft) or warn.left < limit.budget)
        rungs = [Rung(warn.amount(limit.budget), WARNED, warn.text) for warn in warns]
        rungs.append(Rung(limit.budget, BREACHED, None))
        rungs += [Rung(level.amount(limit.budget), OVERDUE, level.text) for level in target.overdue]
        self.ladder = tuple(sorted(rungs, key=lambda rung: rung.amount))
        self.amounts = tuple(rung.amount for rung in self.ladder)
        self.labels = tuple(rung.label for rung in self.ladder)
        self.breach = self.labels.index(BREACHED)
        rule = RULES[target.metric]
        self.stances, self.ends = rule.stances(target), rule.ends(target)


NOTHING: Final = {
    metric: Promise(Agreement("", ()), Target(metric, {}), Limit(1, ROUND_THE_CLOCK)) for metric in Metric
}
"""Nothing is promised; the rounds go on as by a target's defaults."""


_OPEN: Final = Phase.OPEN


class Term(NamedTuple):
    """A promise (None: no limit for this priority) for rounds that start within `[since, until)`."""

    since: int | None
    until: int | None
    promise: Promise | None


Slot = tuple[Metric, str]
"""A place for one clock: a metric, and the id of the agreement that attaches besides (`also`), else empty."""


class Offer:
    """All that is promised to tickets with the same fields: for each slot its terms, the first that fits deciding."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Slot, tuple[Term, ...]]) -> None:
        self.terms = terms

    def promise(self, slot: Slot, start: int) -> Promise | None:
        """What applies to a round that starts at `start`."""
        for since, until, promise in self.terms.get(slot, ()):
            if (since is None or since <= start) and (until is None or start < until):
                return promise
        return None


class Agreements:
    """All agreements in the order of the file, the first match winning, and the words for statuses.

    `mentioned` are the numbers of the fields that can change what is promised, `phases` what the known words mean.
    `fingerprint` (8 bytes) changes with anything that may change a verdict: the file, holidays, time zones.
    """

    def __init__(
        self,
        agreements: Sequence[Agreement],
        statuses: Mapping[str, Phase] | None = None,
        fingerprint: bytes = bytes(8),
    ) -> None:
        self.agreements = tuple(agreements)
        self.fingerprint = fingerprint
        self.phases: dict[str | None, Phase] = {phase.name.lower(): phase for phase in Phase}
        self.phases.update(statuses or {})
        self._promises: dict[tuple[str, Metric], list[Promise]] = {}
        self._mentioned = _mentioned(self.agreements)
        self._attributes = _mentioned_attributes(self.agreements)
        self.mentioned = frozenset(self._mentioned) | ({ATTRIBUTES} if self._attributes else frozenset())
        self._offers: dict[tuple[object, ...], Offer] = {}
        self._same: dict[tuple[object, ...], Offer] = {}
        for agreement in self.agreements:
            for target in agreement.targets:
                for limit in (*target.limits.values(), target.default):
                    if limit is not None:
                        self._add(agreement, target, limit)

    def phase(self, word: str | None) -> Phase:
        """What a status word means; a missing or unknown one is open."""
        return self.phases.get(word, _OPEN)

    def knows(self, word: str) -> bool:
        """Whether a status word is one of ours or mapped."""
        return word in self.phases

    def promise(self, slug: str, metric: Metric, number: int) -> Promise | None:
        """The promise with this number; under another fingerprint any of this agreement and metric, None if gone."""
        promises = self._promises.get((slug, metric))
        if promises is None:
            return None
        return promises[number] if number < len(promises) else promises[0]

    def offer(self, fields: Fields) -> Offer:
        """What is promised to a ticket with these fields; the same object for the same promises."""
        # Values that no agreement mentions are alike, so there are as many entries as the file can tell apart.
        known = tuple(
            value if (value := fields[number]) in accepted else None for number, accepted in self._mentioned.items()
        )
        if self._attributes:
            given = fields[ATTRIBUTES] or {}
            known += tuple(
                value if (value := given.get(name)) in accepted else None for name, accepted in self._attributes.items()
            )
        offer = self._offers.get(known)
        if offer is None:
            terms = self._terms(fields)
            offer = self._offers[known] = self._same.setdefault(tuple(terms.items()), Offer(terms))
        return offer

    def _add(self, agreement: Agreement, target: Target, limit: Limit) -> Promise:
        promises = self._promises.setdefault((agreement.slug, target.metric), [])
        for promise in promises:
            if promise.limit == limit:
                return promise
        promises.append(Promise(agreement, target, limit, len(promises)))
        return promises[-1]

    def _terms(self, fields: Fields) -> dict[Slot, tuple[Term, ...]]:
        terms: dict[Slot, tuple[Term, ...]] = {}
        for agreement in self.agreements:
            if not agreement.covers(fields):
                continue
            for target in agreement.targets:
                limit = target.limits.get(fields[PRIORITY], target.default)
                promise = None if limit is None else self._add(agreement, target, limit)
                slot = (target.metric, agreement.id if agreement.also else "")
                terms[slot] = (*terms.get(slot, ()), Term(agreement.since, agreement.until, promise))
        return {slot: entries for slot, entries in terms.items() if any(term.promise for term in entries)}


def _mentioned(agreements: Iterable[Agreement]) -> dict[int, frozenset[str]]:
    """By field number, the values that some agreement tells from others."""
    found: dict[int, set[str]] = {}
    for agreement in agreements:
        for number, accepted in agreement.match.items():
            found.setdefault(number, set()).update(accepted)
        for target in agreement.targets:
            if target.limits:
                found.setdefault(PRIORITY, set()).update(target.limits)
    return {number: frozenset(values) for number, values in found.items() if number != STATUS}


def _mentioned_attributes(agreements: Iterable[Agreement]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for agreement in agreements:
        for name, accepted in agreement.attributes.items():
            found.setdefault(name, set()).update(accepted)
    return {name: frozenset(values) for name, values in found.items()}
