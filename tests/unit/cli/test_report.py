"""``reaper report``: the numbers of archived reports on the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reaper.cli.main import main
from reaper.history.archive import archive
from reaper.history.sinks import DirectorySink
from tests.support.archived import HOUR, MONDAY, finding, report
from tests.support.reports import typed

NOW = "2027-03-03T00:00:00Z"
BLIND = {"service": "athena", "account": "1", "region": "eu-central-1", "scope": {}, "error": "denied"}


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    sink = DirectorySink(folder)
    archive(sink, typed(report(MONDAY + 10 * HOUR, finding("a"), finding("b", "stopped", timeout=11 * HOUR))))
    archive(sink, typed(report(MONDAY + 11 * HOUR, finding("a", idle=2 * HOUR, team="x\x1b[31m|y"), blind=[BLIND])))
    return folder


def run(*arguments: object) -> int:
    return main(["report", *map(str, arguments)])


def test_costs_are_shown_by_team_service_and_policy(history, capsys):
    assert run("--history", history, "--now", NOW) == 0
    out, err = capsys.readouterr()
    assert "Costs by team, 2027-01-07 to 2027-03-03, estimates in USD:" in out
    assert [line.split() for line in out.splitlines()[1:4]] == [
        ["TEAM", "IDLE", "COST", "AVOIDED", "COST", "(EST.)"],
        ["data", "4.00", "20.00"],
        ["x\\x1b[31m|y", "2.00", "0.00"],
    ]
    assert "Idle cost 6.00 USD." in err
    assert "1 stop avoided about 20.00 USD. All amounts are estimates." in err
    assert "1 place could not be read at times, 1 still cannot." in err
    assert "\x1b" not in out


def test_json_has_all_of_it(history, capsys):
    assert run("--history", history, "--now", NOW, "--output", "json", "-q") == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert (document["schema_version"], document["idle_cost"], document["avoided_cost"]) == (1, 6.0, 20.0)
    assert document["by_service"] == [{"service": "glue", "idle_cost": 6.0, "avoided_cost": 20.0}]
    assert document["days"][0]["day"] == "2027-03-01"
    assert document["avoided_by_basis"] == [{"basis": "timeout", "stops": 1, "avoided_cost": 20.0}]
    assert document["blind"][0]["error"] == "denied"


def test_markdown_keeps_hostile_names_in_their_cells(history, capsys):
    assert run("--history", history, "--now", NOW, "--output", "markdown") == 0
    out = capsys.readouterr().out
    assert "x\\\\x1b\\[31m\\|y" in out


def test_the_page_is_written_as_well(history, tmp_path, capsys):
    target = tmp_path / "page.html"
    assert run("--history", history, "--now", NOW, "--html", target) == 0
    assert target.read_text().startswith("<!DOCTYPE html>")
    assert f"The page is in {target}." in capsys.readouterr().err


def test_an_empty_history_makes_a_page_that_says_so(tmp_path, capsys):
    empty, target = tmp_path / "empty", tmp_path / "page.html"
    empty.mkdir()
    assert run("--history", empty, "--html", target) == 0
    assert "nothing is known of it" in target.read_text()
    assert "No report of this period was found, so nothing is known of it." in capsys.readouterr().err


def test_a_report_that_cannot_be_read_is_named_and_makes_it_2(history, capsys):
    bad = history / "reports/v1/dt=2027-03-01/120000Z_x.json.gz"
    bad.write_bytes(b"garbled")
    assert run("--history", history, "--now", NOW, "-q") == 2
    err = capsys.readouterr().err
    assert "1 report COULD NOT BE READ" in err
    assert "120000Z_x.json.gz: it is garbled" in err


def test_days_are_chosen_by_dates(history, capsys):
    assert run("--history", history, "--since", "2027-03-02", "--until", "2027-03-05", "--output", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["since"], document["until"]) == ("2027-03-02T00:00:00Z", "2027-03-05T23:59:59Z")
    assert document["sweeps"]["done"] == 0


def test_days_are_chosen_by_their_number_and_begin_where_the_reader_is(history, capsys):
    assert run("--history", history, "--now", NOW, "--days", 3, "--timezone", "Europe/Berlin", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["since"] == "2027-02-28T23:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--since", "2027-03-05", "--until", "2027-03-01"], "--since 2027-03-05 is after --until 2027-03-01"),
        (["--since", "2027-13-01"], "is no date; write it like 2026-03-01"),
        (["--days", "0"], "0 is not in the range"),
        (["--until", "0001-01-02"], "beyond the calendar"),
        (["--timezone", "Mars/Olympus"], "there is no timezone 'Mars/Olympus'"),
        (["--timezone", "../../etc/passwd"], "there is no timezone"),
        (["--html", "/nowhere/page.html"], "/nowhere/page.html cannot be written"),
        (["--now", "yesterday"], "is no RFC 3339 date-time"),
    ],
)
def test_bad_input_is_said_in_a_sentence(history, capsys, arguments, problem):
    assert run("--history", history, *arguments) == 1
    assert problem in capsys.readouterr().err


def test_a_history_that_is_none_is_said_in_a_sentence(tmp_path, capsys):
    assert run("--history", tmp_path / "none") == 1
    assert "none does not exist" in capsys.readouterr().err


def test_help_says_what_avoided_cost_compares_with(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert "until its own idle timeout" in out
    assert "reaper report --history s3://BUCKET" in out
