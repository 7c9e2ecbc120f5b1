"""What a recorded session looks like, and that it reads back as it was."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from reaper.catalog.services import specs
from reaper.core.facts import ABSENT, IN_USE, NO_EVIDENCE, NOT_ASKED, Facts, Undecidable
from reaper.core.judge import KEEP, Verdict, VerdictKind
from reaper.core.session import Phase, Session, SessionRef
from reaper.history.rows import COLUMNS, decode, encode, opening
from tests.support.sessions import NOW, ref

STOP = Verdict(VerdictKind.STOP, "glue-idle", "idle for long, says its description", 900.0)
FULL = Session(
    ref("s-1", service="athena", scope=(("workgroup", "science"),)),
    Facts(
        state="IDLE",
        phase=Phase.IDLE,
        created_at=NOW - 7200.25,
        idle_since=NOW - 3600.5,
        idle_timeout=1200.0,
        tags={"env": "dev", "Owner": "ana", "owner": "bo"},
        name='Zoë\'s "notes"\n',
        creator="role/x",
        kind="PySpark engine version 3",
        worker_type="G.1X",
        dpus=5.0,
        billed_units=1.0,
        price_key="athena_dpu_hour",
        evidence={"idle_since": "IdleSinceDateTime 2027-01-15T07:00:00Z"},
    ),
)


def written(session, verdict=KEEP):
    return json.loads(opening("run-1", NOW) + encode(session, verdict)[1:])


def read_back(session, verdict=KEEP):
    row = written(session, verdict)
    return decode([row[name] for name in COLUMNS])


def test_a_row_is_flat_with_every_column_in_order():
    row = written(FULL, STOP)

    assert tuple(row) == tuple(COLUMNS)
    assert row == {
        "schema": 1,
        "run_id": "run-1",
        "sweep_at": 1800000000.0,
        "service": "athena",
        "account": "111122223333",
        "region": "eu-central-1",
        "workgroup": "science",
        "farm": None,
        "fleet": None,
        "worker": None,
        "queue": None,
        "job": None,
        "workspace": None,
        "other_scope": {},
        "id": "s-1",
        "verdict": "stop",
        "policy": "glue-idle",
        "state": "IDLE",
        "phase": "idle",
        "created_at": 1799992799.75,
        "idle_since": 1799996399.5,
        "in_use": False,
        "idle_timeout": 1200.0,
        "name": 'Zoë\'s "notes"\n',
        "creator": "role/x",
        "kind": "PySpark engine version 3",
        "worker_type": "G.1X",
        "dpus": 5.0,
        "billed_units": 1.0,
        "price_key": "athena_dpu_hour",
        "tags": {"env": "dev", "Owner": "ana", "owner": "bo"},
        "undecidable": {},
        "not_asked": [],
    }


def test_a_row_reads_back_as_the_session_and_the_verdict_it_was():
    row = read_back(FULL, STOP)

    assert row.session == Session(FULL.ref, replace(FULL.facts, evidence=NO_EVIDENCE))
    assert (row.verdict, row.policy) == (VerdictKind.STOP, "glue-idle")


def test_why_a_fact_has_no_value_reads_back_too():
    facts = Facts(
        state="READY",
        phase=Undecidable("ListStatements was denied"),
        created_at=ABSENT,
        idle_since=Undecidable("ListStatements was denied"),
        idle_timeout=ABSENT,
        tags=NOT_ASKED,
        kind=Undecidable(""),
    )

    found = read_back(Session(ref(), facts)).session.facts

    assert found == Facts(
        state="READY",
        phase=Undecidable("ListStatements was denied"),
        created_at=ABSENT,
        idle_since=Undecidable("ListStatements was denied"),
        idle_timeout=ABSENT,
        tags=NOT_ASKED,
        kind=Undecidable("no reason was recorded"),
    )


def test_a_session_in_use_is_so_whenever_it_is_read():
    row = written(Session(ref(), Facts(state="BUSY", phase=Phase.BUSY, created_at=NOW, idle_since=IN_USE)))

    assert (row["in_use"], row["idle_since"]) == (True, None)
    assert decode([row[name] for name in COLUMNS]).session.facts.idle_since == IN_USE


def test_no_tags_are_not_the_same_as_tags_nobody_could_read():
    assert (
        read_back(Session(ref(), Facts(state="", phase=Phase.IDLE, created_at=NOW, tags={}))).session.facts.tags == {}
    )
    denied = Facts(state="", phase=Phase.IDLE, created_at=NOW, tags=Undecidable("denied"))
    assert read_back(Session(ref(), denied)).session.facts.tags == Undecidable("denied")


def test_a_number_that_is_none_becomes_undecidable_rather_than_a_broken_file():
    facts = Facts(state="", phase=Phase.IDLE, created_at=math.nan, dpus=-math.inf)

    found = read_back(Session(ref(), facts)).session.facts

    assert found.created_at == Undecidable("the service told nan, which is no number")
    assert found.dpus == Undecidable("the service told -inf, which is no number")


def test_whole_numbers_are_written_as_the_type_their_column_has():
    facts = Facts(state="", phase=Phase.IDLE, created_at=NOW, dpus=5)

    assert b'"dpus":5.0,' in encode(Session(ref(), facts), KEEP)


def test_half_a_surrogate_pair_does_not_spoil_the_line():
    line = encode(Session(ref("a\ud800b"), FULL.facts), KEEP)

    assert json.loads(line.decode("utf-8"))["id"] == "a\ufffdb"


def test_evidence_and_details_are_not_recorded():
    line = encode(FULL, STOP)

    assert b"IdleSinceDateTime" not in line
    assert b"says its description" not in line


def test_a_scope_without_a_column_of_its_own_is_kept():
    strange = SessionRef("warehouse", "1", "eu-central-1", (("cluster", "c"), ("workgroup", "w")), "s-1")

    assert read_back(Session(strange, FULL.facts)).session.ref == strange


def test_a_row_of_a_release_that_knew_no_other_scopes_is_read():
    row = written(FULL) | {"other_scope": None}

    assert decode([row[name] for name in COLUMNS]).session.ref == FULL.ref


@pytest.mark.parametrize("spec", specs().values(), ids=lambda spec: spec.service)
def test_equal_sessions_read_back_equal_in_whatever_service_they_are(spec):
    scope = tuple((part, f"{part}-1") for part in spec.scope)
    there = SessionRef(spec.service, "1", "eu-central-1", scope, "s-1")

    assert read_back(Session(there, FULL.facts)).session.ref == there


@pytest.mark.parametrize(
    "wrong",
    [{"id": None}, {"service": None}, {"state": None}, {"phase": "asleep"}, {"verdict": "maybe"}, {"verdict": None}],
)
def test_what_is_no_row_is_not_taken_for_one(wrong):
    row = {**written(FULL), **wrong}

    with pytest.raises(ValueError):  # noqa: PT011 - which of the values is wrong does not matter to a reader
        decode([row[name] for name in COLUMNS])
