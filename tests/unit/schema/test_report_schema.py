"""The schema of the report holds every report that is made, and refuses what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reaper.catalog.services import specs
from reaper.core.judge import VerdictKind, compile_book
from reaper.core.outcome import Outcome
from reaper.core.owners import OwnersBook
from reaper.core.policy.model import PolicyBook
from reaper.core.report import Mode
from reaper.core.session import Phase
from reaper.notifiers.digest import digests
from reaper.notifiers.message import compose
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import ProviderError, Trouble
from reaper.sweep.run import run
from reaper.wire.codec import builtins_of
from reaper.wire.common import FACTS
from tests.support.ledgers import MemoryLedger
from tests.support.providers import FakeProvider, Scripted
from tests.support.reports import as_json, blind, finding, ref, report, typed
from tests.support.schemas import FULL, objects
from tests.support.sessions import HOUR, NOW, policy, session
from tests.support.strategies import any_guards, policies, worlds

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schema" / "report.schema.json").read_text(encoding="utf-8"),
)
VALIDATOR = Draft202012Validator(SCHEMA)


def wrong(document):
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]


def swept(world, *found, now=NOW, mode=Mode.ENFORCE, guards=None, **more):
    book = compile_book(PolicyBook(policies=tuple(found), **({"guards": guards} if guards else {})))
    return as_json(
        run(
            Sweep(
                run_id="r",
                mode=mode,
                book=book,
                providers=[world],
                counter=world.calls,
                clock=lambda: now,
                threads=1,
                **more,
            )
        ),
        book.lens,
        now,
    )


def test_the_schema_is_one_and_its_example_is_of_it():
    Draft202012Validator.check_schema(SCHEMA)
    (example,) = SCHEMA["examples"]

    assert wrong(example) == []


def test_everything_in_it_is_closed_and_explained():
    for one in objects(SCHEMA):
        assert one["additionalProperties"] is False
        for name, member in one["properties"].items():
            explained = "description" in member or "$ref" in member
            assert explained or name in {"scope", "undecidable"}, f"{name} is not explained"


def test_the_closed_lists_are_those_of_the_product():
    parts = SCHEMA["$defs"]
    phases, _null, _undecidable = parts["facts"]["properties"]["phase"]["anyOf"]

    assert list(parts["facts"]["properties"]) == list(FACTS)
    assert set(phases["enum"]) == set(Phase) - {"unknown"}
    assert set(parts["finding"]["properties"]["outcome"]["enum"]) == set(Outcome)
    assert set(parts["finding"]["properties"]["verdict"]["enum"]) == set(VerdictKind)
    assert set(parts["session"]["properties"]["service"]["enum"]) == set(specs())
    assert set(SCHEMA["properties"]["totals"]["properties"]) == set(Outcome)
    assert set(parts["mode"]["enum"]) == set(Mode)


broken_scopes = st.sampled_from([{}, {(("workgroup", "a"),): ProviderError(Trouble.DENIED, "denied")}])


@given(worlds(), policies(graces=st.sampled_from([None, 900.0])), any_guards, broken_scopes, st.sampled_from(Mode))
def test_whatever_a_sweep_finds_makes_such_a_report(scripts, found, guards, broken, mode):
    assert wrong(swept(FakeProvider(scripts, broken=broken), *found, guards=guards, mode=mode)) == []


@given(worlds(), policies(graces=st.just(900.0)))
def test_so_do_sweeps_that_remember(scripts, found):
    ledger = MemoryLedger()
    for hours in range(3):
        world = FakeProvider(scripts)
        document = swept(world, *found, now=NOW + hours * HOUR, ledger=ledger, tell=lambda _report: ())
        assert wrong(document) == []


def test_so_does_a_sweep_that_had_no_time():
    world = FakeProvider([Scripted(session("a")), Scripted(session("b"))])

    document = swept(world, policy(), in_time=lambda: False)

    assert "unfinished" in document
    assert wrong(document) == []


def test_a_report_that_is_cut_says_how_much_it_had():
    whole = report(
        *(finding("would_stop", str(number), detail="x" * 400) for number in range(2000)),
        blind=[blind()],
        unfinished={"scopes": [], "sessions": [ref("c")], "stops": []},
    )

    told = json.loads(json.loads(compose(typed(whole), where="log group sweeps").body)["default"])

    assert told["truncated"] is True
    assert wrong(told) == []
    assert wrong({key: value for key, value in told.items() if key != "findings_total"}) != []
    assert wrong({**whole, "findings_total": 2000}) != []


def test_digests_are_reports_of_one_audience():
    whole = report(finding("warned", **FULL), owners={"resolved": 1, "unresolved": 0})

    found = digests(
        typed(whole), OwnersBook(), timezone="Europe/Berlin", told_already=frozenset(), link=lambda *_: "https://a/s/t"
    )
    documents = [builtins_of(one) for one in found]

    assert [document["audience"]["key"] for document in documents] == ["platform"]
    assert documents[0]["findings"][0]["links"] == {"answer": "https://a/s/t"}
    assert wrong(documents[0]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"owners": {"resolved": 3, "unresolved": 1}},
        {"avoided_cost": 12.34},
        {"error": "the policies cannot be used"},
        {"notes": ["nothing is stopped: the switch in AppConfig forces report mode"]},
        {"regrets": {"glue-idle": {"regrets": 1, "stops": 12}}},
        {"guards": [{"service": "glue", "account": "1", "region": "r", "detail": "30 of 40 would be stopped"}]},
        {"blind": [blind(service="appconfig", scope={})]},
        {"findings": [finding("stopped", avoided_cost=1.5, avoided_basis="its own idle timeout of 48h", news=False)]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_only_some_reports_have_is_promised_too(change):
    assert wrong(report(**change)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"mode": "dry"},
        {"started_at": 1772359212},
        {"sessions": {"seen": 4}},
        {"totals": {"teleported": 1}},
        {"idle_cost": None},
        {"code": "print()"},
        {"api_calls": {"ListSessions": 1}},
        {"owners": {"resolved": 1}},
        {"guards": []},
        {"audience": {"key": "email:a@example.com"}},
        {"findings": [finding("teleported")]},
        {"findings": [finding("warned", verdict="kill")]},
        {"findings": [finding("warned", news=True)]},
        {"findings": [finding("warned", facts={"phase": "unknown"})]},
        {"findings": [finding("warned", facts={"age": "2h"})]},
        {"findings": [finding("warned", facts={"code": "print()"})]},
        {"findings": [finding("warned", facts={"idle_for": {"unknown": "denied"}})]},
        {"findings": [finding("warned", due=None)]},
        {"findings": [finding("warned", links={"answer": "javascript:alert(1)"})]},
        {"findings": [finding("warned", arn="nightly")]},
        {"blind": [{"service": "glue", "error": "denied"}]},
    ],
    ids=str,
)
def test_what_is_no_report_is_refused(change):
    assert wrong(report(finding("warned"))) == []
    assert wrong({**report(finding("warned")), **change}) != []
