"""The keyed processes: events and instants in, new states and messages out; pure, whatever runs them."""
