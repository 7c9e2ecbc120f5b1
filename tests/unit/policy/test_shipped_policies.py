"""The policies that ship: what a cautious team can deploy as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper.cli.yaml_document import read_policy_file, read_yaml
from reaper.core.policy.load import load
from reaper.core.policy.model import Action, Guards

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


def test_production_is_protected_and_no_floor_is_lifted(book):
    assert "production" in {policy.name for policy in book.policies if policy.then is Action.PROTECT}
    assert all(policy.even_when == frozenset() for policy in book.policies)


def test_the_guards_are_the_defaults(book):
    assert book.guards == Guards()


EXAMPLES = ("# grace:", "# stop_hours:", "#   - {days", "# owner_tags:", "# prices:")


def test_what_is_commented_out_as_an_example_is_valid():
    lines = FILE.read_text().splitlines()
    text = "\n".join(line.replace("# ", "", 1) if line.lstrip().startswith(EXAMPLES) else line for line in lines)
    loaded = load(read_yaml(text))
    assert [problem.render("f") for problem in loaded.problems] == []
    assert loaded.book is not None
    assert [policy.grace for policy in loaded.book.policies if policy.then is Action.STOP] == [900.0]
    assert loaded.book.guards.stop_hours[0].timezone == "Europe/Berlin"
    assert loaded.book.prices == {"glue_dpu_hour": 0.44, "athena_dpu_hour": 0.35}
