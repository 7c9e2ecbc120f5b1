"""What people read holds nothing that could steer their terminal."""

from __future__ import annotations

import pytest

from reaper.cli import text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("red\x1b[31m", "red\\x1b[31m"),
        ("two\nlines\ttabbed", "two\\nlines\\ttabbed"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202eb", "a\\u202eb"),
        ("schön 東京", "schön 東京"),
    ],
)
def test_control_characters_are_shown_as_escapes(hostile: str, shown: str):
    assert text.clean(hostile) == shown


@pytest.mark.parametrize(
    ("facts", "name", "cell"),
    [
        ({}, "idle_for", ""),
        ({"idle_for": None}, "idle_for", "-"),
        ({"idle_for": {"undecidable": "denied"}}, "idle_for", "?"),
        ({"idle_for": 5400}, "idle_for", "1h30m"),
        ({"hourly_cost": 2.2}, "hourly_cost", "2.20"),
        ({"dpus": 5}, "dpus", "5"),
        ({"tags": {}}, "tags", "-"),
        ({"tags": {"b": "2", "a": "\x1b"}}, "tags", "a=\\x1b b=2"),
        ({"owner": "ana"}, "owner", "ana"),
    ],
)
def test_absent_undecidable_and_unasked_facts_look_different(facts: dict[str, object], name: str, cell: str):
    assert text.fact(facts, name) == cell


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59.9, "59s"), (1205, "20m5s"), (29_105, "8h5m"), (86_399, "23h59m"), (277_400, "3d5h")],
)
def test_durations_are_as_exact_as_it_matters_and_never_rounded_up(seconds: float, shown: str):
    assert text.duration(seconds) == shown
