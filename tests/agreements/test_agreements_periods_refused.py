"""Every mistake that promises about periods and what is owed for them can have, with its line, field and sentence.

The line with the mistake ends with `#!`.
"""

from textwrap import dedent, indent

import pytest
from test_agreements_refused import in_agreement, problems, refused

TICKETS = "  - {metric: resolution, within: 4h}\n"
UP = "  - {metric: availability, service: [crm], at_least: 99.9%, per: month}\n"
WRITTEN = {
    "availability": {"metric": "availability", "service": "[crm]", "at_least": "99.9%", "per": "month"},
    "outage": {"metric": "outage", "service": "[crm]", "at_most": "4h", "per": "month"},
    "outages": {"metric": "outages", "service": "[crm]", "at_most": "2", "per": "month"},
    "compliance": {"metric": "compliance", "of": "resolution", "at_least": "95%", "per": "month"},
    "satisfaction": {"metric": "satisfaction", "at_least": "90%", "good": "4", "per": "month"},
}


def in_target(metric: str, lines: str) -> str:
    """A file with one target of this metric, in which these lines replace others of the same key."""
    keys = {line.partition(":")[0] for line in dedent(lines).splitlines()}
    kept = "".join(f"{key}: {value}\n" for key, value in WRITTEN[metric].items() if key not in keys)
    target = indent(kept + dedent(lines), "    ")
    return in_agreement("targets:\n  -\n" + target + "\n" + TICKETS)


def owed(lines: str, targets: str = UP + TICKETS) -> str:
    """A file with these lines besides the targets of the agreement."""
    return in_agreement("targets:\n" + targets + dedent(lines))


