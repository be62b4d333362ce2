"""Every mistake that a file can have, with its line, its field and its sentence.

The line with the mistake ends with `#!`.
"""

from textwrap import dedent, indent

import pytest

from slawatch.agreements import AgreementsError, Problem, loads

OFFICE = """\
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["09:00-17:00"]}
  tokyo:
    timezone: Asia/Tokyo
    hours: {mon-fri: ["09:00-17:00"]}
    day: 8h
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(AgreementsError) as refused:
        loads(text, "a.yaml")
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))
    assert not any(problem.warning for problem in refused.value.problems)
    return refused.value.problems


def refused(text: str, field: str, sentence: str) -> None:
    text = dedent(text)
    line = next(i for i, written in enumerate(text.splitlines(), 1) if written.endswith("#!"))
    assert [str(problem) for problem in problems(text)] == [f"a.yaml:{line}: {field}: {sentence}"]


def in_calendar(lines: str) -> str:
    """A file whose calendar `c` has these lines besides."""
    return (
        "agreements: [{id: a, calendar: c, targets: [{metric: resolution, within: 4h}]}]\n"
        "calendars:\n  c:\n" + indent(dedent(lines), "    ")
    )


def in_agreement(lines: str) -> str:
    """A file whose one agreement `a` has these lines besides."""
    return OFFICE + "agreements:\n  - id: a\n" + indent(dedent(lines), "    ")


def in_target(lines: str) -> str:
    """A file whose one target, of resolution, has these lines besides."""
    return in_agreement("targets:\n  - metric: resolution\n" + indent(dedent(lines), "    "))


HOURS = 'timezone: Europe/Berlin\nhours: {mon-fri: ["09:00-17:00"]}\n'


@pytest.mark.parametrize(
    ("lines", "field", "sentence"),
    [
        ('hours: {mon: ["09:00-17:00"]} #!', "timezone", "is missing"),
        ("timezone: Europe/Berlin #!", "hours", "is missing"),
        (
            'timezone: Europe/Berlln #!\nhours: {mon: ["09:00-17:00"]}',
            "timezone",
            "unknown time zone `Europe/Berlln`: did you mean `Europe/Berlin`?",
        ),
        (
            'timezone: Berlin #!\nhours: {mon: ["09:00-17:00"]}',
            "timezone",
            "unknown time zone `Berlin`: did you mean `Europe/Berlin`?",
        ),
        (
            'timezone: 0815 #!\nhours: {mon: ["09:00-17:00"]}',
            "timezone",
            "unknown time zone `0815`: write a name such as `Europe/Moscow`",
        ),
        (
            'timezone: UTC\nhours:\n  mon-fri: ["09:00-17:00"]\n  wed: ["10:00-12:00"] #!',
            "hours.wed",
            "wed is in `mon-fri` too: name each weekday once",
        ),
        (
            'timezone: UTC\nhours:\n  sat-tue: ["09:00-17:00"]\n  mon-sun: ["10:00-12:00"] #!',
            "hours.mon-sun",
            "mon, tue, sat, sun is in `sat-tue` too: name each weekday once",
        ),
        (
            'timezone: UTC\nhours:\n  mo-fri: ["09:00-17:00"] #!',
            "hours.mo-fri",
            "`mo` is not a weekday: did you mean `mon`?",
        ),
        (
            'timezone: UTC\nhours:\n  Mon: ["09:00-17:00"] #!',
            "hours.Mon",
            "`Mon` is not a weekday: did you mean `mon`?",
        ),
        (
            "timezone: UTC\nhours:\n  mon: 09:00-17:00 #!",
            "hours.mon",
            "must be a list: write [09:00-17:00]",
        ),
        (
            'timezone: UTC\nhours:\n  mon: ["09:00-09:00"] #!',
            "hours.mon[0]",
            "`09:00-09:00` opens and closes at the same time: write 00:00-24:00 for a whole day",
        ),
        (
            'timezone: UTC\nhours:\n  mon:\n    - "09:00-12:00"\n    - "24:00-08:00" #!',
            "hours.mon[1]",
            "`24:00-08:00` opens at 24:00, which is the next day: open at 00:00 there",
        ),
        (
            'timezone: UTC\nhours:\n  mon: ["08:00-24:30"] #!',
            "hours.mon[0]",
            "`24:30` is not a time of the day: 24:00 is the last",
        ),
        (
            'timezone: UTC\nhours:\n  mon: ["8-17"] #!',
            "hours.mon[0]",
            "`8-17` are not hours: write for example 09:00-18:00",
        ),
        (
            'timezone: UTC\nhours:\n  mon: ["09:00-17:60"] #!',
            "hours.mon[0]",
            "`09:00-17:60` are not hours: write for example 09:00-18:00",
        ),
        (
            "timezone: UTC\nhours: {} #!",
            "hours",
            "is closed for whole years, such as 2024: give it hours",
        ),
        (
            'timezone: UTC\nhours: {mon: []} #!\nopen: {2026-01-05: ["09:00-17:00"]}',
            "hours",
            "is closed for whole years, such as 2024: give it hours",
        ),
        (
            HOURS + "holidays: {country: XX} #!",
            "holidays.country",
            "no holidays are known for country `XX`: write a code such as `DE`",
        ),
        (
            HOURS + "holidays: {country: de} #!",
            "holidays.country",
            "no holidays are known for country `de`: did you mean `DE`?",
        ),
        (HOURS + "holidays: {country: NO} #!", "holidays.country", 'YAML reads NO as a boolean: write "NO"'),
        (
            HOURS + "holidays: {country: DE, subdivision: Bayren} #!",
            "holidays.subdivision",
            "`DE` has no subdivision `Bayren`: did you mean `Bayern`?",
        ),
        (HOURS + "holidays: {subdivision: BY} #!", "holidays.country", "is missing"),
        (HOURS + "holidays: DE #!", "holidays", "must be a mapping (`key: value`)"),
        (HOURS + "closed: [2026-02-29] #!", "closed[0]", "`2026-02-29` does not exist"),
        (HOURS + 'closed: ["12-25", "02-30"] #!', "closed[1]", "`02-30` does not exist in any year"),
        (
            HOURS + "closed: [25.12.] #!",
            "closed[0]",
            "`25.12.` is not a day: write a date (2026-12-31) or a day of every year (12-25)",
        ),
        (HOURS + "closed: [1812-09-07] #!", "closed[0]", "`1812-09-07` is out of range: years go from 1970 to 2199"),
        (
            HOURS + 'open: {"12-24": ["09:00-13:00"]} #!',
            "open.12-24",
            "`12-24` is not a date: write for example 2026-02-28",
        ),
        (HOURS + "open: {2026-02-28: []} #!", "open.2026-02-28", "must not be empty"),
        (HOURS + "day: 1d #!", "day", "`1d` can't be the length of a working day: write at most 24h, in hours"),
        (HOURS + "day: 25h #!", "day", "`25h` can't be the length of a working day: write at most 24h, in hours"),
        (HOURS + "day: 0h #!", "day", "`0h` is no time at all: a duration must be more than zero"),
        (HOURS + "holiday: {country: DE} #!", "holiday", "unknown key: did you mean `holidays`?"),
        (HOURS + "closed: #!", "closed", "must be a list: write []"),
    ],
)
def test_a_calendar(lines: str, field: str, sentence: str) -> None:
    if field in ("timezone", "hours") and sentence == "is missing":
        text = in_calendar(lines.removesuffix(" #!")).replace("  c:\n", "  c: #!\n")
    else:
        text = in_calendar(lines)
    refused(text, f"calendars.c.{field}", sentence)


@pytest.mark.parametrize(
    ("lines", "field", "sentence"),
    [
        ("match: {customer: ACME} #!", "match.customer", "must be a list: write [ACME]"),
        ("match: {customer: []} #!", "match.customer", "must not be empty"),
        ("match: {customer: [ACME, no]} #!", "match.customer[1]", 'YAML reads no as a boolean: write "no"'),
        ("match: {customer: [ACME, {a: b}]} #!", "match.customer[1]", "must be a text, not a mapping"),
        ("match: {customer: [null]} #!", "match.customer[0]", "is empty: give it a value, or take it out"),
        ('match: {customer: [""]} #!', "match.customer[0]", "is empty: give it a value, or take it out"),
        ("match: {custmer: [ACME]} #!", "match.custmer", "unknown key: did you mean `customer`?"),
        (
            "match: {status: [open]} #!",
            "match.status",
            "unknown key: write one of `priority`, `customer`, `service`, `kind`, `team`, `assignee`, `attributes`",
        ),
        ("match: {attributes: {region: EU}} #!", "match.attributes.region", "must be a list: write [EU]"),
        ("match: {attributes: {on: [EU]}} #!", "match.attributes.on", 'YAML reads on as a boolean: write "on"'),
        ("match: #!", "match", "must be a mapping (`key: value`)"),
        ("from: 2026-13-01 #!", "from", "`2026-13-01` does not exist"),
        ("from: 2026-01-01T00:00:00Z #!", "from", "`2026-01-01T00:00:00Z` is not a date: write for example 2026-02-28"),
        (
            "from: 2026-01-01\nuntil: 2026-01-01 #!",
            "until",
            "2026-01-01 is not after `from` (2026-01-01): it is the first day on which the agreement is over",
        ),
        ("timezone: Europe/Mosco #!", "timezone", "unknown time zone `Europe/Mosco`: did you mean `Europe/Moscow`?"),
        ("calendar: offce #!", "calendar", "unknown calendar `offce`: did you mean `office`?"),
        ("calendar: 24X7 #!", "calendar", "unknown calendar `24X7`: did you mean `24x7`?"),
        (
            "calendar: night #!",
            "calendar",
            "unknown calendar `night`: define it under `calendars`, or write `24x7`",
        ),
        ("also: maybe #!", "also", "must be true or false"),
        ('also: "true" #!', "also", "must be true or false"),
    ],
)
def test_an_agreement(lines: str, field: str, sentence: str) -> None:
    target = "targets: [{metric: resolution, within: 4h}]\n"
    refused(in_agreement(target + lines), f"agreements[0].{field}", sentence)


@pytest.mark.parametrize(
    ("lines", "field", "sentence"),
    [
        ("within: 4 #!", "within", "`4` is not a duration: write for example 15m, 1h30m or 3d"),
        ("within: 4 h #!", "within", "`4 h` is not a duration: write for example 15m, 1h30m or 3d"),
        ("within: 1.5h #!", "within", "`1.5h` is not a duration: write for example 15m, 1h30m or 3d"),
        ("within: -4h #!", "within", "`-4h` is not a duration: write for example 15m, 1h30m or 3d"),
        ("within: 0h0m #!", "within", "`0h0m` is no time at all: a duration must be more than zero"),
        ("within: 40000d #!", "within", "`40000d` is longer than a hundred years"),
        (f"within: {'9' * 5000}s #!", "within", f"`{'9' * 5000}s` is longer than a hundred years"),
        ("within: [4h] #!", "within", "must be a text, not a list"),
        ("within: {} #!", "within", "must not be empty"),
        ("within: no #!", "within", 'YAML reads no as a boolean: write "no"'),
        ("within: #!", "within", "is empty: give it a value, or take it out"),
        ("within: {P1: } #!", "within.P1", "is empty: give it a value, or take it out"),
        ("within: {P1: 1h, P4: null} #!", "within.P4", "is empty: give it a value, or take it out"),
        ("within: {no: 1h} #!", "within.no", 'YAML reads no as a boolean: write "no"'),
        (
            "within:\n  P1: 1h\n  P2: soon #!",
            "within.P2",
            "`soon` is not a duration: write for example 15m, 1h30m or 3d",
        ),
        ("within: {calendar: office} #!", "within.time", "is missing"),
        (
            "within: {time: 1h, calendar: toky} #!",
            "within.calendar",
            "unknown calendar `toky`: did you mean `tokyo`?",
        ),
        ("within: {time: 1h, P1: 2h} #!", "within.P1", "unknown key: write one of `time`, `calendar`"),
        (
            "within: {P1: {time: 1h, calender: tokyo}} #!",
            "within.P1.calender",
            "unknown key: did you mean `calendar`?",
        ),
        ("within: 4h\ncalendar: 24x8 #!", "calendar", "unknown calendar `24x8`: did you mean `24x7`?"),
        ("within: 4h\nwarn: 50% #!", "warn", "must be a list: write [50%]"),
        ("within: 4h\nwarn: [0%] #!", "warn[0]", "`0%` can't warn: write more than 0% and less than 100%"),
        ("within: 4h\nwarn: [100.0%] #!", "warn[0]", "`100.0%` can't warn: write more than 0% and less than 100%"),
        ("within: 4h\nwarn: [.5%] #!", "warn[0]", "`.5%` is not a percentage: write for example 75%"),
        (
            "within: 4h\nwarn: [75] #!",
            "warn[0]",
            "`75` is no threshold: write a percentage (75%) or the working time left (30m)",
        ),
        ("within: 4h\nwarn: [50%, 0m] #!", "warn[1]", "`0m` is no time at all: a duration must be more than zero"),
        (
            "within: 4h\nwarn:\n  - 50%\n  - 30m\n  - 50% #!",
            "warn[2]",
            "the threshold `50%` is there already (a.yaml:15): keep one",
        ),
        ("within: 4h\noverdue: [100%] #!", "overdue[0]", "`100%` is not overdue: write more than 100%"),
        ("within: 4h\noverdue: [2h] #!", "overdue[0]", "`2h` is not a percentage: write for example 150%"),
        (
            "within: 4h\noverdue: [150%, 150%] #!",
            "overdue[1]",
            "the threshold `150%` is there already (a.yaml:14): keep one",
        ),
        (
            "within: 4h\npause: [waiting] #!",
            "pause[0]",
            "unknown status `waiting`: write one of `open`, `pending`, `resolved`, `closed`, `cancelled`",
        ),
        ("within: 4h\npause: [pendng] #!", "pause[0]", "unknown status `pendng`: did you mean `pending`?"),
        (
            "within: 4h\non_reopen: new #!",
            "on_reopen",
            "unknown choice `new`: write one of `resume`, `new_round`, `ignore`",
        ),
        ("within: 4h\non_change: fromnow #!", "on_change", "unknown choice `fromnow`: did you mean `from_now`?"),
        (
            "within: 4h\nresolved_counts: true #!",
            "resolved_counts",
            "does not apply to resolution: only first_response is answered; take it out",
        ),
        ("within: 4h\nwran: [50%] #!", "wran", "unknown key: did you mean `warn`?"),
        (
            "within: 4h\nat_least: 95% #!",
            "at_least",
            "is for availability, compliance and satisfaction: write `within` here",
        ),
        (
            "within: 4h\nname: fast #!",
            "name",
            "is for availability, outage, outages, compliance and satisfaction: take it out",
        ),
        (
            "within: {P1: {time: 1d, calendar: tokyo}, default: 3d}\nwarn: [1d] #!",
            "warn[0]",
            "how long is `1d`? The calendars of the limits have different days: write hours",
        ),
    ],
)
def test_a_target(lines: str, field: str, sentence: str) -> None:
    refused(in_target(lines), f"agreements[0].targets[0].{field}", sentence)


@pytest.mark.parametrize(
    ("target", "field", "sentence"),
    [
        ("{metric: first_reply, within: 1h}", "metric", "unknown metric `first_reply`: did you mean `first_response`?"),
        ("{within: 1h}", "metric", "is missing"),
        ("{metric: resolution}", "within", "is missing"),
        ("{metric: resolution, within: null}", "within", "is missing"),
        (
            "{metric: update, within: 1h, on_reopen: resume}",
            "on_reopen",
            "does not apply to update: only resolution and closure can be reopened; take it out",
        ),
    ],
)
def test_a_metric(target: str, field: str, sentence: str) -> None:
    refused(in_agreement(f"targets:\n  - {target} #!"), f"agreements[0].targets[0].{field}", sentence)


@pytest.mark.parametrize(
    ("text", "field", "sentence"),
    [
        ("agreements: [] #!", "agreements", "is missing: there is no agreement"),
        ("calendars: #!", "agreements", "is missing: there is no agreement"),
        ("agreements: {} #!", "agreements", "must be a list (`- id: ...`)"),
        ("- agreements #!", "file", "must be a mapping with `calendars` and `agreements`"),
        ("agreements #!", "file", "must be a mapping with `calendars` and `agreements`"),
        ("agreements:\n  - acme #!", "agreements[0]", "must be a mapping (`key: value`)"),
        ("agreements:\n  - id: a #!", "agreements[0].targets", "is missing"),
        ("agreements:\n  - id: a\n    targets: [] #!", "agreements[0].targets", "must not be empty"),
        ("agreements:\n  - id: a\n    targets: #!", "agreements[0].targets", "must be a list: write []"),
        (
            "agreements:\n  - targets: [{metric: update, within: 1h}] #!",
            "agreements[0].id",
            "is missing",
        ),
        (
            'agreements:\n  - id: "a\\nb" #!\n    targets: [{metric: update, within: 1h}]',
            "agreements[0].id",
            "'a\\nb' can't be a name: no space around it, and only printable characters",
        ),
    ],
)
def test_the_file(text: str, field: str, sentence: str) -> None:
    refused(text, field, sentence)


VALID = "agreements: [{id: a, targets: [{metric: resolution, within: 4h}]}]\n"


@pytest.mark.parametrize(
    ("text", "field", "sentence"),
    [
        ("agreement: [] #!", "agreement", "unknown key: did you mean `agreements`?"),
        ("defaults: {} #!", "defaults", "unknown key: write one of `statuses`, `calendars`, `services`, `agreements`"),
        ("services: {crm: {down_wen: any}} #!", "services.crm.down_wen", "unknown key: did you mean `down_when`?"),
        ("services: [crm] #!", "services", "must be a mapping (`name: ...`)"),
        ("statuses: [Done] #!", "statuses", "must be a mapping (`name: ...`)"),
        ("statuses: {resolved: Done} #!", "statuses.resolved", "must be a list: write [Done]"),
        ("statuses: {solved: [Done]} #!", "statuses.solved", "unknown key: did you mean `resolved`?"),
        ("statuses: {resolved: [yes]} #!", "statuses.resolved[0]", 'YAML reads yes as a boolean: write "yes"'),
        (
            "statuses:\n  resolved: [Done]\n  closed: [Shut, Done] #!",
            "statuses.closed[1]",
            "the word `Done` is there already (a.yaml:3): keep one",
        ),
        (
            "calendars:\n  24x7: {timezone: UTC, hours: {mon: [09:00-10:00]}} #!",
            "calendars.24x7",
            "is built in and can't be defined: give it another name",
        ),
        (
            'calendars:\n  " c": {timezone: UTC, hours: {mon: [09:00-10:00]}} #!',
            'calendars." c"',
            "' c' can't be a name: no space around it, and only printable characters",
        ),
    ],
)
def test_besides_a_valid_agreement(text: str, field: str, sentence: str) -> None:
    refused(VALID + text, field, sentence)


def test_a_metric_twice() -> None:
    refused(
        """\
        agreements:
          - id: a
            targets:
              - {metric: resolution, within: 4h}
              - {metric: closure, within: 4h}
              - {metric: resolution, within: 8h} #!
        """,
        "agreements[0].targets[2].metric",
        "the metric `resolution` is there already (a.yaml:4): keep one",
    )


def test_an_id_twice() -> None:
    refused(
        """\
        agreements:
          - {id: a, match: {customer: [A]}, targets: [{metric: resolution, within: 4h}]}
          - {id: a, targets: [{metric: resolution, within: 4h}]} #!
        """,
        "agreements[1].id",
        "the agreement `a` is there already (a.yaml:2): keep one",
    )


@pytest.mark.parametrize("key", ["from", "until"])
def test_a_date_in_one_of_several_zones(key: str) -> None:
    targets = """\
    targets:
      - {metric: resolution, within: {P1: 1h, default: {time: 2h, calendar: tokyo}}, calendar: office}
      - {metric: update, within: 1h, calendar: 24x7}
    """
    refused(
        in_agreement(dedent(targets) + f"{key}: 2026-01-01 #!"),
        f"agreements[0].{key}",
        "midnight in which zone? Its calendars have Europe/Berlin and Asia/Tokyo: add a `timezone`",
    )
    assert loads(in_agreement(dedent(targets) + f"{key}: 2026-01-01\ntimezone: UTC"))
    assert loads(in_agreement(dedent(targets)))


def test_a_wrong_calendar_is_not_also_an_unknown_one() -> None:
    refused(
        """\
        agreements: [{id: a, calendar: c, targets: [{metric: resolution, within: 4h}]}]
        calendars:
          c: {timezone: UTC, hours: {mon: ["9-17"]}} #!
        """,
        "calendars.c.hours.mon[0]",
        "`9-17` are not hours: write for example 09:00-18:00",
    )


def test_the_help_desks_word_in_a_pause() -> None:
    refused(
        """\
        statuses: {pending: [Waiting for customer]}
        agreements:
          - {id: a, targets: [{metric: resolution, within: 4h, pause: [Waiting for customer]}]} #!
        """,
        "agreements[0].targets[0].pause[0]",
        "`Waiting for customer` is the help desk's word: write ours, `pending`",
    )


def test_all_mistakes_at_once() -> None:
    text = """\
        statuses:
          resolved: [Done]
          closed: [Done]
        calendars:
          office:
            timezone: Europe/Berlin
            hours: {mon-fri: ["09:00-17:00"], fri: ["09:00-12:00", "12-13"]}
          never: {timezone: UTC, hours: {}}
        agreements:
          - id: a
            calendar: offce
            from: 2026-02-30
            until: never
            targets:
              - {metric: resolution, within: {P1: 1x, P2: 0m}, warn: [150%], overdue: [50%], pause: [Done]}
              - {metric: resolution, within: 1h, on_reopn: resume}
              - {metric: availability, service: [crm], at_least: 199.9%, per: moon}
          - id: a
            targets: [{metric: update, within: 1h, resolved_counts: true, calendar: never}]
            credits: [{metric: update, each_miss: much}]
        calendars: {}
        """
    assert [str(problem) for problem in problems(dedent(text))] == [
        "a.yaml:3: statuses.closed[0]: the word `Done` is there already (a.yaml:2): keep one",
        "a.yaml:7: calendars.office.hours.fri: fri is in `mon-fri` too: name each weekday once",
        "a.yaml:7: calendars.office.hours.fri[1]: `12-13` are not hours: write for example 09:00-18:00",
        "a.yaml:8: calendars.never.hours: is closed for whole years, such as 2024: give it hours",
        "a.yaml:11: agreements[0].calendar: unknown calendar `offce`: did you mean `office`?",
        "a.yaml:12: agreements[0].from: `2026-02-30` does not exist",
        "a.yaml:13: agreements[0].until: `never` is not a date: write for example 2026-02-28",
        "a.yaml:15: agreements[0].targets[0].overdue[0]: `50%` is not overdue: write more than 100%",
        "a.yaml:15: agreements[0].targets[0].pause[0]: `Done` is the help desk's word: write ours, `closed`",
        "a.yaml:15: agreements[0].targets[0].warn[0]: `150%` can't warn: write more than 0% and less than 100%",
        "a.yaml:15: agreements[0].targets[0].within.P1: `1x` is not a duration: write for example 15m, 1h30m or 3d",
        "a.yaml:15: agreements[0].targets[0].within.P2: `0m` is no time at all: a duration must be more than zero",
        "a.yaml:16: agreements[0].targets[1].metric: the metric `resolution` is there already (a.yaml:15): keep one",
        "a.yaml:16: agreements[0].targets[1].on_reopn: unknown key: did you mean `on_reopen`?",
        "a.yaml:17: agreements[0].targets[2].at_least: `199.9%` is more than all: write at most 100%",
        ("a.yaml:17: agreements[0].targets[2].per: unknown period `moon`: did you mean `month`?"),
        "a.yaml:18: agreements[1].id: the agreement `a` is there already (a.yaml:10): keep one",
        (
            "a.yaml:19: agreements[1].targets[0].resolved_counts: does not apply to update: "
            "only first_response is answered; take it out"
        ),
        (
            "a.yaml:20: agreements[1].credits[0].each_miss: `much` is not an amount of money: "
            'write a decimal number, for example "1200.00"'
        ),
        "a.yaml:21: calendars: is written twice; the first is on line 4: keep one",
    ]
