"""What is said: one alert about one clock, and the identity that makes saying it twice the same thing."""

from __future__ import annotations

from typing import Final

from slawatch.core.agreement import NAMES, Metric
from slawatch.core.promise import BREACHED, OVERDUE, WARNED
from slawatch.core.slug import escaped

MET: Final = "met"
MISSED: Final = "missed"
RETRACTED: Final = "retracted"
WITHDRAWN: Final = "withdrawn"
RANK: Final = {RETRACTED: 0, WITHDRAWN: 0, WARNED: 1, BREACHED: 2, OVERDUE: 3, MET: 4, MISSED: 4}
"""The order of the alerts of one step; of equal rank they go by id."""


class Alert:
    """An alert. Instants and working times in ms; `nth` counts how often this was said, from 1.

    `slug` is the agreement as it stands in ids.
    `due_at`, `started_at`, `budget` and `elapsed` are None where there is no clock any more that could tell.
    """

    __slots__ = (
        "agreement", "budget", "customer", "due_at", "elapsed", "happened_at", "kind", "metric", "nth", "on_arrival",
        "priority", "round", "service", "slug", "started_at", "team", "threshold", "ticket", "what",
    )  # fmt: skip

    def __init__(
        self, what: str, nth: int, agreement: str, slug: str, metric: Metric, ticket: str, round: int,  # noqa: A002
        threshold: str | None, customer: str | None, priority: str | None, service: str | None, team: str | None,
        kind: str | None, started_at: int | None, due_at: int | None, happened_at: int, budget: int | None,
        elapsed: int | None, on_arrival: bool,
    ) -> None:  # fmt: skip
        self.what = what
        self.nth = nth
        self.agreement = agreement
        self.slug = slug
        self.metric = metric
        self.ticket = ticket
        self.round = round
        self.threshold = threshold
        self.customer = customer
        self.priority = priority
        self.service = service
        self.team = team
        self.kind = kind
        self.started_at = started_at
        self.due_at = due_at
        self.happened_at = happened_at
        self.budget = budget
        self.elapsed = elapsed
        self.on_arrival = on_arrival

    @property
    def id(self) -> str:
        """`<agreement>/<metric>/<ticket>/<round>/<what>`, the threshold after a hyphen, `~n` when said again."""
        first = f"{self.slug}/{NAMES[self.metric]}/{escaped(self.ticket)}/{self.round}/{self.what}"
        if self.threshold is not None:
            first = f"{first}-{self.threshold}"
        return first if self.nth == 1 else f"{first}~{self.nth}"


def in_order(step: list[Alert]) -> list[Alert]:
    """The alerts of one step in the order in which they are said."""
    if len(step) > 1:
        step.sort(key=lambda alert: (RANK[alert.what], alert.id))
    return step
