"""Several files in a folder are read as one."""

from pathlib import Path

import pytest

from slawatch.agreements import AgreementsError, load, loads


def one(name: str) -> str:
    return f"agreements: [{{id: {name}, match: {{customer: [{name}]}}, targets: [{{metric: update, within: 1h}}]}}]\n"


def ids(path: Path) -> list[str]:
    return [agreement.id for agreement in load(path).agreements.agreements]


def problems(path: Path) -> list[str]:
    with pytest.raises(AgreementsError) as refused:
        load(path)
    return [str(problem).replace(str(path.parent) + "/", "") for problem in refused.value.problems]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(one("a"))
    assert ids(tmp_path / "a.txt") == ["a"]


def test_the_order_is_that_of_the_bytes_of_the_names(tmp_path: Path) -> None:
    for name in ("b.yaml", "B.yaml", "a.yml", "10.yaml", "9.yaml", "é.yaml", "z.yaml"):
        (tmp_path / name).write_text(one(f"of-{name}"))
    assert ids(tmp_path) == [
        f"of-{name}" for name in ("10.yaml", "9.yaml", "B.yaml", "a.yml", "b.yaml", "z.yaml", "é.yaml")
    ]


def test_other_entries_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(one("a"))
    for name in (".hidden.yaml", "a.yaml~", "a.YAML", "notes.txt", "yaml"):
        (tmp_path / name).write_text("not: [read")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.yaml").write_text("not: [read")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "sub")
    assert ids(tmp_path) == ["a"]
    assert load(tmp_path).summary.files == 1


def test_a_link_to_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "a.yaml").write_text(one("a"))
    (tmp_path / "a.yaml").symlink_to(tmp_path / ".data" / "a.yaml")
    assert ids(tmp_path) == ["a"]


def test_what_one_file_defines_another_may_use(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "agreements: [{id: a, calendar: office, targets: [{metric: update, within: 1h, pause: [pending]}]}]\n"
    )
    (tmp_path / "b.yaml").write_text("calendars: {office: {timezone: UTC, hours: {mon: [09:00-17:00]}}}\n")
    (tmp_path / "c.yml").write_text("statuses: {pending: [Waiting]}\n")
    (tmp_path / "d.yml").write_text("# nothing\n")
    (tmp_path / "e.yml").write_text("statuses: {pending: [Hold]}\n")
    file = load(tmp_path)
    assert (file.summary.files, file.summary.statuses) == (5, 2)
    assert file.agreements.agreements[0].targets[0].default is not None
    assert file.agreements.agreements[0].targets[0].default.hours.name == "office"
    assert file.agreements.agreements[0].where == f"{tmp_path}/a.yaml:1"


def test_the_split_makes_no_difference(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(one("a"))
    (tmp_path / "b.yaml").write_text(one("b"))
    text = "agreements:\n" + "".join("  - " + one(name).split("[", 1)[1].rstrip()[:-1] + "\n" for name in ("a", "b"))
    assert load(tmp_path).agreements.fingerprint == loads(text).agreements.fingerprint


def test_names_twice_and_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    calendar = "calendars: {office: {timezone: UTC, hours: {mon: [09:00-17:00]}}}\n"
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "a.yaml").write_text(one("a") + calendar + "statuses: {closed: [Done]}\n")
    (folder / "b.yaml").write_text("calenders: {}\nagreements: [\n")
    (folder / "c.yaml").write_text("# c\n" + one("a") + calendar + "statuses: {resolved: [Done]}\n")
    (folder / "d.yaml").symlink_to(folder / "nowhere")
    assert problems(folder) == [
        "sla/b.yaml:3: yaml: did not find expected node content, while parsing a flow node on line 3 (column 1)",
        "sla/c.yaml:2: agreements[0].id: the agreement `a` is there already (sla/a.yaml:1): keep one",
        "sla/c.yaml:3: calendars.office: the calendar `office` is there already (sla/a.yaml:2): keep one",
        "sla/c.yaml:4: statuses.resolved[0]: the word `Done` is there already (sla/a.yaml:3): keep one",
        "sla/d.yaml: can't be read: No such file or directory",
    ]


def test_there_is_none(tmp_path: Path) -> None:
    assert problems(tmp_path / "no.yaml") == ["no.yaml: can't be read: No such file or directory"]
    (tmp_path / "sla").mkdir()
    assert problems(tmp_path / "sla") == ["sla: the folder has no *.yaml or *.yml file"]
    (tmp_path / "sla" / "a.yaml").write_text("calendars:\n")
    assert problems(tmp_path / "sla") == ["sla/a.yaml:1: agreements: is missing: there is no agreement"]


def test_services_of_one_file_are_read_for_the_agreements_of_another(tmp_path: Path) -> None:
    target = "{metric: availability, service: [crm], at_least: 99.9%, per: month}"
    (tmp_path / "a.yaml").write_text("services: {crm: {down_when: all}}\n")
    (tmp_path / "b.yaml").write_text(f"agreements: [{{id: a, targets: [{target}]}}]\n")
    made = load(tmp_path)
    assert made.warnings == []
    assert made.contracts.rule("crm").down_when == 0


def test_a_service_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(one("a") + "services: {crm: {}}\n")
    (tmp_path / "b.yaml").write_text("services:\n  crm: {}\n")
    assert problems(tmp_path) == [
        (
            f"{tmp_path.name}/b.yaml:2: services.crm: the service `crm` is there already "
            f"({tmp_path.name}/a.yaml:2): keep one"
        )
    ]


def test_an_id_that_each_makes_is_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(one("silver@ACME"))
    (tmp_path / "b.yaml").write_text(
        "agreements: [{id: silver, match: {customer: [ACME]}, each: customer, targets: [{metric: update, within: 1h}]}]"
    )
    assert problems(tmp_path) == [
        (
            f"{tmp_path.name}/b.yaml:1: agreements[0].each: makes `silver@ACME`, which another agreement makes or is "
            f"({tmp_path.name}/a.yaml:1): rename one"
        )
    ]
