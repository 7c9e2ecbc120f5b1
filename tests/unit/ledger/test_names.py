from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.names import NotANameError, scope_name, scope_of, session_name, session_of
from reaper.core.session import ScopeKey, SessionRef
from reaper.ledger.names import MOST_KEY_BYTES, partition_key, sweep_key

part = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("a/=% ", max_size=6)
refs = st.builds(
    SessionRef,
    service=part,
    account=part,
    region=part,
    scope=st.lists(st.tuples(part, part), max_size=5).map(tuple),
    id=part | st.text("漢/", min_size=700, max_size=900),
)


@given(refs)
def test_a_session_is_read_back_from_its_name(ref):
    assert session_of(session_name(ref)) == ref


@given(refs, refs)
def test_different_sessions_have_different_keys_that_dynamodb_takes(one, other):
    assert (partition_key(one) == partition_key(other)) == (one == other)
    assert 1 <= len(partition_key(one).encode()) <= MOST_KEY_BYTES


@given(part, part, part)
def test_a_scope_is_read_back_from_its_name(service, account, region):
    key = ScopeKey(service, account, region)
    assert scope_of(scope_name(key)) == key


def test_names_are_what_people_call_things():
    ref = SessionRef("athena", "123456789012", "eu-central-1", (("workgroup", "data science"),), "8f1c=2")

    assert session_name(ref) == "athena/123456789012/eu-central-1/workgroup=data%20science/8f1c%3D2"
    assert partition_key(ref) == "session/athena/123456789012/eu-central-1/workgroup=data%20science/8f1c%3D2"
    assert scope_name(ref.key) == "athena 123456789012 eu-central-1"


@pytest.mark.parametrize("name", ["", "glue", "glue/1/eu-west-1", "glue/1/eu-west-1/workgroup/id"])
def test_what_names_no_session_is_refused(name):
    with pytest.raises(NotANameError, match="names no session"):
        session_of(name)


@pytest.mark.parametrize("name", ["", "glue 1", "glue 1 eu-west-1 x"])
def test_what_names_no_scope_is_refused(name):
    with pytest.raises(NotANameError, match="names no scope"):
        scope_of(name)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_a_later_sweep_sorts_after_an_earlier_one(one, other):
    earlier, later = sorted([one, other])
    assert sweep_key(earlier, "") <= sweep_key(later, "")
