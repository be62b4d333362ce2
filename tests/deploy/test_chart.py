"""The Helm chart: what it renders, what it refuses, and that it names what the code uses.

Nothing here runs a controller: that pods are scheduled, probed or scaled is not shown.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploying import ROOT, image_environment, image_healthcheck, of_the_image, run, tool
from slawatch.agreements import load
from slawatch.cli.composition import needed
from slawatch.settings import PREFIX, Settings, read_settings
from slawatch.stream.topic_plan import Planned, Role, plan
from write_manifests import CHART, GOLDEN, INPUTS, VALUES, base, manifests, render, topics_file, without_helm

NAMES = sorted(path.name for path in VALUES.glob("*.yaml"))
BASE = ROOT / "deploy" / "kustomize" / "base"
STRIMZI = "strimzi.cluster=k,strimzi.topics.enabled=true"
OLDEST, NEWEST = "1.27", "1.37"


def golden(name: str) -> list[dict[str, Any]]:
    return manifests((GOLDEN / name).read_text())


def one(name: str, kind: str) -> dict[str, Any]:
    (found,) = [manifest for manifest in golden(name) if manifest["kind"] == kind]
    return found


def container(name: str) -> dict[str, Any]:
    found: dict[str, Any] = one(name, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
    return found


def settings_of(name: str, folder: Path) -> Settings:
    """What the worker makes of the container's variables; secrets and files of the cluster are put in their place."""
    file = folder / "file"
    file.touch()
    given: dict[str, Any] = {}
    for variable in container(name)["env"]:
        field = variable["name"].removeprefix(PREFIX).lower()
        given[field] = variable.get("value", "slawatch-0")
        if str(given[field]).startswith("/etc/slawatch/kafka/"):
            given[field] = file
    return read_settings(**given)


def refused(*values: str) -> str:
    """Helm's words about values that it does not take; those of the minimal file are below them."""
    sets = [part for value in values for part in ("--set-json" if "=[" in value or "={" in value else "--set", value)]
    command = [tool("helm"), "template", "slawatch", str(CHART), "--kube-version", "1.31.0"]
    done = run(*command, "--values", str(VALUES / "minimal.yaml"), "--set", r"agreements.files.a\.yaml=x", *sets)
    assert done.returncode == 1, done.stdout
    return done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_it_renders_what_is_committed(name: str) -> None:
    tool("helm")
    assert render(VALUES / name) == (GOLDEN / name).read_text(), "make manifests"


def test_helm_lints_it() -> None:
    linted = run(tool("helm"), "lint", "--strict", str(CHART), "--kube-version", "1.31.0", "--values", str(VALUES / NAMES[0]),
                 "--set", r"agreements.files.a\.yaml=x")  # fmt: skip
    assert linted.returncode == 0, linted.stdout


def test_the_kustomize_base_is_what_the_chart_renders() -> None:
    tool("helm")
    assert base() == {path.name: path.read_text() for path in BASE.iterdir()}, "make manifests"


def test_kustomize_builds_the_same() -> None:
    built = run(tool("kustomize"), "build", str(BASE))
    assert built.returncode == 0, built.stderr
    kustomized = manifests(built.stdout)
    (agreements,) = [manifest for manifest in kustomized if manifest["kind"] == "ConfigMap"]
    hashed = agreements["metadata"]["name"]
    assert re.fullmatch(r"slawatch-agreements-\w{10}", hashed), "a change of the agreements has to restart the workers"
    rendered = render(ROOT / "deploy" / "kustomize" / "values.yaml").replace(
        "name: slawatch-agreements", f"name: {hashed}"
    )
    expected = [without_helm(manifest) for manifest in manifests(rendered)]
    for manifest in expected:
        if manifest["kind"] == "ConfigMap":
            del manifest["metadata"]["labels"]["app.kubernetes.io/version"]
    assert kustomized == expected