@pytest.mark.parametrize(
    ("metric", "lines", "field", "sentence"),
    [
        ("availability", "at_least: 100.1% #!", "at_least", "`100.1%` is more than all: write at most 100%"),
        ("availability", "at_least: 0% #!", "at_least", "`0%` is nothing: write more than 0%"),
        ("availability", "at_least: 99.9 #!", "at_least", "`99.9` is not a percentage: write 99.9%"),
        ("availability", "at_least: [99%] #!", "at_least", "must be a text, not a list"),
        ("availability", "at_least: yes #!", "at_least", 'YAML reads yes as a boolean: write "yes"'),
        (
            "availability",
            "per: fortnight #!",
            "per",
            "unknown period `fortnight`: write one of `day`, `week`, `month`, `quarter`, `year`",
        ),
        ("availability", "per: monthly #!", "per", "unknown period `monthly`: did you mean `month`?"),
        ("availability", "service: crm #!", "service", "must be a list: write [crm]"),
        ("availability", "service: [] #!", "service", "must not be empty"),
        ("availability", "service: [on] #!", "service[0]", 'YAML reads on as a boolean: write "on"'),
        ("availability", "calendar: ofice #!", "calendar", "unknown calendar `ofice`: did you mean `office`?"),
        ("availability", "warn: [100%] #!", "warn[0]", "`100%` can't warn: write more than 0% and less than 100%"),
        (
            "availability",
            "warn: [80] #!",
            "warn[0]",
            "`80` is no threshold: write a percentage (75%) or the working time left (30m)",
        ),
        ("availability", "overdue: [100%] #!", "overdue[0]", "`100%` is not overdue: write more than 100%"),
        (
            "availability",
            "unknown: ignore #!",
            "unknown",
            "unknown choice `ignore`: write one of `exclude`, `up`, `down`",
        ),
        (
            "availability",
            "unknown: down #!",
            "unknown",
            "`down` needs a `from` in the agreement: else all time before the first event would be an outage",
        ),
        (
            "availability",
            "degraded: 1.5 #!",
            "degraded",
            "`1.5` is not a part of the time: write a number from 0 to 1, for example 0.5",
        ),
        (
            "availability",
            "degraded: 50% #!",
            "degraded",
            "`50%` is not a part of the time: write a number from 0 to 1, for example 0.5",
        ),
        (
            "availability",
            "min_outage: 60 #!",
            "min_outage",
            "`60` is not a duration: write for example 15m, 1h30m or 3d",
        ),
        (
            "availability",
            "maintenance: all #!",
            "maintenance",
            "`all` is not a choice: write `none`, or a mapping with `cap` and `notice`",
        ),
        ("availability", "maintenance: [8h] #!", "maintenance", "must be a mapping (`key: value`)"),
        ("availability", "maintenance: {max: 8h} #!", "maintenance.max", "unknown key: write one of `cap`, `notice`"),
        (
            "availability",
            "maintenance: {cap: 8} #!",
            "maintenance.cap",
            "`8` is not a duration: write for example 15m, 1h30m or 3d",
        ),
        (
            "availability",
            "name: outage #!",
            "name",
            "`outage` is a metric: a name must tell this target from others",
        ),
        (
            "availability",
            "name: closure #!",
            "name",
            "`closure` is a metric: a name must tell this target from others",
        ),
        (
            "availability",
            'name: " x" #!',
            "name",
            "' x' can't be a name: no space around it, and only printable characters",
        ),
        ("availability", "at_lest: 99% #!", "at_lest", "unknown key: did you mean `at_least`?"),
        ("availability", "within: 4h #!", "within", "is for tickets: write `at_least` here"),
        ("availability", "pause: [pending] #!", "pause", "is for tickets: take it out"),
        ("availability", "at_most: 4h #!", "at_most", "is for outage and outages: write `at_least` here"),
        ("availability", "good: 4 #!", "good", "is for satisfaction: take it out"),
        ("availability", "min_sample: 4 #!", "min_sample", "is for compliance and satisfaction: take it out"),
        ("outage", "degraded: 0.5 #!", "degraded", "is for availability: take it out"),
        (
            "outage",
            "at_least: 99% #!",
            "at_least",
            "is for availability, compliance and satisfaction: write `at_most` here",
        ),
        ("outage", "at_most: 4 #!", "at_most", "`4` is not a duration: write for example 15m, 1h30m or 3d"),
        ("outages", "at_most: 4h #!", "at_most", "`4h` is not a count: write for example 2"),
        ("outages", "at_most: -1 #!", "at_most", "`-1` is not a count: write for example 2"),
        ("outages", "at_most: 1.0 #!", "at_most", "`1.0` is not a count: write for example 2"),
        (
            "outages",
            "warn: [10m] #!",
            "warn[0]",
            "`10m` is a time, and this is a count: write a percentage (80%)",
        ),
        (
            "compliance",
            "of: closure #!",
            "of",
            "this agreement promises no `closure`: write one of `resolution`",
        ),
        ("compliance", "of: resolutoin #!", "of", "unknown ticket metric `resolutoin`: did you mean `resolution`?"),
        (
            "compliance",
            "of: availability #!",
            "of",
            (
                "unknown ticket metric `availability`: write one of `first_response`, `next_response`, `update`, "
                "`assignment`, `resolution`, `closure`"
            ),
        ),
        ("compliance", "at_least: 101% #!", "at_least", "`101%` is more than all: write at most 100%"),
        ("compliance", "match: {priority: P1} #!", "match.priority", "must be a list: write [P1]"),
        (
            "compliance",
            "match: {assignee: [x]} #!",
            "match.assignee",
            "unknown key: write one of `priority`, `customer`, `service`, `kind`, `team`",
        ),
        ("compliance", "min_sample: 0 #!", "min_sample", "`0` is too few: write 1 or more"),
        ("compliance", "min_sample: few #!", "min_sample", "`few` is not a count: write for example 2"),
        ("compliance", "by: opened #!", "by", "unknown choice `opened`: did you mean `ended`?"),
        ("compliance", "warn: [1h] #!", "warn[0]", "`1h` is a time, and this is a count: write a percentage (80%)"),
        ("compliance", "service: [crm] #!", "service", "is for availability, outage and outages: take it out"),
        ("satisfaction", "at_least: good #!", "at_least", "`good` is not a number: write for example 4 or 4.5"),
        ("satisfaction", "at_least: 101% #!", "at_least", "`101%` is more than all: write at most 100%"),
        (
            "satisfaction",
            "at_least: 4.5 #!",
            "at_least",
            "`4.5` is a mean, which no rating is good for: write a share (90%), or take `good` out",
        ),
        ("satisfaction", "good: 80% #!", "good", "`80%` is not a number: write for example 4 or 4.5"),
        ("satisfaction", "warn: [80%] #!", "warn", None),
        ("satisfaction", "of: resolution #!", "of", "is for compliance: take it out"),
    ],
)
def test_a_target(metric: str, lines: str, field: str, sentence: str | None) -> None:
    sentence = sentence or "is for tickets, availability, outage, outages and compliance: take it out"
    refused(in_target(metric, lines), f"agreements[0].targets[0].{field}", sentence)


