"""What is made of Deadline Cloud's words, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Undecidable
from reaper.core.session import Phase
from reaper.providers.deadline import facts as deadline_facts
from reaper.providers.deadline.spec import SPEC
from reaper.providers.instants import Instants

NINE, TEN, ELEVEN = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (9, 10, 11))
NINE_AT, TEN_AT, ELEVEN_AT = 1772355600.0, 1772359200.0, 1772362800.0


INSTANTS = Instants("AWS Deadline Cloud", SPEC.since, lambda: ELEVEN_AT + 3600)


def facts_of(row):
    return deadline_facts.facts_of(row, INSTANTS)


def use_of(rows, started):
    return deadline_facts.use_of(rows, started, INSTANTS)


def use(**row):
    facts = facts_of({"startedAt": NINE, "lifecycleStatus": "STARTED", **row})
    return facts.phase, facts.idle_since


@pytest.mark.parametrize("status", ["STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED"])
def test_of_a_live_session_its_actions_have_to_tell_the_use(status):
    assert use(lifecycleStatus=status) == (NOT_ASKED, NOT_ASKED)


@pytest.mark.parametrize(
    "row", [{"lifecycleStatus": "ENDED"}, {"endedAt": TEN}, {"endedAt": TEN, "targetLifecycleStatus": "ENDED"}]
)
def test_a_session_with_an_end_has_ended(row):
    assert use(**row) == (Phase.ENDED, ABSENT)


@pytest.mark.parametrize("status", ["STARTED", "UPDATE_IN_PROGRESS"])
def test_a_session_with_a_target_is_stopping(status):
    assert use(lifecycleStatus=status, targetLifecycleStatus="ENDED") == (Phase.STOPPING, ABSENT)


@pytest.mark.parametrize(
    ("status", "said"),
    [("PAUSED", "the lifecycle status 'PAUSED', which is not documented"), (None, "no lifecycle status")],
)
def test_an_unknown_status_is_undecidable(status, said):
    doubt = Undecidable(f"Deadline Cloud reports {said}")

    assert use(lifecycleStatus=status) == (doubt, doubt)


def test_a_session_has_no_idle_timeout_and_an_undecidable_age_without_a_start():
    facts = facts_of({"lifecycleStatus": "STARTED"})

    assert facts.idle_timeout is ABSENT
    assert facts.created_at == Undecidable("Deadline Cloud gave no start time")


def action(status, started: datetime | None = NINE, ended=None):
    return {"sessionActionId": "sessionaction-1", "status": status, "startedAt": started, "endedAt": ended}


@pytest.mark.parametrize("status", ["ASSIGNED", "SCHEDULED", "RUNNING", "CANCELING", "RECLAIMING"])
def test_an_open_action_is_use(status):
    found = use_of([action("SUCCEEDED", ended=TEN), action(status)], NINE_AT)

    assert (found.phase, found.idle_since) == (Phase.BUSY, IN_USE)
    assert found.evidence["phase"] == f"action sessionaction-1 is {status} (deadline:ListSessionActions)"


@pytest.mark.parametrize(
    ("rows", "idle_since", "evidence"),
    [
        pytest.param([], NINE_AT, "no action ended since it started 2026-03-01T09:00:00Z", id="no action"),
        pytest.param(
            [action("SUCCEEDED", ended=ELEVEN), action("FAILED", ended=TEN)],
            ELEVEN_AT,
            "last of 2 actions ended 2026-03-01T11:00:00Z",
            id="the latest, in whatever order",
        ),
        pytest.param(
            [action("INTERRUPTED", ended=TEN), action("NEVER_ATTEMPTED", started=None)],
            TEN_AT,
            "last of 2 actions ended 2026-03-01T10:00:00Z",
            id="one that never ran has no times",
        ),
        pytest.param(
            [action("CANCELED", ended=TEN)], TEN_AT, "last of 1 action ended 2026-03-01T10:00:00Z", id="canceled"
        ),
    ],
)
def test_closed_actions_tell_since_when_a_session_is_idle(rows, idle_since, evidence):
    found = use_of(rows, NINE_AT)

    assert (found.phase, found.idle_since) == (Phase.IDLE, idle_since)
    assert found.evidence["idle_since"] == f"{evidence} (deadline:ListSessionActions)"


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "INTERRUPTED", "CANCELED", "RECLAIMED"])
def test_an_action_that_ran_and_has_no_end_makes_idleness_undecidable(status):
    found = use_of([action(status), action("SUCCEEDED", ended=TEN)], NINE_AT)

    assert found.phase is Phase.IDLE
    assert found.idle_since == Undecidable("Deadline Cloud gave no usable end for an action that has ended")


@pytest.mark.parametrize(("status", "named"), [("PAUSED", "'PAUSED'"), (None, "'none'")])
def test_an_action_with_an_unknown_status_makes_use_undecidable(status, named):
    found = use_of([action(status, ended=TEN)], NINE_AT)

    doubt = Undecidable(f"Deadline Cloud reports an action with the status {named}, which is not documented")
    assert (found.phase, found.idle_since) == (doubt, doubt)


@pytest.mark.parametrize("moment", [0, -5, ELEVEN_AT + 86400])
def test_a_start_that_cannot_be_makes_age_undecidable(moment):
    facts = facts_of({"startedAt": datetime.fromtimestamp(moment, UTC), "lifecycleStatus": "STARTED"})

    assert isinstance(facts.created_at, Undecidable)
    assert "startedAt" in facts.created_at.reason


@pytest.mark.parametrize("ended", [datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(-5, UTC), "0"])
def test_a_live_session_with_an_end_that_cannot_be_is_neither_ended_nor_idle(ended):
    phase, idle_since = use(endedAt=ended)

    assert isinstance(phase, Undecidable)
    assert isinstance(idle_since, Undecidable)


@pytest.mark.parametrize("moment", [0, -5, NINE_AT - 86400, ELEVEN_AT + 86400])
def test_an_end_of_an_action_that_cannot_be_is_none(moment):
    found = use_of([action("SUCCEEDED", ended=datetime.fromtimestamp(moment, UTC))], NINE_AT)

    assert found.idle_since == Undecidable("Deadline Cloud gave no usable end for an action that has ended")