def test_the_overlay_of_the_documentation_builds(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    (overlay,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "../base" in block]
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "kustomization.yaml").write_text(overlay)
    (tmp_path / "overlay" / "agreements.yaml").write_text("mine")
    shutil.copytree(BASE, tmp_path / "base")
    built = run(tool("kustomize"), "build", str(tmp_path / "overlay"))
    assert built.returncode == 0, built.stderr
    found = {one["kind"]: one for one in manifests(built.stdout)}
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    variables = {variable["name"]: variable.get("value") for variable in pod["containers"][0]["env"]}
    assert variables["SLAWATCH_BROKERS"] == "kafka.example:9092"
    assert pod["containers"][0]["image"] == "registry.example/slawatch:0.1.0"
    assert found["ConfigMap"]["data"] == {"agreements.yaml": "mine"}
    assert pod["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]


def builtin(manifest: dict[str, Any]) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", [*NAMES, "kustomize"])
def test_kubernetes_knows_every_field(name: str, version: str) -> None:
    """Of the kinds that Kubernetes brings itself. Not seen: quantities, selectors that do not match, other kinds."""
    found = golden(name) if name != "kustomize" else [
        yaml.safe_load(path.read_text()) for path in BASE.iterdir() if path.name not in ("kustomization.yaml", "agreements.yaml")
    ]  # fmt: skip
    checked = [kubernetes_validate.validate(manifest, version, strict=True) for manifest in found if builtin(manifest)]
    assert len(checked) >= 4


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replcas"), 2),
        (("spec", "podManagementPolicy"), 7),
        (("spec", "template", "spec", "terminationGracePeriod"), 30),
        (("spec", "selector"), "slawatch"),
    ],
)
def test_that_would_find_mistakes(path: tuple[str, ...], value: Any) -> None:
    manifest = copy.deepcopy(one("minimal.yaml", "StatefulSet"))
    node = manifest
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, NEWEST, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_everything_selects_the_pods(name: str) -> None:
    labels = one(name, "StatefulSet")["spec"]["template"]["metadata"]["labels"].items()
    specs = [manifest.get("spec", {}) for manifest in golden(name)]
    found = [spec[key] for spec in specs for key in ("selector", "podSelector") if key in spec]
    selectors = [selector.get("matchLabels", selector) for selector in found]
    spread = one(name, "StatefulSet")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    selectors += [constraint["labelSelector"]["matchLabels"] for constraint in spread]
    assert len(selectors) >= 5
    assert all(selector and selector.items() <= labels for selector in selectors)


@pytest.mark.parametrize("name", NAMES)
def test_the_worker_accepts_its_variables(name: str, tmp_path: Path) -> None:
    settings = settings_of(name, tmp_path)
    assert settings.instance == "slawatch-0"
    assert settings.session_ms == 45_000
    values = yaml.safe_load((VALUES / name).read_text())
    for field, value in values.get("settings", {}).items():
        assert getattr(settings, field) == getattr(read_settings(**{field: value}), field)
    assert settings.store == values.get("store", "memory")
    assert settings.create_topics is (name == "minimal.yaml")
    assert settings.security == values["kafka"].get("security", "plaintext")


def test_the_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    settings, fresh = settings_of("minimal.yaml", tmp_path), read_settings()
    own = {"agreements", "brokers", "instance", "data", "web_host", "replication"}
    differing = {name for name in Settings.model_fields if getattr(settings, name) != getattr(fresh, name)}
    assert differing <= own


def test_every_setting_can_be_given() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    chart = {variable["name"].removeprefix(PREFIX).lower() for name in NAMES for variable in container(name)["env"]}
    assert chart | set(schema["properties"]["settings"]["properties"]) == set(Settings.model_fields)