def test_a_share_of_ratings_without_what_is_good() -> None:
    refused(
        in_agreement("targets:\n  - {metric: satisfaction, at_least: 90%, per: month} #!"),
        "agreements[0].targets[0].at_least",
        "`90%` of the ratings must be what? Say from which on they are good: `good: 4`",
    )


@pytest.mark.parametrize(
    ("target", "field", "sentence"),
    [
        ("{metric: availability, at_least: 99%, per: month}", "service", "is missing"),
        ("{metric: availability, service: [crm], per: month}", "at_least", "is missing"),
        ("{metric: outage, service: [crm], per: month}", "at_most", "is missing"),
        ("{metric: outages, service: [crm], at_most: 2}", "per", "is missing"),
        ("{metric: compliance, at_least: 99%, per: month}", "of", "is missing"),
        ("{metric: satisfaction, per: month}", "at_least", "is missing"),
        ("{service: [crm], at_least: 99%, per: month}", "metric", "is missing"),
        (
            "{metric: availabilty, service: [crm], at_least: 99%, per: month}",
            "metric",
            "unknown metric `availabilty`: did you mean `availability`?",
        ),
        (
            "{metric: Outages, service: [crm], at_most: 2, per: month}",
            "metric",
            "unknown metric `Outages`: did you mean `outages`?",
        ),
        (
            "{metric: uptime, service: [crm], at_least: 99%, per: month}",
            "metric",
            "unknown metric `uptime`: did you mean `update`?",
        ),
        (
            "{metric: x, service: [crm], at_least: 99%, per: month}",
            "metric",
            (
                "unknown metric `x`: write one of `first_response`, `next_response`, `update`, `assignment`, `resolution`, "
                "`closure`, `availability`, `outage`, `outages`, `compliance`, `satisfaction`"
            ),
        ),
    ],
)
def test_what_is_missing_and_what_was_meant(target: str, field: str, sentence: str) -> None:
    refused(in_agreement(f"targets:\n  - {target} #!"), f"agreements[0].targets[0].{field}", sentence)


@pytest.mark.parametrize(
    ("first", "second", "field", "sentence"),
    [
        (
            "metric: availability, service: [erp, crm], at_least: 99.9%, per: month",
            "metric: availability, service: [crm], at_least: 99.0%, per: month",
            "metric",
            "`a/availability/crm` is the id of another target of each month too: give one of them a `name`",
        ),
        (
            "metric: availability, service: [crm], at_least: 99.9%, per: month, name: gold",
            "metric: outage, service: [crm], at_most: 4h, per: month, name: gold",
            "name",
            "`a/gold/crm` is the id of another target of each month too: give one of them another `name`",
        ),
        (
            "metric: compliance, of: resolution, at_least: 95%, per: week",
            "metric: compliance, of: resolution, at_least: 99%, per: week, match: {priority: [P1]}",
            "metric",
            "`a/compliance/resolution` is the id of another target of each week too: give one of them a `name`",
        ),
        (
            "metric: satisfaction, at_least: 4.5, per: year",
            "metric: satisfaction, at_least: 90%, good: 4, per: year",
            "metric",
            "`a/satisfaction/ratings` is the id of another target of each year too: give one of them a `name`",
        ),
    ],
)
def test_two_targets_with_one_id(first: str, second: str, field: str, sentence: str) -> None:
    text = in_agreement(f"targets:\n{TICKETS}  - {{{first}}}\n  - {{{second}}} #!")
    refused(text, f"agreements[0].targets[2].{field}", sentence)


@pytest.mark.parametrize(
    "second",
    [
        "metric: availability, service: [crm], at_least: 99.0%, per: month, name: floor",
        "metric: availability, service: [erp], at_least: 99.0%, per: month",
        "metric: availability, service: [crm], at_least: 99.0%, per: year",
        "metric: outages, service: [crm], at_most: 2, per: month",
    ],
)
def test_two_targets_with_ids_of_their_own(second: str) -> None:
    text = in_agreement(f"targets:\n{UP}  - {{{second}}}\n  - {{metric: resolution, within: 8h}} #!\n{TICKETS}")
    assert [problem.field for problem in problems(text)] == ["agreements[0].targets[3].metric"]


