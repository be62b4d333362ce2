"""The demo's alerts in words: the plain lines, and the summary at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slawatch.demo.board import Board, Said, clock, dated, local
from slawatch.demo.desk import LATE_TICKET
from slawatch.demo.monitors import FAILING
from slawatch.demo.script import PARTITIONS

MARKS: Final = {"warned": "!", "breached": "X", "overdue": "#", "retracted": "<"}
_KINDS: Final = ("warned", "breached", "overdue", "retracted", "withdrawn", "met", "missed")


def metric(said: Said) -> str:
    """The metric and, where there is one, the threshold."""
    threshold = said.alert["threshold"]
    name = str(said.alert["metric"]).replace("_", " ")
    return f"{name} {threshold}" if threshold else name


def simulated(ms: int) -> str:
    """A simulated delay: seconds below two minutes, else minutes."""
    return f"{ms / 1000:.0f}s" if ms < 120_000 else f"{ms / 60_000:.0f}min"


def delay(said: Said) -> str:
    """How long after it was due it was on the screen: by our clock, and by the desk's."""
    return f"+{said.wall_ms:.0f} ms (desk +{simulated(said.simulated_ms)})"


def line(said: Said) -> str:
    """An alert as a plain line."""
    alert = said.alert
    return (
        f"{MARKS[alert['what']]} {alert['what']:<9} {said.customer:<16} {said.subject:<11} "
        f"{metric(said):<19} due {said.due:<13} said {delay(said)}"
    )


def summary(board: Board, seconds: float) -> Iterator[str]:
    """What was played, what was said, how quickly, and the story of the late event."""
    days = (board.now - board.script.begin) / 86_400_000
    yield (
        f"{board.events} events of {len(board.tickets)} tickets and {board.observations} of services, "
        f"{days:.1f} simulated days in {seconds:.0f} s"
    )
    yield f"on {PARTITIONS} partitions, exactly once; the desk's clock ended at {clock(board.now)}"
    yield ""
    metrics = sorted({name for _, name in board.kinds})
    yield f"{'':<16}" + "".join(f"{kind:>10}" for kind in _KINDS)
    for name in metrics:
        yield f"{name.replace('_', ' '):<16}" + "".join(f"{board.kinds[kind, name] or '-':>10}" for kind in _KINDS)
    yield ""
    if board.said:
        waits = sorted(said.wall_ms for said in board.said)
        yield (
            f"from the event that made it due to this screen: half within {waits[len(waits) // 2]:.0f} ms, "
            f"99 of 100 within {waits[len(waits) * 99 // 100]:.0f} ms"
        )
        for said in sorted(board.said, key=lambda said: -said.wall_ms)[:3]:
            yield f"  {said.wall_ms:5.0f} ms  {said.alert['id']}"
    yield ""
    yield from _late_story(board)
    yield ""
    yield from _service_story(board)


def _service_story(board: Board) -> Iterator[str]:
    """What was said of the service that failed."""
    story = [
        said
        for said in sorted(board.said, key=lambda said: str(said.alert["happened_at"]))
        if said.alert["service"] == FAILING and said.alert["metric"] == "availability" and "period" in said.alert
    ]
    if not story:
        yield f"what befalls the service {FAILING} lies beyond the part that was played"
        return
    customer = story[0].customer
    yield f"the service {FAILING} of {customer} failed on Tuesday, for longer than its whole month allows, so was said"
    for said in story:
        alert, forecast = said.alert, ""
        if alert["due_at"] is not None:
            forecast = f"; lost {local(alert['due_at'], customer)} if it stays down"
        yield f"  {alert['id']:<53} {dated(alert['happened_at'], customer)}{forecast}"


def _late_story(board: Board) -> Iterator[str]:
    story = {said.alert["what"]: said.alert for said in board.late_story()}
    if "retracted" not in story:
        yield f"the late event of {LATE_TICKET} lies beyond the part that was played"
        return
    breached, retracted = story["breached"], story["retracted"]
    customer = str(breached["customer"])
    yield f"the late event: nobody seemed to answer {LATE_TICKET} of {customer} in time, so at the deadline was said"
    yield f"  {breached['id']}   {local(breached['happened_at'], customer)}"
    yield "two hours after the ticket was opened its answer got through: given within the hour, from a train. So followed"
    yield f"  {retracted['id']}  answered {local(retracted['happened_at'], customer)}"
    if "met" in story:
        yield f"  {story['met']['id']}"
    yield "who reads sla-breaches sees both under one key and takes the first back; in sla-outcomes the last one counts"


def verdict(board: Board) -> str:
    """Whether the worker said and reported what a replay does: one sentence."""
    total, months = len(board.script.expected), len(board.script.reports)
    right = total - len(board.missing)
    found = f"{right} of {total} alerts as a replay of the same events says them"
    wrong = board.wrong_reports()
    if months:
        found += f", {months - len(wrong)} of {months} reports as it writes them"
    if not board.missing and not board.problems and not wrong:
        return found
    first = [*board.problems, *(f"{each} was not said" for each in board.missing), *(f"of {each}" for each in wrong)][0]
    return f"{found}: {len(board.missing)} missing, {len(board.problems)} wrong; {first}"
