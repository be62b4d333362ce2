"""How to reach Kafka, from the settings, and how long to wait for it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Any, TypeVar

from slawatch.settings import Settings
from slawatch.stream.errors import BrokerAway

T = TypeVar("T")

KAFKA_SECONDS = 45.0
"""Bound of every await on Kafka; several wait for ever when the broker has gone. Above the client's own 40 s."""

STOP_SECONDS = 3.0
"""Bound of stopping anything: leaving is a courtesy, what was committed is safe."""


async def bounded(awaitable: Awaitable[T], what: str, seconds: float | None = None) -> T:
    """The result of an await on Kafka; raises `BrokerAway` with what was waited for when the bound has passed.

    The bound is `KAFKA_SECONDS` unless another is given.
    """
    limit = KAFKA_SECONDS if seconds is None else seconds
    try:
        return await asyncio.wait_for(awaitable, limit)
    except TimeoutError as error:
        raise BrokerAway(f"Kafka did not answer within {limit:g} s when asked to {what}") from error


def client_options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments that aiokafka's consumer, producer and admin client share."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.brokers.split(","),
        "client_id": settings.instance or settings.group,
    }
    security = settings.security
    if security.tls:
        context = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
        if settings.tls_cert and settings.tls_key:
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        options["ssl_context"] = context
    protocol = {(False, False): "PLAINTEXT", (True, False): "SSL", (False, True): "SASL_PLAINTEXT"}
    options["security_protocol"] = protocol.get((security.tls, security.sasl), "SASL_SSL")
    if security.sasl and settings.sasl_password is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options