@pytest.mark.parametrize(
    ("lines", "field", "sentence"),
    [
        ("credits: {metric: availability, credit: 5%} #!", "credits", "must be a list"),
        ("credits: [{credit: 5%}] #!", "credits[0].metric", "is missing"),
        ("credits: [{metric: availability}] #!", "credits[0].credit", "is missing"),
        (
            "credits: [{metric: availability, credit: 5}] #!",
            "credits[0].credit",
            "`5` is not a percentage: write 5%",
        ),
        (
            "credits: [{metric: availability, credit: 0%}] #!",
            "credits[0].credit",
            "`0%` is nothing: write more than 0%",
        ),
        (
            "credits: [{metric: availability, below: 99.5, credit: 5%}] #!",
            "credits[0].below",
            "`99.5` is no share: write for example 99.5%",
        ),
        (
            "credits: [{metric: availability, below: 101%, credit: 5%}] #!",
            "credits[0].below",
            "`101%` is more than all: write at most 100%",
        ),
        (
            "credits: [{metric: availabilty, credit: 5%}] #!",
            "credits[0].metric",
            "`availabilty` is no metric and no name of a target: did you mean `availability`?",
        ),
        (
            "credits: [{metric: outage, credit: 5%}] #!",
            "credits[0].metric",
            "this agreement promises no `outage`: write one of `availability`",
        ),
        (
            "credits: [{metric: resolution, credit: 5%}] #!",
            "credits[0].metric",
            "`resolution` is a metric of tickets: write `each_miss`, or name a compliance target",
        ),
        (
            "credits: [{metric: availability, credit: 5%, service: crm}] #!",
            "credits[0].service",
            "must be a list: write [crm]",
        ),
        (
            "credits: [{metric: availability, credit: 5%, service: [crm, cmr]}] #!",
            "credits[0].service[1]",
            "no target here is about the service `cmr`: did you mean `crm`?",
        ),
        (
            "credits: [{metric: availability, each: 0h, credit: 5%}] #!",
            "credits[0].each",
            "`0h` is no time at all: a duration must be more than zero",
        ),
        (
            "credits: [{metric: availability, each: 1h, credit: 5%, below: 99%}] #!",
            "credits[0].below",
            "unknown key: write one of `metric`, `each`, `credit`, `service`",
        ),
        (
            "credits: [{metric: resolution, each_mis: 5, credit: 5%}] #!",
            "credits[0].each_mis",
            "unknown key: write one of `metric`, `below`, `credit`, `service`",
        ),
        (
            "credits: [{metric: closure, each_miss: 5}] #!",
            "credits[0].metric",
            "this agreement promises no `closure`: write one of `resolution`",
        ),
        (
            "credits: [{metric: resolution, each_miss: 5 EUR}] #!",
            "credits[0].each_miss",
            '`5 EUR` is not an amount of money: write a decimal number, for example "1200.00"',
        ),
        (
            "credits: [{metric: resolution, each_miss: 5, cap: 0}] #!",
            "credits[0].cap",
            "`0` is nothing: write more than 0",
        ),
        (
            "fee: 1200 #!",
            "fee",
            "must be a mapping (`key: value`)",
        ),
        (
            "fee: {amount: 1e3, currency: EUR} #!",
            "fee.amount",
            '`1e3` is not an amount of money: write a decimal number, for example "1200.00"',
        ),
        (
            'fee: {amount: "1,200.00", currency: EUR} #!',
            "fee.amount",
            '`1,200.00` is not an amount of money: write a decimal number, for example "1200.00"',
        ),
        (
            "fee: {amount: -5, currency: EUR} #!",
            "fee.amount",
            '`-5` is not an amount of money: write a decimal number, for example "1200.00"',
        ),
        ("fee: {amount: 1200} #!", "fee.currency", "is missing"),
        (
            "fee: {amount: 1200, currency: eur} #!",
            "fee.currency",
            "`eur` is not a currency of three letters: did you mean `EUR`?",
        ),
        (
            "fee: {amount: 1200, currency: Euro} #!",
            "fee.currency",
            "`Euro` is not a currency of three letters: write for example EUR",
        ),
        ("credit_cap: 30 #!", "credit_cap", "`30` is not a percentage: write 30%"),
        ("credit_cap: 0% #!", "credit_cap", "`0%` is nothing: write more than 0%"),
        ("settle: soon #!", "settle", "`soon` is not a duration: write for example 15m, 1h30m or 3d"),
        ("each: team #!", "each", "unknown choice `team`: write one of `customer`"),
        (
            "each: customer #!",
            "each",
            "one for each of which customers? List them in `match: {customer: [...]}`",
        ),
        (
            "match: {kind: [x]}\neach: customer #!",
            "each",
            "one for each of which customers? List them in `match: {customer: [...]}`",
        ),
    ],
)
def test_what_is_owed(lines: str, field: str, sentence: str) -> None:
    refused(owed(lines), f"agreements[0].{field}", sentence)


