"""Whole policy files: their top level, the fields of a policy, the guards, and every error at once."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from reaper.cli.yaml_document import read_yaml
from reaper.core.policy.document import DocumentError
from reaper.core.policy.load import load
from reaper.core.policy.model import (
    Action,
    Guards,
    Lifted,
    Policy,
    PolicyBook,
    SnoozeLimit,
    Stage,
    StopHours,
    TextTest,
)

ROOT = Path(__file__).parents[3]
IDLE = TextTest("phase", ("idle",))


def load_text(text: str):
    return load(read_yaml(textwrap.dedent(text)))


def load_policy(fields: str):
    return load_text(f"version: 1\npolicies:\n- {{name: p, when: {{phase: idle}}, {fields}}}\n")


def load_guards(guards: str):
    return load_text(f"version: 1\npolicies:\n- {{name: p, when: {{phase: idle}}, then: stop}}\nguards: {guards}\n")


def rendered(loaded) -> list[str]:
    return [problem.render("f") for problem in loaded.problems]


def sentences(loaded) -> list[str]:
    return [line.split(": ", 1)[1] for line in rendered(loaded)]


def test_a_whole_file_loads_as_written():
    loaded = load_text("""
        version: 1
        owner_tags: [team, owner]
        prices: {glue_dpu_hour: 0.5}
        policies:
          - name: glue-idle
            description: Nobody is using it.
            services: [glue, athena]
            when: {phase: idle}
            then: stop
            grace: 15m
            stage: warn
            snooze: {max: 4h, times: 1}
          - name: everything.else_2
            when: {phase: idle}
            then: report
        guards:
          max_stops: 3
          max_stop_share: 0.25
          min_population: 0
          min_age: 1h30m
          max_idle_cost: 12.5
          population_factor: 3
          max_tag_failures: 0
          max_evidence_failures: 0.75
          max_regret_share: 1
          stop_hours:
            - {days: mon-fri, from: 08:00, to: 18:00, timezone: Europe/Berlin}
            - {days: "fri-mon, wed", from: "22:30", to: "24:00", timezone: UTC}
        """)
    assert loaded.problems == ()
    assert loaded.book == PolicyBook(
        policies=(
            Policy(
                name="glue-idle",
                description="Nobody is using it.",
                services=frozenset({"glue", "athena"}),
                when=IDLE,
                then=Action.STOP,
                grace=900.0,
                stage=Stage.WARN,
                snooze=SnoozeLimit(max=14_400.0, times=1),
            ),
            Policy(name="everything.else_2", when=IDLE, then=Action.REPORT),
        ),
        guards=Guards(
            max_stops=3,
            max_stop_share=0.25,
            min_population=0,
            min_age=5400.0,
            max_idle_cost=12.5,
            population_factor=3.0,
            max_tag_failures=0.0,
            max_evidence_failures=0.75,
            max_regret_share=1.0,
            stop_hours=(
                StopHours(days=frozenset({0, 1, 2, 3, 4}), start=480, end=1080, timezone="Europe/Berlin"),
                StopHours(days=frozenset({4, 5, 6, 0, 2}), start=1350, end=1440, timezone="UTC"),
            ),
        ),
        owner_tags=("team", "owner"),
        prices={"glue_dpu_hour": 0.5},
    )


def test_every_error_of_a_file_is_found_at_once_in_its_order():
    loaded = load_text("""\
        version: 1
        polices: []
        policies:
          - name: a
            when: {idel_for: "> 30m", phase: sleeping}
            then: kill
          - name: a
            when: {phase: idle}
            then: report
            grace: 15
        guards:
          max_stops: -1
        """)
    assert loaded.book is None
    assert rendered(loaded) == [
        "f:2:1: polices: no such key `polices`; did you mean `policies`?",
        "f:5:12: policies[0].when.idel_for: no such fact `idel_for`; did you mean `idle_for`?",
        (
            "f:5:38: policies[0].when.phase: no such phase `sleeping`; "
            "expected starting, busy, idle, stopping, ended, unhealthy or unknown"
        ),
        "f:6:11: policies[0].then: no such action `kill`; did you mean `stop`?",
        "f:7:11: policies[1].name: two policies are called `a`, the first on line 4; give each its own name",
        "f:10:5: policies[1].grace: `grace` has no meaning with `then: report`; only a stop has it: remove it",
        "f:10:12: policies[1].grace: `15` has no unit; 15 of what? write 15m or 15s",
        "f:12:14: guards.max_stops: -1 is out of range; write a whole number of stops, from 0 to 1000000",
    ]


@pytest.mark.parametrize(
    "name",
    ["localtime", "posixrules", "right/UTC", "posix/Europe/Berlin", "Factory", "Europe", "europe/berlin", "UTC ", ""],
)
def test_only_time_zones_of_the_deployed_database_are_known(name):
    [sentence] = sentences(
        load_guards(f"{{stop_hours: [{{days: mon, from: '08:00', to: '18:00', timezone: '{name}'}}]}}")
    )
    assert sentence.startswith(f"guards.stop_hours[0].timezone: no such time zone `{name}`")


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+3", "US/Eastern", "America/Argentina/Buenos_Aires"])
def test_every_time_zone_of_the_deployed_database_may_be_named(name):
    loaded = load_guards(f"{{stop_hours: [{{days: mon, from: '08:00', to: '18:00', timezone: {name}}}]}}")
    assert loaded.problems == ()


def test_a_file_that_says_it_has_no_policies_is_valid_and_warned_about():
    loaded = load_text("version: 1\npolicies: []")
    assert loaded.book == PolicyBook()
    assert sentences(loaded) == ["warning: no policies: every session is kept, nothing is reported or stopped"]


EMPTY = "nothing is written in this file, or only comments; begin it with version: 1 and policies: []"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"f:1:1: {EMPTY}"),
        ("# only a comment\n", f"f:1:1: {EMPTY}"),
        ("---\n", f"f:2:1: {EMPTY}"),
        ("version: 1\n", "f:1:1: `policies` is missing; to have none say so: policies: []"),
        (
            "version: 1\npolicies:\n# - name: p\n",
            "f:2:10: policies: nothing is written here; was the file cut off? to have none say so: policies: []",
        ),
    ],
)
def test_a_file_that_is_empty_or_was_cut_off_is_an_error(text, sentence):
    loaded = load_text(text)
    assert loaded.book is None
    assert rendered(loaded) == [sentence]


def test_keys_whose_content_is_commented_out_keep_their_defaults_and_are_told():
    loaded = load_text(
        "version: 1\npolicies: [{name: p, when: {age: absent}, then: report}]\nguards:\nowner_tags:\nprices:\n"
    )
    assert loaded.book is not None
    assert (loaded.book.guards, loaded.book.owner_tags, loaded.book.prices) == (Guards(), PolicyBook().owner_tags, {})
    told = "warning: nothing is written here, so the defaults hold; remove the key, unless the file was cut off"
    assert sentences(loaded) == [f"guards: {told}", f"owner_tags: {told}", f"prices: {told}"]


def test_the_shipped_policies_cut_off_anywhere_are_an_error_until_their_first_policy_is_whole():
    text = (ROOT / "policies.yaml").read_text()
    for end in range(text.index("then: protect")):
        with suppress(DocumentError):
            assert load(read_yaml(text[:end])).book is None, text[:end][-80:]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("policies: []", "`version` is missing; begin the file with version: 1"),
        ("version: '1'", "version: expected version 1, found the text `1`; write version: 1, without quotes"),
        ("version: 1.0", "version: version 1.0 is not known here; this release reads version 1"),
        ("version: 2\nrules: []", "version: version 2 is not known here; this release reads version 1"),
        ("version: 1\nversion: 1", "version: the key `version` is written twice, first on line 1; keep one of them"),
        ("- version: 1", "expected a mapping with version and policies, found a list"),
        (
            "version: 1\npolicies: {name: a}",
            ("policies: expected a list of policies, found a mapping; begin each policy with a hyphen: - name: .."),
        ),
        (
            "version: 1\npolicies: [a]",
            ("policies[0]: expected a policy, found the text `a`; write it like {name: .., when: {..}, then: report}"),
        ),
        ("version: 1\nowner_tags: []", "owner_tags: the list is empty; write a list of tag keys, or leave it out"),
        ("version: 1\nowner_tags: [a, a]", "owner_tags[1]: `a` is listed twice"),
        (
            "version: 1\nowner_tags: [5]",
            'owner_tags[0]: expected a tag key, found the number 5; write it in quotes: "5"',
        ),
        (
            "version: 1\nprices: {glue: 1}",
            "prices.glue: no such price `glue`; expected athena_dpu_hour or glue_dpu_hour",
        ),
        (
            "version: 1\nprices: {glue_dpu_hour: 0}",
            ("prices.glue_dpu_hour: 0 is no price; write USD per unit and hour, above 0 and up to 1000000"),
        ),
        (
            "version: 1\nprices: {glue_dpu_hour: 1e999}",
            ("prices.glue_dpu_hour: inf is no price; write USD per unit and hour, above 0 and up to 1000000"),
        ),
        (
            "version: 1\nprices: {glue_dpu_hour: '1'}",
            (
                "prices.glue_dpu_hour: expected a price in USD per unit and hour, "
                "found the text `1`; write the number alone: 0.44"
            ),
        ),
    ],
)
def test_the_top_level_is_strict(text, sentence):
    loaded = load_text(text)
    assert loaded.book is None
    assert sentences(loaded) == [sentence]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("{when: {phase: idle}, then: stop}", ["`name` is missing; a policy needs name, when and then"]),
        (
            "{name: a}",
            [
                "`when` is missing; a policy needs name, when and then",
                "`then` is missing; a policy needs name, when and then",
            ],
        ),
        (
            "{name: session-reaper/x, when: {phase: idle}, then: stop}",
            ["name: `session-reaper/x` is reserved; choose a name that does not begin with session-reaper/"],
        ),
        (
            "{name: 'two words', when: {phase: idle}, then: stop}",
            ["name: `two words` is no name for a policy; write 1 to 64 letters, digits, dots, hyphens or underscores"],
        ),
        (
            '{name: "a\\n", when: {phase: idle}, then: stop}',
            ["name: `a\\n` is no name for a policy; write 1 to 64 letters, digits, dots, hyphens or underscores"],
        ),
        (
            "{name: 5, when: {phase: idle}, then: stop}",
            ['name: expected a name, found the number 5; write it in quotes: "5"'],
        ),
    ],
)
def test_a_policy_needs_a_name_a_condition_and_an_action(policy, expected):
    loaded = load_text(f"version: 1\npolicies: [{policy}]")
    assert loaded.book is None
    assert [sentence.removeprefix("policies[0]").lstrip(".: ") for sentence in sentences(loaded)] == expected


SNOOZE = "write it like {max: 8h, times: 3}, or {times: 0} to allow none"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("then: stopp", "then: no such action `stopp`; did you mean `stop`?"),
        ("then: terminate", "then: no such action `terminate`; did you mean `stop`?"),
        ("then: no", "then: no such action `no`; expected protect, stop or report"),
        ("then: [stop]", "then: expected one of protect, stop or report, found a list"),
        (
            "then: stop, services: glue",
            (
                "services: expected a list of athena, deadline, emr-serverless-spark or glue, "
                "found the text `glue`; write it as a list: [glue]"
            ),
        ),
        (
            "then: stop, services: []",
            (
                "services: the list is empty; "
                "write a list of athena, deadline, emr-serverless-spark or glue, or leave it out"
            ),
        ),
        ("then: stop, services: [glew]", "services[0]: no such service `glew`; did you mean `glue`?"),
        (
            "then: stop, services: ['g*']",
            ("services[0]: no such service `g*`; expected athena, deadline, emr-serverless-spark or glue"),
        ),
        ("then: stop, services: [glue, glue]", "services[1]: `glue` is listed twice"),
        ("then: stop, grace: 30", "grace: `30` has no unit; 30 of what? write 30m or 30s"),
        ("then: stop, grace: 30 minutes", "grace: `30 minutes` is not a duration; write 30m"),
        ("then: stop, grace: 1h30", "grace: `1h30` ends without a unit; 30 of what? write 1h30m or 1h30s"),
        ("then: stop, grace: -5m", "grace: `-5m` is negative; a duration is zero or more"),
        ("then: stop, grace: 0s", "grace: a grace of nothing is no grace; leave it out"),
        (
            "then: protect, grace: 5m",
            "grace: `grace` has no meaning with `then: protect`; only a stop has it: remove it",
        ),
        (
            "then: report, even_when: [busy]",
            ("even_when: `even_when` has no meaning with `then: report`; only a stop has it: remove it"),
        ),
        (
            "then: stop, even_when: []",
            ("even_when: the list is empty; write a list of busy, starting, unhealthy or undecidable, or leave it out"),
        ),
        (
            "then: stop, even_when: [idle]",
            ("even_when[0]: no such phase `idle`; expected busy, starting, unhealthy or undecidable"),
        ),
        ("then: stop, stage: enforced", "stage: no such stage `enforced`; did you mean `enforce`?"),
        ("then: stop, stage: report", "stage: no such stage `report`; did you mean `observe`?"),
        ("then: stop, stage: off", "stage: no such stage `off`; expected observe, warn or enforce"),
        ("then: stop, stage: ", "stage: expected one of observe, warn or enforce, found nothing"),
        ("then: stop, stage: [warn]", "stage: expected one of observe, warn or enforce, found a list"),
        (
            "then: report, stage: warn",
            "stage: `stage` has no meaning with `then: report`; only a stop has it: remove it",
        ),
        ("then: stop, stge: warn", "stge: no such key `stge`; did you mean `stage`?"),
        ("then: stop, snooze: 8h", f"snooze: expected a mapping of limits, found the text `8h`; {SNOOZE}"),
        ("then: stop, snooze: never", f"snooze: expected a mapping of limits, found the text `never`; {SNOOZE}"),
        ("then: stop, snooze: ", f"snooze: expected a mapping of limits, found nothing; {SNOOZE}"),
        ("then: stop, snooze: {}", f"snooze: no limit is written here; {SNOOZE}"),
        ("then: stop, snooze: {time: 3}", "snooze.time: no such limit `time`; did you mean `times`?"),
        ("then: stop, snooze: {for: 3}", "snooze.for: no such limit `for`; expected max or times"),
        ("then: stop, snooze: {max: 8}", "snooze.max: `8` has no unit; 8 of what? write 8m or 8s"),
        (
            "then: stop, snooze: {max: 59m}",
            "snooze.max: 59m is no length for a snooze; from 1h to 7d; to allow no snooze write {times: 0}",
        ),
        ("then: stop, snooze: {max: 7d1s}", "snooze.max: 7d1s is no length for a snooze; from 1h to 7d"),
        (
            "then: stop, snooze: {times: 101}",
            "snooze.times: 101 is out of range; write a whole number of snoozes, from 0 to 100",
        ),
        (
            "then: stop, snooze: {times: '3'}",
            "snooze.times: expected a whole number of snoozes, found the text `3`",
        ),
        (
            "then: protect, snooze: {times: 1}",
            "snooze: `snooze` has no meaning with `then: protect`; only a stop has it: remove it",
        ),
        ("then: stop, garce: 5m", "garce: no such key `garce`; did you mean `grace`?"),
        ("then: stop, description: [a]", "description: expected a text, found a list"),
    ],
)
def test_the_fields_of_a_policy_are_strict(fields, sentence):
    loaded = load_policy(fields)
    assert loaded.book is None
    assert sentences(loaded) == [f"policies[0].{sentence}"]


def test_lifting_the_floor_is_loaded_and_warned_about():
    loaded = load_policy("then: stop, even_when: [undecidable, busy]")
    assert loaded.book is not None
    assert loaded.book.policies[0].even_when == {Lifted.BUSY, Lifted.UNDECIDABLE}
    assert sentences(loaded) == [
        (
            "policies[0].even_when: warning: this stops sessions that are busy or undecidable, "
            "not only those known to be idle"
        )
    ]


def test_lifting_the_floor_is_warned_about_whatever_else_is():
    loaded = load_text("""
        version: 1
        policies: [{name: p, when: {phase: [busy, ended]}, then: stop, even_when: [busy]}]
        """)
    assert [problem.path for problem in loaded.problems] == ["policies[0].when.phase[1]", "policies[0].even_when"]


def test_guards_that_are_not_named_keep_their_defaults():
    loaded = load_guards("{max_stops: 0}")
    assert loaded.book is not None
    assert loaded.book.guards == Guards(
        max_stops=0,
        max_stop_share=0.5,
        min_population=5,
        min_age=600.0,
        stop_hours=(),
        max_idle_cost=None,
        population_factor=5.0,
        max_tag_failures=0.2,
        max_evidence_failures=0.2,
        max_regret_share=0.2,
    )


def test_a_stop_goes_all_the_way_and_may_be_snoozed_unless_it_says_otherwise():
    loaded = load_policy("then: stop")
    assert loaded.book is not None
    assert loaded.book.policies[0].stage is Stage.ENFORCE
    assert loaded.book.policies[0].snooze == SnoozeLimit(max=28_800.0, times=3)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("{times: 0}", SnoozeLimit(max=28_800.0, times=0)),
        ("{max: 60m}", SnoozeLimit(max=3_600.0, times=3)),
        ("{max: 1w, times: 100}", SnoozeLimit(max=604_800.0, times=100)),
    ],
)
def test_a_limit_of_snoozes_that_is_not_named_keeps_its_default(written, limit):
    loaded = load_policy(f"then: stop, snooze: {written}")
    assert loaded.problems == ()
    assert loaded.book is not None
    assert loaded.book.policies[0].snooze == limit


WINDOW = 'write it like {days: mon-fri, from: "08:00", to: "18:00", timezone: Europe/Berlin}'


@pytest.mark.parametrize(
    ("guards", "sentence"),
    [
        ("{max_stop: 3}", "max_stop: no such guard `max_stop`; did you mean `max_stops`?"),
        ("{max_stops: '3'}", "max_stops: expected a whole number of stops, found the text `3`"),
        ("{max_stops: 2.5}", "max_stops: 2.5 is out of range; write a whole number of stops, from 0 to 1000000"),
        ("{max_stops: 010}", "max_stops: expected a whole number of stops, found the text `010`"),
        ("{max_stops: }", "max_stops: expected a whole number of stops, found nothing"),
        ("{max_stop_share: 50}", "max_stop_share: 50 is no share; write 50 percent as 0.5"),
        (
            "{max_stop_share: 50%}",
            ("max_stop_share: expected a share from 0 to 1, found the text `50%`; write a half as 0.5"),
        ),
        ("{max_stop_share: -0.1}", "max_stop_share: -0.1 is no share; 0 to 1"),
        (
            "{min_population: -1}",
            ("min_population: -1 is out of range; write a whole number of sessions, from 0 to 1000000"),
        ),
        ("{min_age: 30}", "min_age: `30` has no unit; 30 of what? write 30m or 30s"),
        ("{min_age: [30m]}", "min_age: expected a duration, found a list; write it like 10m"),
        (
            "{max_idle_cost: $50}",
            "max_idle_cost: expected an amount in USD, found the text `$50`; write the number alone: 50",
        ),
        (
            "{max_idle_cost: -0.01}",
            "max_idle_cost: -0.01 is out of range; write USD, from 0 to 1000000, or leave it out",
        ),
        ("{max_idle_cost: 1e999}", "max_idle_cost: inf is out of range; write USD, from 0 to 1000000, or leave it out"),
        (
            "{max_idle_cost: 1000000.5}",
            "max_idle_cost: 1000000.5 is out of range; write USD, from 0 to 1000000, or leave it out",
        ),
        ("{max_cost: 5}", "max_cost: no such guard `max_cost`; did you mean `max_idle_cost`?"),
        (
            "{population_factor: 1}",
            (
                "population_factor: 1 is no factor; "
                "write how many times more or fewer is too sudden, above 1 and up to 1000000"
            ),
        ),
        (
            "{population_factor: 5x}",
            (
                "population_factor: expected how many times more or fewer, "
                "found the text `5x`; write the number alone: 5"
            ),
        ),
        ("{max_tag_failures: 20}", "max_tag_failures: 20 is no share; write 20 percent as 0.2"),
        ("{max_evidence_failures: -1}", "max_evidence_failures: -1 is no share; 0 to 1"),
        (
            "{max_regret_share: 20%}",
            "max_regret_share: expected a share from 0 to 1, found the text `20%`; write a half as 0.5",
        ),
        ("{max_regrets: 0.2}", "max_regrets: no such guard `max_regrets`; did you mean `max_regret_share`?"),
        ("{stop_hours: []}", "stop_hours: the list is empty; write a list of windows, or leave it out"),
        ("{stop_hours: mon-fri}", f"stop_hours: expected a list of windows, found the text `mon-fri`; {WINDOW}"),
    ],
)
def test_guards_are_strict(guards, sentence):
    loaded = load_guards(guards)
    assert loaded.book is None
    assert sentences(loaded) == [f"guards.{sentence}"]


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ("days: mon, from: 08:00, to: 18:00", f"`timezone` is missing; {WINDOW}"),
        (
            "days: monday, from: 08:00, to: 18:00, timezone: UTC",
            ("days: `monday` names no days; write them like mon-fri, sat,sun or mon"),
        ),
        (
            "days: Mon, from: 08:00, to: 18:00, timezone: UTC",
            ("days: `Mon` names no days; write them like mon-fri, sat,sun or mon"),
        ),
        ("days: mon, from: 8:00, to: 18:00, timezone: UTC", 'from: `8:00` is no time of day; write "08:00"'),
        (
            "days: mon, from: 8, to: 18:00, timezone: UTC",
            ('from: expected a time of day, found the number 8; write it in quotes: "8"'),
        ),
        ("days: mon, from: 08:00, to: 25:00, timezone: UTC", 'to: `25:00` is no time of day; write "08:00"'),
        ("days: mon, from: '24:00', to: 06:00, timezone: UTC", 'from: a window cannot begin at 24:00; write "00:00"'),
        (
            "days: mon, from: 08:00, to: 08:00, timezone: UTC",
            ('to: the window ends when it begins; a whole day is from "00:00" to "24:00"'),
        ),
        (
            "days: mon, from: 08:00, to: 18:00, timezone: Europe/Berln",
            ("timezone: no such time zone `Europe/Berln`; did you mean `Europe/Berlin`?"),
        ),
        (
            "days: mon, from: 08:00, to: 18:00, timezone: ../../etc/passwd",
            ("timezone: no such time zone `../../etc/passwd`; write it like Europe/Berlin"),
        ),
        (
            "days: mon, from: 08:00, to: 18:00, tz: UTC, timezone: UTC",
            ("tz: no such key `tz`; expected days, from, timezone or to"),
        ),
    ],
)
def test_stop_hours_are_strict(window, sentence):
    loaded = load_guards(f"{{stop_hours: [{{{window}}}]}}")
    assert loaded.book is None
    assert [line.removeprefix("guards.stop_hours[0]").lstrip(".: ") for line in sentences(loaded)] == [sentence]


def test_a_message_cannot_break_its_line_or_steer_a_terminal():
    loaded = load_guards('{"\\e[2J\\nmax": 3}')
    assert all(line.isprintable() for line in rendered(loaded))
    assert "\\x1b[2J\\nmax" in rendered(loaded)[0]
