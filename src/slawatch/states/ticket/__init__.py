"""Tickets as bytes: small, versioned, and laid out so that an event in order reads only what it needs.

A state is a header (version, fingerprint of the agreements, next wake-up, tally for the gauges) and a msgpack array.
The facts in it, what was said of rounds that are over, and the base stay packed until somebody asks for them.
"""

from slawatch.states.ticket.header import VERSION, UnknownVersion, is_current, tally, wake_up
from slawatch.states.ticket.history import PackedHistory
from slawatch.states.ticket.packed import dump, load
from slawatch.states.ticket.rows import TALLY_STATES
from slawatch.states.ticket.stub import stub

__all__ = [
    "TALLY_STATES",
    "VERSION",
    "PackedHistory",
    "UnknownVersion",
    "dump",
    "is_current",
    "load",
    "stub",
    "tally",
    "wake_up",
]
