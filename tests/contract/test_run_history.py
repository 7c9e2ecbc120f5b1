"""``reaper run --history`` and what reads it again: a backtest, and the money report."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import LocalServer
from reaper.cli.main import main

POLICIES = """\
version: 1
policies:
  - name: idle
    when: {phase: idle, idle_for: ">= 1h"}
    then: stop
"""
SESSION: dict[str, Any] = {
    "id": "forgotten",
    "created": "-9h",
    "statements": [{"started": "-8h", "completed": "-8h"}],
}


@pytest.fixture
def server(aws_server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalServer]:
    aws_server.gateway.reset()
    for name in list(os.environ):
        if name.startswith(("AWS_", "ALIBABA_", "REAPER_")):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name, value in aws_server.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("policies.yaml").write_text(POLICIES)
    aws_server.world.seed({"accounts": {"000000000000": {"us-east-1": {"glue": [SESSION]}}}})
    yield aws_server
    aws_server.gateway.reset()


@pytest.mark.usefixtures("server")
def test_a_run_is_kept_for_the_report_and_the_backtest(capsys):
    assert main(["run", "--service", "glue", "--enforce", "--history", "history", "-q"]) == 0
    assert "forgotten" in capsys.readouterr().out

    assert main(["report", "--history", "history", "--days", "2", "--output", "json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stopped"], told["sweeps"]["done"]) == (1, 1)
    assert told["by_policy"][0]["policy"] == "idle"

    assert main(["backtest", "--history", "history", "--output", "json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["history"]["sweeps"] == 1


@pytest.mark.usefixtures("server")
def test_a_report_that_could_not_be_archived_is_said_and_makes_it_2(capsys):
    Path("history").mkdir()
    Path("history/reports").write_text("in the way")
    assert main(["run", "--service", "glue", "--history", "history", "-q"]) == 2
    captured = capsys.readouterr()
    assert "forgotten" in captured.out
    assert "cannot be written" in captured.err


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("where", "problem"), [("policies.yaml", "is a file"), ("s3://", "names no bucket")])
def test_a_history_that_is_no_place_is_refused_before_anything_is_stopped(capsys, where, problem):
    assert main(["run", "--service", "glue", "--enforce", "--history", where]) == 1
    assert problem in capsys.readouterr().err
