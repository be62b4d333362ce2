"""What is allowed but hardly meant: agreements that never apply, warnings that never come, calendars without use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slawatch.core.agreement import Agreement, Metric, Target, TimeLeft


def shadowed(agreements: Sequence[Agreement]) -> Iterator[tuple[int, str]]:
    """The agreements, by position, of which a metric can never apply since an earlier one always wins, and why."""
    index: dict[_Mark, list[int]] = {}
    for i, agreement in enumerate(agreements):
        if agreement.also:
            continue
        near = {position for mark in _marks(agreement) for position in index.get(mark, ())}
        earlier = [agreements[position] for position in sorted(near) if _covers(agreements[position], agreement)]
        winners = {target.metric: _first_with(target.metric, earlier) for target in agreement.targets}
        lost = {metric: winner for metric, winner in winners.items() if winner is not None}
        for mark in _demands(agreement):
            index.setdefault(mark, []).append(i)
        if not lost:
            continue
        by = " and ".join(
            f"`{name}` ({where})" for name, where in dict.fromkeys((w.id, w.where) for w in lost.values())
        )
        what = "it never applies" if len(lost) == len(winners) else f"its {', '.join(lost)} never applies"
        yield i, f"{what}: all that it matches goes to {by} before it; move it up, or narrow what stands before"


_Mark = tuple[object, str] | None
"""A field or attribute with one value, or None. It finds the few agreements that may cover another among thousands."""


def _demands(agreement: Agreement) -> Iterator[_Mark]:
    """One mark for each value of the agreement's first condition: what it covers has one of them."""
    for key, accepted in (*agreement.match.items(), *agreement.attributes.items()):
        yield from ((key, value) for value in accepted)
        return
    yield None


def _marks(agreement: Agreement) -> Iterator[_Mark]:
    """None, and one value of each condition: an agreement that covers this one accepts them all."""
    yield None
    for key, accepted in (*agreement.match.items(), *agreement.attributes.items()):
        yield key, min(accepted)


def silent_warnings(target: Target) -> Iterator[tuple[int, str]]:
    """The warnings, by position, that exist for none of the target's limits, and why."""
    limits = [*target.limits.values(), *([target.default] if target.default else [])]
    longest = max(limit.budget for limit in limits)
    for i, warn in enumerate(target.warn):
        if isinstance(warn, TimeLeft) and warn.left >= longest:
            yield i, f"never comes: no limit is longer than {warn.text}"


def _first_with(metric: Metric, agreements: Sequence[Agreement]) -> Agreement | None:
    return next((found for found in agreements if any(target.metric is metric for target in found.targets)), None)


def _covers(wide: Agreement, narrow: Agreement) -> bool:
    """Whether `wide` matches every ticket that `narrow` matches, on every day."""
    return (
        all(narrow.match.get(number, frozenset()) <= accepted for number, accepted in wide.match.items())
        and all(number in narrow.match for number in wide.match)
        and all(narrow.attributes.get(name, frozenset()) <= accepted for name, accepted in wide.attributes.items())
        and all(name in narrow.attributes for name in wide.attributes)
        and (wide.since is None or (narrow.since is not None and wide.since <= narrow.since))
        and (wide.until is None or (narrow.until is not None and narrow.until <= wide.until))
    )
