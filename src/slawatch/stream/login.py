"""Why a broker that is there does not let us in: the client says so in its log only, and then goes on trying."""

from __future__ import annotations

import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from slawatch.settings import Settings
from slawatch.stream.client import bounded, client_options
from slawatch.stream.errors import BrokerAway

_SECONDS = 10.0


async def refusal(settings: Settings) -> str | None:
    """What in the settings a broker refuses, as a sentence; None where nobody says so."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    for broker in settings.brokers.split(","):
        host, _, port = broker.rpartition(":")
        try:
            connection = await bounded(create_conn(host.strip("[]"), int(port), **options), "log in", _SECONDS)
        except (SaslAuthenticationFailed, AuthenticationFailedError):
            return (
                f"{broker} refuses the login of {settings.sasl_username!r} by {settings.sasl_mechanism}: correct "
                "SLAWATCH_SASL_USERNAME or SLAWATCH_SASL_PASSWORD"
            )
        except UnsupportedSaslMechanismError:
            return (
                f"{broker} has no logins by {settings.sasl_mechanism}; set SLAWATCH_SASL_MECHANISM to one that it has"
            )
        except ssl.SSLCertVerificationError as error:
            return (
                f"the certificate of {broker} is not to be trusted: {error.verify_message}; set SLAWATCH_TLS_CA to a "
                "file with the certificate of who has signed it"
            )
        except (KafkaError, OSError, BrokerAway):
            continue
        connection.close()
        return None
    return None
