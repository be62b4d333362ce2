"""What YAML makes of a text, and what we make of that."""

from textwrap import dedent

import pytest

from slawatch.agreements import AgreementsError, load, loads
from slawatch.core.agreement import Target
from slawatch.core.fact import CUSTOMER, PRIORITY

TARGETS = "targets: [{metric: resolution, within: 4h}]"


def problems(text: str) -> list[str]:
    with pytest.raises(AgreementsError) as refused:
        loads(text, "a.yaml")
    return [str(problem) for problem in refused.value.problems]


def target(text: str) -> Target:
    return loads(f"agreements: [{{id: a, targets: [{text}]}}]").agreements.agreements[0].targets[0]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "a.yaml:3: yaml: ", "flow sequence on line 2"),
        ("a: b: c", "a.yaml:1: yaml: ", "mapping values are not allowed"),
        ("a: 1\nb: *x", "a.yaml:2: yaml: ", "undefined alias"),
        ("a:\n\tb: 1", "a.yaml:2: yaml: ", "cannot start any token"),
        ("a:\n\tb: 1", "a.yaml:2: yaml: ", ": indent with spaces, not with tabs"),
        ("a: @b", "a.yaml:1: yaml: ", ": put the value in quotes"),
        ('a: "b\r', "a.yaml:2: yaml: ", ": close the quotes"),
        ("a:\n  b: 1\n c: 2", "a.yaml:3: yaml: ", ": let all keys of a mapping begin in one column"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: yaml: ", "found another document"),
        ("a: 1\nb: \x01", "a.yaml:2: yaml: ", "character U+0001 is not allowed"),
        ("a: 1\nb: \ud800", "a.yaml:2: yaml: ", "byte 0xed is not UTF-8"),
        ("[" * 100_000, "a.yaml:1: yaml: ", "nested too deeply"),
        ("a:\n  " + "- " * 1000 + "x", "a.yaml:2: yaml: ", "nested too deeply"),
        ("a: !!binary aGk=", "a.yaml:1: a: ", "the tag tag:yaml.org,2002:binary is not allowed"),
        ("a: !!python/object:os.system {}", "a.yaml:1: a: ", "is not allowed"),
        ("a: 1\n? [b]\n: 2", "a.yaml:2: file: ", "a key must be a text"),
        ("a: 1\n? \n: 2", "a.yaml:2: file: ", "a key must be a text"),
        ("a: 1\nyes: 2", "a.yaml:2: yes: ", 'YAML reads yes as a boolean: write "yes"'),
        ("a: 1\nb: 1\na: 2", "a.yaml:3: a: ", "is written twice; the first is on line 1: keep one"),
        ("a: &a\n  b: *a", "a.yaml:1: a.b: ", "contains itself; write it out"),
        ("a: &a\n  <<: *a", 'a.yaml:1: a."<<": ', "contains itself; write it out"),
        ("a:\n  <<: 1", 'a.yaml:2: a."<<": ', "only a mapping can be merged"),
    ],
)
def test_what_is_wrong_as_yaml_has_a_line(text: str, place: str, words: str) -> None:
    assert any(found.startswith(place) and words in found for found in problems(text)), problems(text)


def test_aliases_to_aliases_are_bounded() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert any("too many values" in found for found in problems("\n".join(lines)))


def test_a_broken_file_hides_no_calendar(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("calendars: {office: {timezone: UTC\n")
    (tmp_path / "b.yaml").write_text(f"agreements: [{{id: a, calendar: office, {TARGETS}}}]\nx: 1")
    with pytest.raises(AgreementsError) as refused:
        load(tmp_path)
    assert [(problem.file[-6:], problem.field) for problem in refused.value.problems] == [
        ("a.yaml", "yaml"),
        ("b.yaml", "x"),
    ]


def test_texts_are_what_was_written() -> None:
    agreement = loads(
        f"agreements: [{{id: 1_0, match: {{priority: [1, 01, 1.50, 0x1F, 2026-01-01, 12:30:00, ~x, =]}}, {TARGETS}}}]"
    ).agreements.agreements[0]
    assert agreement.id == "1_0"
    assert agreement.match == {PRIORITY: frozenset({"1", "01", "1.50", "0x1F", "2026-01-01", "12:30:00", "~x", "="})}


def test_a_quoted_boolean_is_a_text() -> None:
    agreement = loads(f"agreements: [{{id: 'on', match: {{customer: ['no', \"YES\", !!str off]}}, {TARGETS}}}]")
    assert agreement.agreements.agreements[0].match == {CUSTOMER: frozenset({"no", "YES", "off"})}


def test_priorities_are_texts() -> None:
    found = target("{metric: resolution, within: {1: 1h, 2.0: 2h}}")
    assert {priority: limit.budget for priority, limit in found.limits.items()} == {"1": 3_600_000, "2.0": 7_200_000}


def test_a_written_null_is_as_good_as_nothing() -> None:
    found = loads(f"agreements: [{{id: a, match: null, from: ~, until: null, calendar: Null, {TARGETS}}}]").agreements
    assert (found.agreements[0].match, found.agreements[0].since, found.agreements[0].until) == ({}, None, None)


def test_empty_sections_are_none() -> None:
    assert loads(f"statuses:\ncalendars:\nagreements: [{{id: a, {TARGETS}}}]").summary.calendars == 0


def test_anchors_aliases_and_merges() -> None:
    text = """\
        agreements:
          - &base
            id: a
            match: {customer: [A]}
            targets:
              - &fast {metric: resolution, within: &limits {P1: 1h, default: 4h}, warn: [50%]}
              - {metric: closure, within: *limits}
          - {<<: *base, id: b, match: {customer: [B]}}
          - <<: [{id: c}, *base]
            match: {customer: [C]}
            targets: [{<<: *fast, metric: update}]
        """
    a, b, c = loads(dedent(text)).agreements.agreements
    assert [agreement.id for agreement in (a, b, c)] == ["a", "b", "c"]
    assert [target.metric for target in b.targets] == ["resolution", "closure"]
    assert [(target.metric, target.limits["P1"].budget, target.warn[0].text) for target in c.targets] == [
        ("update", 3_600_000, "50%")
    ]


def test_a_mistake_in_a_merged_mapping_is_where_it_was_written() -> None:
    text = """\
        agreements:
          - &base
            id: a
            targets: [{metric: resolution, within: 4x}]
          - {<<: *base, id: b}
        """
    assert [found.split(" `")[0] for found in problems(dedent(text))] == [
        "a.yaml:4: agreements[0].targets[0].within:",
        "a.yaml:4: agreements[1].targets[0].within:",
    ]


def test_a_byte_order_mark_and_windows_lines() -> None:
    assert loads(f"\ufeffagreements:\r\n  - id: a\r\n    {TARGETS}\r\n").summary.agreements == 1
