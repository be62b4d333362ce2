"""The settings of the service, from environment variables that begin with `SLAWATCH_`.

Every mistake is one sentence that names the variable; secrets are never in a sentence, a log line or a repr.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SLAWATCH_"
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(?:[0-9]+[smhd])+")
_PART = re.compile(r"([0-9]+)([smhd])")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_BROKER = re.compile(r"(?:[^\s:,]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")
_MIN_SESSION_MS = 6_000  # a broker's default `group.min.session.timeout.ms`
_MAX_SESSION_MS = 1_800_000  # and its `group.max.session.timeout.ms`


class SettingsError(Exception):
    """Settings that can't be used; `mistakes` has one sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Processing(StrEnum):
    """What a consumer may rely on after a crash."""

    EXACTLY_ONCE = "exactly_once"
    AT_LEAST_ONCE = "at_least_once"


class StreamTime(StrEnum):
    """What moves the stream time of a partition; see `stream.stream_time`."""

    AUTO = "auto"
    CAUGHT_UP = "caught_up"
    RECORDS = "records"


class Store(StrEnum):
    """Where the tables are kept while the worker runs."""

    MEMORY = "memory"
    ROCKSDB = "rocksdb"


class Security(StrEnum):
    """How brokers are spoken to."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_TLS = "sasl_tls"

    @property
    def tls(self) -> bool:
        return self in (Security.TLS, Security.SASL_TLS)

    @property
    def sasl(self) -> bool:
        return self in (Security.SASL_PLAINTEXT, Security.SASL_TLS)


def milliseconds(value: object) -> object:
    """The milliseconds in a duration like `1s`, `30d` or `1h30m`; what is no string is left to the next validator."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _DURATION.fullmatch(text):
        raise ValueError("is not a duration; write it like 1s, 30d or 1h30m")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _security(value: object) -> object:
    """Kafka's own names are understood too: its SSL is TLS."""
    return value.strip().lower().replace("ssl", "tls") if isinstance(value, str) else value


Milliseconds = Annotated[int, BeforeValidator(milliseconds), Field(ge=0)]


