"""Settings from the environment: defaults, durations, and a sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from slawatch.settings import (
    Processing,
    Security,
    Settings,
    SettingsError,
    Store,
    StreamTime,
    milliseconds,
    read_settings,
    unknown_variables,
)
from slawatch.stream.client import client_options


def mistakes(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(f"SLAWATCH_{name}", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return caught.value.mistakes


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = read_settings()
    assert settings.brokers == "localhost:9092"
    assert (settings.group, settings.instance, settings.agreements) == ("slawatch", None, None)
    assert settings.processing is Processing.EXACTLY_ONCE
    assert (settings.tickets, settings.monitoring) == ("tickets", "monitoring")
    assert (settings.warnings, settings.breaches, settings.outcomes) == ("sla-warnings", "sla-breaches", "sla-outcomes")
    assert (settings.reports, settings.dead_letters) == ("sla-reports", "sla-dead-letters")
    assert (settings.partitions, settings.replication, settings.create_topics) == (8, None, True)
    assert (settings.grace, settings.retention, settings.forget) == (1_000, 30 * 86_400_000, 400 * 86_400_000)
    assert settings.stream_time is StreamTime.AUTO
    assert (settings.session_ms, settings.batch_records) == (10_000, 5_000)
    assert (settings.store, settings.data) == (Store.MEMORY, Path("slawatch-data"))
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 6066)
    assert settings.security is Security.PLAINTEXT


@pytest.mark.parametrize(
    ("text", "expected"), [("1s", 1_000), ("1h30m", 5_400_000), ("30d", 2_592_000_000), ("0s", 0), (" 5m ", 300_000)]
)
def test_durations(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["1", "", "1w", "-1s", "1.5h", "1 s", "s"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        milliseconds(text)


def test_a_static_member_has_a_long_session_unless_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLAWATCH_INSTANCE", "pod-1")
    assert read_settings().session_ms == 45_000
    monkeypatch.setenv("SLAWATCH_SESSION_TIMEOUT", "20s")
    assert read_settings().session_ms == 20_000


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"GRACE": "soon"}, "SLAWATCH_GRACE: is not a duration; write it like 1s, 30d or 1h30m"),
        ({"BROKERS": "kafka"}, "SLAWATCH_BROKERS: 'kafka' is not host:port"),
        ({"BROKERS": " , "}, "SLAWATCH_BROKERS: names no broker; write host:port, several with commas between"),
        ({"PARTITIONS": "0"}, "SLAWATCH_PARTITIONS: input should be greater than or equal to 1"),
        ({"PROCESSING": "once"}, "SLAWATCH_PROCESSING: input should be 'exactly_once' or 'at_least_once'"),
        ({"CREATE_TOPICS": "perhaps"}, "SLAWATCH_CREATE_TOPICS: "),
        (
            {"SESSION_TIMEOUT": "1s"},
            "SLAWATCH_SESSION_TIMEOUT: must be between 6s and 30m, which is what brokers accept",
        ),
        ({"TICKETS": "my tickets"}, "SLAWATCH_TICKETS: 'my tickets' is not a name that Kafka accepts; use letters"),
        ({"WARNINGS": "tickets"}, "SLAWATCH_WARNINGS: 'tickets' is the topic of SLAWATCH_TICKETS already"),
        (
            {"SECURITY": "sasl_tls"},
            "SLAWATCH_SECURITY: sasl_tls needs SLAWATCH_SASL_USERNAME and SLAWATCH_SASL_PASSWORD",
        ),
        ({"SASL_USERNAME": "me"}, "SLAWATCH_SASL_USERNAME: means nothing with SLAWATCH_SECURITY=plaintext"),
        ({"SECURITY": "tls", "TLS_CA": "/no/such.pem"}, "SLAWATCH_TLS_CA: there is no file '/no/such.pem'"),
        ({"LOG_LEVEL": "loud"}, "SLAWATCH_LOG_LEVEL: input should be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    [sentence] = mistakes(monkeypatch, **variables)
    assert sentence.startswith(expected)


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mistakes(monkeypatch, GRACE="x", PARTITIONS="many", WEB_PORT="70000")
    assert [sentence.split(":")[0] for sentence in found] == [
        "SLAWATCH_PARTITIONS",
        "SLAWATCH_GRACE",
        "SLAWATCH_WEB_PORT",
    ]


def test_secrets_are_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLAWATCH_SASL_PASSWORD", "hunter2")
    for sentence in mistakes(monkeypatch, GRACE="x"):
        assert "hunter2" not in sentence
    monkeypatch.setenv("SLAWATCH_GRACE", "1s")
    monkeypatch.setenv("SLAWATCH_SECURITY", "SASL_PLAINTEXT")
    monkeypatch.setenv("SLAWATCH_SASL_USERNAME", "me")
    monkeypatch.setenv("SLAWATCH_SASL_MECHANISM", "SCRAM-SHA-512")
    settings = read_settings()
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    options = client_options(settings)
    assert options["security_protocol"] == "SASL_PLAINTEXT"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("me", "hunter2")


def test_the_security_names_of_kafka_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLAWATCH_SECURITY", "SSL")
    options = client_options(read_settings())
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].check_hostname


def test_agreements_are_required_where_they_are() -> None:
    with pytest.raises(SettingsError, match="SLAWATCH_AGREEMENTS: is not set"):
        read_settings().required_agreements()
    assert Settings(agreements=Path("a.yaml")).required_agreements() == Path("a.yaml")


def test_slips_of_the_pen_are_noticed() -> None:
    environment = {"SLAWATCH_GRACEE": "1s", "SLAWATCH_GRACE": "1s", "SLAWATCH_SHARED": "/x", "HOME": "/"}
    assert unknown_variables(environment) == [
        "SLAWATCH_GRACEE: is not a setting and means nothing; did you mean SLAWATCH_GRACE?"
    ]
