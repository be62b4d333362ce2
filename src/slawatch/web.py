"""The pages of the service, on Faust's own web server: `/metrics`, `/healthz`, `/readyz`; no others."""

from __future__ import annotations

from typing import Protocol

import faust
from faust.types.web import Request, Response, View
from faust.web.drivers.aiohttp import Web

from slawatch.metrics import CONTENT_TYPE, Metrics


class Health(Protocol):
    """What the pages ask of a lane."""

    @property
    def healthy(self) -> bool: ...

    @property
    def ready(self) -> bool: ...


class Pages(Web):
    """Faust's server without the pages that Faust brings."""

    default_blueprints = ()
    production_blueprints = ()
    debug_blueprints = ()


def add_pages(app: faust.App, metrics: Metrics, health: Health) -> None:
    """Put the pages onto an app that has not started yet."""

    @app.page("/metrics")
    async def show_metrics(view: View, _request: Request) -> Response:
        return view.bytes(metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    @app.page("/healthz")
    async def show_health(view: View, _request: Request) -> Response:
        return _answer(view, health.healthy, "ok", "a partition is stuck or the lane has failed")

    @app.page("/readyz")
    async def show_readiness(view: View, _request: Request) -> Response:
        return _answer(view, health.ready, "ready", "not ready: partitions are not assigned or not restored yet")


def _answer(view: View, good: bool, yes: str, no: str) -> Response:
    return view.text(f"{yes if good else no}\n", status=200 if good else 503)
