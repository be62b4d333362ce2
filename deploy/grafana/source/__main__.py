"""Writes the dashboards as JSON: `python deploy/grafana/source [FOLDER]`, by default into deploy/grafana/dashboards."""

from __future__ import annotations

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from operation import operation
from promises import promises

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "dashboards"
for built in (operation().build(), promises().build()):
    for number, panel in enumerate(built.panels or [], 1):
        panel.id_val = number
    text = JSONEncoder(sort_keys=True, indent=2).encode(built)
    (folder / f"{built.uid}.json").write_text(text + "\n")
