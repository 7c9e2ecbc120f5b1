"""moto as a witness: its Glue sessions, written by others, are read and stopped as those of the embedded cloud are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-witness" / "bin" / "python"


@pytest.fixture(scope="module")
def seen():
    assert PYTHON.exists(), "the witness environment is missing: run `make setup`"
    script = ROOT / "tests" / "witness" / "moto_glue.py"
    done = subprocess.run([PYTHON, script], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_reads_every_page_of_sessions(seen):
    assert seen["listed"] == 1006
    assert seen["counted"] == {"glue:ListSessions": 2}


def test_reads_of_a_session_what_the_list_tells(seen):
    told = {name: seen["nightly"][name] for name in ("state", "name", "creator", "kind")}

    assert told == {"state": "READY", "name": "ad hoc", "creator": "Notebooks", "kind": "glueetl"}
    assert seen["created_at_is_known"]
    assert seen["created_at_is_the_services"]


def test_reads_a_sessions_tags(seen):
    assert seen["nightly"]["tags"] == {"team": "ml"}


def test_statements_that_nobody_serves_leave_use_undecidable(seen):
    for fact in (seen["use"]["phase"], seen["use"]["idle_since"]):
        assert "glue:ListStatements on session nightly" in fact["undecidable"]


def test_reads_a_session_afresh_as_it_lists_it(seen):
    assert seen["reread"] == seen["nightly"] | {"tags": "not asked"}


def test_a_session_nobody_knows_is_none(seen):
    assert seen["missing"] is None


def test_stops_a_session(seen):
    assert (seen["stopped"], seen["phase_after"]) == ("accepted", "stopping")


def test_a_session_that_is_stopping_or_unknown_is_already_gone(seen):
    assert (seen["stopped_again"], seen["stopped_missing"]) == ("already gone", "already gone")