class Settings(BaseSettings):
    """All that may be set; durations are milliseconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, env_ignore_empty=True, hide_input_in_errors=True, extra="forbid"
    )

    brokers: str = "localhost:9092"
    agreements: Path | None = None
    group: str = "slawatch"
    instance: str | None = None
    processing: Annotated[Processing, BeforeValidator(_lower)] = Processing.EXACTLY_ONCE

    tickets: str = "tickets"
    monitoring: str = "monitoring"
    warnings: str = "sla-warnings"
    breaches: str = "sla-breaches"
    outcomes: str = "sla-outcomes"
    reports: str = "sla-reports"
    dead_letters: str = "sla-dead-letters"
    partitions: int = Field(8, ge=1, le=10_000)
    replication: int | None = Field(None, ge=1, le=100)
    create_topics: bool = True

    grace: Milliseconds = 1_000
    stream_time: Annotated[StreamTime, BeforeValidator(_lower)] = StreamTime.AUTO
    retention: Milliseconds = 30 * 86_400_000
    forget: Milliseconds = 400 * 86_400_000
    session_timeout: Milliseconds | None = None
    batch_records: int = Field(5_000, ge=1, le=100_000)
    store: Annotated[Store, BeforeValidator(_lower)] = Store.MEMORY
    data: Path = Path("slawatch-data")

    web_host: str = "127.0.0.1"
    web_port: int = Field(6066, ge=0, le=65_535, description="0 runs no web server")
    log_format: Annotated[Literal["json", "text"], BeforeValidator(_lower)] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"

    security: Annotated[Security, BeforeValidator(_security)] = Security.PLAINTEXT
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def session_ms(self) -> int:
        """The session of the consumer: long for a static member, so that a restart is no rebalance."""
        if self.session_timeout is not None:
            return self.session_timeout
        return 45_000 if self.instance else 10_000

    def topic_of(self, role: str) -> str:
        """The topic of an input or output role: `tickets`, `warnings`, `dead_letters` and so on."""
        return str(getattr(self, role))

    def required_agreements(self) -> Path:
        """The agreements file or folder, for commands that can't do without; raises `SettingsError`."""
        if self.agreements is None:
            raise SettingsError([f"{PREFIX}AGREEMENTS: is not set; name the agreements file or folder"])
        return self.agreements

    @field_validator("brokers")
    @classmethod
    def _brokers(cls, value: str) -> str:
        brokers = [broker.strip() for broker in value.split(",") if broker.strip()]
        for broker in brokers:
            if not _BROKER.fullmatch(broker):
                raise ValueError(f"{broker!r} is not host:port")
        if not brokers:
            raise ValueError("names no broker; write host:port, several with commas between")
        return ",".join(brokers)

    @field_validator(
        "group", "tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters", "instance"
    )
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value is not None and (not _TOPIC.fullmatch(value) or value in (".", "..")):
            raise ValueError(f"{value!r} is not a name that Kafka accepts; use letters, digits, '.', '_' and '-'")
        return value

    @field_validator("session_timeout")
    @classmethod
    def _session(cls, value: int | None) -> int | None:
        if value is not None and not _MIN_SESSION_MS <= value <= _MAX_SESSION_MS:
            raise ValueError("must be between 6s and 30m, which is what brokers accept")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        mistakes = list(self._mistakes())
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    def _mistakes(self) -> list[str]:
        """What is wrong with several settings taken together, each naming its variable."""
        found = []
        roles = ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters")
        seen: dict[str, str] = {}
        for role in roles:
            topic = self.topic_of(role)
            if topic in seen:
                found.append(f"{PREFIX}{role.upper()}: {topic!r} is the topic of {PREFIX}{seen[topic].upper()} already")
            seen.setdefault(topic, role)
        if self.security.sasl and not (self.sasl_username and self.sasl_password):
            found.append(f"{PREFIX}SECURITY: {self.security} needs {PREFIX}SASL_USERNAME and {PREFIX}SASL_PASSWORD")
        if not self.security.sasl and (self.sasl_username or self.sasl_password):
            found.append(f"{PREFIX}SASL_USERNAME: means nothing with {PREFIX}SECURITY={self.security}; use sasl_tls")
        if not self.security.tls and (self.tls_ca or self.tls_cert or self.tls_key):
            found.append(f"{PREFIX}TLS_CA: means nothing with {PREFIX}SECURITY={self.security}; use tls or sasl_tls")
        if (self.tls_cert is None) != (self.tls_key is None):
            found.append(f"{PREFIX}TLS_CERT: and {PREFIX}TLS_KEY go together; set both or none")
        for field in ("tls_ca", "tls_cert", "tls_key"):
            path: Path | None = getattr(self, field)
            if path is not None and not path.is_file():
                found.append(f"{PREFIX}{field.upper()}: there is no file {str(path)!r}")
        if self.store is Store.ROCKSDB and find_spec("rocksdict") is None:
            found.append(f"{PREFIX}STORE: rocksdb needs the package rocksdict; pip install 'slawatch[rocksdb]'")
        return found


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment, with overrides by field name; raises `SettingsError` with every mistake."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([sentence for item in error.errors() for sentence in _sentences(item)]) from None


def _sentences(item: Any) -> list[str]:
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:  # of the settings taken together: the sentences name their variables
        return message.split("\n")
    name = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return [f"{name}: is not a setting{_suggestion(name)}"]
    text = message if item["type"] == "value_error" else message[:1].lower() + message[1:]
    return [f"{PREFIX}{name.upper()}: {text}"]


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name.lower().removeprefix(PREFIX.lower()), Settings.model_fields, 1)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a slip of the pen: near to a setting's name, but none."""
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    return [
        f"{name}: is not a setting and means nothing{_suggestion(name)}"
        for name in sorted(environment)
        if name.upper().startswith(PREFIX) and name.upper() not in known and _suggestion(name)
    ]
