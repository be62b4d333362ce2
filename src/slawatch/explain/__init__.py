"""Why a number stands: a ticket's clocks, told from its facts by the core that judged them."""

from slawatch.explain.ticket import explanation
from slawatch.explain.told import listen

__all__ = ["explanation", "listen"]
