from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.outcome import Outcome
from reaper.notifiers.text import RANK, render, subject
from tests.support.reports import blind, finding, report, typed


def told(*findings, room=50_000, where="", **change):
    return render(typed(report(*findings, **change)), room=room, where=where)


def test_a_report_reads_like_this():
    text = told(
        finding("protected", "prod", policy="production", detail="tag env is prod-eu", facts={"state": "READY"}),
        finding(
            "would_stop",
            facts={
                "idle_for": 7200, "age": 9000, "owner": "alice", "hourly_cost": 2.2, "idle_cost": 4.4, "state": "READY"
            },
        ),
        blind=[blind()],
        notes=["the switch in AppConfig forces report mode"],
    )  # fmt: skip

    assert text == (
        "Session Reaper, report mode: 1 could not be read, 1 would be stopped, 1\n"
        "protected.\n"
        "\n"
        "In report mode nothing is stopped.\n"
        "Their idleness has cost about 4.40 USD so far (an estimate).\n"
        "40 sessions seen, 17 of them live.\n"
        "Sweep run-1, Sun 1 Mar 10:00 UTC.\n"
        "\n"
        "COULD NOT BE READ, so what runs there is unknown (1)\n"
        "- athena in 123456789012 eu-central-1, workgroup science\n"
        "    athena:ListSessions on science was denied in eu-central-1: grant it to the\n"
        "    caller\n"
        "\n"
        "NOTES\n"
        "- the switch in AppConfig forces report mode\n"
        "\n"
        "Owner alice: glue (1)\n"
        "---------------------\n"
        "- nightly would be stopped\n"
        "    where 123456789012 eu-central-1\n"
        "    idle  for 2h, 2h30m old, state READY\n"
        "    cost  2.20 USD an hour, about 4.40 USD while idle\n"
        "    why   policy glue-idle: idle for 2h, which is at least 1h\n"
        "    next  Nothing: in report mode nothing is stopped.\n"
        "    keep  tag it session-reaper/keep-until with a date, such as 2026-03-08\n"
        "\n"
        "Owner unknown: glue (1)\n"
        "-----------------------\n"
        "- prod is protected\n"
        "    where 123456789012 eu-central-1\n"
        "    why   policy production: tag env is prod-eu\n"
        "\n"
        "WHAT TO DO\n"
        "- Mend what could not be read: until then nothing there is judged or stopped.\n"
        "- To have such sessions stopped, set mode to enforce in cdk.json and deploy\n"
        "  again.\n"
    )


@pytest.mark.parametrize("outcome", [outcome.value for outcome in Outcome])
@pytest.mark.parametrize("mode", ["report", "enforce"])
def test_every_outcome_is_told_in_plain_words(outcome, mode):
    text = told(finding(outcome), mode=mode)

    assert outcome in RANK
    assert "\n- nightly " in text
    assert "_" not in text
    assert "outcome" not in text


def test_an_outcome_of_a_later_version_is_told_before_all_others():
    text = told(finding("stopped", "a"), finding("teleported", "b"))

    assert text.index("- b has an outcome of a newer release") < text.index("- a was stopped")


def test_a_sweep_that_was_refused_says_so_first_and_looks_like_no_empty_account():
    text = told(error="the policies in AppConfig are wrong: x", blind=[blind(error="not looked at")])

    assert text.startswith(
        "Session Reaper stopped nothing and looked at nothing.\nthe policies in AppConfig are wrong: x\n"
    )
    assert "COULD NOT BE READ" in text


def test_a_guard_that_holds_back_a_place_is_told_with_its_release():
    guard = {"service": "glue", "account": "1", "region": "r", "detail": "too many stops at once: raise max_stops"}

    assert "GUARDS that hold back every stop of a place (1)\n- glue in 1 r\n    too many stops at once" in told(
        guards=[guard]
    )


def test_what_does_not_fit_is_counted_with_where_to_find_it():
    text = told(*(finding("reported", f"s{i}") for i in range(300)), where="log group /aws/x, run 7")

    assert "Owner alice: glue (300)" in text
    assert text.count("\n- s") == 50
    assert "... and 250 more, see log group /aws/x, run 7" in text


def test_no_room_at_all_still_tells_every_count():
    text = told(*(finding("stopped", f"s{i}") for i in range(9)), blind=[blind()] * 4, room=0)

    assert "4 could not be read, 9 stopped" in text
    assert "COULD NOT BE READ, so what runs there is unknown (4)\n... and 4 more" in text
    assert "\n... and 9 more in 1 group\n" in text


def test_owners_there_is_no_room_for_are_counted_not_listed():
    many = [finding("stopped", f"s{i}", facts={"owner": f"owner-{i % 400}"}) for i in range(10_000)]

    text = told(*many, room=20_000)

    assert len(text) < 25_000
    assert text.count("Owner owner-") < 100
    assert "10000 stopped" in text


def test_a_subject_says_what_matters_most():
    assert subject(typed(report(finding("stopped"), finding("failed"), mode="enforce", blind=[blind()]))) == (
        "Session Reaper, enforce mode: 1 could not be read, 1 could not be stopped, 1 stopped"
    )
    assert subject(typed(report())) == "Session Reaper, report mode: nothing found"
    assert subject(typed(report(error="no\npolicies"))) == "Session Reaper, report mode: no?policies"


@given(st.text(max_size=300))
def test_a_subject_is_always_one_that_sns_takes(text):
    line = subject(typed(report(error=text)))

    assert len(line.encode("utf-16-le")) // 2 < 100
    assert line.isprintable()


def test_a_subject_keeps_the_letters_of_every_language():
    assert subject(typed(report(error="Donn\u00e9es d'\u00e9t\u00e9 \u4f1a\u8bae"))) == (
        "Session Reaper, report mode: Donn\u00e9es d'\u00e9t\u00e9 \u4f1a\u8bae"
    )


def test_an_emoji_counts_twice_so_that_sns_takes_it_however_it_counts():
    assert (
        subject(typed(report(error="\U0001f600" * 60))) == "Session Reaper, report mode: " + "\U0001f600" * 33 + "..."
    )
