"""The JSON Schema for editors takes what we take, and finds what people mistype."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from test_agreements_fingerprint import FILE, PERIODS
from test_agreements_meaning import EXAMPLE
from test_agreements_periods import EXAMPLE as SILVER

from slawatch.agreements import loads, schema


class EditorLoader(yaml.SafeLoader):
    """YAML as editors read it (1.2): dates and sexagesimals are texts, `no` and `on` too."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("int", "float", "null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for letter in "tfTF":
    boolean = next(pattern for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers[letter] if tag.endswith("bool"))
    EditorLoader.yaml_implicit_resolvers[letter] = [("tag:yaml.org,2002:bool", boolean)]


def mistakes(text: str) -> list[str]:
    value = yaml.load(text, EditorLoader)
    return [error.json_path for error in jsonschema.Draft202012Validator(schema()).iter_errors(value)]


def objects(value: Any) -> list[dict[str, Any]]:
    # A condition says nothing of what may stand there, and what stands beside `allOf` is said there.
    if isinstance(value, dict):
        value = {key: below for key, below in value.items() if key not in ("if", "not")}
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if isinstance(value, dict) else []), *(found for item in inner for found in objects(item))]


def test_it_is_a_schema() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(made)) == made


def test_everything_is_described_and_nothing_else_is_allowed() -> None:
    parts = [found for found in objects(schema()) if isinstance(found.get("properties"), dict) and "allOf" not in found]
    assert len(parts) > 7
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["description"]
    for part in schema()["$defs"].values():
        assert all(described["description"] for described in part["properties"].values())


@pytest.mark.parametrize("text", [FILE, EXAMPLE, PERIODS, SILVER])
def test_what_is_valid_is_valid(text: str) -> None:
    assert loads(text)
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("agreement: []", "$"),
        ("statuses: {solved: [Done]}", "$.statuses"),
        ("statuses: {resolved: Done}", "$.statuses.resolved"),
        ("calendars: {c: {hours: {}}}", "$.calendars.c"),
        ("calendars: {c: {timezone: UTC, hours: {mo: ['09:00-17:00']}}}", "$.calendars.c.hours"),
        ("calendars: {c: {timezone: UTC, hours: {mon: ['9-17']}}}", "$.calendars.c.hours.mon[0]"),
        ("calendars: {c: {timezone: UTC, hours: {}, open: {'12-24': ['09:00-17:00']}}}", "$.calendars.c.open"),
        ("calendars: {c: {timezone: UTC, hours: {}, closed: [Monday]}}", "$.calendars.c.closed[0]"),
        ("calendars: {c: {timezone: UTC, hours: {}, holidays: {country: DE, land: BY}}}", "$.calendars.c.holidays"),
        ("agreements: [{id: a}]", "$.agreements[0]"),
        ("agreements: [{id: a, targets: []}]", "$.agreements[0].targets"),
        ("agreements: [{id: a, targets: [{metric: reply, within: 1h}]}]", "$.agreements[0].targets[0].metric"),
        ("agreements: [{id: a, targets: [{metric: update, within: 1x}]}]", "$.agreements[0].targets[0].within"),
        ("agreements: [{id: a, targets: [{metric: update, within: {}}]}]", "$.agreements[0].targets[0].within"),
        (
            "agreements: [{id: a, targets: [{metric: update, within: {time: 1h, calender: x}}]}]",
            "$.agreements[0].targets[0].within",
        ),
        (
            "agreements: [{id: a, targets: [{metric: update, within: {P1: {tim: 1h}}}]}]",
            "$.agreements[0].targets[0].within",
        ),
        ("agreements: [{id: a, targets: [{metric: update, within: 1h, wran: []}]}]", "$.agreements[0].targets[0]"),
        (
            "agreements: [{id: a, targets: [{metric: update, within: 1h, warn: [50]}]}]",
            "$.agreements[0].targets[0].warn[0]",
        ),
        (
            "agreements: [{id: a, targets: [{metric: update, within: 1h, pause: [Done]}]}]",
            "$.agreements[0].targets[0].pause[0]",
        ),
        (
            "agreements: [{id: a, match: {customer: [true]}, targets: [{metric: update, within: 1h}]}]",
            "$.agreements[0].match.customer[0]",
        ),
        ("agreements: [{id: a, from: tomorrow, targets: [{metric: update, within: 1h}]}]", "$.agreements[0].from"),
        ("agreements: [{id: a, also: 1, targets: [{metric: update, within: 1h}]}]", "$.agreements[0].also"),
    ],
)
def test_what_is_mistyped_is_found(lines: str, where: str) -> None:
    assert mistakes(lines) == [where]


UP = "metric: availability, service: [crm], at_least: 99.9%, per: month"


