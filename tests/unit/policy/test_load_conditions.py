"""What a ``when`` means once it is loaded, and what is refused there with which sentence."""

from __future__ import annotations

import pytest

from reaper.cli.yaml_document import read_yaml
from reaper.core.policy.load import load
from reaper.core.policy.model import (
    AllOf,
    AnyOf,
    Compare,
    FactRef,
    Not,
    Operator,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)

IDLE = TextTest("phase", ("idle",))
BUSY = TextTest("phase", ("busy",))


def load_when(when: str):
    return load(read_yaml(f"version: 1\npolicies:\n- name: p\n  then: report\n  when: {when}\n"))


MEANINGS = {
    "{owner: ada}": TextTest("owner", ("ada",)),
    "{owner: [ada, 'team-*']}": TextTest("owner", ("ada", "team-*")),
    "{owner: '!ada'}": Not(TextTest("owner", ("ada",))),
    "{owner: '!team-*'}": Not(TextTest("owner", ("team-*",))),
    "{owner: present}": Presence("owner", present=True),
    "{owner: absent}": Presence("owner", present=False),
    "{account: 012345678901}": TextTest("account", ("012345678901",)),
    "{name: 2026-03-01}": TextTest("name", ("2026-03-01",)),
    "{state: READY}": TextTest("state", ("READY",)),
    "{phase: 'i*'}": TextTest("phase", ("i*",)),
    "{phase: '!busy'}": Not(BUSY),
    "{service: [glue, athena]}": TextTest("service", ("glue", "athena")),
    "{idle_for: '>= 30m'}": Compare("idle_for", Operator.AT_LEAST, 1800.0),
    "{idle_for: '>30m'}": Compare("idle_for", Operator.GREATER, 1800.0),
    "{idle_for: ' <  1h30m '}": Compare("idle_for", Operator.LESS, 5400.0),
    "{dpus: '<= 5'}": Compare("dpus", Operator.AT_MOST, 5.0),
    "{idle_for: '== 0s'}": Compare("idle_for", Operator.EQUAL, 0.0),
    "{idle_for: '!= 20m'}": Not(Compare("idle_for", Operator.EQUAL, 1200.0)),
    "{idle_for: '> idle_timeout'}": Compare("idle_for", Operator.GREATER, FactRef("idle_timeout")),
    "{idle_cost: '!= hourly_cost'}": Not(Compare("idle_cost", Operator.EQUAL, FactRef("hourly_cost"))),
    "{idle_cost: '> 1.50'}": Compare("idle_cost", Operator.GREATER, 1.5),
    "{idle_timeout: absent}": Presence("idle_timeout", present=False),
    "{tags: {env: 'prod*'}}": TagTest("env", ("prod*",)),
    "{tags: {env: '!prod'}}": Not(TagTest("env", ("prod",))),
    "{tags: {env: ''}}": TagTest("env", ("",)),
    "{tags: {team: present}}": TagPresence("team", present=True),
    "{tags: {team: absent}}": TagPresence("team", present=False),
    "{tags: present}": Presence("tags", present=True),
    "{tags: absent}": Presence("tags", present=False),
    "{tags: {env: no, on: 1e3, cost: 1.10, since: 2026-03-01, flag: True}}": AllOf(
        (
            TagTest("env", ("no",)),
            TagTest("on", ("1e3",)),
            TagTest("cost", ("1.10",)),
            TagTest("since", ("2026-03-01",)),
            TagTest("flag", ("True",)),
        )
    ),
    "{phase: idle, age: '> 1d'}": AllOf((IDLE, Compare("age", Operator.GREATER, 86_400.0))),
    "{all: [{phase: idle}, {owner: ada}]}": AllOf((IDLE, TextTest("owner", ("ada",)))),
    "{any: [{phase: idle}, {phase: busy}]}": AnyOf((IDLE, BUSY)),
    "{not: {phase: idle, owner: ada}}": Not(AllOf((IDLE, TextTest("owner", ("ada",))))),
    "{phase: idle, any: [{not: {any: [{phase: busy}]}}]}": AllOf((IDLE, AnyOf((Not(AnyOf((BUSY,))),)))),
}


