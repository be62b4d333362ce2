"""Why a number stands: a ticket's clocks, or a service's period, told from the facts by the core that judged them."""

from slawatch.explain.heard import listen_to_service, listen_to_ticket
from slawatch.explain.service import service_explanation
from slawatch.explain.ticket import explanation

__all__ = ["explanation", "listen_to_service", "listen_to_ticket", "service_explanation"]