def test_the_image_is_run_as_it_is_built() -> None:
    pod = one("minimal.yaml", "StatefulSet")["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == of_the_image("USER")
    assert container("minimal.yaml")["args"] == json.loads(of_the_image("CMD"))
    set_here = {variable["name"]: variable.get("value") for variable in container("minimal.yaml")["env"]}
    assert set_here["SLAWATCH_DATA"] == image_environment()["SLAWATCH_DATA"]
    assert one("minimal.yaml", "Service")["spec"]["ports"][0]["port"] == Settings.model_fields["web_port"].default


def test_probes_ask_what_they_mean() -> None:
    probes = {kind: container("minimal.yaml")[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")}
    paths = {kind: probe["httpGet"]["path"] for kind, probe in probes.items()}
    assert paths == {"startup": "/readyz", "readiness": "/readyz", "liveness": "/healthz"}
    assert any("/healthz" in word for word in image_healthcheck())
    allowed = probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"]
    assert allowed == 1_800, "startupSeconds"


@pytest.mark.parametrize("name", NAMES)
def test_it_can_write_nothing_but_its_tables(name: str) -> None:
    found = container(name)
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [mount["mountPath"] for mount in found["volumeMounts"] if not mount.get("readOnly")]
    rocksdb = name == "strimzi.yaml"
    assert writable == (["/var/lib/slawatch"] if rocksdb else [])
    assert ("volumeClaimTemplates" in one(name, "StatefulSet")["spec"]) is rocksdb


@pytest.mark.parametrize("name", NAMES)
def test_no_object_holds_a_secret(name: str) -> None:
    assert "Secret" not in {manifest["kind"] for manifest in golden(name)}
    named = [
        variable for variable in container(name)["env"] if variable["name"].endswith(("PASSWORD", "SECRET", "TOKEN"))
    ]
    assert all("value" not in variable and "secretKeyRef" in variable["valueFrom"] for variable in named)


def test_changed_agreements_restart_the_workers() -> None:
    def mark(text: str) -> str:
        command = [tool("helm"), "template", "slawatch", str(CHART), "--kube-version", "1.31.0"]
        command += ["--values", str(VALUES / "minimal.yaml"), "--set", rf"agreements.files.a\.yaml={text}"]
        (found,) = [one for one in manifests(run(*command).stdout) if one["kind"] == "StatefulSet"]
        return str(found["spec"]["template"]["metadata"]["annotations"]["slawatch/agreements"])

    assert mark("x") != mark("y")


def test_agreements_load_as_the_kubelet_lays_them_out(tmp_path: Path) -> None:
    """Links to a hidden folder, which is exchanged as a whole."""
    hidden = tmp_path / "..2026_11_26"
    hidden.mkdir()
    (tmp_path / "..data").symlink_to(hidden)
    for name, text in one("minimal.yaml", "ConfigMap")["data"].items():
        (hidden / name).write_text(text)
        (tmp_path / name).symlink_to(Path("..data") / name)
    assert load(tmp_path).summary.agreements == 1


# What Kafka is asked for, against what the code uses.


def planned(name: str, folder: Path) -> list[Planned]:
    return plan(settings_of(name, folder), INPUTS)


def test_the_topics_file_is_the_plan() -> None:
    assert (CHART / "files" / "topics.yaml").read_text() == topics_file(), "make manifests"


def test_the_inputs_are_those_of_the_worker() -> None:
    """Agreements of all kinds need them all."""
    assert needed(load(ROOT / "examples" / "agreements.yaml").contracts) == list(INPUTS)


def test_strimzi_makes_the_planned_topics(tmp_path: Path) -> None:
    made = {
        manifest["spec"]["topicName"]: manifest["spec"]
        for manifest in golden("strimzi.yaml")
        if manifest["kind"] == "KafkaTopic"
    }
    settings = settings_of("strimzi.yaml", tmp_path)
    for topic in planned("strimzi.yaml", tmp_path):
        spec = made.pop(topic.name)
        insync = {"min.insync.replicas": "2"} if topic.role is Role.CHANGELOG else {}
        assert spec["config"] == dict(topic.configs) | insync
        assert (spec["partitions"], spec["replicas"]) == (settings.partitions, settings.replication)
    assert made == {}


@cache
def acls() -> set[tuple[str, str, str, str]]:
    """Type, name, pattern and operation of each right of the user."""
    return {
        (rule["resource"]["type"], rule["resource"]["name"], rule["resource"]["patternType"], operation)
        for rule in one("strimzi.yaml", "KafkaUser")["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
    }


def test_the_user_may_do_what_the_worker_does_and_no_more(tmp_path: Path) -> None:
    """That each right is needed, and none is missing, is seen on a broker in tests/kafka/deploy."""
    settings = settings_of("strimzi.yaml", tmp_path)
    read = {settings.topic_of(name) for name in INPUTS}
    expected = {("group", settings.group, "literal", "Read")}
    expected |= {("transactionalId", f"{settings.group}-{topic}-", "prefix", "Write") for topic in read}
    for topic in planned("strimzi.yaml", tmp_path):
        expected.add(("topic", topic.name, "literal", "DescribeConfigs"))
        if topic.role is not Role.INPUT:
            expected.add(("topic", topic.name, "literal", "Write"))
        if topic.role is Role.CHANGELOG or topic.name in read:
            expected.add(("topic", topic.name, "literal", "Read"))
    assert acls() == expected


@pytest.mark.parametrize("name", ["strimzi.yaml", "tls.yaml"])
def test_the_autoscaler_asks_for_the_lag_of_the_group_on_its_inputs(name: str, tmp_path: Path) -> None:
    settings, spec = settings_of(name, tmp_path), one(name, "ScaledObject")["spec"]
    asked = [trigger["metadata"] for trigger in spec["triggers"]]
    assert {found["topic"] for found in asked} == {settings.topic_of(role) for role in INPUTS}
    assert {found["consumerGroup"] for found in asked} == {settings.group}
    assert {found["bootstrapServers"] for found in asked} == {settings.brokers}
    assert {found["allowIdleConsumers"] for found in asked} == {"false"}
    # With `earliest` all of a topic would count as lag that no process of the worker reads.
    assert {found["offsetResetPolicy"] for found in asked} == {"latest"}
    assert spec["maxReplicaCount"] <= settings.partitions
    assert "replicas" not in one(name, "StatefulSet")["spec"], "the chart and the autoscaler would quarrel"
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert all(way["stabilizationWindowSeconds"] * 1000 > 2 * settings.session_ms for way in behavior.values())
    # A map of strings that KEDA alone understands: a misspelt key would be taken by every other check.
    known = {"bootstrapServers", "consumerGroup", "topic", "lagThreshold", "offsetResetPolicy", "allowIdleConsumers"}
    assert all(set(found) <= known | {"version", "sasl", "tls"} for found in asked)


def test_rules_and_dashboards_are_those_of_the_repository() -> None:
    """One source: the chart's folders are links to it, which Helm follows."""
    command = [tool("helm"), "template", "slawatch", str(CHART), "--kube-version", "1.31.0"]
    command += ["--values", str(VALUES / "minimal.yaml"), "--set", r"agreements.files.a\.yaml=x"]
    command += ["--set", "prometheusRule.enabled=true,prometheusRule.labels.release=monitoring,dashboards.enabled=true"]
    found = manifests(run(*command).stdout)
    rules = [one for one in found if one["kind"] == "PrometheusRule"]
    sources = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    assert sources
    assert {f"slawatch-{path.stem}": yaml.safe_load(path.read_text()) for path in sources} == {
        rule["metadata"]["name"]: rule["spec"] for rule in rules
    }
    assert all(rule["metadata"]["labels"]["release"] == "monitoring" for rule in rules)
    boards = [one for one in found if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    shown = {name: json.loads(text) for board in boards for name, text in board["data"].items()}
    paths = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
    assert paths
    assert shown == {path.name: json.loads(path.read_text()) for path in paths}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("kafka.brokers=", "kafka.brokers: is not set"),
        ("kafka.brokers=kafka", "at '/kafka/brokers'"),
        ("kafka.brokres=kafka:9092", "'brokres' not allowed"),
        ("kafka.security=ssl", "at '/kafka/security'"),
        ("kafka.security=sasl_tls", "kafka.sasl: kafka.security is sasl_tls, which needs kafka.sasl.username"),
        ("kafka.sasl.username=me", "kafka.sasl: means nothing with kafka.security plaintext"),
        ("kafka.tls.caSecret.name=ca", "kafka.tls: means nothing with kafka.security plaintext"),
        ("kafka.sasl.password=secret", "'password' not allowed"),
        ("agreements.existingConfigMap=mine", "agreements: has files and existingConfigMap"),
        ("agreements.files=null", "agreements: is not set"),
        ('agreements.files={"agreements.txt":"x"}', "at '/agreements/files': additional properties 'agreements.txt' not allowed"),
        ("replicas=9", "replicas: 9 is more than topics.partitions, 8"),
        ("replicas=0", "at '/replicas'"),
        ("topics.partitions=eight", "at '/topics/partitions'"),
        ("autoscaling.enabled=true,autoscaling.maxReplicas=9", "autoscaling.maxReplicas: 9 is more than topics.partitions, 8"),
        ("autoscaling.enabled=true,autoscaling.minReplicas=5", "autoscaling.minReplicas: 5 is more than"),
        ("settings.grace=soon", "at '/settings/grace'"),
        ("settings.group=sla watch", "at '/settings/group'"),
        ("settings.partitions=8", "'partitions' not allowed"),
        ("settings.tickets=sla-warnings", "settings.warnings: sla-warnings is the topic of settings.tickets already"),
        ("store=disk", "at '/store'"),
        ("persistence.size=512Mbb", "at '/persistence/size'"),
        ("resources.limits.memory=1gig", "at '/resources/limits/memory'"),
        ("startupSeconds=60", "at '/startupSeconds'"),
        ("strimzi.topics.enabled=true", "strimzi.cluster: is not set"),
        ("strimzi.cluster=k,strimzi.user.enabled=true", "strimzi.user: needs strimzi.topics.enabled"),
        (f"{STRIMZI},strimzi.user.enabled=true", "strimzi.user: means nothing with kafka.security plaintext"),
        (f"{STRIMZI},settings.tickets=Monitoring", "would be one KafkaTopic resource"),
        ("podLabels.tier=null,nodeSelector=4", "at '/nodeSelector'"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_name(values: str, said: str) -> None:
    assert said in refused(values)


def test_all_mistakes_are_told_at_once() -> None:
    told = refused("kafka.brokers=", "replicas=9", "kafka.sasl.username=me")
    assert all(f"\n{name}: " in told for name in ("kafka.brokers", "replicas", "kafka.sasl"))