@pytest.mark.parametrize(
    ("target", "credit", "field", "sentence"),
    [
        (
            "metric: outage, service: [crm], at_most: 4h, per: month",
            "metric: outage, below: 99%, credit: 5%",
            "below",
            "does not apply to outage, which is no share: take it out",
        ),
        (
            "metric: outages, service: [crm], at_most: 4, per: month, name: rare",
            "metric: rare, below: 99%, credit: 5%",
            "below",
            "does not apply to outages, which is no share: take it out",
        ),
        (
            "metric: outage, service: [crm], at_most: 4h, per: month",
            "metric: outage, each: 1h, credit: 5%",
            "each",
            "is for availability: of outage write a credit without it",
        ),
        (
            "metric: compliance, of: resolution, at_least: 95%, per: month",
            "metric: compliance, credit: 5%, service: [crm]",
            "service[0]",
            "no target here is about the service `crm`: take it out, no service is meant here",
        ),
        (
            "metric: satisfaction, at_least: 4.5, per: month",
            "metric: satisfaction, below: 90%, credit: 5%",
            "below",
            "`90%` is a share, but the target is a mean: write for example 4.5",
        ),
        (
            "metric: satisfaction, at_least: 90%, good: 4, per: month",
            "metric: satisfaction, below: 4.5, credit: 5%",
            "below",
            "`4.5` is no share: write for example 99.5%",
        ),
        (
            "metric: satisfaction, at_least: 4.5, per: month, name: happy",
            "metric: hapy, below: 4, credit: 5%",
            "metric",
            "`hapy` is no metric and no name of a target: did you mean `happy`?",
        ),
    ],
)
def test_a_credit_that_does_not_fit_its_target(target: str, credit: str, field: str, sentence: str) -> None:
    text = in_agreement(f"targets:\n{TICKETS}  - {{{target}}}\ncredits:\n  - {{{credit}}} #!")
    refused(text, f"agreements[0].credits[0].{field}", sentence)


def test_a_credit_for_days_of_several_lengths() -> None:
    targets = (
        "targets:\n  - {metric: availability, service: [crm], at_least: 99%, per: month, calendar: tokyo}\n"
        "  - {metric: availability, service: [erp], at_least: 99%, per: month}\ntimezone: UTC\n"
    )
    refused(
        in_agreement(targets + "credits: [{metric: availability, each: 1d, credit: 5%}] #!"),
        "agreements[0].credits[0].each",
        "how long is `1d`? The calendars of the targets have different days: write hours",
    )


def test_a_credit_in_an_agreement_about_tickets() -> None:
    refused(
        owed("credits: [{metric: availability, credit: 5%}] #!", TICKETS),
        "agreements[0].credits[0].metric",
        "this agreement promises no `availability`: add a target with it",
    )


def test_money_for_a_metric_where_none_is_promised() -> None:
    refused(
        owed("credits: [{metric: resolution, each_miss: 5}] #!", UP),
        "agreements[0].credits[0].metric",
        "this agreement promises no `resolution`: add a target `metric: resolution`",
    )


SPAN = "from: 2026-10-03T10:00:00+03:00, until: 2026-10-03T12:00:00+03:00"


