from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.guards import Stops
from reaper.core.report import Unfinished
from reaper.core.session import ScopeKey, SessionRef
from reaper.handlers.continuation import ContinuationError, Part, read_event, write_event
from reaper.sweep.parts import Earlier

GLUE = {"service": "glue", "account": "111122223333", "region": "eu-central-1"}
SCIENCE = {"service": "athena", "account": "111122223333", "region": "eu-central-1", "scope": {"workgroup": "science"}}
EVENT: dict[str, Any] = {
    "part": 3,
    "began_at": 1800000000.5,
    "scopes": [SCIENCE],
    "sessions": [{**GLUE, "scope": {}, "id": "nightly"}],
    "stops_waiting": [{**GLUE, "scope": {}, "id": "idle", "idle_cost": 39.6}],
    "seen": 7,
    "live": [{**GLUE, "count": 5}],
    "stops": [{**GLUE, "count": 2, "idle_cost": 1.5}],
    "tag_lookups": [{**GLUE, "asked": 9, "failed": 1}],
    "evidence_lookups": [{**GLUE, "asked": 7, "failed": 0}],
    "blind": [GLUE],
}
GLUE_KEY = ScopeKey("glue", "111122223333", "eu-central-1")
IDLE = SessionRef("glue", "111122223333", "eu-central-1", (), "idle")
PART = Part(
    3,
    Earlier(
        began_at=1800000000.5,
        unfinished=Unfinished(
            listings=((ScopeKey("athena", "111122223333", "eu-central-1"), (("workgroup", "science"),)),),
            sessions=(SessionRef("glue", "111122223333", "eu-central-1", (), "nightly"),),
            stops=(IDLE,),
            idle_costs={IDLE: 39.6},
        ),
        seen=7,
        live={GLUE_KEY: 5},
        stops={GLUE_KEY: Stops(2, 1.5)},
        tag_lookups={GLUE_KEY: (9, 1)},
        evidence_lookups={GLUE_KEY: (7, 0)},
        blind=frozenset({GLUE_KEY}),
    ),
)

words = st.text(min_size=1, max_size=8)
keys = st.builds(ScopeKey, words, words, words)
scopes = st.dictionaries(words, words, max_size=3).map(lambda scope: tuple(scope.items()))
counts = st.integers(0, 10**6)
refs = st.builds(SessionRef, words, words, words, scopes, words)
parts = st.builds(
    Part,
    st.integers(2, 30),
    st.builds(
        Earlier,
        began_at=st.floats(0, 4e9),
        unfinished=st.builds(
            Unfinished,
            listings=st.lists(st.tuples(keys, scopes), max_size=4).map(tuple),
            sessions=st.lists(refs, max_size=4).map(tuple),
            stops=st.lists(refs, max_size=4).map(tuple),
        ),
        seen=counts,
        live=st.dictionaries(keys, counts, max_size=3),
        stops=st.dictionaries(keys, st.builds(Stops, counts, st.floats(0, 1e6)), max_size=3),
        tag_lookups=st.dictionaries(keys, st.tuples(counts, counts), max_size=3),
        evidence_lookups=st.dictionaries(keys, st.tuples(counts, counts), max_size=3),
        blind=st.frozensets(keys, max_size=3),
    ),
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.sampled_from(list(EVENT)), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(parts)
def test_what_a_part_is_told_is_what_the_one_before_it_wrote(part):
    written = write_event(part)

    assert read_event(json.loads(written.event)) == part
    assert not written.left_out


def test_an_event_is_as_it_is_documented_by_this_one():
    event = write_event(PART).event

    assert json.loads(event) == {"continuation": EVENT}
    assert read_event({"continuation": EVENT}) == PART


@pytest.mark.parametrize("event", [{}, {"continuation": None}, {"source": "aws.events", "detail": {"part": 2}}])
def test_every_other_event_begins_a_sweep(event):
    assert read_event(event) == Part(1, None)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        *((name, None) for name in EVENT),
        *((name, "all") for name in EVENT if name != "sessions"),
        ("sessions", ["nightly"]),
        ("sessions", [{**GLUE, "scope": {}}]),
        ("sessions", [{**GLUE, "scope": [], "id": "nightly"}]),
        ("sessions", [{**GLUE, "scope": {"workgroup": 1}, "id": "nightly"}]),
        ("sessions", [{**GLUE, "scope": {}, "id": 7}]),
        ("scopes", [{"service": "glue", "scope": {}}]),
        ("scopes", [{**SCIENCE, "account": 111122223333}]),
        ("live", [{**GLUE, "count": -1}]),
        ("stops", [{**GLUE, "count": 1.5}]),
        ("part", True),
        ("part", -2),
        ("began_at", math.nan),
        ("began_at", math.inf),
        ("began_at", "2027-01-15T08:00:00Z"),
    ],
    ids=str,
)
def test_a_continuation_that_makes_no_sense_is_refused_in_a_sentence(where, value):
    told = copy.deepcopy(EVENT) | {where: value}

    with pytest.raises(
        ContinuationError, match=r"the event's 'continuation' cannot be read .*leave it out to begin a sweep"
    ):
        read_event({"continuation": told})


# What a release before the look-ups were counted wrote is carried on with.
@pytest.mark.parametrize("name", sorted(EVENT.keys() - {"tag_lookups", "evidence_lookups"}))
def test_nothing_a_continuation_lacks_is_made_up(name):
    told = {key: value for key, value in EVENT.items() if key != name}

    with pytest.raises(ContinuationError, match=name):
        read_event({"continuation": told})


@given(documents.filter(lambda document: document is not None))
def test_no_garbage_is_taken_for_a_sweep_to_begin(document):
    with pytest.raises(ContinuationError):
        read_event({"continuation": document})


def test_an_event_is_cut_to_what_an_asynchronous_invocation_takes_and_says_what_it_left_out():
    sessions = tuple(
        SessionRef("glue", "111122223333", "eu-central-1", (), f"{number:0100d}") for number in range(3000)
    )
    earlier = Earlier(began_at=0.0, unfinished=Unfinished(sessions=sessions))

    written = write_event(Part(2, earlier))

    told = read_event(json.loads(written.event)).earlier
    assert told is not None
    assert 190_000 < len(written.event) <= 256_000
    assert told.unfinished.sessions + written.left_out.sessions == sessions
    assert written.left_out.stops == ()


def test_the_first_part_continues_nothing():
    with pytest.raises(ValueError, match="continues nothing"):
        write_event(Part())
