"""Why a number stands: a ticket's clocks, or a service's period, told from the facts by the core that judged them."""

from slawatch.explain.heard import listen_to_service
from slawatch.explain.service import service_explanation
from slawatch.explain.ticket import explanation
from slawatch.explain.told import listen

__all__ = ["explanation", "listen", "listen_to_service", "service_explanation"]
