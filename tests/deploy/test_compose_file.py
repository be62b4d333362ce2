"""docker-compose.yml: what Compose's own library says of it, and what it must not say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploying import ROOT, compose, run, tool
from slawatch.agreements import load
from slawatch.settings import PREFIX, Settings, read_settings

GIVEN = {"AGREEMENTS": "./examples/agreements.yaml", "GRAFANA_PASSWORD": "not-in-the-file"}
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = compose(**GIVEN)["services"]
OURS = [name for name, service in SERVICES.items() if "SLAWATCH_BROKERS" in service.get("environment", {})]


def test_it_loads_and_is_what_these_tests_read() -> None:
    """With the library of docker compose; the other tests resolve variables by themselves, so that they need no Go."""
    shown = run(tool("composecheck"), "-print", "docker-compose.yml", environment=GIVEN)
    assert (shown.returncode, shown.stderr) == (0, "")
    services = json.loads(shown.stdout)["services"]
    assert set(services) == set(SERVICES)
    for name, service in SERVICES.items():
        assert services[name].get("environment") == service.get("environment"), name
        if name != "setup":  # the library leaves the doubled $ to the engine
            assert (services[name].get("command") or []) == service.get("command", []), name
        assert services[name]["deploy"].get("replicas") == service["deploy"].get("replicas"), name


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("restart: unless-stopped", "restrat: unless-stopped", "restrat"),
        ("setup: {condition: service_completed_successfully}", "setpu: {condition: service_started}", "setpu"),
        ("{condition: service_healthy}", "{condition: service_well}", "condition"),
        ("prometheus-data:/prometheus", "prometheus-date:/prometheus", "prometheus-date"),
        ("interval: 10s", "interval: 10 parsecs", "10 parsecs"),
        ('"127.0.0.1:${KAFKA_PORT:-9092}:9092"', '"127.0.0.1:${KAFKA_PORT:-9092}:90920"', "90920"),
    ],
)
def test_the_library_refuses_mistakes(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert right in TEXT
    (tmp_path / "docker-compose.yml").write_text(TEXT.replace(right, wrong, 1))
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "agreements.yaml", tmp_path / "examples")
    refused = run(tool("composecheck"), str(tmp_path / "docker-compose.yml"), environment=GIVEN)
    assert refused.returncode == 1
    assert said in refused.stderr


@pytest.mark.parametrize("name", GIVEN)
def test_what_has_no_default_must_be_given(name: str) -> None:
    without = {other: value for other, value in GIVEN.items() if other != name}
    with pytest.raises(LookupError, match=f"^{name}: .*"):
        compose(**without)
    refused = run(tool("composecheck"), "docker-compose.yml", environment=without)
    assert refused.returncode == 1
    assert f"required variable {name} is missing a value" in refused.stderr


def test_versions_are_pinned() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert all(re.fullmatch(r"[\w/.-]+:v?\d+\.\d+\.\d+", image) for image in images), images


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_limits_and_a_restart_policy(name: str) -> None:
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["restart"] == ("no" if name == "setup" else "unless-stopped")


def test_there_is_no_secret_in_the_file() -> None:
    found = re.findall(r"^\s*\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*: *(.*)", TEXT, re.MULTILINE)
    assert found
    assert [value for value in found if not re.fullmatch(r"\$\{\w+:\?[^}]*\}", value)] == []


def test_workers_can_be_many() -> None:
    worker = SERVICES["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert not {"ports", "container_name", "hostname"} & set(worker)
    assert "SLAWATCH_INSTANCE" not in worker["environment"]
    assert [volume for volume in worker["volumes"] if isinstance(volume, str)] == ["/var/lib/slawatch"]


def test_the_start_is_ordered_by_health() -> None:
    """Nothing waits for something that cannot say that it is there."""
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert waits["worker"] == {
        "kafka": {"condition": "service_healthy"},
        "setup": {"condition": "service_completed_successfully"},
    }
    for name, needs in waits.items():
        for need, how in needs.items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[need]["healthcheck"], f"{name} waits for the health of {need}"


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", OURS)
def test_slawatch_gets_settings_that_there_are_with_the_defaults_of_the_code(name: str) -> None:
    given = {variable.removeprefix(PREFIX).lower(): value for variable, value in SERVICES[name]["environment"].items()}
    assert set(given) <= set(Settings.model_fields)
    fixed = {"brokers": "localhost:9092", "agreements": None, "store": "memory"}
    assert read_settings(**(given | fixed)) == read_settings(brokers="localhost:9092")


@pytest.mark.parametrize("name", OURS)
def test_slawatch_can_write_nothing_and_may_do_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_prometheus_finds_the_services_of_this_file() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (workers,) = [job for job in config["scrape_configs"] if job["job_name"] == "slawatch"]
    (lookup,) = workers["dns_sd_configs"]
    assert lookup["names"] == ["worker"]
    assert SERVICES["worker"]["expose"] == [str(lookup["port"])]
    assert lookup["port"] == read_settings().web_port
    targets = [
        target
        for part in (*config["scrape_configs"], *config["alerting"]["alertmanagers"])
        for group in part.get("static_configs", [])
        for target in group["targets"]
    ]
    assert {target.split(":")[0] for target in targets} <= {*SERVICES, "localhost"}


def test_what_is_mounted_from_here_is_here() -> None:
    mounted = [
        volume.split(":")
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and volume.startswith("./")
    ]
    assert len(mounted) >= 4
    assert [source for source, _, mode in mounted if mode != "ro" or not (ROOT / source).is_dir()] == []


def test_grafana_finds_prometheus_and_its_dashboards() -> None:
    provisioned = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioned / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioned / "dashboards" / "slawatch.yml").read_text())["providers"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def test_kafka_keeps_its_data_and_its_id() -> None:
    kafka = SERVICES["kafka"]
    assert kafka["volumes"] == [f"kafka-data:{kafka['environment']['KAFKA_LOG_DIRS']}"]
    assert re.fullmatch(r"[\w-]{22}", kafka["environment"]["CLUSTER_ID"])


def test_the_agreements_of_the_demo_are_valid() -> None:
    assert load(ROOT / "deploy" / "compose" / "demo.yaml").warnings == []


def test_a_profile_is_asked_for() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"kafka-ui": ["ui"], "desk": ["demo"]}


def test_it_is_yaml_without_duplicate_keys() -> None:
    """PyYAML takes the last of two; Compose refuses them, but only where there is Go to ask it."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(keys) == len(set(keys)), f"twice: {keys}"
        loader.flatten_mapping(node)
        return loader.construct_mapping(node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    assert yaml.load(TEXT, Strict)
