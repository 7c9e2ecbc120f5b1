"""The JSON Schema accepts what the loader accepts, and refuses what it refuses, but for a short list it cannot express."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft4Validator

from reaper.catalog.services import prices
from reaper.core.policy import schema
from reaper.core.policy.document import from_json
from reaper.core.policy.load import Severity, load
from reaper.core.policy.model import Guards, Policy, SnoozeLimit
from reaper.core.vocabulary import VOCABULARY
from tests.support.policy_documents import ANY_VALUES, FACT_VALUES, conditions, documents, one_policy

ROOT = Path(__file__).parents[3]
SCHEMA_FILE = ROOT / "schema" / "policies.schema.json"
VALIDATOR = Draft4Validator(schema.build())

BEYOND_THE_SCHEMA = {
    "two policies of one name": "two policies are called",
    "a time zone that does not exist": "no such time zone",
    "a window that ends when it begins": "the window ends when it begins",
    "a glob that matches none of a closed list": "matches no ",
    "a snooze shorter than an hour or longer than a week": "is no length for a snooze",
}
"""What no draft-04 schema can say, by the loader's words for it. (A key written twice is gone once JSON is parsed.)"""


def loader_errors(document: Any) -> list[str]:
    problems = load(from_json(json.dumps(document))).problems
    return [problem.message for problem in problems if problem.severity is Severity.ERROR]


def assert_they_agree(document: Any) -> None:
    by_schema = [error.message[:200] for error in VALIDATOR.iter_errors(document)]
    by_loader = loader_errors(document)
    sayable = [error for error in by_loader if not any(words in error for words in BEYOND_THE_SCHEMA.values())]
    explained = f"schema: {by_schema}\nloader: {by_loader}\ndocument: {json.dumps(document)}"
    assert by_loader or not by_schema, f"the schema refuses what the loader accepts\n{explained}"
    assert by_schema or not sayable, f"the schema accepts what the loader refuses\n{explained}"


def keywords(node: Any) -> set[str]:
    """Every word the schema uses as a keyword, wherever a schema may stand."""
    found = set(node)
    for word, value in node.items():
        if word in {"properties", "patternProperties", "definitions", "dependencies"}:
            found |= {inner for each in value.values() for inner in keywords(each)}
        elif word in {"anyOf", "allOf"}:
            found |= {inner for each in value for inner in keywords(each)}
        elif word in {"items", "not"}:
            found |= keywords(value)
    return found


def test_the_checked_in_schema_is_the_one_the_code_builds():
    assert SCHEMA_FILE.read_text() == schema.as_text(), "run: reaper schema > schema/policies.schema.json"


