"""A stop policy that can never stop anything is warned about, and none that can is."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings

from reaper.catalog.services import specs
from reaper.cli.yaml_document import read_yaml
from reaper.core.judge import stop_holds
from reaper.core.policy.compile import compile_policy
from reaper.core.policy.load import load
from reaper.core.policy.model import Action
from reaper.core.policy.reach import unreachable
from reaper.core.session import Phase, Session
from reaper.core.vocabulary import Lens
from tests.support.sessions import NOW, ref
from tests.support.strategies import any_lifted, facts, policies

NO_EVIDENCE = "EMR Serverless Spark shows no evidence of use"
NONE_OF_THEM = "its `when` holds of none of them"


def warnings(when: str, fields: str = "") -> list[str]:
    loaded = load(read_yaml(f"version: 1\npolicies:\n- {{name: p, when: {when}, then: stop{fields}}}\n"))
    assert loaded.book is not None
    return [problem.render("f").split(": ", 1)[1] for problem in loaded.problems]


def never(allowed: str, why: str, hint: str) -> list[str]:
    return [
        (
            f"policies[0].then: warning: this never stops a session: only those that are {allowed} may be stopped, "
            f"and {why}; {hint}"
        )
    ]


def lift(phases: str) -> str:
    return f"`then: report`, or say in so many words what else to stop: `even_when` with {phases}"


MEND = "mend its `when`"
NEVER = [
    ("{phase: busy}", "", "idle", NONE_OF_THEM, lift("busy")),
    ("{phase: [busy, starting]}", "", "idle", NONE_OF_THEM, lift("busy or starting")),
    ("{phase: '!idle'}", "", "idle", NONE_OF_THEM, lift("busy, starting or unhealthy")),
    ("{not: {phase: 'id*'}}", "", "idle", NONE_OF_THEM, lift("busy, starting or unhealthy")),
    ("{phase: stopping}", "", "idle", NONE_OF_THEM, MEND),
    ("{phase: absent}", "", "idle", NONE_OF_THEM, MEND),
    ("{all: [{phase: idle}, {phase: busy}]}", ", even_when: [busy]", "idle or busy", NONE_OF_THEM, MEND),
    ("{any: [{phase: busy}, {phase: starting}]}", "", "idle", NONE_OF_THEM, lift("busy or starting")),
    ("{age: '> 8h', phase: busy}", ", even_when: [starting]", "idle or starting", NONE_OF_THEM, lift("busy")),
    ("{phase: busy}", ", even_when: [undecidable]", "idle or undecidable", NONE_OF_THEM, lift("busy")),
    ("{service: athena}", ", services: [glue]", "idle", NONE_OF_THEM, MEND),
    ("{any: [{service: glue, phase: busy}, {phase: starting}]}", "", "idle", NONE_OF_THEM, lift("busy or starting")),
    (
        "{age: '> 1d'}",
        ", services: [emr-serverless-spark]",
        "idle",
        NO_EVIDENCE,
        lift("starting, unhealthy or undecidable"),
    ),
    (
        "{age: '> 1d', service: emr-serverless-spark}",
        "",
        "idle",
        NO_EVIDENCE,
        lift("starting, unhealthy or undecidable"),
    ),
    (
        "{phase: idle}",
        ", services: [emr-serverless-spark], even_when: [undecidable]",
        "idle or undecidable",
        NO_EVIDENCE,
        MEND,
    ),
]


@pytest.mark.parametrize(("when", "fields", "allowed", "why", "hint"), NEVER)
def test_a_stop_that_can_reach_no_session_is_warned_about(when, fields, allowed, why, hint):
    assert warnings(when, fields) == never(allowed, why, hint)


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("{phase: idle}", ""),
        ("{phase: '!busy'}", ""),
        ("{phase: [busy, idle]}", ""),
        ("{phase: present}", ""),
        ("{any: [{phase: busy}, {age: '> 8h'}]}", ""),
        ("{not: {all: [{phase: idle}, {owner: ada}]}}", ""),
        ("{age: '> 8h'}", ""),
        ("{age: '> 8h'}", ", services: [emr-serverless-spark, glue]"),
        ("{service: '!emr-serverless-spark'}", ""),
        ("{tags: {phase: busy}}", ""),
        ("{state: busy}", ""),
    ],
)
def test_a_stop_that_may_reach_some_session_is_not(when, fields):
    assert warnings(when, fields) == []


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("{phase: busy}", ", even_when: [busy]"),
        ("{age: '> 1d'}", ", services: [emr-serverless-spark], even_when: [undecidable]"),
        ("{phase: starting}", ", services: [emr-serverless-spark], even_when: [starting]"),
    ],
)
def test_a_stop_that_reaches_only_what_it_lifts_is_warned_about_as_dangerous_instead(when, fields):
    (warning,) = warnings(when, fields)
    assert warning.startswith("policies[0].even_when: warning: this stops sessions that are ")


@pytest.mark.parametrize("then", ["report", "protect"])
def test_what_is_no_stop_may_ask_for_any_phase(then):
    loaded = load(read_yaml(f"version: 1\npolicies: [{{name: p, when: {{phase: busy}}, then: {then}}}]"))
    assert loaded.problems == ()


@settings(max_examples=500, deadline=None)
@given(policies(lifted=any_lifted), facts())
def test_a_policy_that_stops_a_session_is_never_called_unreachable(found, known):
    session = Session(ref(), known)
    for policy in found:
        if policy.then is not Action.STOP or known.phase is Phase.ENDED:
            continue
        stops = stop_holds(compile_policy(policy, Lens()), session, NOW) is True
        event(f"stops: {stops}, unreachable: {unreachable(policy, specs()) is not None}")
        assert not (stops and unreachable(policy, specs())), policy
