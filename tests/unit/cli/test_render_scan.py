"""A scan in every format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reaper.cli.console import Surface
from reaper.cli.render_scan import render_scan, summary

SESSION = {
    "ref": {
        "service": "athena",
        "account": "1",
        "region": "us-east-1",
        "scope": {"workgroup": "science"},
        "id": "8f1c2a3b-0000-4000-8000-000000000001",
    },
    "facts": {
        "state": "IDLE",
        "phase": "idle",
        "idle_for": 10_800,
        "age": 14_400,
        "idle_timeout": None,
        "tags": {"undecidable": "athena:ListTagsForResource was denied"},
        "owner": {"undecidable": "athena:ListTagsForResource was denied"},
    },
}
BLIND = {"service": "glue", "account": "1", "region": "us-east-1", "scope": {}, "error": "throttled"}


def scan(*sessions: Any, blind: Any = ()) -> dict[str, Any]:
    return {"schema_version": 1, "sessions": list(sessions), "blind": list(blind)}


def test_what_cannot_be_known_is_marked_and_the_reason_told_beside_it():
    text = render_scan(scan(SESSION), "table", Surface())
    assert "?" in text
    assert "tags, owner: athena:ListTagsForResource was denied" in text


def test_a_terminal_of_eighty_columns_shows_whole_ids_and_no_wider_line():
    text = render_scan(scan(SESSION, blind=[BLIND]), "table", Surface(width=80))
    assert "8f1c2a3b-0000-4000-8000-000000000001" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("output", ["table", "markdown", "csv", "jsonl", "json"])
def test_no_format_hides_a_blind_scope(output: str):
    assert "throttled" in render_scan(scan(blind=[BLIND]), output, Surface())


def test_an_empty_cloud_and_a_blind_one_read_differently():
    assert render_scan(scan(), "table", Surface()) == "No sessions.\n"
    assert render_scan(scan(blind=[BLIND]), "table", Surface()).startswith("No sessions in what could be read.\n")


def test_json_lines_are_sessions_then_blind_scopes():
    lines = render_scan(scan(SESSION, blind=[BLIND]), "jsonl", Surface()).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["session", "blind"]


def test_the_summary_counts_what_was_and_was_not_seen():
    assert summary(scan(SESSION, blind=[BLIND])) == [
        "1 session found.",
        "1 scope COULD NOT BE READ: what runs there is unknown.",
    ]
