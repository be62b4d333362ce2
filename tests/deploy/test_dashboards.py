"""The dashboards are what their code yields, and they ask for what there is. Grafana itself never loads them here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from observing import DASHBOARDS, LABELS, ROOT, expressions, labels, names, offered, run

GRAFANA = ROOT / "deploy" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (panel for panel in board["panels"] if panel["type"] != "row")


def test_they_are_what_their_code_yields(tmp_path: Path) -> None:
    code, said = run(sys.executable, str(GRAFANA / "source"), str(tmp_path))
    assert code == 0, said
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in DASHBOARDS}, "make dashboards"


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_has_its_place_and_says_what_it_shows(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == name
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & taken, panel["title"]
        assert max(x for x, _ in squares) < 24
        taken |= squares
    for panel in panels(board):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}


@pytest.mark.parametrize("name", BOARDS)
def test_they_ask_only_for_what_there_is(name: str) -> None:
    asked = {metric for expression in expressions(BOARDS[name]) for metric in names(expression)}
    assert asked - offered() == set()
    assert len(asked) > 5
    for panel in panels(BOARDS[name]):
        for target in panel["targets"]:
            grouped, shown = labels(target["expr"]), labels(target["legendFormat"])
            assert grouped | shown <= LABELS, panel["title"]
            assert shown <= grouped or not grouped, panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_they_know_their_variables(name: str) -> None:
    board = BOARDS[name]
    variables = {f"${variable['name']}" for variable in board["templating"]["list"]}
    text = json.dumps(board["panels"])
    for variable in variables - {"$source"}:
        assert variable in text
    for expression in expressions(board):
        used = {
            word for word in expression.replace('"', " ").replace("[", " ").replace("]", " ").split() if word[0] == "$"
        }
        assert used <= variables | {"$__rate_interval"}, expression


def test_provisioning_brings_the_source_and_the_dashboards() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/slawatch.yml").read_text())["providers"]
    assert (provider["type"], provider["options"]["path"]) == ("file", "/var/lib/grafana/dashboards")
