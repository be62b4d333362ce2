"""The processes that an agreements file needs, put together as a worker runs them."""

from __future__ import annotations

from typing import Any

from slawatch.agreements import AgreementsFile
from slawatch.core.fold import Bounds
from slawatch.core.periods.contract import Contracts, ServiceTarget
from slawatch.process import Process
from slawatch.processes.held import HeldTickets
from slawatch.processes.ledger import LedgerProcess
from slawatch.processes.services import ServiceProcess
from slawatch.settings import Settings


def needed(contracts: Contracts) -> list[str]:
    """The names of the processes: tickets always, monitoring for promises about services, outcomes for any about periods."""
    names = [HeldTickets.name]
    if any(isinstance(target, ServiceTarget) for contract in contracts.contracts for target in contract.targets):
        names.append(ServiceProcess.name)
    if contracts:
        names.append(LedgerProcess.name)
    return names


def processes(settings: Settings, file: AgreementsFile) -> list[Process[Any]]:
    """The processes by the settings, in the order of `needed`."""
    contracts = file.contracts
    source = f"/slawatch/{settings.group}"
    # Nothing is forgotten before it is folded.
    bounds = Bounds(settings.retention, max(settings.forget, settings.retention))
    names = needed(contracts)
    found: list[Process[Any]] = [HeldTickets(file.agreements, source, bounds, contracts)]
    if ServiceProcess.name in names:
        found.append(ServiceProcess(contracts, source, bounds))
    if LedgerProcess.name in names:
        inputs = [settings.topic_of(process.name) for process in found]
        found.append(LedgerProcess(contracts, inputs, source, settings.retention))
    return found