@pytest.mark.parametrize(
    "target",
    [
        f"{UP}, degraded: 0, maintenance: none, unknown: down, min_outage: 0s",
        f"{UP}, degraded: '0.5', maintenance: {{cap: 8h}}",
        "metric: outage, service: [crm], at_most: 0s, per: day",
        "metric: outages, service: [crm], at_most: 0, per: day",
        "metric: outages, service: [crm], at_most: '2', per: day",
        "metric: satisfaction, at_least: 4.5, per: year",
        "metric: satisfaction, at_least: '4.5', per: year, min_sample: '3'",
        "metric: satisfaction, at_least: 90%, good: 4, per: year",
    ],
)
def test_a_valid_target_is_valid(target: str) -> None:
    text = f"agreements: [{{id: a, from: 2026-01-01, targets: [{{{target}}}]}}]"
    assert loads(text)
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("metric: availability, service: [crm], per: month", ""),
        ("metric: uptime, service: [crm], at_least: 99%, per: month", ".metric"),
        ("service: [crm], at_least: 99%, per: month", ""),
        (f"{UP}, at_most: 4h", ""),
        (f"{UP}, within: 4h", ""),
        (f"{UP}, degraded: 2", ".degraded"),
        (f"{UP}, degraded: '2'", ".degraded"),
        (f"{UP}, unknown: ignore", ".unknown"),
        (f"{UP}, maintenance: all", ".maintenance"),
        (f"{UP}, maintenance: {{max: 8h}}", ".maintenance"),
        (f"{UP}, overdue: [soon]", ".overdue[0]"),
        (f"{UP}, warn: [80]", ".warn[0]"),
        ("metric: availability, service: crm, at_least: 99%, per: month", ".service"),
        ("metric: availability, service: [crm], at_least: 99.9, per: month", ".at_least"),
        ("metric: availability, service: [crm], at_least: 99.9%, per: moon", ".per"),
        ("metric: outage, service: [crm], at_most: 4, per: month", ".at_most"),
        ("metric: outages, service: [crm], at_most: -1, per: month", ".at_most"),
        ("metric: outages, service: [crm], at_most: 4h, per: month", ".at_most"),
        ("metric: outages, service: [crm], at_most: 4, per: month, warn: [10m]", ".warn[0]"),
        ("metric: compliance, of: availability, at_least: 95%, per: month", ".of"),
        ("metric: compliance, of: update, at_least: 95%, per: month, match: {assignee: [x]}", ".match"),
        ("metric: compliance, of: update, at_least: 95%, per: month, min_sample: 0", ".min_sample"),
        ("metric: satisfaction, at_least: good, per: month", ".at_least"),
    ],
)
def test_a_mistyped_target_is_found(target: str, where: str) -> None:
    assert mistakes(f"agreements: [{{id: a, targets: [{{{target}}}]}}]") == ["$.agreements[0].targets[0]" + where]


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("each: team", ".each"),
        ("settle: soon", ".settle"),
        ("credit_cap: 30", ".credit_cap"),
        ("fee: {amount: 5}", ".fee"),
        ("fee: {amount: much, currency: EUR}", ".fee.amount"),
        ("fee: {amount: 5, currency: euro}", ".fee.currency"),
        ("credits: [{metric: availability}]", ".credits[0]"),
        ("credits: [{credit: 5%}]", ".credits[0]"),
        ("credits: [{metric: availability, credit: 5}]", ".credits[0].credit"),
        ("credits: [{metric: availability, credit: 5%, below: low}]", ".credits[0].below"),
        ("credits: [{metric: availability, credit: 5%, each: 1}]", ".credits[0].each"),
        ("credits: [{metric: availability, credit: 5%, each: 1h, below: 1%}]", ".credits[0]"),
        ("credits: [{metric: availability, each_miss: 5}]", ".credits[0].metric"),
        ("credits: [{metric: resolution, each_miss: 5, credit: 5%}]", ".credits[0]"),
        ("exclude: [{from: 2026-01-01T00:00:00Z, until: 2026-01-01T01:00:00Z}]", ".exclude[0]"),
        ("exclude: [{from: 2026-01-01, until: 2026-01-01T01:00:00Z, reason: x}]", ".exclude[0].from"),
    ],
)
def test_what_is_mistyped_of_what_is_owed_is_found(lines: str, where: str) -> None:
    assert mistakes(f"agreements: [{{id: a, targets: [{{{UP}}}], {lines}}}]") == ["$.agreements[0]" + where]


@pytest.mark.parametrize(
    ("service", "where"),
    [
        ("{down_when: most}", ".down_when"),
        ("{down_when: 0}", ".down_when"),
        ("{stale_after: 5}", ".stale_after"),
        ("{stale: 5m}", ""),
        ("any", ""),
    ],
)
def test_a_mistyped_service_is_found(service: str, where: str) -> None:
    assert mistakes(f"services: {{crm: {service}}}") == ["$.services.crm" + where]
