"""The policies that ship: what a cautious team can deploy as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper.cli.yaml_document import read_policy_file, read_yaml
from reaper.core.policy.load import load
from reaper.core.policy.model import Action, Guards, SnoozeLimit, Stage

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