@pytest.mark.parametrize(
    ("excluded", "field", "sentence"),
    [
        (f"{{{SPAN}}}", "reason", "is missing"),
        (f"{{{SPAN}, reason: null}}", "reason", "is missing"),
        (f'{{{SPAN}, reason: ""}}', "reason", "is empty: give it a value, or take it out"),
        (f'{{{SPAN}, reason: " "}}', "reason", "is empty: say why this time does not count"),
        (
            "{from: 2026-10-03T10:00:00+03:00, until: 2026-10-03T07:00:00Z, reason: x}",
            "until",
            "is not after `from`: no time would be excluded",
        ),
        (
            "{from: 2026-10-03T10:00:00, until: 2026-10-04T07:00:00Z, reason: x}",
            "from",
            "`2026-10-03T10:00:00` is not an instant with an offset: write for example 2026-10-03T10:00:00+03:00",
        ),
        (
            "{from: 2026-10-03, until: 2026-10-04T07:00:00Z, reason: x}",
            "from",
            "`2026-10-03` is not an instant with an offset: write for example 2026-10-03T10:00:00+03:00",
        ),
        (
            "{from: 2026-02-30T10:00:00Z, until: 2026-10-04T07:00:00Z, reason: x}",
            "from",
            "`2026-02-30T10:00:00Z` does not exist",
        ),
        (
            "{from: 2026-02-20T10:00:00Z, until: 2226-10-04T07:00:00Z, reason: x}",
            "until",
            "`2226-10-04T07:00:00Z` is out of range: years go from 1970 to 2199",
        ),
        (
            "{from: 0001-01-01T00:00:00+23:00, until: 2026-10-04T07:00:00Z, reason: x}",
            "from",
            "`0001-01-01T00:00:00+23:00` is out of range: years go from 1970 to 2199",
        ),
        (
            f"{{{SPAN}, reason: x, service: [cmr]}}",
            "service[0]",
            "no target here is about the service `cmr`: did you mean `crm`?",
        ),
        (
            f"{{{SPAN}, reason: x, services: [crm]}}",
            "services",
            "unknown key: did you mean `service`?",
        ),
    ],
)
def test_what_is_excluded(excluded: str, field: str, sentence: str) -> None:
    refused(owed(f"exclude:\n  - {excluded} #!"), f"agreements[0].exclude[0].{field}", sentence)


def test_a_fee_for_periods_of_two_kinds() -> None:
    refused(
        owed(
            "fee: {amount: 5, currency: EUR} #!",
            UP + "  - {metric: outages, service: [crm], at_most: 2, per: year}\n",
        ),
        "agreements[0].fee",
        "is for one period, but the targets have `month` and `year`: make one agreement for each",
    )


def test_a_month_in_one_of_several_zones() -> None:
    targets = """\
    targets:
      - {metric: resolution, within: 1h, calendar: office}
      - {metric: availability, service: [crm], at_least: 99.9%, per: month, calendar: tokyo} #!
    """
    refused(
        in_agreement(targets),
        "agreements[0].targets[1].per",
        "a month in which zone? Its calendars have Europe/Berlin and Asia/Tokyo: add a `timezone`",
    )


@pytest.mark.parametrize(
    ("service", "field", "sentence"),
    [
        (
            "{down_when: most}",
            "down_when",
            "`most` does not say how many checks: write any, all or a number from 1",
        ),
        ("{down_when: 0}", "down_when", "`0` does not say how many checks: write any, all or a number from 1"),
        ("{stale_after: 0s}", "stale_after", "`0s` is no time at all: a duration must be more than zero"),
        ("{stale: 5m}", "stale", "unknown key: did you mean `stale_after`?"),
        ("any", "", "must be a mapping (`key: value`)"),
    ],
)
def test_how_a_service_is_read(service: str, field: str, sentence: str) -> None:
    text = in_agreement("targets:\n" + UP) + f"services:\n  crm: {service} #!"
    refused(text, f"services.crm{'.' if field else ''}{field}", sentence)


def test_a_name_that_can_be_none() -> None:
    refused(
        in_agreement("targets:\n" + UP) + 'services:\n  " crm": {} #!',
        'services." crm"',
        "' crm' can't be a name: no space around it, and only printable characters",
    )


