"""A plan is applied exactly as it was made, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reaper.cli.errors import CommandError
from reaper.cli.plan_file import PlanFile, as_text, check_applicable, check_scopes, plan_document, read_plan
from reaper.core.facts import Facts
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding
from reaper.core.report import Mode, Report
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.vocabulary import Lens
from reaper.wire.from_sweep import report_of

NOON = 1_772_366_400.0  # 2026-03-01T12:00:00Z
GLUE = ScopeKey("glue", "111111111111", "us-east-1")
DEADLINE = ScopeKey("deadline", "111111111111", "us-east-1")


def ref(id_: str, scope: tuple[tuple[str, str], ...] = (), key: ScopeKey = GLUE) -> SessionRef:
    return SessionRef(key.service, key.account, key.region, scope, id_)


def finding(where: SessionRef, *, allowed: bool) -> Finding:
    facts = Facts(state="READY", phase=Phase.IDLE, created_at=NOON - 7200, idle_since=NOON - 3600)
    outcome = Outcome.WOULD_STOP if allowed else Outcome.WITHHELD
    return Finding(Session(where, facts), Verdict(VerdictKind.STOP, "idle"), outcome, allowed=allowed)


JOB = ref("session-1", (("farm", "f"), ("queue", "q"), ("job", "j")), DEADLINE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    report = Report(
        run_id="r",
        mode=Mode.REPORT,
        started_at=NOON,
        finished_at=NOON + 1,
        seen=3,
        live=3,
        findings=(
            finding(ref("nightly"), allowed=True),
            finding(ref("young"), allowed=False),
            finding(JOB, allowed=True),
        ),
        blind=(),
        api_calls={},
    )
    document = plan_document(
        report=report,
        told=report_of(report, Lens(), NOON),
        lens=Lens(),
        scopes=[GLUE, DEADLINE],
        policy_sha256="abc",
        created_at=NOON,
    )
    target = tmp_path / "plan.json"
    target.write_text(as_text(document))
    return target


def edit(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_plan_reads_back_as_the_stops_that_were_allowed(path: Path):
    plan = read_plan(str(path))
    assert plan.stops == {ref("nightly"), JOB}
    assert plan.scopes == {GLUE, DEADLINE}
    assert (plan.policy_sha256, plan.created_at, plan.judged_at) == ("abc", NOON, NOON)


def test_a_plan_shows_a_reviewer_what_it_would_stop_and_why(path: Path):
    document = json.loads(path.read_text())
    assert document["schema_version"] == 1
    assert document["kind"] == "session-reaper-plan"
    assert document["created_at"] == "2026-03-01T12:00:00Z"
    assert document["accounts"] == ["111111111111"]
    assert document["stops"][0]["policy"] == "idle"
    assert document["stops"][0]["facts"]["idle_for"] == 3600
    assert document["report"]["totals"] == {"would_stop": 2, "withheld": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"stops": []},
        {"created_at": "2026-03-02T12:00:00Z"},
        {"policy_sha256": "def"},
        {"digest": "sha256:0"},
        {"extra": 1},
    ],
)
def test_a_plan_that_was_edited_is_refused(path: Path, changes: dict[str, Any]):
    with pytest.raises(CommandError, match="was changed after it was made"):
        read_plan(str(edit(path, **changes)))


def test_a_newer_plan_is_refused(path: Path):
    with pytest.raises(CommandError, match="is a plan of version 2; this release reads version 1"):
        read_plan(str(edit(path, schema_version=2)))


@pytest.mark.parametrize(
    "content", ["{}", "[]", "null", '{"kind": "something else"}', "not json", "\x00", "[" * 100_000]
)
def test_what_is_no_plan_is_refused_in_a_sentence(tmp_path: Path, content: str):
    target = tmp_path / "plan.json"
    target.write_text(content)
    with pytest.raises(CommandError, match="is not a plan"):
        read_plan(str(target))


def test_an_unreadable_plan_is_refused_in_a_sentence(tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        read_plan(str(tmp_path / "missing.json"))


def check(plan: PlanFile, **changes: Any):
    check_applicable(plan, **({"policy_sha256": "abc", "real_now": NOON, "now": NOON, "max_age": 3600.0} | changes))


def test_a_fresh_plan_made_with_the_same_policies_is_applicable(path: Path):
    check(read_plan(str(path)), real_now=NOON + 3600, now=NOON + 3600)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"policy_sha256": "def"}, "made with other policies"),
        ({"real_now": NOON + 3601}, "is 1h1s old, and plans are applied up to 1h"),
        ({"now": NOON + 3601}, "is 1h1s old"),
        ({"real_now": NOON - 61}, "yet to come"),
    ],
)
def test_a_stale_plan_or_one_of_other_policies_is_refused(path: Path, changes: dict[str, Any], why: str):
    with pytest.raises(CommandError, match=why):
        check(read_plan(str(path)), **changes)


def test_a_plan_of_another_account_is_refused(path: Path):
    other = ScopeKey("glue", "222222222222", "us-east-1")
    with pytest.raises(CommandError, match="made for account 111111111111, and these credentials are of 222222222222"):
        check_scopes(read_plan(str(path)), [other])
    with pytest.raises(CommandError, match="made for account 111111111111"):
        check_scopes(read_plan(str(path)), [ScopeKey("glue", "222222222222", "eu-west-1")])


def test_stops_where_nobody_is_going_to_look_are_named(path: Path):
    with pytest.raises(CommandError, match=r"1 stop outside what was selected \(deadline 111111111111 us-east-1\)"):
        check_scopes(read_plan(str(path)), [GLUE])
    check_scopes(read_plan(str(path)), [GLUE, DEADLINE])
