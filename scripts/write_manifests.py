"""Writes what is derived of the files for Kubernetes: `make manifests`.

    deploy/helm/slawatch/files/topics.yaml   from slawatch.stream.topic_plan
    deploy/kustomize/base                    from the chart
    tests/deploy/golden                      the chart rendered with the values beside it, for the tests

The chart is rendered by .tools/bin/helm.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from slawatch.process import Output
from slawatch.processes.ledger import LedgerProcess
from slawatch.processes.services import ServiceProcess
from slawatch.processes.tickets import TicketProcess
from slawatch.settings import Settings, StreamTime, read_settings
from slawatch.stream.topic_plan import Role, changelog_name, plan

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "helm" / "slawatch"
BASE = ROOT / "deploy" / "kustomize" / "base"
VALUES = ROOT / "tests" / "deploy" / "values"
GOLDEN = ROOT / "tests" / "deploy" / "golden"
INPUTS = (TicketProcess.name, ServiceProcess.name, LedgerProcess.name)
"""The input topics, as settings, of everything that a worker may run; which of it depends on the agreements."""
ROLES = ("tickets", "monitoring", "warnings", "breaches", "outcomes", "reports", "dead_letters")
EXAMPLE = "agreements.yaml"


def topics(inputs: tuple[str, ...] = INPUTS) -> list[dict[str, Any]]:
    """The planned topics, named by their setting; a topic that is read and written is there once."""
    settings = read_settings(**{name: Settings.model_fields[name].default for name in ("group", *ROLES)})
    by_records = settings.model_copy(update={"stream_time": StreamTime.RECORDS})
    roles = {settings.topic_of(role): role for role in ROLES}
    changelogs = {changelog_name(settings.group, topic): role for topic, role in roles.items()}
    written = {settings.topic_of(role) for role in (*Output, "dead_letters")}
    found = []
    for topic, other in zip(plan(settings, inputs), plan(by_records, inputs), strict=True):
        changelog = topic.role is Role.CHANGELOG
        entry: dict[str, Any] = {
            "setting": changelogs[topic.name] if changelog else roles[topic.name],
            "changelog": changelog,
            "reads": topic.role is not Role.OUTPUT,
            "writes": changelog or topic.name in written,
            "config": dict(topic.configs),
        }
        if other.configs != topic.configs:
            entry["configByRecords"] = dict(other.configs)
        found.append(entry)
    return found


def topics_file() -> str:
    return "# From slawatch.stream.topic_plan, by `make manifests`.\n" + yaml.safe_dump({"topics": topics()}, width=120)


def render(values: Path, *more: str) -> str:
    """The chart with these values and agreements to be replaced; ends the program with Helm's own words."""
    helm = ROOT / ".tools" / "bin" / "helm"
    agreements = f"agreements.files.{EXAMPLE.replace('.', chr(92) + '.')}={ROOT / 'deploy' / 'kustomize' / EXAMPLE}"
    command = [str(helm), "template", "slawatch", str(CHART), "--namespace", "slawatch"]
    command += ["--kube-version", "1.31.0"]  # a Helm built from its module takes itself for 1.20
    command += ["--values", str(values), "--set-file", agreements, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def manifests(text: str) -> list[dict[str, Any]]:
    """The objects of a rendering, in the order of kind and name."""
    found = [one for one in yaml.safe_load_all(text) if one]
    return sorted(found, key=lambda one: (one["kind"], one["metadata"]["name"]))


def without_helm(one: dict[str, Any]) -> dict[str, Any]:
    """An object of the chart as Kustomize has it: it is not Helm's, and the agreements' name carries their hash."""
    labels = one["metadata"]["labels"]
    for label in ("helm.sh/chart", "app.kubernetes.io/managed-by"):
        labels.pop(label, None)
    if one["kind"] == "StatefulSet":
        one["spec"]["template"]["metadata"].pop("annotations")
    return one


def base() -> dict[str, str]:
    """The files of the Kustomize base by name."""
    files, resources = {}, []
    for one in map(without_helm, manifests(render(ROOT / "deploy" / "kustomize" / "values.yaml"))):
        if one["kind"] == "ConfigMap":
            files[EXAMPLE] = one["data"][EXAMPLE]
            continue
        name = f"{one['kind'].lower()}.yaml"
        resources.append(name)
        files[name] = yaml.safe_dump(one, width=120, sort_keys=False)
    labels = {"app.kubernetes.io/name": "slawatch", "app.kubernetes.io/instance": "slawatch"}
    generator = {"name": "slawatch-agreements", "files": [EXAMPLE], "options": {"labels": labels}}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
        "configMapGenerator": [generator],
    }
    head = (
        "# From the chart with ../values.yaml, by `make manifests`; change it by an overlay, as docs/deploy.md shows.\n"
    )
    files["kustomization.yaml"] = head + yaml.safe_dump(kustomization, width=120, sort_keys=False)
    return files


def main() -> None:
    (CHART / "files" / "topics.yaml").write_text(topics_file())
    BASE.mkdir(parents=True, exist_ok=True)
    GOLDEN.mkdir(exist_ok=True)
    for folder, files in (
        (BASE, base()),
        (GOLDEN, {values.name: render(values) for values in sorted(VALUES.glob("*.yaml"))}),
    ):
        for old in folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (folder / name).write_text(text)


if __name__ == "__main__":
    main()
