"""Two real monitoring histories that lie beside the repository, against grids that know nothing of intervals."""

import csv
import os
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from service_desk import ServiceDesk, contracts_of, ms

SHARED = Path(os.environ.get("SLAWATCH_SHARED") or Path(__file__).parents[3] / "shared")
STATUS_PAGE = SHARED / "data" / "monitoring" / "github_downtime_2022_2024H1.csv"
PROBES = SHARED / "data" / "monitoring" / "upptime_probe_events.csv"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (STATUS_PAGE.exists() and PROBES.exists()),
        reason=f"no monitoring data in {SHARED}; SLAWATCH_SHARED names their folder",
    ),
]
MINUTE = 60_000
FIRST, UNTIL = "2022-03-01T00:00:00Z", "2024-07-01T00:00:00Z"
SAYS = {"minor": "degraded", "major": "down", "critical": "down"}
UP, DEGRADED, DOWN, WORK = range(4)


def incidents() -> list[dict[str, str]]:
    with STATUS_PAGE.open() as file:
        return list(csv.DictReader(file))


def events_of(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Every incident is a check of its own, so what overlaps is merged; maintenance is planned work."""
    found: list[dict[str, Any]] = [{"id": "first", "at": FIRST, "service": "page", "status": "up"}]
    for row in rows:
        name, start, end = row["incident_id"], row["downtime_start"], row["downtime_end"]
        event = {"service": "page", "check": name}
        if row["impact"] == "maintenance":
            found.append({**event, "id": name, "at": start, "status": "maintenance", "planned_until": end})
        elif row["impact"] in SAYS:
            found.append({**event, "id": f"{name}+", "at": start, "status": SAYS[row["impact"]]})
            found.append({**event, "id": f"{name}-", "at": end, "status": "up"})
    return sorted(found, key=lambda event: event["at"])


def grid_of(rows: list[dict[str, str]]) -> bytearray:
    """What every minute counts as."""
    grid = bytearray((ms(UNTIL) - ms(FIRST)) // MINUTE)
    for impacts, kind in ((("minor",), DEGRADED), (("major", "critical"), DOWN), (("maintenance",), WORK)):
        for row in rows:
            if row["impact"] in impacts:
                start, end = ((ms(row[f"downtime_{edge}"]) - ms(FIRST)) // MINUTE for edge in ("start", "end"))
                grid[start:end] = bytes((kind,)) * (end - start)
    return grid


@pytest.mark.parametrize("weight", [0, 0.5, 1])
def test_every_month_of_the_status_page_is_what_a_minute_grid_says(weight: float) -> None:
    target = {"metric": "availability", "service": ["page"], "at_least": "99.9%", "per": "month", "degraded": weight}
    rows = incidents()
    assert all(row[f"downtime_{edge}"].endswith(":00Z") for row in rows for edge in ("start", "end"))
    contracts = contracts_of({"agreements": [{"id": "a", "from": "2022-03-01", "targets": [target]}]})
    desk = ServiceDesk(contracts)
    desk.events(events_of(rows))
    desk.until("2024-07-02T00:00:01Z")
    grid, months = grid_of(rows), 0
    for account in desk.accounts("page"):
        if account.period.end > ms(UNTIL):
            continue
        months += 1
        minutes = grid[(account.period.start - ms(FIRST)) // MINUTE : (account.period.end - ms(FIRST)) // MINUTE]
        figures = account.figures
        assert figures.agreed == len(minutes) * MINUTE
        assert figures.excluded == minutes.count(WORK) * MINUTE
        assert figures.down == minutes.count(DOWN) * MINUTE
        assert figures.degraded == minutes.count(DEGRADED) * MINUTE
        lost = minutes.count(DOWN) + Fraction(weight) * minutes.count(DEGRADED)
        measured = len(minutes) - minutes.count(WORK)
        assert figures.ratio == 1 - lost / measured
        assert figures.verdict is not None
        assert figures.verdict.value == ("met" if 1 - lost / measured >= Fraction(999, 1000) else "missed")
        assert (figures.breached_at is not None) == (figures.verdict.value == "missed")
    assert months == 28
    outcomes = [alert for alert in desk.alerts if alert["what"] in ("met", "missed")]
    assert len(outcomes) == 28


def test_every_day_of_the_probes_is_what_a_grid_of_seconds_says() -> None:
    with PROBES.open() as file:
        rows = list(csv.DictReader(file))
    services = sorted({row["service"] for row in rows})
    first, end = datetime.fromisoformat("2026-08-11T00:00:00Z"), datetime.fromisoformat("2026-08-22T00:00:00Z")
    target = {"metric": "availability", "service": services, "at_least": "99%", "per": "day"}
    desk = ServiceDesk(contracts_of({"agreements": [{"id": "a", "from": "2026-08-11", "targets": [target]}]}))
    for number, row in enumerate(rows):
        desk.record({"id": f"{number}", "at": row["time"], "service": row["service"], "status": row["status"]})
    desk.until("2026-08-22T00:00:00Z")
    for service in services:
        grid = bytearray(int((end - first).total_seconds()))
        for row in rows:
            if row["service"] == service:
                at = int((datetime.fromisoformat(row["time"]) - first).total_seconds())
                kind = {"up": 1, "down": 2}[row["status"]]
                grid[at:] = bytes((kind,)) * (len(grid) - at)
        days = {account.period.label: account.figures for account in desk.accounts(service)}
        for day in range(11):
            figures = days[(first + timedelta(day)).date().isoformat()]
            seconds = grid[day * 86_400 : (day + 1) * 86_400]
            assert figures.unknown == seconds.count(0) * 1000
            assert figures.down == seconds.count(2) * 1000
            measured = 86_400 - seconds.count(0)
            assert figures.ratio == (1 - Fraction(seconds.count(2), measured) if measured else None)
