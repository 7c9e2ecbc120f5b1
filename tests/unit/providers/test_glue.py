"""What is made of Glue's words, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Undecidable
from reaper.core.session import Phase
from reaper.providers.glue import facts as glue_facts
from reaper.providers.glue import statements as glue_statements
from reaper.providers.glue.spec import DPU_HOUR, SPEC
from reaper.providers.instants import Instants

CREATED = datetime(2026, 3, 1, 9, tzinfo=UTC)
CREATED_AT = 1772355600.0
TEN, ELEVEN, NOON = CREATED_AT + 3600, CREATED_AT + 7200, CREATED_AT + 10800

READY = {"Id": "s", "Status": "READY", "CreatedOn": CREATED, "Command": {"Name": "glueetl"}}


INSTANTS = Instants("AWS Glue", SPEC.since, lambda: NOON + 3600)


def facts_of(row):
    return glue_facts.facts_of(row, INSTANTS)


def use_of(rows, created_at):
    return glue_statements.use_of(rows, created_at, INSTANTS)


def row(**over):
    return {**READY, **over}


@pytest.mark.parametrize(
    ("state", "phase", "idle_since"),
    [
        ("PROVISIONING", Phase.STARTING, CREATED_AT),
        ("READY", NOT_ASKED, NOT_ASKED),
        ("STOPPING", Phase.STOPPING, ABSENT),
        ("STOPPED", Phase.ENDED, ABSENT),
        ("TIMEOUT", Phase.ENDED, ABSENT),
        ("FAILED", Phase.ENDED, ABSENT),
    ],
)
def test_every_documented_state_has_its_phase(state, phase, idle_since):
    facts = facts_of(row(Status=state))

    assert (facts.state, facts.phase, facts.idle_since) == (state, phase, idle_since)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"Status": "BUSY"}, "Glue reports the state 'BUSY', which is not documented"),
        ({"Status": "ready"}, "Glue reports the state 'ready', which is not documented"),
        ({"Status": None}, "Glue reports no state"),
        ({"SessionType": "SPARK_CONNECT"}, "a Spark Connect session gets its work past the statements that Glue lists"),
        ({"SessionType": "RAY"}, "Glue reports the session type 'RAY', which is not documented"),
        (
            {"Command": {"Name": "gluestreaming"}},
            "a streaming session may keep a query running after its statement has returned",
        ),
        ({"Command": {"Name": "glueray"}}, "Glue reports the command 'glueray', which is not documented"),
        ({"Command": None}, "Glue reports no command"),
    ],
)
def test_what_statements_cannot_tell_is_undecidable_from_the_start(over, reason):
    facts = facts_of(row(**over))

    assert facts.phase == facts.idle_since == Undecidable(reason)


def test_a_spark_connect_session_that_is_stopping_is_stopping():
    assert facts_of(row(Status="STOPPING", SessionType="SPARK_CONNECT")).phase is Phase.STOPPING


def test_a_session_without_a_type_is_a_livy_one():
    assert facts_of(row(SessionType=None)).phase is facts_of(row(SessionType="LIVY")).phase is NOT_ASKED


def test_a_session_without_a_creation_time_has_an_undecidable_age():
    assert facts_of(row(CreatedOn=None)).created_at == Undecidable("Glue gave no creation time")


def test_the_idle_timeout_is_in_minutes_and_absent_when_there_is_none():
    assert facts_of(row(IdleTimeout=30)).idle_timeout == 1800
    assert facts_of(row()).idle_timeout is ABSENT


def test_the_creator_is_the_name_of_the_role():
    assert facts_of(row(Role="arn:aws:iam::111122223333:role/data/science/Notebooks")).creator == "Notebooks"
    assert facts_of(row()).creator is ABSENT


@pytest.mark.parametrize(
    ("over", "kind"),
    [
        ({}, "glueetl"),
        ({"Command": {"Name": "gluestreaming"}}, "gluestreaming"),
        ({"Id": "glue-studio-datapreview-0a1b"}, "data-preview"),
        ({"Description": "glue-studio-datapreview-0a1b"}, "data-preview"),
        ({"Command": {}}, ABSENT),
    ],
)
def test_data_previews_of_glue_studio_are_told_from_other_sessions(over, kind):
    assert facts_of(row(**over)).kind == kind


@pytest.mark.parametrize(
    ("over", "dpus"),
    [
        ({"WorkerType": "G.1X", "NumberOfWorkers": 5}, 5.0),
        ({"WorkerType": "G.2X", "NumberOfWorkers": 5}, 10.0),
        ({"WorkerType": "G.4X", "NumberOfWorkers": 2}, 8.0),
        ({"WorkerType": "G.8X", "NumberOfWorkers": 2}, 16.0),
        ({"WorkerType": "G.12X", "NumberOfWorkers": 2}, 24.0),
        ({"WorkerType": "G.16X", "NumberOfWorkers": 2}, 32.0),
        ({"WorkerType": "G.025X", "NumberOfWorkers": 4}, 1.0),
        ({"WorkerType": "Standard", "NumberOfWorkers": 3}, 3.0),
        ({"WorkerType": "G.1X", "NumberOfWorkers": 5, "MaxCapacity": 7.0}, 5.0),
        ({"WorkerType": "G.1X", "MaxCapacity": 7.0}, 7.0),
        ({"MaxCapacity": 7.0}, 7.0),
    ],
)
def test_the_size_is_in_dpus_and_priced(over, dpus):
    facts = facts_of(row(**over))

    assert (facts.dpus, facts.billed_units, facts.price_key) == (dpus, dpus, DPU_HOUR)


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"WorkerType": "R.4X", "NumberOfWorkers": 2, "MaxCapacity": 8.0},
        {"WorkerType": "Z.2X", "NumberOfWorkers": 2, "MaxCapacity": 4.0},
        {"WorkerType": "G.99X", "NumberOfWorkers": 2, "MaxCapacity": 8.0},
        {"WorkerType": "G.1X"},
    ],
)
def test_a_size_that_is_not_known_in_dpus_has_no_price(over):
    facts = facts_of(row(**over))

    assert (facts.dpus, facts.billed_units, facts.price_key) == (ABSENT, ABSENT, None)


def statement(state="AVAILABLE", started=None, completed=None, number=0):
    return {"Id": number, "State": state, "StartedOn": started, "CompletedOn": completed}


@pytest.mark.parametrize("state", ["WAITING", "RUNNING", "CANCELLING"])
def test_an_open_statement_is_use_wherever_it_is_listed(state):
    closed = statement(started=TEN, completed=TEN)
    for rows in ([statement(state, number=1), closed], [closed, statement(state, number=1)]):
        use = use_of(rows, CREATED_AT)

        assert (use.phase, use.idle_since) == (Phase.BUSY, IN_USE)
        assert use.evidence["phase"] == f"statement 1 is {state} (glue:ListStatements)"


@pytest.mark.parametrize(
    ("rows", "idle_since"),
    [
        pytest.param([], CREATED_AT, id="no statement: since it was created"),
        pytest.param([statement(started=TEN, completed=ELEVEN)], ELEVEN, id="completion in seconds"),
        pytest.param([statement(started=TEN * 1000, completed=ELEVEN * 1000)], ELEVEN, id="completion in milliseconds"),
        pytest.param(
            [statement(completed=NOON, number=1), statement(completed=TEN, number=2), statement(completed=ELEVEN)],
            NOON,
            id="the latest, in whatever order",
        ),
        pytest.param([statement(completed=TEN), statement(completed=NOON * 1000, number=1)], NOON, id="mixed units"),
        pytest.param(
            [statement("CANCELLED", completed=TEN), statement("ERROR", completed=NOON)], NOON, id="all closed"
        ),
        pytest.param([statement(started=TEN)], TEN, id="no completion: the start"),
        pytest.param([statement(started=TEN, completed=0)], TEN, id="completion 0: the start"),
        pytest.param([statement(started=TEN, completed=-1)], TEN, id="completion negative: the start"),
        pytest.param([statement(started=NOON, completed=TEN)], NOON, id="completed before it started"),
        pytest.param([statement("CANCELLED"), statement(completed=TEN, number=1)], TEN, id="undated, but not the last"),
        pytest.param([statement(completed=CREATED_AT - 30)], CREATED_AT, id="clocks apart: never before creation"),
        pytest.param([statement(completed=NOON + 3700)], NOON + 3700, id="ahead by what clocks differ"),
        pytest.param([statement(completed=ELEVEN) | {"Id": None}], ELEVEN, id="without a number"),
        pytest.param(
            [statement("ERROR"), statement(completed=TEN, number=1), statement(completed=NOON) | {"Id": None}],
            NOON,
            id="dated and without a number: it bounds no other",
        ),
    ],
)
def test_closed_statements_tell_since_when_a_session_is_idle(rows, idle_since):
    use = use_of(rows, CREATED_AT)

    assert (use.phase, use.idle_since) == (Phase.IDLE, idle_since)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([statement("CANCELLED")], id="never started"),
        pytest.param([statement(completed=TEN), statement(number=1)], id="the last one is undated"),
        pytest.param([statement(completed=TEN), {"State": "ERROR"}], id="undated and without a number"),
        pytest.param([statement(started=12.0, completed=345.0)], id="times from before the session"),
        pytest.param([statement(completed=NOON + 1e9)], id="the future"),
        pytest.param([statement(started=TEN, completed=345.0)], id="started, and completed before the session began"),
        pytest.param([statement(started=TEN, completed=NOON + 1e6)], id="started, and completed in the future"),
        pytest.param(
            [statement(number=1), statement(completed=TEN) | {"Id": None}], id="dated and without a number first"
        ),
        pytest.param(
            [statement(completed=TEN) | {"Id": None}, statement(number=1)], id="dated and without a number last"
        ),
        pytest.param([statement(completed="yesterday")], id="no number at all"),
    ],
)
def test_without_a_usable_time_of_the_last_statement_idleness_is_undecidable(rows):
    use = use_of(rows, CREATED_AT)

    assert use.phase is Phase.IDLE
    assert use.idle_since == Undecidable("Glue gave no usable time for the last statement")


@pytest.mark.parametrize(("state", "named"), [("SUSPENDED", "'SUSPENDED'"), (None, "'no state'")])
def test_a_statement_in_an_unknown_state_makes_use_undecidable(state, named):
    use = use_of([statement(completed=TEN), statement(state, completed=NOON, number=1)], CREATED_AT)

    for fact in (use.phase, use.idle_since):
        assert fact == Undecidable(f"Glue reports a statement in the state {named}, which is not documented")


@pytest.mark.parametrize("created", [0, -5, CREATED_AT - 10 * 365 * 86400, NOON + 86400])
def test_a_creation_that_cannot_be_makes_age_undecidable(created):
    facts = facts_of(row(CreatedOn=datetime.fromtimestamp(created, UTC)))

    assert isinstance(facts.created_at, Undecidable)
    assert "CreatedOn" in facts.created_at.reason
    assert isinstance(
        facts_of(row(Status="PROVISIONING", CreatedOn=datetime.fromtimestamp(created, UTC))).idle_since, Undecidable
    )


def test_a_session_that_ran_nothing_and_has_no_creation_time_is_undecidable():
    doubt = Undecidable("Glue gave no creation time")

    assert use_of([], doubt).idle_since == doubt


def test_evidence_is_for_people():
    one, two = statement(completed=TEN), statement(started=ELEVEN, number=1)

    assert use_of([one], CREATED_AT).evidence == {
        "phase": "1 statement, none of them open (glue:ListStatements)",
        "idle_since": "last of 1 statement completed 2026-03-01T10:00:00Z (glue:ListStatements)",
    }
    assert use_of([one, two], CREATED_AT).evidence["idle_since"] == (
        "last of 2 statements started, with no completion given, 2026-03-01T11:00:00Z (glue:ListStatements)"
    )
    assert use_of([], CREATED_AT).evidence["idle_since"] == (
        "no statement since it was created 2026-03-01T09:00:00Z (glue:ListStatements)"
    )
