"""The rules are sound, every alert is tested and has its page, and it reaches somebody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from observing import (
    ALERTMANAGER,
    DASHBOARDS,
    LABELS,
    PROMETHEUS,
    RULES,
    RUNBOOKS,
    alerts,
    labels,
    names,
    offered,
    program,
    recorded,
    rules,
    run,
)
from slawatch.core.agreement import METRICS
from slawatch.metrics import Metrics
from slawatch.settings import Settings

TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
PAGES = {path.stem: path.read_text() for path in RUNBOOKS.glob("*.md") if path.stem != "index"}
WHO = {
    ("service", "critical"): "operators-on-call",
    ("service", "warning"): "operators",
    ("promise", "critical"): "service-owners-on-call",
    ("promise", "warning"): "service-managers",
}


def test_promtool_accepts_the_rules() -> None:
    code, said = run(program("promtool"), "check", "rules", "--lint-fatal", *map(str, RULES))
    assert code == 0, said


def test_promtool_accepts_the_configuration() -> None:
    code, said = run(program("promtool"), "check", "config", "--lint-fatal", str(PROMETHEUS / "prometheus.yml"))
    assert code == 0, said
    assert f"{len(RULES)} rule files found" in said


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_must_and_only_then(path: Path) -> None:
    code, said = run(program("promtool"), "test", "rules", str(path))
    assert code == 0, said


def test_promtool_accepts_the_metrics() -> None:
    metrics = Metrics(lambda: 0)
    metrics.reads("tickets", 8)
    code, said = run(program("promtool"), "check", "metrics", stdin=metrics.page())
    assert (code, said) == (0, "")


def test_every_alert_is_seen_firing_and_not_firing() -> None:
    fired: dict[str, set[bool]] = {}
    for path in TESTS:
        for group in yaml.safe_load(path.read_text())["tests"]:
            for test in group["alert_rule_test"]:
                fired.setdefault(test["alertname"], set()).add(bool(test["exp_alerts"]))
    assert fired == {name: {True, False} for name in alerts()}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_groups_have_an_order_in_the_tests(path: Path) -> None:
    """Promtool takes groups that are not listed in a random order, and alerts need the sums of the same instant."""
    document = yaml.safe_load(path.read_text())
    files = [(path.parent / name).resolve() for name in document["rule_files"]]
    groups = [group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    assert document["group_eval_order"] == groups


@pytest.mark.parametrize("rule", alerts().values(), ids=lambda rule: rule["alert"])
def test_an_alert_says_whom_it_concerns_and_what_it_means(rule: dict[str, Any]) -> None:
    assert (rule["labels"]["about"], rule["labels"]["severity"]) in WHO
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert re.fullmatch(r"[^\n]{40,}\.", rule["annotations"]["summary"])
    assert rule["annotations"]["runbook_url"] == f"https://slawatch.example/runbooks/{rule['alert']}/"


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert set(PAGES) == set(alerts())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_how_to_see_decide_and_repair(name: str) -> None:
    page, labels = PAGES[name], alerts()[name]["labels"]
    assert page.startswith(f"# {name}\n\n*Severity {labels['severity']}: ")
    whom = {"service": "whoever runs slawatch", "promise": "whoever answers for the service or the customer"}
    assert f"For {whom[labels['about']]}.*" in page
    assert re.findall("^## (.*)", page, re.MULTILINE) == ["See", "Decide", "Repair"]
    assert all(len(part.strip()) > 20 for part in page.split("\n## "))


@pytest.mark.parametrize("name", [*PAGES, "index"])
def test_pages_link_to_pages_that_there_are(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (RUNBOOKS / link).is_file(), link


def test_the_list_of_pages_is_complete_and_right() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|", (RUNBOOKS / "index.md").read_text(), re.MULTILINE)
    assert listed == [(name, name, rule["labels"]["severity"]) for name, rule in in_order().items()]


def in_order() -> dict[str, dict[str, Any]]:
    """Alerts in the order in which a person should look: is it alive, in time, complete; then the promises."""
    return dict(sorted(alerts().items(), key=lambda item: item[1]["labels"]["about"] != "service"))


def test_rules_ask_only_for_what_there_is_and_record_nothing_in_vain() -> None:
    asked = {name for rule in rules() for name in names(rule["expr"])}
    assert asked - offered() == set()
    assert {label for rule in rules() for label in labels(rule["expr"])} <= LABELS
    assert {
        label for rule in alerts().values() for text in rule["annotations"].values() for label in labels(text)
    } <= LABELS
    shown_to_people = "".join(path.read_text() for path in DASHBOARDS)
    assert [name for name in recorded() - asked if name not in shown_to_people] == []


def test_shares_are_told_from_services_by_what_they_are_of() -> None:
    texts = [rule["expr"] for rule in rules()] + [path.read_text() for path in DASHBOARDS]
    found = {words for text in texts for words in re.findall(r"service[!=]~\W*((?:\w+\|)+\w+)", text)}
    assert found == {"|".join([*METRICS, "ratings"])}


def test_workers_are_scraped_where_they_serve() -> None:
    jobs = {
        job["job_name"]: job for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    }
    [found] = jobs["slawatch"]["dns_sd_configs"]
    assert (found["names"], found["type"], found["port"]) == (
        ["worker"],
        "A",
        Settings.model_fields["web_port"].default,
    )


def test_amtool_accepts_the_routes_and_they_hold_no_secret() -> None:
    code, said = run(program("amtool"), "check-config", str(ALERTMANAGER))
    assert code == 0, said
    receivers = yaml.safe_load(ALERTMANAGER.read_text())["receivers"]
    assert receivers == [
        {"name": name} for name in ("operators-on-call", "operators", "service-owners-on-call", "service-managers")
    ]


@pytest.mark.parametrize(("about", "severity"), WHO)
def test_an_alert_reaches_who_can_act(about: str, severity: str) -> None:
    found = [rule for rule in alerts().values() if rule["labels"] == {"about": about, "severity": severity}]
    assert found
    for rule in found:
        labels = [f"{name}={value}" for name, value in {**rule["labels"], "alertname": rule["alert"]}.items()]
        code, said = run(
            program("amtool"),
            "config",
            "routes",
            "test",
            f"--config.file={ALERTMANAGER}",
            f"--verify.receivers={WHO[about, severity]}",
            *labels,
        )
        assert code == 0, said


def test_what_is_silenced_by_another_alert_is_one_that_there_is() -> None:
    for rule in yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            name, pattern = re.fullmatch(r'(\w+)=~?"(.*)"', matcher).groups()  # type: ignore[union-attr]
            assert name == "alertname"
            options = re.fullmatch(r"(\w+)\(([\w|]+)\)", pattern)
            wanted = [options[1] + end for end in options[2].split("|")] if options else [pattern]
            assert set(wanted) <= set(alerts()), wanted
