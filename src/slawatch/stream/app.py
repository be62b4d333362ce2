"""The composition root of the worker: a Faust app with a lane in place of Faust's own consumer, and the pages.

`Worker` runs inside a loop that is there already; `run_worker` is the process: logs, signals, exit code.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import faust
from faust.app.base import BootStrategy

from slawatch import log
from slawatch.metrics import Metrics
from slawatch.process import Process
from slawatch.settings import Settings, unknown_variables
from slawatch.stream.lane import Lane
from slawatch.stream.wall_clock import now_ms
from slawatch.web import Pages, add_pages

_log = logging.getLogger(__name__)

_STOP_SECONDS = 9.0  # with what is left, 10 s from SIGTERM to the exit is what an orchestrator is promised
_LEFT_SECONDS = 0.5


class _Boot(BootStrategy):
    """Faust's services without its consumer and producer; agents that are added one day bring them back."""

    enable_kafka = False
    enable_sensors = False


class _App(faust.App):
    """An app that keeps nothing on disk: the tables are the lane's."""

    BootStrategy = _Boot
    logger = logging.getLogger("faust.app")

    async def on_first_start(self) -> None:
        """Faust would make its folders here."""

    async def on_start(self) -> None:
        """Faust would also make its consumer here, with a thread and a loop of its own, that is never started."""
        self.finalize()


class Worker:
    """A worker in a running loop: `async with Worker(settings, processes): ...`, or `run` and `stop`."""

    def __init__(self, settings: Settings, processes: Sequence[Process[Any]], *, deadly: bool = False) -> None:
        self.settings = settings
        self.metrics = Metrics(now_ms)
        self.lane = Lane(settings, processes, self.metrics, deadly=deadly)
        self.app = _App(
            settings.group,
            broker=[f"kafka://{broker}" for broker in settings.brokers.split(",")],
            store="memory://",
            autodiscover=False,
            web_enabled=settings.web_port > 0,
            web_bind=settings.web_host,
            web_host=settings.web_host,
            web_port=settings.web_port or None,
            worker_redirect_stdouts=False,
        )
        self.app.web = Pages(self.app)
        self.app.service(self.lane)  # type: ignore[arg-type]  # Faust starts an instance as well as a class
        add_pages(self.app, self.metrics, self.lane)

    @property
    def exit_code(self) -> int:
        """0 as long as nothing has failed."""
        return self.lane.exit_code

    async def run(self) -> int:
        """Start, and return the exit code when `stop` was called or the lane has failed."""
        async with self:
            await self.lane.ended.wait()
        return self.exit_code

    async def ready(self, seconds: float = 60.0) -> None:
        """Return when partitions are assigned and restored; raises the lane's failure or TimeoutError."""
        async with asyncio.timeout(seconds):
            while not self.lane.ready:
                if self.lane.failure is not None:
                    raise self.lane.failure
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Finish the batches in hand and leave the group, within 10 s."""
        await self.app.stop()

    async def __aenter__(self) -> Self:
        await self.app.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class _Process(faust.Worker):
    """Faust's worker for its signals and its supervision; logs are ours, and it never debugs in production."""

    def _enter_debugger(self) -> None:
        """Faust would start one on SIGUSR2 and stand still."""


def run_worker(
    settings: Settings, processes: Sequence[Process[Any]], *, agreements_info: str = "", fingerprint: str | None = None
) -> int:
    """Run until SIGTERM or SIGINT (exit code 0), or until the lane has failed (1, or 2 if a restart would not help).

    `agreements_info` and `fingerprint` say in the log and in the metrics what the processes judge by.
    """
    log.configure(settings.log_format, settings.log_level)
    for sentence in unknown_variables(os.environ):
        _log.warning("%s", sentence)
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        code = loop.run_until_complete(_supervise(settings, processes, agreements_info, fingerprint))
        # The client leaves tasks behind that may wait for a broker for ever; asyncio.run would wait with them.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_LEFT_SECONDS))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return code


async def _supervise(
    settings: Settings, processes: Sequence[Process[Any]], agreements_info: str, fingerprint: str | None
) -> int:
    worker = Worker(settings, processes, deadly=True)
    if fingerprint is not None:
        worker.metrics.agreements.labels(fingerprint).set(1)
    fields = {
        "group": settings.group,
        "brokers": settings.brokers,
        "processes": ",".join(process.name for process in processes),
        "processing": settings.processing.value,
        "agreements": agreements_info,
    }
    _log.info("starting", extra={"fields": fields})
    loop = asyncio.get_running_loop()
    supervisor = _Process(worker.app, override_logging=False, redirect_stdouts=False, quiet=True, loop=loop)
    supervisor.spinner = None  # it draws on the terminal
    running = asyncio.create_task(supervisor.start())
    failing = asyncio.create_task(worker.lane.ended.wait())
    await asyncio.wait([running, failing], return_when=asyncio.FIRST_COMPLETED)
    code = _start_failure(running) or worker.exit_code
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await supervisor.stop()  # returns at once when a signal's stop is under way
            if worker.lane.started:
                await worker.lane.closed.wait()
    except TimeoutError:
        _log.error("stopping took more than %g s and was given up", _STOP_SECONDS)
        code = code or 1
    running.cancel()
    failing.cancel()
    _log.info("stopped", extra={"fields": {"exit_code": code}})
    return code


def _start_failure(running: asyncio.Task[None]) -> int:
    """The exit code for an app that could not even start, which is nearly always its port."""
    if not running.done() or running.cancelled() or (error := running.exception()) is None:
        return 0
    if isinstance(error, OSError):
        _log.error("the web server could not start: %s; see SLAWATCH_WEB_HOST and SLAWATCH_WEB_PORT", error)
    else:
        _log.error("the app could not start", exc_info=error)
    return 1
