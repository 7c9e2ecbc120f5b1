"""The schemas of the events hold what is sent, and refuse what is not: they are a promise to whoever reads them."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reaper.catalog.services import scope_parts, specs
from reaper.core.judge import compile_book
from reaper.core.outcome import Outcome
from reaper.core.policy.model import PolicyBook
from reaper.core.report import Mode
from reaper.notifiers.event_bus import EventPublisher
from reaper.notifiers.events import DETAIL_TYPES, STOP_REQUESTED, SWEEP_COMPLETED, events_of, stop_requested
from reaper.providers.arns import arn_of
from reaper.sweep.instructions import Sweep
from reaper.sweep.run import run
from reaper.wire.codec import convert
from reaper.wire.common import Ref
from reaper.wire.from_sweep import report_of
from tests.support.event_bus import EventBus
from tests.support.providers import FakeProvider
from tests.support.reports import blind, finding, ref, report, typed
from tests.support.schemas import FULL, objects
from tests.support.sessions import NOW
from tests.support.strategies import any_guards, policies, worlds

FOLDER = Path(__file__).parents[3] / "schema" / "events"
SCHEMAS = {
    schema["properties"]["detail-type"]["const"]: schema
    for path in FOLDER.iterdir()
    for schema in [json.loads(path.read_text(encoding="utf-8"))]
}
OF_SESSIONS = sorted(set(DETAIL_TYPES.values()))
AT = 1772359212.0


def validator(kind):
    return Draft202012Validator(SCHEMAS[kind])


def wrong(event):
    return [error.message for error in validator(event["detail-type"]).iter_errors(event)]


def sent(*entries):
    bus = EventBus()
    assert EventPublisher(bus, "default").publish(entries).lost == 0
    return bus.taken


def told(*findings, **change):
    return sent(*events_of(typed(report(*findings, **change))))


def test_every_event_has_a_schema_in_a_file_of_its_name():
    assert set(SCHEMAS) == {*DETAIL_TYPES.values(), SWEEP_COMPLETED, STOP_REQUESTED}
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{kind.lower().replace(' ', '-')}.schema.json" for kind in SCHEMAS
    }


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_a_schema_is_one_and_its_example_is_of_it(kind):
    Draft202012Validator.check_schema(SCHEMAS[kind])
    (example,) = SCHEMAS[kind]["examples"]

    assert wrong(example) == []


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_what_is_ours_is_closed_and_explained(kind):
    detail = {**SCHEMAS[kind]["$defs"], "title": ""}
    for one in objects(detail):
        assert one["additionalProperties"] is False
        for name, member in one["properties"].items():
            explained = "description" in member or "$ref" in member or name in scope_parts()
            assert explained, f"{kind}: {name} is not explained"


def test_events_of_sessions_differ_by_their_outcomes_alone():
    shapes = []
    for kind in OF_SESSIONS:
        parts = deepcopy(SCHEMAS[kind]["$defs"])
        del parts["detail"]["properties"]["outcome"]
        shapes.append(parts)

    assert all(shape == shapes[0] for shape in shapes)


def test_each_outcome_belongs_to_one_event():
    promised = {
        outcome: kind
        for kind in OF_SESSIONS
        for outcome in SCHEMAS[kind]["$defs"]["detail"]["properties"]["outcome"]["enum"]
    }

    assert promised == {outcome.value: kind for outcome, kind in DETAIL_TYPES.items()}


def test_the_closed_lists_are_those_of_the_product():
    session = SCHEMAS["Session Warned"]["$defs"]["session"]["properties"]
    totals = SCHEMAS[SWEEP_COMPLETED]["$defs"]["detail"]["properties"]["totals"]["properties"]

    assert set(session["service"]["enum"]) == set(specs())
    assert set(session["scope"]["properties"]) == set(scope_parts())
    assert list(totals) == list(Outcome)


@pytest.mark.parametrize("outcome", sorted(DETAIL_TYPES))
def test_all_there_is_to_tell_is_promised(outcome):
    for event in told(finding(outcome), finding(outcome, **FULL)):
        assert wrong(event) == []


def test_a_sweep_with_everything_wrong_is_told_as_promised():
    (event,) = told(
        blind=[blind()],
        guards=[{"service": "glue", "account": "1", "region": "r", "detail": "x"}],
        owners={"resolved": 3, "unresolved": 1},
        avoided_cost=12.34,
        unfinished={"scopes": [ref()], "sessions": [], "stops": [ref(), ref("b")]},
        error="no policies",
    )

    assert wrong(event) == []


def test_a_wish_to_stop_is_told_as_promised():
    (bare,) = sent(stop_requested(convert(ref(), Ref), by="ana", at=AT))
    (full,) = sent(stop_requested(convert(ref(), Ref), by="a", at=AT, arn=FULL["arn"], policy="p", owner="o", team="t"))

    assert wrong(bare) == wrong(full) == []


@given(worlds(), policies(graces=st.sampled_from([None, 900.0])), any_guards, st.sampled_from(Mode))
def test_whatever_a_sweep_finds_is_told_as_promised(scripts, found, guards, mode):
    book = compile_book(PolicyBook(policies=tuple(found), guards=guards))
    world = FakeProvider(scripts)
    swept = run(
        Sweep(
            run_id="r",
            mode=mode,
            book=book,
            providers=[world],
            counter=world.calls,
            clock=lambda: NOW,
            threads=1,
        )
    )
    document = report_of(swept, book.lens, NOW, arn=arn_of)

    for event in sent(*events_of(document)):
        assert wrong(event) == [], event


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(scope_parts()), st.text()))
def test_whatever_strangers_write_is_told_as_promised(name, detail, scope):
    hostile = finding(
        "warned", ref=ref("i" + name, scope=scope), detail=detail, facts={"name": name, "owner": detail}, team=name
    )

    for event in told(hostile):
        assert wrong(event) == []


@pytest.mark.parametrize(
    "change",
    [
        {"runId": None},
        {"schemaVersion": 2},
        {"outcome": "stopped"},
        {"mode": "dry"},
        {"tags": {"env": "prod"}},
        {"at": 1772359212},
        {"at": "2026-03-01 10:00:00"},
        {"due": "2026-13-01T10:00:00Z"},
        {"hourlyCost": "2.20"},
        {"hourlyCost": -1},
        {"owner": None},
        {"session": {**ref(), "id": ""}},
        {"session": {**ref(), "service": "sagemaker"}},
        {"session": {**ref(), "scope": {"cluster": "c"}}},
        {"session": {**ref(), "arn": "arn:aws:glue"}},
        {"snooze": {"until": "2026-03-01T10:30:00Z"}},
        {"snooze": {**FULL["snooze"], "times": 0}},
    ],
    ids=str,
)
def test_what_is_not_promised_is_refused(change):
    event, _ = told(finding("warned", **FULL))
    assert wrong(event) == []

    event["detail"] |= change

    assert wrong(event) != []


@pytest.mark.parametrize("missing", ["schemaVersion", "runId", "mode", "session", "outcome", "policy", "detail", "at"])
def test_what_every_event_has_cannot_be_missing(missing):
    event, _ = told(finding("warned"))
    del event["detail"][missing]

    assert wrong(event) != []


def test_an_event_of_another_sender_is_none_of_ours():
    event, _ = told(finding("warned"))

    assert wrong({**event, "source": "aws.glue"}) != []
    assert wrong({**event, "resources": ["nightly"]}) != []
    assert list(validator("Session Stopped").iter_errors(event)) != []


PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
SHOWN = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_the_page_shows_events_as_they_are_and_patterns_that_could_match():
    events = [one for one in SHOWN if "version" in one]
    patterns = [one for one in SHOWN if "version" not in one]

    assert {event["detail-type"] for event in events} == {"Session Warned", STOP_REQUESTED, SWEEP_COMPLETED}
    assert [message for event in events for message in wrong(event)] == []
    assert len(patterns) == 3
    assert all(pattern["source"] == ["session-reaper"] for pattern in patterns)


def test_the_page_leads_to_every_schema():
    linked = dict(re.findall(r"^\| `([\w ]+)` \|.*\]\(\.\./schema/events/([\w.-]+)\) \|$", PAGE, re.MULTILINE))

    assert linked == {kind: f"{kind.lower().replace(' ', '-')}.schema.json" for kind in SCHEMAS}
