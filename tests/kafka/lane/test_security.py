"""TLS and logins: a worker comes in by each of them, and who is kept out is told by what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from counting import Counting
from lane_desk import Desk, events
from slawatch.local_kafka import LocalKafka
from slawatch.stream.app import Worker
from slawatch.stream.errors import Refused

USER, PASSWORD = "slawatch", "correct-horse"
LISTENERS = {"TLS": "SSL", "MUTUAL": "SSL", "LOGIN": "SASL_PLAINTEXT", "LOGINTLS": "SASL_SSL"}


class Secured(NamedTuple):
    """A broker, the files that a client may be given, and those of somebody else's authority."""

    kafka: LocalKafka
    ca: Path
    certificate: Path
    key: Path
    other_ca: Path


@pytest.fixture(scope="module")
def secured(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Asks for the shared broker only so that it is skipped, or fails, where no broker can be had."""
    folder = tmp_path_factory.mktemp("secured")
    authority, client = trustme.CA(), trustme.CA()
    files = {name: folder / f"{name}.pem" for name in ("ca", "clients", "broker", "certificate", "key", "other")}
    authority.cert_pem.write_to_path(str(files["ca"]))
    client.cert_pem.write_to_path(str(files["clients"]))
    trustme.CA().cert_pem.write_to_path(str(files["other"]))
    issued = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)  # Java reads keys in the form of PKCS 8 only
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files["broker"].write_bytes(pkcs8 + issued.cert_chain_pems[0].bytes())
    mine = client.issue_cert("worker.example")
    mine.private_key_pem.write_to_path(str(files["key"]))
    mine.cert_chain_pems[0].write_to_path(str(files["certificate"]))
    plain = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    config = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files["broker"]),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(files["clients"]),
        "listener.name.mutual.ssl.client.auth": "required",
    }
    for name in ("login", "logintls"):
        config[f"listener.name.{name}.sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-512"
        config[f"listener.name.{name}.plain.sasl.jaas.config"] = plain
        config[f"listener.name.{name}.scram-sha-512.sasl.jaas.config"] = scram
    with LocalKafka(config=config, listeners=LISTENERS, users={USER: PASSWORD}) as broker:
        yield Secured(broker, files["ca"], files["certificate"], files["key"], files["other"])


def options(secured: Secured, listener: str, **more: Any) -> dict[str, Any]:
    tls = {"tls_ca": secured.ca} if "SSL" in LISTENERS[listener] else {}
    login = {"sasl_username": USER, "sasl_password": PASSWORD} if "SASL" in LISTENERS[listener] else {}
    security = LISTENERS[listener].lower().replace("ssl", "tls")
    return {"brokers": secured.kafka.address(listener), "security": security, **tls, **login, **more}


@pytest.mark.parametrize(
    ("listener", "more"),
    [
        ("TLS", {}),
        ("MUTUAL", {"tls_cert": "certificate", "tls_key": "key"}),
        ("LOGIN", {}),
        ("LOGIN", {"sasl_mechanism": "SCRAM-SHA-512"}),
        ("LOGINTLS", {}),
        ("LOGINTLS", {"sasl_mechanism": "SCRAM-SHA-512"}),
    ],
)
async def test_a_worker_comes_in(
    secured: Secured, listener: str, more: dict[str, str], unique_name: Any, tmp_path: Path
) -> None:
    desk = Desk(secured.kafka.brokers, unique_name, tmp_path)
    more = {name: getattr(secured, value) if name.startswith("tls") else value for name, value in more.items()}
    settings = desk.settings(**options(secured, listener, **more))
    try:
        async with Worker(settings, [Counting()]) as worker:
            await worker.ready()
            await desk.produce(events(0, 5))
            assert len(await desk.read("warnings", 5)) == 5
    finally:
        await desk.close()


@pytest.mark.parametrize(
    ("listener", "more", "sentence"),
    [
        (
            "LOGIN",
            {"sasl_password": "wrong"},
            "refuses the login of 'slawatch' by PLAIN: correct SLAWATCH_SASL_USERNAME",
        ),
        (
            "LOGINTLS",
            {"sasl_password": "wrong", "sasl_mechanism": "SCRAM-SHA-512"},
            "refuses the login of 'slawatch' by SCRAM-SHA-512: correct SLAWATCH_SASL_USERNAME or SLAWATCH_SASL_PASSWORD",
        ),
        ("LOGIN", {"sasl_mechanism": "SCRAM-SHA-256"}, "has no logins by SCRAM-SHA-256; set SLAWATCH_SASL_MECHANISM"),
        (
            "TLS",
            {"tls_ca": "other_ca"},
            "is not to be trusted: unable to get local issuer certificate; set SLAWATCH_TLS_CA",
        ),
    ],
)
async def test_who_is_kept_out_is_told_why_at_once(
    secured: Secured, listener: str, more: dict[str, str], sentence: str, unique_name: Any, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    more = {name: getattr(secured, value) if name.startswith("tls") else value for name, value in more.items()}
    settings = Desk(secured.kafka.brokers, unique_name, tmp_path).settings(**options(secured, listener, **more))
    with caplog.at_level(logging.INFO):
        async with Worker(settings, [Counting()]) as worker:
            await asyncio.wait_for(worker.lane.ended.wait(), 30)
    assert isinstance(worker.lane.failure, Refused)
    assert sentence in str(worker.lane.failure)
    assert "wrong" not in caplog.text, "a password is in the log"
