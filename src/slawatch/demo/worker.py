"""The worker of the demo in a process of its own: as `slawatch worker` runs it, settings from the environment."""

from __future__ import annotations

import sys

from slawatch.agreements import load
from slawatch.settings import read_settings
from slawatch.stream.app import run_worker
from slawatch.tickets import TicketProcess


def main() -> int:
    """Run until SIGTERM."""
    settings = read_settings()
    agreements = load(settings.required_agreements()).agreements
    return run_worker(settings, [TicketProcess(agreements, f"/slawatch/{settings.group}")])


if __name__ == "__main__":
    sys.exit(main())
