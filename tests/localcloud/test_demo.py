"""The demo cannot claim what did not happen: each of its promises is broken here once, and has to be reported as broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.demo.checks import check
from localcloud.demo.stage import POLICIES, READER, Performance
from localcloud.demo.world import CHARACTERS, DENIED_WORKGROUP
from localcloud.deployment import Delivered
from reaper.cli.yaml_document import read_policy_file
from reaper.core.policy.load import load

ROOT = Path(__file__).resolve().parents[2]
SUBJECT = "Session Reaper, enforce mode: 5 stopped"
ROLE = "arn:aws:sts::000000000000:assumed-role/SessionReaper-SweeperRole-1/sweep"
ENDING = {"glue": "STOPPING", "athena": "TERMINATING", "deadline": "UPDATE_IN_PROGRESS"}
RUNNING = {"glue": "READY", "athena": "IDLE", "deadline": "STARTED"}


def stop(service: str, session: str, principal: str = ROLE) -> dict[str, str]:
    return {"service": service, "session": session, "principal": principal}


@pytest.fixture
def seen() -> Performance:
    """A sweep that went as it should."""
    findings = [
        {"ref": {"service": one.service, "id": one.id}, "outcome": one.outcome, "detail": "because"}
        for one in CHARACTERS
        if one.outcome != "left alone"
    ]
    blind = [{"service": "athena", "scope": {"workgroup": DENIED_WORKGROUP}, "error": "denied"}]
    text = " ".join([*(one["ref"]["id"] for one in findings), DENIED_WORKGROUP])
    return Performance(
        delivered=Delivered(SUBJECT, {"findings": findings, "blind": blind}, {}),
        mail=[{"to": READER, "subject": SUBJECT, "text": text}],
        sessions=[
            {
                "service": one.service,
                "id": one.id,
                "state": ENDING[one.service] if one.outcome == "stopped" else RUNNING[one.service],
                "open_work": "a statement" if one.at_work else None,
            }
            for one in CHARACTERS
            if one.service in ENDING
        ],
        stops=[stop(one.service, one.id) for one in CHARACTERS if one.outcome == "stopped"],
        violations=[],
        calls={"glue:ListSessions": 1},
    )


def broken(seen: Performance) -> dict[str, str]:
    return {one.promise: one.wrong for one in check(seen) if not one.kept}


def changed(rows: Any, identity: str, **members: Any) -> list[dict[str, Any]]:
    return [{**row, **members} if row["id"] == identity else row for row in rows]


def told(seen: Performance, **members: Any) -> Performance:
    return replace(seen, delivered=replace(seen.delivered, report={**seen.delivered.report, **members}))


def without(seen: Performance, identity: str) -> list[Any]:
    return [one for one in seen.delivered.report["findings"] if one["ref"]["id"] != identity]


def test_a_sweep_that_went_as_it_should_keeps_every_promise(seen):
    assert broken(seen) == {}


def test_an_invocation_by_hand_is_noticed(seen):
    assert broken(replace(seen, calls={"lambda:InvokeFunction": 1})) == {
        "The schedule started the sweep, nobody invoked it": "lambda:InvokeFunction was called"
    }


def test_a_session_that_the_report_forgets_is_noticed(seen):
    assert broken(told(seen, findings=without(seen, "fraud-scoring"))) == {
        "Every session came out as it should, in the report that SNS delivered": (
            "fraud-scoring should be protected and is left alone"
        )
    }


def test_a_busy_session_in_the_report_is_noticed(seen):
    busy = {"ref": {"service": "glue", "id": "nightly-backfill"}, "outcome": "stopped", "detail": ""}
    assert broken(told(seen, findings=[*seen.delivered.report["findings"], busy])) == {
        "Every session came out as it should, in the report that SNS delivered": (
            "nightly-backfill should be left alone and is stopped"
        )
    }


REALLY = "What the report calls stopped is really stopped, and nothing else is"


def test_a_stop_that_never_came_is_noticed(seen):
    sessions = changed(seen.sessions, "churn-exploration", state="READY")
    assert broken(replace(seen, sessions=sessions)) == {REALLY: "churn-exploration is READY"}


def test_a_stop_that_nobody_reported_is_noticed(seen):
    stops = [*seen.stops, stop("glue", "clickstream")]
    assert broken(replace(seen, stops=stops)) == {REALLY: "clickstream was stopped"}


def test_a_stop_by_anyone_but_the_function_is_noticed(seen):
    stops = [*seen.stops[1:], {**seen.stops[0], "principal": "arn:aws:iam::000000000000:root"}]
    assert broken(replace(seen, stops=stops)) == {
        "The stops were made by the function's own role, with IAM enforced": (
            "churn-exploration was stopped by arn:aws:iam::000000000000:root"
        )
    }


def test_a_stop_of_what_shows_no_evidence_is_noticed(seen):
    assert broken(replace(seen, calls={"emr-serverless-spark:StopSessionCluster": 1})) == {
        REALLY: "EMR Serverless Spark was told to stop something"
    }


def test_killed_work_is_noticed(seen):
    assert list(broken(replace(seen, violations=[{"session": "x"}]))) == ["No work in progress was killed"]


def test_work_that_ended_early_is_noticed(seen):
    sessions = changed(seen.sessions, "nightly-backfill", open_work=None)
    assert broken(replace(seen, sessions=sessions)) == {
        "Everyone at work still is": "nightly-backfill has no work any more"
    }


def test_a_scope_that_reads_as_empty_is_noticed(seen):
    assert broken(told(seen, blind=[])) == {"What could not be read is said to be unknown, not empty": "blind: []"}


def test_a_mail_that_does_not_come_is_noticed(seen):
    assert broken(replace(seen, mail=[])) == {
        "A person was told by email, in words": "there is no mail with the report to platform-team@example.com"
    }


def test_a_mail_that_leaves_someone_out_is_noticed(seen):
    mail = [{**seen.mail[0], "text": seen.mail[0]["text"].replace("old-campaign", "")}]
    assert broken(replace(seen, mail=mail)) == {
        "A person was told by email, in words": "it does not mention old-campaign"
    }


def test_the_policies_of_the_demo_load_without_a_warning():
    loaded = load(read_policy_file(ROOT / POLICIES))

    assert loaded.problems == ()
    assert loaded.book is not None
