"""What a backtest looks like to people and programs."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from reaper.cli.backtest_document import backtest_document
from reaper.cli.console import Surface
from reaper.cli.render_backtest import render_backtest, summary
from reaper.core.backtest import Afterwards, Backtest, HypotheticalStop, Variant
from reaper.core.vocabulary import Lens
from reaper.history.sources import Days, Skipped
from tests.support.sessions import HOUR, NOW, session

FALSE = HypotheticalStop(
    session=session("s-false", idle=HOUR, name="=evil\x1b[31m", tags={"owner": "ana"}),
    policy="idle",
    at=NOW,
    last_seen=NOW + 2 * HOUR,
    saved=4.4,
    afterwards=Afterwards.USED,
    used_at=NOW + HOUR,
)
GOOD = HypotheticalStop(
    session=session("s-good", idle=2 * HOUR, name="notebook|1"),
    policy="idle",
    at=NOW - HOUR,
    last_seen=NOW,
    saved=2.2,
    afterwards=Afterwards.UNUSED,
)
UNPRICED = HypotheticalStop(
    session=session("s-gone"), policy="old", at=NOW, last_seen=NOW, saved=None, afterwards=Afterwards.UNSEEN
)


def result(**more):
    written = Variant(threshold=None, stops=(GOOD, FALSE, UNPRICED), undetermined=3, not_recorded=2, withheld=1)
    patient = Variant(threshold=4 * HOUR, stops=(), undetermined=3, not_recorded=2, withheld=0)
    given = {
        "sweeps": 9,
        "sessions": 5,
        "began": NOW - HOUR,
        "ended": NOW + 2 * HOUR,
        "stopping": ("idle", "old"),
        "varied": ("idle",),
        "variants": (written, patient),
    }
    return Backtest(**{**given, **more})


def document(found=None, *, whole=False):
    return backtest_document(
        found or result(),
        Lens(),
        recordings=9 if whole else 10,
        missing=() if whole else (Days(date(2027, 1, 3), date(2027, 1, 4)), Days(date(2027, 1, 9), date(2027, 1, 9))),
        skipped=() if whole else (Skipped("s3://b/facts/x|\x07.jsonl.gz", "it is cut off: the end is missing"),),
        every=None,
        policy_sha256="abc",
    )


def test_the_document_tells_each_policy_at_each_threshold():
    found = document()

    assert found["history"] == {
        "recordings": 10,
        "sweeps": 9,
        "sessions": 5,
        "began": "2027-01-15T07:00:00Z",
        "ended": "2027-01-15T10:00:00Z",
        "missing_days": [{"from": "2027-01-03", "to": "2027-01-04"}, {"from": "2027-01-09", "to": "2027-01-09"}],
        "skipped": [{"name": "s3://b/facts/x|\x07.jsonl.gz", "why": "it is cut off: the end is missing"}],
    }
    assert found["variants"][0]["policies"] == [
        {
            "policy": "idle",
            "stops": 2,
            "false_stops": 1,
            "not_used_again": 1,
            "not_seen_again": 0,
            "use_not_recorded": 0,
            "saved": 6.6,
            "saved_by_false_stops": 4.4,
            "without_price": 0,
        },
        {
            "policy": "old",
            "stops": 1,
            "false_stops": 0,
            "not_used_again": 0,
            "not_seen_again": 1,
            "use_not_recorded": 0,
            "saved": 0.0,
            "saved_by_false_stops": 0.0,
            "without_price": 1,
        },
    ]
    assert [(one["threshold"], one["total"]["stops"], one["not_recorded"]) for one in found["variants"]] == [
        (None, 3, 2),
        (14400.0, 0, 2),
    ]
    assert found["variants"][0]["stops"][1] == {
        "ref": {
            "service": "glue",
            "account": "111122223333",
            "region": "eu-central-1",
            "scope": {},
            "id": "s-false",
        },
        "policy": "idle",
        "at": "2027-01-15T08:00:00Z",
        "afterwards": "used_again",
        "used_at": "2027-01-15T09:00:00Z",
        "last_seen": "2027-01-15T10:00:00Z",
        "saved": 4.4,
        "facts": {
            "name": "=evil\x1b[31m",
            "state": "READY",
            "phase": "idle",
            "age": 36000,
            "idle_for": 3600,
            "owner": "ana",
        },
    }
    assert "estimate" in found["estimate"]
    assert json.loads(render_backtest(found, "json", Surface())) == found


def test_the_table_has_a_line_for_each_policy_at_each_threshold_and_for_all_of_them():
    lines = render_backtest(document(), "table", Surface()).splitlines()

    assert [line.split() for line in lines[1:7]] == [
        ["as", "written", "idle", "2", "1", "1", "0", "0", "6.60", "4.40"],
        ["as", "written", "old", "1", "0", "0", "1", "0", "?", "?"],
        ["as", "written", "(all)", "3", "1", "1", "1", "0", "6.60", "4.40", "3", "2", "1"],
        ["4h", "idle", "0", "0", "0", "0", "0", "0.00", "0.00"],
        ["4h", "old", "0", "0", "0", "0", "0", "0.00", "0.00"],
        ["4h", "(all)", "0", "0", "0", "0", "0", "0.00", "0.00", "3", "2", "0"],
    ]


@pytest.mark.parametrize("width", [None, 60, 120])
def test_false_stops_come_first_and_say_when_they_were_used(width):
    shown = render_backtest(document(), "table", Surface(width))

    assert shown.index("s-false") < shown.index("s-good")
    assert "USED AGAIN, seen" in shown
    assert "2027-01-15T09:00:00Z" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [None, 60])
def test_what_was_not_replayed_is_named_in_the_table(width):
    shown = render_backtest(document(), "table", Surface(width)).replace("\n    ", " ")

    assert "NOT REPLAYED; what happened there is unknown:" in shown
    assert "it is cut off: the end is missing" in shown
    assert "no recordings: 2027-01-03 to 2027-01-04, 2027-01-09" in shown
    assert "\x07" not in shown
    assert "NOT REPLAYED" not in render_backtest(document(whole=True), "table", Surface(width))


def test_one_policy_needs_no_line_for_all():
    alone = result(
        stopping=("idle",),
        variants=(Variant(threshold=None, stops=(GOOD,), undetermined=3, not_recorded=2, withheld=1),),
    )

    lines = render_backtest(document(alone), "table", Surface()).splitlines()

    assert lines[1].split() == ["as", "written", "idle", "1", "0", "1", "0", "0", "2.20", "0.00", "3", "2", "1"]
    assert lines[2] == ""


def test_csv_has_every_stop_at_every_threshold_and_no_formulas():
    rows = list(csv.DictReader(io.StringIO(render_backtest(document(), "csv", Surface()))))

    assert [(row["type"], row["threshold"], row["policy"], row["id"]) for row in rows] == [
        ("policy", "as written", "idle", ""),
        ("policy", "as written", "old", ""),
        ("total", "as written", "", ""),
        ("stop", "as written", "idle", "s-good"),
        ("stop", "as written", "idle", "s-false"),
        ("stop", "as written", "old", "s-gone"),
        ("policy", "14400.0", "idle", ""),
        ("policy", "14400.0", "old", ""),
        ("total", "14400.0", "", ""),
        ("not replayed", "", "", ""),
        ("not replayed", "", "", ""),
    ]
    assert rows[4]["name"].startswith("'=evil")
    assert (rows[4]["afterwards"], rows[4]["saved"], rows[5]["saved"]) == ("used_again", "4.4", "")
    assert rows[2]["not_recorded"] == "2"


def test_markdown_escapes_what_it_would_act_upon():
    shown = render_backtest(document(), "markdown", Surface())

    assert "notebook\\|1" in shown
    assert "**NOT REPLAYED; what happened there is unknown:**" in shown
    assert "s3:\u2060//b/facts/x\\|" in shown


def test_the_summary_says_what_it_is_worth_and_what_it_is_not():
    assert summary(document(), thresholds=True) == [
        "9 sweeps with 5 sessions replayed, from 2027-01-15T07:00:00Z to 2027-01-15T10:00:00Z.",
        "As written, the policies would have stopped 3 sessions; 1 false stop (used again later).",
        (
            "That would have saved about 6.60 USD, 4.40 of it by false stops (an estimate: idle price times how long each was"
            " still seen; 1 stop without a known price)."
        ),
        "2 sessions could not be judged: facts these policies ask for were not recorded.",
        "Guards would have withheld the stop of 1 session.",
        "The same at every threshold, comparing idle_for with no number: old.",
        "1 recording COULD NOT BE READ: what lies in there is not in this.",
        "Nothing was recorded on some days: 2027-01-03 to 2027-01-04, 2027-01-09.",
    ]


def test_the_summary_of_nothing_is_short():
    nothing = result(
        sweeps=0,
        sessions=0,
        began=None,
        ended=None,
        stopping=(),
        varied=(),
        variants=(Variant(threshold=None, stops=(), undetermined=0, not_recorded=0, withheld=0),),
    )

    assert summary(document(nothing, whole=True), thresholds=False) == [
        "0 sweeps with 0 sessions replayed.",
        "As written, the policies would have stopped 0 sessions; 0 false stops (used again later).",
    ]
