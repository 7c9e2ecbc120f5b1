"""The policies that ship: what a cautious team can deploy as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper.cli.yaml_document import read_policy_file, read_yaml
from reaper.core.facts import ABSENT
from reaper.core.judge import Verdict, compile_book, judge
from reaper.core.policy.load import load
from reaper.core.policy.model import Action, Guards, SnoozeLimit, Stage
from reaper.core.session import Phase
from reaper.providers.athena import facts as athena
from reaper.providers.emr_serverless_spark import facts as emr_serverless_spark
from reaper.providers.glue import facts as glue
from tests.support.sessions import DAY, HOUR, NOW, session

ROOT = Path(__file__).parents[3]
FILE = ROOT / "policies.yaml"


@pytest.fixture(scope="module")
def book():
    loaded = load(read_policy_file(FILE))
    assert [problem.render("policies.yaml") for problem in loaded.problems] == []
    assert loaded.book is not None
    return loaded.book


def test_an_editor_finds_the_schema():
    first, *_ = FILE.read_text().splitlines()
    assert first == "# yaml-language-server: $schema=./schema/policies.schema.json"
    assert (ROOT / "schema" / "policies.schema.json").is_file()


def test_only_idle_glue_sessions_would_be_stopped(book):
    stops = [policy for policy in book.policies if policy.then is Action.STOP]
    assert [(policy.name, policy.services) for policy in stops] == [("glue-idle", frozenset({"glue"}))]


def test_what_is_shown_as_a_default_is_the_default():
    assert Guards() == Guards(
        max_tag_failures=0.2, max_evidence_failures=0.2, population_factor=5.0, max_regret_share=0.2
    )
    assert SnoozeLimit() == SnoozeLimit(max=28_800.0, times=3)


def test_production_is_protected_and_no_floor_is_lifted(book):
    assert "production" in {policy.name for policy in book.policies if policy.then is Action.PROTECT}
    assert all(policy.even_when == frozenset() for policy in book.policies)


def test_the_guards_are_the_defaults(book):
    assert book.guards == Guards()


EXAMPLES = (
    "# grace:",
    "# stage:",
    "# snooze:",
    "# max_idle_cost:",
    "# max_tag_failures:",
    "# max_evidence_failures:",
    "# population_factor:",
    "# max_regret_share:",
    "# stop_hours:",
    "#   - {days",
    "# owner_tags:",
    "# prices:",
)


def test_what_is_commented_out_as_an_example_is_valid():
    lines = FILE.read_text().splitlines()
    text = "\n".join(line.replace("# ", "", 1) if line.lstrip().startswith(EXAMPLES) else line for line in lines)
    loaded = load(read_yaml(text))
    assert [problem.render("f") for problem in loaded.problems] == []
    assert loaded.book is not None
    stop = next(policy for policy in loaded.book.policies if policy.then is Action.STOP)
    assert (stop.grace, stop.stage, stop.snooze) == (900.0, Stage.OBSERVE, SnoozeLimit(max=28_800.0, times=3))
    guards = loaded.book.guards
    assert guards.stop_hours[0].timezone == "Europe/Berlin"
    assert guards.max_idle_cost == 50.0
    assert guards.max_evidence_failures == 0.2
    assert (guards.max_tag_failures, guards.population_factor, guards.max_regret_share) == (0.2, 5.0, 0.2)
    assert loaded.book.prices == {"glue_dpu_hour": 0.44, "athena_dpu_hour": 0.35}


STATES = {
    "glue": glue._PHASES,
    "athena": athena._PHASES,
    "emr-serverless-spark": emr_serverless_spark.PHASES,
    "deadline": {"STARTED": Phase.STOPPING},
}
STUCK = [
    (service, state, phase)
    for service, states in STATES.items()
    for state, phase in states.items()
    if phase in {Phase.STARTING, Phase.STOPPING, Phase.UNHEALTHY}
]


@pytest.mark.parametrize(("service", "state", "phase"), STUCK)
def test_a_session_that_hangs_in_a_state_that_should_pass_is_reported(book, service, state, phase):
    hangs = session(service=service, state=state, phase=phase, idle_since=ABSENT, idle_timeout=3_600.0, age=2 * DAY)
    verdict = judge(compile_book(book), hangs, NOW)
    assert isinstance(verdict, Verdict)
    assert (verdict.kind.value, verdict.policy) == ("report", "stuck")


@pytest.mark.parametrize(("service", "state", "phase"), STUCK)
def test_a_session_that_is_on_its_way_is_not(book, service, state, phase):
    age = DAY - 1 if phase is Phase.STOPPING else HOUR - 1
    passes = session(service=service, state=state, phase=phase, idle_since=ABSENT, idle_timeout=3_600.0, age=age)
    verdict = judge(compile_book(book), passes, NOW)
    assert isinstance(verdict, Verdict)
    assert verdict.kind.value == "keep"


def test_there_are_sessions_that_may_hang_in_every_service():
    assert {service for service, _, _ in STUCK} == set(STATES)
