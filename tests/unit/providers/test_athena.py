"""What is made of Athena's words, row by row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Undecidable
from reaper.core.session import Phase
from reaper.providers.athena import facts as athena_facts
from reaper.providers.athena.facts import dpus_of, engine_of, has_sessions, idle_timeout_of
from reaper.providers.athena.spec import SPEC
from reaper.providers.instants import Instants

PYSPARK = "PySpark engine version 3"
SPARK_35 = "Apache Spark version 3.5"
STARTED, IDLE_SINCE = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)
STARTED_AT, IDLE_AT = 1772355600.0, 1772359200.0


INSTANTS = Instants("Amazon Athena", SPEC.since, lambda: IDLE_AT + 3600)


def listed_facts(row, engine):
    return athena_facts.listed_facts(row, engine, INSTANTS)


def session_facts(row, engine):
    return athena_facts.session_facts(row, engine, INSTANTS)


def row(state="IDLE", *, engine: str | None = PYSPARK, **status):
    status = {"State": state, "StartDateTime": STARTED, "LastModifiedDateTime": STARTED, **status}
    return {"SessionId": "s", "EngineVersion": {"EffectiveEngineVersion": engine}, "Status": status}


def use(listed, workgroup: str | None = PYSPARK):
    facts = listed_facts(listed, workgroup)
    return facts.phase, facts.idle_since


@pytest.mark.parametrize(
    ("state", "phase", "idle_since"),
    [
        ("CREATING", Phase.STARTING, STARTED_AT),
        ("CREATED", Phase.STARTING, STARTED_AT),
        ("BUSY", Phase.BUSY, IN_USE),
        ("TERMINATING", Phase.STOPPING, ABSENT),
        ("TERMINATED", Phase.ENDED, ABSENT),
        ("FAILED", Phase.ENDED, ABSENT),
    ],
)
def test_every_documented_state_has_its_phase(state, phase, idle_since):
    # What was true of an earlier state must not be taken for idleness in this one.
    assert use(row(state, IdleSinceDateTime=IDLE_SINCE)) == (phase, idle_since)


def test_an_idle_session_is_idle_since_athena_says_so():
    assert use(row(IdleSinceDateTime=IDLE_SINCE)) == (Phase.IDLE, IDLE_AT)


def test_a_degraded_session_is_unhealthy_and_idle_only_if_athena_says_so():
    silent = Undecidable("Athena reports DEGRADED without saying since when the session is idle")

    assert use(row("DEGRADED", IdleSinceDateTime=IDLE_SINCE)) == (Phase.UNHEALTHY, IDLE_AT)
    assert use(row("DEGRADED")) == (Phase.UNHEALTHY, silent)


def test_neither_start_nor_modification_stands_in_for_the_last_use():
    silent = Undecidable("Athena reports IDLE without saying since when the session is idle")

    assert use(row()) == (Phase.IDLE, silent)


def test_idleness_from_before_the_start_counts_from_the_start():
    early = datetime(2026, 3, 1, 8, 59, 30, tzinfo=UTC)

    assert use(row(IdleSinceDateTime=early)) == (Phase.IDLE, STARTED_AT)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("PAUSED", "Athena reports the state 'PAUSED', which is not documented"),
        (None, "Athena reports no state"),
    ],
)
def test_an_unknown_state_is_undecidable(state, reason):
    assert use(row(state, IdleSinceDateTime=IDLE_SINCE)) == (Undecidable(reason), Undecidable(reason))


@pytest.mark.parametrize(
    ("own", "workgroup"),
    [(SPARK_35, PYSPARK), (PYSPARK, SPARK_35), (None, SPARK_35), ("Apache Spark version 4.0", None)],
)
def test_idle_is_undecidable_where_work_may_come_over_spark_connect(own, workgroup):
    phase, idle_since = use(row(engine=own, IdleSinceDateTime=IDLE_SINCE), workgroup)

    assert isinstance(phase, Undecidable)
    assert phase == idle_since
    assert "Spark Connect" in phase.reason


def test_idle_is_undecidable_where_the_engine_is_not_known():
    doubt = Undecidable("Athena does not say which engine the session runs")

    assert use(row(engine=None, IdleSinceDateTime=IDLE_SINCE), None) == (doubt, doubt)


def test_busy_is_busy_whatever_the_engine():
    assert use(row("BUSY", engine=SPARK_35)) == (Phase.BUSY, IN_USE)


@pytest.mark.parametrize(
    ("effective", "selected", "spark"),
    [
        (PYSPARK, None, True),
        (SPARK_35, "AUTO", True),
        (None, PYSPARK, True),
        ("Athena engine version 3", "AUTO", False),
        ("Athena engine version 3", PYSPARK, False),
        (None, "AUTO", False),
        (None, None, True),
    ],
)
def test_workgroups_with_spark_are_told_apart_by_their_engine(effective, selected, spark):
    versions = {"EffectiveEngineVersion": effective, "SelectedEngineVersion": selected}

    assert has_sessions(engine_of({"Name": "w", "EngineVersion": versions})) is spark


@pytest.mark.parametrize(
    ("configuration", "seconds"),
    [
        ({"SessionIdleTimeoutInMinutes": 20}, 1200),
        ({"IdleTimeoutSeconds": 900}, 900),
        ({"IdleTimeoutSeconds": 900, "SessionIdleTimeoutInMinutes": 20}, 900),
        ({}, ABSENT),
        (None, ABSENT),
    ],
)
def test_the_idle_timeout_comes_in_minutes_or_in_seconds(configuration, seconds):
    assert idle_timeout_of({"SessionConfiguration": configuration}) == seconds


def test_the_size_is_the_most_a_session_may_grow_to():
    assert dpus_of({"EngineConfiguration": {"MaxConcurrentDpus": 20}}) == 20
    assert dpus_of({}) is ABSENT


def test_a_list_leaves_the_configuration_open_and_get_session_tells_it():
    listed = listed_facts(row(IdleSinceDateTime=IDLE_SINCE), PYSPARK)
    got = session_facts(
        {**row(IdleSinceDateTime=IDLE_SINCE), "EngineVersion": PYSPARK, "Description": "ad hoc"}
        | {"SessionConfiguration": {"SessionIdleTimeoutInMinutes": 20}},
        None,
    )

    assert listed.not_asked() == {"idle_timeout", "dpus", "tags"}
    assert got.not_asked() == {"tags"}
    assert (got.phase, got.idle_since, got.idle_timeout) == (Phase.IDLE, IDLE_AT, 1200)
    assert (got.name, got.kind) == ("ad hoc", PYSPARK)
    assert NOT_ASKED not in (got.idle_timeout, got.dpus)


def test_an_idle_session_is_billed_for_its_coordinator():
    facts = listed_facts(row(), PYSPARK)

    assert (facts.billed_units, facts.price_key) == (1.0, "athena_dpu_hour")


@pytest.mark.parametrize("moment", [0, -5, STARTED_AT - 3600, IDLE_AT + 86400])
def test_an_idle_time_that_cannot_be_is_undecidable(moment):
    facts = listed_facts(row(IdleSinceDateTime=datetime.fromtimestamp(moment, UTC)), PYSPARK)

    assert isinstance(facts.idle_since, Undecidable)
    assert "IdleSinceDateTime" in facts.idle_since.reason
    assert facts.created_at == STARTED_AT


@pytest.mark.parametrize("moment", [0, -5, IDLE_AT + 86400])
def test_a_start_that_cannot_be_makes_age_undecidable(moment):
    facts = listed_facts(row(StartDateTime=datetime.fromtimestamp(moment, UTC), IdleSinceDateTime=IDLE_SINCE), PYSPARK)

    assert isinstance(facts.created_at, Undecidable)
    assert "StartDateTime" in facts.created_at.reason