@pytest.mark.parametrize(("when", "condition"), MEANINGS.items())
def test_a_condition_means(when, condition):
    loaded = load_when(when)
    assert loaded.problems == ()
    assert loaded.book is not None
    assert loaded.book.policies[0].when == condition


REFUSED = {
    "{idel_for: '> 1h'}": "policies[0].when.idel_for: no such fact `idel_for`; did you mean `idle_for`?",
    "{idle-for: '> 1h'}": "policies[0].when.idle-for: no such fact `idle-for`; did you mean `idle_for`?",
    "{idle_for: 30m}": 'policies[0].when.idle_for: `30m` is no comparison; write ">= 30m"',
    "{idle_for: 30}": 'policies[0].when.idle_for: 30 is no comparison; 30 of what? write ">= 30m" or ">= 30s"',
    "{idle_for: '> 30'}": "policies[0].when.idle_for: `30` has no unit; 30 of what? write 30m or 30s",
    "{idle_for: '> 30 minutes'}": "policies[0].when.idle_for: `30 minutes` is not a duration; write 30m",
    "{idle_for: '> 1.5h'}": "policies[0].when.idle_for: `1.5h` is not a duration; write 1h30m",
    "{idle_for: '=> 30m'}": "policies[0].when.idle_for: no such operator `=>`; did you mean `>=`?",
    "{idle_for: '= 30m'}": "policies[0].when.idle_for: no such operator `=`; did you mean `==`?",
    "{idle_for: '> dpus'}": "policies[0].when.idle_for: idle_for (duration) cannot be compared with dpus (number); "
    "compare it with a duration or `age` or `idle_timeout`",
    "{idle_for: '> idle_timeot'}": "policies[0].when.idle_for: `idle_timeot` is not a duration; "
    "did you mean `idle_timeout`?",
    "{idle_for: '> idle_for'}": "policies[0].when.idle_for: idle_for is compared with itself; "
    "name another fact or a value",
    "{idle_for: '!present'}": "policies[0].when.idle_for: `!present` negates twice; write absent",
    "{idle_for: ['> 1h', '< 2h']}": "policies[0].when.idle_for: expected a comparison like `>= 30m`, present or absent, "
    'found a list; for several comparisons write `all: [{idle_for: ">= 30m"}, ..]`',
    "{dpus: 5}": 'policies[0].when.dpus: 5 is no comparison; write ">= 5" or "== 5"',
    "{dpus: '> -1'}": "policies[0].when.dpus: `-1` is not a number; dpus is never negative",
    "{dpus: '> 5m'}": "policies[0].when.dpus: `5m` is not a number; write it like `>= 5`",
    "{hourly_cost: '> $5'}": "policies[0].when.hourly_cost: `$5` is not a number; "
    "costs are in USD: write the number alone",
    "{phase: slepping}": "policies[0].when.phase: no such phase `slepping`; did you mean `stopping`?",
    "{phase: asleep}": "policies[0].when.phase: no such phase `asleep`; "
    "expected starting, busy, idle, stopping, ended, unhealthy or unknown",
    "{phase: Idle}": "policies[0].when.phase: no such phase `Idle`; did you mean `idle`?",
    "{phase: 'x*'}": "policies[0].when.phase: `x*` matches no phase; "
    "expected starting, busy, idle, stopping, ended, unhealthy or unknown",
    "{service: glew}": "policies[0].when.service: no such service `glew`; did you mean `glue`?",
    "{owner: '> bob'}": "policies[0].when.owner: owner is text and has no order: `> bob` compares; "
    "write the value alone",
    "{owner: '!= bob'}": 'policies[0].when.owner: `!= bob` is no negation of a value; write "!" and the value: "!red"',
    "{owner: '!'}": 'policies[0].when.owner: `!` is no negation of a value; write "!" and the value: "!red"',
    "{owner: '!!bob'}": 'policies[0].when.owner: `!!bob` is no negation of a value; write "!" and the value: "!red"',
    "{owner: '!absent'}": "policies[0].when.owner: `!absent` negates twice; write present",
    "{owner: [ada, '!bob']}": "policies[0].when.owner[1]: `!bob` cannot stand in a list: a list means any of its "
    "values; to exclude several values write `not: {..}` around a list without `!`",
    "{owner: [ada, absent]}": "policies[0].when.owner[1]: `absent` cannot stand in a list; "
    "write `any: [..]` with a condition for absent",
    "{owner: []}": "policies[0].when.owner: the list is empty; write at least one value, or leave it out",
    "{owner: {is: ada}}": "policies[0].when.owner: expected a value of owner, a list of values, present or absent, "
    "found a mapping",
    "{owner: }": "policies[0].when.owner: nothing is written here; "
    'write a value of owner, a list of values, present or absent, or "" for an empty text',
    "{owner: !ada }": 'policies[0].when.owner: `!ada` is YAML markup here, not text; write it in quotes: "!ada"',
    "{owner: *ada }": 'policies[0].when.owner: `*ada` is YAML markup here, not text; write it in quotes: "*ada"',
    "{tags: {}}": "policies[0].when.tags: no tag is named here; write it like {env: prod}, present or absent",
    "{tags: {'team-*': present}}": 'policies[0].when.tags["team-*"]: the tag key `team-*` holds a glob; '
    "tag keys are matched literally: name each key",
    "{tags: env}": "policies[0].when.tags: expected a mapping of tag keys to values, present or absent, "
    "found the text `env`; write it like {env: prod}",
    "{tags: {a/b: {c: d}}}": 'policies[0].when.tags["a/b"]: expected a value of the tag a/b, a list of values, '
    "present or absent, found a mapping",
    "{tags: {'': x}}": 'policies[0].when.tags[""]: a key is missing here',
    "{not: {phase: idle}, not: {phase: busy}}": "policies[0].when.not: the key `not` is written twice, "
    "first on line 5; keep one of them",
    "{}": "policies[0].when: no condition is written here; to match every session say so: {id: present}",
    "": "policies[0].when: expected a mapping of facts to conditions, found nothing; write it like {phase: idle}",
    "[{phase: idle}]": "policies[0].when: expected a mapping of facts to conditions, found a list; "
    "write `all: [..]` or `any: [..]` around the list",
    "{any: []}": "policies[0].when.any: the list is empty; write a list of conditions, or leave it out",
    "{all: {phase: idle}}": "policies[0].when.all: expected a list of conditions, found a mapping; "
    "write a list: [{..}, {..}]",
    "{not: [{phase: idle}]}": "policies[0].when.not: expected a mapping of facts to conditions, found a list; "
    "write `all: [..]` or `any: [..]` around the list",
    "{any: [{phase: idle}, {}]}": "policies[0].when.any[1]: no condition is written here; "
    "to match every session say so: {id: present}",
}


@pytest.mark.parametrize(("when", "sentence"), REFUSED.items())
def test_a_condition_is_refused_with_a_sentence(when, sentence):
    loaded = load_when(when)
    assert loaded.book is None
    assert [problem.render("f").split(": ", 1)[1] for problem in loaded.problems] == [sentence]


@pytest.mark.parametrize("phase", ["ended", "unknown", "'!ended'", "[idle, ended]"])
def test_a_phase_that_no_policy_ever_sees_is_warned_about(phase):
    loaded = load_when(f"{{phase: {phase}}}")
    assert loaded.book is not None
    assert [problem.severity for problem in loaded.problems] == ["warning"]
    assert "no session a policy sees is" in loaded.problems[0].message
