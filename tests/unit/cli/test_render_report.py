"""A report in every format."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from reaper.cli.console import Surface
from reaper.cli.render_report import render_report, summary
from reaper.core.outcome import Outcome

PIPE = Surface()


def finding(**changes: Any) -> dict[str, Any]:
    return {
        "ref": {"service": "glue", "account": "1", "region": "us-east-1", "scope": {}, "id": "nightly"},
        "verdict": "stop",
        "policy": "glue-idle",
        "outcome": "would_stop",
        "detail": "",
        "facts": {"state": "READY", "phase": "idle", "idle_for": 28_800, "age": 32_400, "owner": "ana", "tags": {}},
    } | changes


def blind(**changes: Any) -> dict[str, Any]:
    return {
        "service": "athena",
        "account": "1",
        "region": "us-east-1",
        "scope": {"workgroup": "science"},
        "error": "athena:ListSessions was denied",
    } | changes


def report(*findings: dict[str, Any], blind: tuple[dict[str, Any], ...] = (), **changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "run_id": "r",
        "mode": "report",
        "started_at": "2026-03-01T10:00:00Z",
        "finished_at": "2026-03-01T10:00:01Z",
        "sessions": {"seen": 7, "live": 5},
        "findings": list(findings),
        "blind": list(blind),
        "totals": {"would_stop": len(findings)} if findings else {},
        "idle_cost": 17.6,
        "api_calls": {},
    } | changes


def test_a_piped_table_has_one_line_per_session_with_all_that_tells_it_apart():
    assert render_report(report(finding()), "table", PIPE) == (
        "OUTCOME     SERVICE  ACCOUNT  REGION     SESSION  STATE         IDLE  AGE  OWNER  POLICY     REASON\n"
        "would_stop  glue     1        us-east-1  nightly  READY (idle)  8h    9h   ana    glue-idle  idle for 8h\n"
    )


def test_on_a_terminal_sessions_are_grouped_by_outcome_what_failed_first():
    text = render_report(
        report(finding(), finding(outcome="failed", detail="refused")), "table", Surface(width=80, colour=False)
    )
    assert text.startswith("Could not be stopped (1)\n")
    assert text.index("Could not be stopped (1)") < text.index("Would be stopped (1)")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_there_is_has_a_heading_of_its_own_in_words(outcome: Outcome):
    text = render_report(report(finding(outcome=outcome.value)), "table", Surface(width=80, colour=False))
    assert text.startswith(f"{outcome.row.counted.capitalize()} (1)\n")


def test_an_outcome_of_a_newer_release_comes_first_by_its_own_name():
    text = render_report(report(finding(), finding(outcome="teleported")), "table", Surface(width=80, colour=False))
    assert text.startswith("teleported (1)\n")
    assert "Would be stopped (1)" in text


@pytest.mark.parametrize("output", ["table", "markdown", "csv", "jsonl", "json"])
def test_no_format_hides_a_blind_scope_even_when_nothing_was_found(output: str):
    text = render_report(report(blind=(blind(),)), output, PIPE)
    assert "athena:ListSessions was denied" in text
    assert "science" in text


@pytest.mark.parametrize("output", ["table", "markdown", "csv", "jsonl", "json"])
def test_no_format_passes_an_escape_sequence_on(output: str):
    hostile = "\x1b]0;owned\x07\u202e"
    one = finding(detail=hostile, policy=hostile)
    one["facts"] |= {"name": hostile, "owner": hostile, "state": hostile, "tags": {hostile: hostile}}
    one["ref"]["id"] = hostile
    document = report(one, blind=(blind(error=hostile, scope={"workgroup": hostile}),))
    for surface in (PIPE, Surface(width=60)):
        text = render_report(document, output, surface)
        assert all(char.isprintable() or char == "\n" for char in text)


def test_json_is_the_report_itself():
    document = report(finding(), blind=(blind(),))
    assert json.loads(render_report(document, "json", PIPE)) == document


def test_json_lines_are_findings_then_blind_scopes_each_with_its_type():
    lines = render_report(report(finding(), blind=(blind(),)), "jsonl", PIPE).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["finding", "blind"]
    assert json.loads(lines[0])["ref"]["id"] == "nightly"


def test_csv_has_seconds_and_says_why_something_cannot_be_known():
    one = finding()
    one["facts"]["idle_for"] = {"undecidable": "statements, denied"}
    rows = list(csv.DictReader(io.StringIO(render_report(report(one, blind=(blind(),)), "csv", PIPE))))
    assert (rows[0]["type"], rows[0]["id"]) == ("finding", "nightly")
    assert rows[0]["age"] == "32400"
    assert rows[0]["idle_for"] == "undecidable: statements, denied"
    assert rows[1]["type"] == "blind"
    assert rows[1]["scope"] == "workgroup=science"
    assert rows[1]["detail"] == "athena:ListSessions was denied"


def test_nothing_found_is_said_in_words_and_only_of_what_could_be_read():
    assert (
        render_report(report(), "table", PIPE) == "No policy has anything to say about any session (5 live sessions).\n"
    )
    assert "the sessions that could be read" in render_report(report(blind=(blind(),)), "table", PIPE)


def test_a_protected_session_is_not_said_to_be_protected_for_being_idle():
    one = finding(verdict="protect", outcome="protected", policy="production")
    assert "idle for" not in render_report(report(one), "table", PIPE)


def test_the_summary_tells_counts_costs_blindness_and_that_nothing_was_stopped():
    lines = summary(report(finding(), blind=(blind(),)), enforcing=False)
    assert lines == [
        "7 sessions seen, 5 live: 1 would be stopped.",
        "Idleness has cost about 17.60 USD so far (an estimate from list prices).",
        "1 scope COULD NOT BE READ: what runs there is unknown.",
        "Report mode: nothing was stopped; add --enforce to stop.",
    ]
    assert summary(report(notes=["forced to report"]), enforcing=True) == [
        "7 sessions seen, 5 live: nothing to report.",
        "Idleness has cost about 17.60 USD so far (an estimate from list prices).",
        "forced to report",
    ]


def test_a_guard_that_withholds_a_whole_scope_is_told_and_summed_up():
    guard = {"service": "glue", "account": "1", "region": "us-east-1", "detail": "population: only 2 live sessions"}
    document = report(guards=[guard])
    assert "glue 1 us-east-1: population: only 2 live sessions" in render_report(document, "table", PIPE)
    assert "STOPS ARE WITHHELD in 1 scope by a guard that should be looked at." in summary(document, enforcing=True)