def test_the_schema_is_draft_04_and_uses_no_newer_word():
    Draft4Validator.check_schema(schema.build())
    assert keywords(schema.build()) <= {
        "$schema", "$ref", "title", "description", "definitions", "default", "type", "enum", "not", "anyOf", "allOf",
        "required", "properties", "patternProperties", "additionalProperties", "minProperties", "dependencies",
        "items", "minItems", "uniqueItems", "minLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    }  # fmt: skip


def test_the_patterns_run_in_every_engine_and_are_anchored():
    for pattern in re.findall(r'"(?:pattern)": "(.*)"', schema.as_text()):
        assert "(?" not in pattern, "look-around and groups that not every engine knows"
        assert pattern == "\\\\n" or (pattern.startswith("^") and pattern.endswith(("$", "|$)"))), pattern


def test_the_schema_fits_appconfig():
    assert len(json.dumps(schema.build(), separators=(",", ":"))) < 32_000


def test_the_schema_describes_every_fact_and_price():
    built: Any = schema.build()
    assert set(built["definitions"]["condition"]["properties"]) == {*VOCABULARY, "all", "any", "not"}
    assert set(built["properties"]["prices"]["properties"]) == set(prices())
    for name, property_ in built["definitions"]["condition"]["properties"].items():
        assert property_["description"], name


def test_the_schema_accepts_the_shipped_policies():
    assert_they_agree(yaml.safe_load((ROOT / "policies.yaml").read_text()))


@pytest.mark.parametrize("fact", [*VOCABULARY, "all", "any", "not", "nonsense"])
def test_schema_and_loader_agree_on_every_value_of_every_fact(fact):
    for value in FACT_VALUES:
        assert_they_agree(one_policy(when={fact: value}))


POLICY_FIELDS = {
    "name", "description", "services", "when", "then", "grace", "even_when", "stage", "snooze",
}  # fmt: skip
GUARDS = {
    "max_stops", "max_stop_share", "min_population", "min_age", "stop_hours", "max_idle_cost", "population_factor",
    "max_tag_failures", "max_evidence_failures", "max_regret_share",
}  # fmt: skip


def test_the_schema_describes_every_field_of_the_model():
    built: Any = schema.build()
    policy, guards = built["definitions"]["policy"]["properties"], built["properties"]["guards"]["properties"]
    assert set(policy) == POLICY_FIELDS == {field.name for field in fields(Policy)}
    assert set(guards) == GUARDS == {field.name for field in fields(Guards)}
    assert set(policy["snooze"]["properties"]) == {field.name for field in fields(SnoozeLimit)}
    described = [*policy.values(), *guards.values(), *policy["snooze"]["properties"].values()]
    assert all(property_["description"] for property_ in described)


def test_the_schema_says_what_needs_a_ledger():
    built: Any = schema.build()
    policy, guards = built["definitions"]["policy"]["properties"], built["properties"]["guards"]["properties"]
    for property_ in (
        policy["grace"],
        policy["stage"],
        policy["snooze"],
        guards["population_factor"],
        guards["max_regret_share"],
    ):
        assert "ledger" in property_["description"]


WINDOW = {"days": "mon-fri", "from": "08:00", "to": "18:00", "timezone": "UTC"}


def test_schema_and_loader_agree_on_every_value_of_every_field():
    for value in ANY_VALUES:
        assert_they_agree(value)
        assert_they_agree({"version": 1, "guards": value})
        for key in ("version", "policies", "guards", "owner_tags", "prices", "polices"):
            assert_they_agree({"version": 1, "policies": [], key: value})
        for field in (*POLICY_FIELDS, "nonsense"):
            assert_they_agree(one_policy(**{field: value}))
            assert_they_agree(one_policy(**{"then": "report", field: value}))
        for guard in (*GUARDS, "max_stop"):
            assert_they_agree({"version": 1, "policies": [], "guards": {guard: value}})
        for limit in ("max", "times", "min"):
            assert_they_agree(one_policy(snooze={limit: value}))
        for part in (*WINDOW, "tz"):
            assert_they_agree({"version": 1, "policies": [], "guards": {"stop_hours": [{**WINDOW, part: value}]}})


@pytest.mark.parametrize("missing", ["name", "when", "then"])
def test_schema_and_loader_agree_on_what_a_policy_needs(missing):
    document = one_policy()
    assert_they_agree(document)
    del document["policies"][0][missing]
    assert_they_agree(document)


@pytest.mark.parametrize("missing", WINDOW)
def test_schema_and_loader_agree_on_what_a_window_needs(missing):
    assert_they_agree(
        {
            "version": 1,
            "policies": [],
            "guards": {"stop_hours": [{key: WINDOW[key] for key in WINDOW if key != missing}]},
        }
    )


CANNOT_SAY = {
    "two policies of one name": {"version": 1, "policies": [one_policy()["policies"][0]] * 2},
    "a time zone that does not exist": {
        "version": 1,
        "policies": [],
        "guards": {"stop_hours": [{**WINDOW, "timezone": "Mars/Base"}]},
    },
    "a window that ends when it begins": {
        "version": 1,
        "policies": [],
        "guards": {"stop_hours": [{**WINDOW, "to": "08:00"}]},
    },
    "a glob that matches none of a closed list": one_policy(when={"phase": "x*"}),
    "a snooze shorter than an hour or longer than a week": one_policy(snooze={"max": "59m"}),
}


@pytest.mark.parametrize("what", BEYOND_THE_SCHEMA)
def test_the_loader_refuses_what_the_schema_cannot_express(what):
    assert VALIDATOR.is_valid(CANNOT_SAY[what])
    assert [BEYOND_THE_SCHEMA[what] in error for error in loader_errors(CANNOT_SAY[what])] == [True]


@settings(max_examples=300, deadline=None)
@given(documents)
def test_schema_and_loader_agree_on_any_document(document):
    assert_they_agree(document)


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_schema_and_loader_agree_on_any_condition(condition):
    assert_they_agree(one_policy(when=condition))


def test_the_generated_conditions_are_not_all_wrong():
    found: list[Any] = []

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(conditions)
    def collect(condition: Any) -> None:
        found.append(not loader_errors(one_policy(when=condition)))

    collect()
    assert 10 < sum(found) < len(found) - 10