def test_a_service_twice_in_a_target() -> None:
    refused(
        in_agreement(
            "targets:\n  - metric: availability\n    at_least: 99%\n    per: month\n    service:\n"
            "      - crm\n      - erp\n      - crm #!"
        ),
        "agreements[0].targets[0].service[2]",
        "the service `crm` is there already (a.yaml:16): keep one",
    )


TEMPLATES = """\
agreements:
  - id: silver
    match: {customer: [ACME, BETA]}
    each: customer %s
    targets: [{metric: resolution, within: 4h}]
"""


def test_an_id_that_each_makes_is_there_already() -> None:
    refused(
        TEMPLATES % "#!" + "  - {id: silver@BETA, targets: [{metric: closure, within: 4h}]}\n",
        "agreements[0].each",
        "makes `silver@BETA`, which another agreement makes or is (a.yaml:6): rename one",
    )


def test_an_id_that_each_makes_twice() -> None:
    other = "  - {id: silver@x, match: {customer: [y]}, each: customer, targets: [{metric: closure, within: 4h}]} #!\n"
    refused(
        TEMPLATES.replace("BETA", "x@y") % "" + other,
        "agreements[1].each",
        "makes `silver@x@y`, which another agreement makes or is (a.yaml:2): rename one",
    )


def test_all_mistakes_at_once() -> None:
    text = """\
        services:
          crm: {down_when: few}
        agreements:
          - id: a
            each: group
            fee: {amount: much, currency: euro}
            exclude: [{from: yesterday, until: 2026-01-01T00:00:00Z}]
            credits:
              - {metric: availability, credit: some}
              - {metric: update, each_miss: x}
            targets:
              - {metric: availability, service: [crm, crm], at_least: 101%, per: moon, warn: [0%]}
              - {metric: outages, service: [crm], at_least: 5, per: month}
          - id: b
            targets:
              - {metric: compliance, of: resolution, at_least: 5%, per: month}
              - {metric: compliance, of: resolution, at_least: 5%, per: month}
            credits:
              - {metric: availability, credit: 5%}
        """
    assert [str(problem) for problem in problems(dedent(text))] == [
        "a.yaml:2: services.crm.down_when: `few` does not say how many checks: write any, all or a number from 1",
        "a.yaml:5: agreements[0].each: unknown choice `group`: write one of `customer`",
        (
            "a.yaml:6: agreements[0].fee.amount: `much` is not an amount of money: "
            'write a decimal number, for example "1200.00"'
        ),
        "a.yaml:6: agreements[0].fee.currency: `euro` is not a currency of three letters: write for example EUR",
        (
            "a.yaml:7: agreements[0].exclude[0].from: `yesterday` is not an instant with an offset: "
            "write for example 2026-10-03T10:00:00+03:00"
        ),
        "a.yaml:7: agreements[0].exclude[0].reason: is missing",
        "a.yaml:9: agreements[0].credits[0].credit: `some` is not a percentage: write for example 75%",
        (
            "a.yaml:10: agreements[0].credits[1].each_miss: `x` is not an amount of money: "
            'write a decimal number, for example "1200.00"'
        ),
        "a.yaml:12: agreements[0].targets[0].at_least: `101%` is more than all: write at most 100%",
        "a.yaml:12: agreements[0].targets[0].per: unknown period `moon`: did you mean `month`?",
        "a.yaml:12: agreements[0].targets[0].service[1]: the service `crm` is there already (a.yaml:12): keep one",
        "a.yaml:12: agreements[0].targets[0].warn[0]: `0%` can't warn: write more than 0% and less than 100%",
        (
            "a.yaml:13: agreements[0].targets[1].at_least: "
            "is for availability, compliance and satisfaction: write `at_most` here"
        ),
        "a.yaml:13: agreements[0].targets[1].at_most: is missing",
        (
            "a.yaml:16: agreements[1].targets[0].of: this agreement promises no `resolution`: "
            "add a target `metric: resolution`"
        ),
        (
            "a.yaml:17: agreements[1].targets[1].metric: `b/compliance/resolution` is the id of another target "
            "of each month too: give one of them a `name`"
        ),
        (
            "a.yaml:17: agreements[1].targets[1].of: this agreement promises no `resolution`: "
            "add a target `metric: resolution`"
        ),
        (
            "a.yaml:19: agreements[1].credits[0].metric: this agreement promises no `availability`: "
            "write one of `compliance`"
        ),
    ]
