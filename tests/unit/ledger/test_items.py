from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.catalog.services import specs
from reaper.core.session import SessionRef
from reaper.ledger.attributes import GarbledItemError, number
from reaper.ledger.items import NewerItemError, memory_item, memory_of, ref_of
from reaper.ledger.sweep_items import sweep_item, sweep_of
from tests.support.ledgers import FULL_MEMORY, FULL_SWEEP


@given(st.floats(-1e100, 1e100).filter(lambda value: value == 0 or abs(value) > 1e-100))
def test_a_number_is_exact_to_its_last_digit(value):
    assert float(number(value)["N"]) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (25, "25"), (1772366400.0, "1772366400"), (0.1, "0.1"), (1e-200, "0"), (-0.5, "-0.5")],
)
def test_a_number_is_written_as_dynamodb_keeps_it(value, written):
    assert number(value) == {"N": written}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e200])
def test_what_dynamodb_cannot_hold_is_no_number(value):
    with pytest.raises(ValueError, match="no number that DynamoDB holds"):
        number(value)


def read_memory(**changed: Any) -> None:
    item = {name: value for name, value in {**memory_item(FULL_MEMORY), **changed}.items() if value is not None}
    memory_of(item, FULL_MEMORY.ref)


REQUIRED = ["schema", "version", "first_matched", "last_matched", "held_since", "outcome", "outcome_since"]


@pytest.mark.parametrize("name", [*REQUIRED, "told_by", "likeness", "idle_cost"])
def test_a_memory_that_lacks_what_every_memory_has_is_garbled(name):
    with pytest.raises(GarbledItemError, match=f"^{name} is missing$"):
        read_memory(**{name: None})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"held_since": {"S": "yesterday"}}, "held_since is no number"),
        ({"held_since": {"N": "yesterday"}}, "held_since is no number"),
        ({"held_since": {"N": "NaN"}}, "held_since is no number"),
        ({"held_since": "1772366400"}, "held_since is no number"),
        ({"told_at": {"NULL": True}}, "told_at is no number"),
        ({"promise": {"M": {"policy": {"S": "p"}}}}, "promise.stage is missing"),
        ({"promise": {"M": {"stage": {"S": "later"}}}}, "promise.stage is none that is known"),
        ({"promise": None, "warned_at": {"NULL": True}}, "warned_at is no number"),
        ({"policy": {"N": "1"}}, "policy is no text"),
        ({"version": {"N": "-1"}}, "version is no count"),
        ({"version": {"N": "1.5"}}, "version is no count"),
        ({"outcome": {"S": "vanished"}}, "outcome 'vanished' is none that is known"),
        ({"snooze": {"S": "for ever"}}, "snooze is no map"),
        ({"snooze": {"M": {"until": {"S": "2030"}}}}, "snooze.until is no number"),
        ({"claim": {"M": {"run_id": {"S": "run-7"}}}}, "claim.at is missing"),
    ],
)
def test_a_memory_with_a_part_that_makes_no_sense_is_garbled(changed, said):
    with pytest.raises(GarbledItemError) as raised:
        read_memory(**changed)
    assert str(raised.value) == said


def test_members_that_nobody_knows_are_ignored():
    read_memory(note={"S": "kept by hand"})


def test_a_memory_of_a_newer_release_says_what_to_do():
    with pytest.raises(NewerItemError, match=r"schema 2, this one reads 1\): update Session Reaper here too"):
        read_memory(schema={"N": "2"}, held_since=None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"live": {"M": {"glue": {"N": "1"}}}}, "'glue' names no scope"),
        ({"live": {"M": {"glue 1 eu-west-1": {"N": "-1"}}}}, "live.glue 1 eu-west-1 is no count"),
        ({"claims": {"L": [{"S": "nightly"}]}}, "'nightly' names no session"),
        ({"claims": {"L": [{"N": "7"}]}}, "claims.0 is no text"),
        ({"blind": {"M": {}}}, "blind is no list"),
        ({"unconfirmed": {"L": [{"M": {}}]}}, "unconfirmed.0.session is missing"),
        ({"counts": {"L": [{"S": "many"}]}}, "counts.0 is no map"),
        ({"told": {"S": "yes"}}, "told is no flag"),
    ],
)
def test_a_sweep_with_a_part_that_makes_no_sense_is_garbled(changed, said):
    item, _ = sweep_item(FULL_SWEEP)

    with pytest.raises(GarbledItemError) as raised:
        sweep_of({**item, **changed})
    assert str(raised.value) == said


@pytest.mark.parametrize("spec", specs().values(), ids=lambda spec: spec.service)
def test_a_session_is_read_back_with_its_scope_as_its_service_orders_it(spec):
    scope = tuple((part, f"{part}-1") for part in spec.scope)
    there = SessionRef(spec.service, "1", "eu-central-1", scope, "s-1")
    item = memory_item(replace(FULL_MEMORY, ref=there))
    # A map of DynamoDB's has no order.
    shuffled = {**item, "scope": {"M": dict(sorted(item["scope"]["M"].items()))}}

    assert ref_of(shuffled) == there


def test_a_session_of_a_service_that_is_not_known_here_is_read_back_whole():
    there = SessionRef("warehouse", "1", "eu-central-1", (("cluster", "c"), ("pool", "p")), "s-1")

    assert ref_of(memory_item(replace(FULL_MEMORY, ref=there))) == there
