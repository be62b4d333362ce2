"""How the demo looks: a picture in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from slawatch.demo import words
from slawatch.demo.board import SHOWN, Board, Said, clock
from slawatch.demo.desk import CUSTOMERS

_STYLES: Final = {
    "warned": ("▲", "yellow"),
    "breached": ("✖", "bold red"),
    "overdue": ("■", "magenta"),
    "retracted": ("↩", "bold black on green"),
}
_WORDY: Final = 108  # columns from which an alert is told in full
_WIDE: Final = 154  # from which the customers stand beside the alerts
_PICTURES_PER_SECOND: Final = 8


class Screen(Protocol):
    """Shows how it goes on; a context that must be left before anything else is printed."""

    def tell(self, sentence: str) -> None: ...

    def begin(self, board: Board, speed: float) -> None: ...

    def said(self, said: Said) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Plain:
    """Lines without control codes."""

    def tell(self, sentence: str) -> None:
        sys.stdout.write(sentence + "\n")
        sys.stdout.flush()

    def begin(self, board: Board, speed: float) -> None:
        self.tell(f"the help desk opens at {clock(board.now)}; its time runs {speed:.0f} times as fast as yours")

    def said(self, said: Said) -> None:
        self.tell(words.line(said))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Picture:
    """The alerts as they come, the customers and the clock, in a terminal's other screen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._latest: list[Said] = []
        self._live: Live | None = None
        self._board: Board | None = None
        self._speed = 0.0

    def tell(self, sentence: str) -> None:
        self._console.print(sentence, markup=False, highlight=False)

    def begin(self, board: Board, speed: float) -> None:
        self._board, self._speed = board, speed
        self._live = Live(
            get_renderable=self._draw, console=self._console, screen=True, refresh_per_second=_PICTURES_PER_SECOND
        )
        self._live.start()

    def said(self, said: Said) -> None:
        self._latest = [said, *self._latest[:199]]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> RenderableType:
        if self._board is None:
            return Text()
        return draw(self._board, self._latest, self._speed, self._console.width)


def draw(board: Board, latest: list[Said], speed: float, width: int) -> Layout:
    """The whole picture for a terminal so many columns wide; the newest alert is on top."""
    layout, body = Layout(), Layout(name="body")
    layout.split_column(Layout(_head(board, speed), size=4), body)
    alerts = Layout(
        Panel(_alerts(latest, width >= _WORDY), title="what was said, newest first", border_style="dim"), name="alerts"
    )
    customers = Panel(_customers(board), title="customers", border_style="dim")
    if width >= _WIDE:
        body.split_row(alerts, Layout(customers, size=46))
    else:
        body.split_column(alerts, Layout(customers, size=len(CUSTOMERS) + 4))
    return layout


def _head(board: Board, speed: float) -> Panel:
    script = board.script
    done = (min(board.now, script.calm) - script.begin) / (script.calm - script.begin)
    if script.end > script.calm:  # the rest of the month takes a fifth of the time
        done = 0.8 * done + 0.2 * max(0, board.now - script.calm) / (script.end - script.calm)
    pace = f"{speed:.0f}x" if board.now <= script.calm else "the rest of the month"
    counts = {kind: sum(n for (what, _), n in board.kinds.items() if what == kind) for kind in SHOWN}
    line = Text.assemble(
        (clock(board.now), "bold cyan"),
        f"  {pace}  {done:4.0%}   {board.events} events, {len(board.tickets)} tickets",
    )
    totals = Text("   ").join(
        Text(f"{_STYLES[kind][0]} {count} {kind}", style=_STYLES[kind][1]) for kind, count in counts.items()
    )
    return Panel(Group(line, totals), title="[bold]slawatch[/] watches a help desk", border_style="cyan")


def _alerts(latest: list[Said], wordy: bool) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    for column in range(6):
        table.add_column(no_wrap=True, overflow="ellipsis", justify="right" if column == 5 else "left")
    for said in latest:
        alert = said.alert
        mark, style = _STYLES[alert["what"]]
        row = Text(f"{mark} {alert['what']}" if wordy else mark, style=style)
        customer = said.customer if wordy else said.customer.split()[0]
        wait = words.delay(said) if wordy else f"+{said.wall_ms:.0f} ms"
        cells = (customer, said.subject, words.metric(said), f"due {said.due}", wait)
        loud = style if alert["what"] == "retracted" else ""
        table.add_row(row, *(Text(cell, style=loud) for cell in cells))
    return table


def _customers(board: Board) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    headings = ("open", "warned", "breach", "met")
    for _ in headings:
        table.add_column(justify="right")
    table.add_row("", *(Text(heading, style="dim") for heading in headings))
    for customer in CUSTOMERS:
        counts = board.by_customer[customer.name]
        breaches = counts["breached"] - counts["retracted"]
        table.add_row(
            customer.name,
            str(board.open_tickets(customer.name)),
            Text(str(counts["warned"]), style="yellow"),
            Text(str(breaches), style="red" if breaches else ""),
            Text(str(counts["met"]), style="green"),
        )
    return table


def choose_screen() -> Screen:
    """The picture where somebody looks at a terminal, else plain lines."""
    console = Console()
    return Picture(console) if console.is_terminal and not console.is_dumb_terminal else Plain()
