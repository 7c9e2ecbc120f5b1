from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.outcome import Outcome
from reaper.notifiers.text import RANK, render, subject
from tests.support.reports import blind, finding, ref, report


def told(*findings, room=50_000, where="", **change):
    return render(report(*findings, **change), room=room, where=where)


def test_a_report_reads_like_this():
    text = told(
        finding("protected", "prod", policy="production", detail="tag env is prod-eu", facts={"state": "READY"}),
        finding(
            "would_stop", facts={"idle_for": 7200, "age": 9000, "owner": "alice", "idle_cost": 4.4, "state": "READY"}
        ),
        blind=[blind()],
        notes=["the switch in AppConfig forces report mode"],
    )

    assert text == (
        "Session Reaper, report mode: 1 could not be read, 1 would be stopped, 1 protected.\n"
        "\n"
        "In report mode nothing is stopped.\n"
        "Their idleness has cost about 4.40 USD so far (an estimate).\n"
        "40 sessions seen, 17 of them live.\n"
        "Sweep run-1, 2026-03-01T10:00:00Z to 2026-03-01T10:00:12Z.\n"
        "Note: the switch in AppConfig forces report mode\n"
        "\n"
        "COULD NOT BE READ, so what runs there is unknown (1)\n"
        "- athena in 123456789012 eu-central-1, workgroup science\n"
        "    athena:ListSessions on science was denied in eu-central-1: grant it to the caller\n"
        "\n"
        "WOULD BE STOPPED in enforce mode (1)\n"
        "- nightly\n"
        "    glue in 123456789012 eu-central-1\n"
        "    idle for 2h, 2h30m old, owner alice, about 4.40 USD so far, state READY\n"
        "    policy glue-idle: idle for 2h, which is at least 1h\n"
        "\n"
        "PROTECTED, so left alone (1)\n"
        "- prod\n"
        "    glue in 123456789012 eu-central-1\n"
        "    state READY\n"
        "    policy production: tag env is prod-eu\n"
        "\n"
        "WHAT TO DO\n"
        "- Mend what could not be read: until then nothing there is judged or stopped.\n"
        "- To have such sessions stopped, set mode to enforce in cdk.json and deploy again.\n"
        "- To keep a session, tag it session-reaper/keep-until with a date, such as 2030-01-31.\n"
    )


@pytest.mark.parametrize("outcome", [outcome.value for outcome in Outcome])
def test_every_outcome_has_a_heading_in_plain_words(outcome):
    text = told(finding(outcome))

    assert outcome in RANK
    assert "(1)\n- nightly\n" in text
    assert "_" not in text


def test_an_outcome_of_a_later_version_is_told_before_all_others():
    text = told(finding("stopped", "a"), finding("teleported", "b"))

    assert text.index("TELEPORTED (1)") < text.index("STOPPED (1)")


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

    assert "REPORTED, as a policy asks (300)" in text
    assert text.count("\n- s") == 50
    assert "... and 250 more, see log group /aws/x, run 7" in text


def test_no_room_at_all_still_tells_every_count():
    text = told(*(finding("stopped", f"s{i}") for i in range(9)), blind=[blind()] * 4, room=0)

    assert "STOPPED (9)\n... and 9 more" in text
    assert "COULD NOT BE READ, so what runs there is unknown (4)\n... and 4 more" in text


def test_names_cannot_break_the_lines_of_a_mail_nor_steer_a_terminal():
    hostile = "a\r\nSTOPPED (9)\x1b[2J\u202e\u2028b"
    text = told(finding("reported", hostile, ref=ref(hostile), facts={"name": hostile, "owner": hostile}))

    assert "\nSTOPPED (9)" not in text
    assert not any(character in text for character in "\r\x1b\u202e\u2028")
    assert r"a\r\nSTOPPED (9)\x1b[2J\u202e\u2028b" in text


def test_a_subject_says_what_matters_most():
    assert subject(report(finding("stopped"), finding("failed"), mode="enforce", blind=[blind()])) == (
        "Session Reaper, enforce mode: 1 could not be read, 1 could not be stopped, 1 stopped"
    )
    assert subject(report()) == "Session Reaper, report mode: nothing found"
    assert subject(report(error="no\npolicies")) == "Session Reaper, report mode: no?policies"


@given(st.text(max_size=300))
def test_a_subject_is_always_one_that_sns_takes(text):
    line = subject(report(error=text))

    assert len(line) <= 100
    assert all(" " <= character <= "~" for character in line)
