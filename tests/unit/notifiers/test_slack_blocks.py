from __future__ import annotations

import pytest

from reaper.notifiers.slack_blocks import alarm_message, digest_message, other_message
from reaper.wire.alarm import Alarm
from reaper.wire.codec import convert
from tests.support.digests import TOKEN, URL, digest, warned
from tests.support.reports import blind, typed
from tests.support.slack import Post, wrong_with
from tests.support.slack_models import judge

THERE = {"key": "slack:#data", "medium": "slack", "to": "#data", "teams": ["data"]}


def told(*findings, interactive=True, **change):
    message = digest_message(typed(digest(*findings, **change)), interactive=interactive)
    judge(message)
    assert wrong_with(message) == ""
    return Post("", message)


def texts(post, kind):
    found = []
    for block in post.blocks:
        inside = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        found += [one["text"] for one in inside if one and one["type"] == kind]
    return "\n".join(found)


def labels(post):
    return [button["text"]["text"] for button in post.buttons()]


def test_a_warning_tells_what_since_when_how_that_is_known_what_it_costs_and_what_comes_next():
    post = told(warned())

    plain, ours = texts(post, "plain_text"), texts(post, "mrkdwn")
    assert "Team data: glue (1)" in plain
    assert "Owner: alice" in plain
    assert "etl (nightly)\nglue in 123456789012 eu-central-1\n" in plain
    assert "Why: glue-idle: idle for 2h, which is at least 1h" in plain
    assert "How we know: statement 7 completed 2026-03-01T08:00:00Z" in plain
    assert (
        "*Idle*\nfor 2h, since <!date^1772352000^{date_short_pretty} at {time}|2026-03-01 09:00 CET (Europe/Berlin)>"
        in ours
    )
    assert "*Cost*\n2.20 USD an hour, about 4.40 USD while idle" in ours
    assert (
        "*Next*\nIt is stopped at the first sweep after <!date^1772361900^{date_short_pretty} at {time}"
        "|2026-03-01 11:45 CET (Europe/Berlin)>, unless it is used before." in ours
    )
    assert "session-reaper/keep-until" in plain
    assert post.message["text"] == "Session Reaper: 1 warned"


def test_buttons_answer_with_the_token_of_their_own_session():
    post = told(warned())

    assert [(one["text"]["text"], one["action_id"], one.get("value"), one.get("url")) for one in post.buttons()] == [
        ("Keep 1 h", "answer:1h", TOKEN, None),
        ("Keep 4 h", "answer:4h", TOKEN, None),
        ("Until tomorrow 9:00", "answer:tomorrow", TOKEN, None),
        ("Stop it now", "answer:stop", TOKEN, None),
        ("Details", "details", None, URL),
    ]


def test_a_stop_asks_once_more_and_looks_dangerous():
    stop = next(one for one in told(warned()).buttons() if one["action_id"] == "answer:stop")

    assert stop["style"] == "danger"
    assert stop["confirm"]["confirm"]["text"] == "Stop it"
    assert stop["confirm"]["deny"]["text"] == "Leave it"


def test_where_nobody_listens_to_buttons_there_is_only_the_link():
    post = told(warned(), interactive=False)

    assert [(one["text"]["text"], one["url"]) for one in post.buttons()] == [("Keep it or stop it", URL)]
    assert "value" not in post.buttons()[0]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"max": 86_400, "left": 0}, ["Stop it now", "Details"]),
        ({"max": 3600, "left": 1}, ["Keep 1 h", "Stop it now", "Details"]),
        ({"max": 7200, "left": 1}, ["Keep 1 h", "Keep 2h", "Stop it now", "Details"]),
        ({"max": 28_800, "left": 1}, ["Keep 1 h", "Keep 4 h", "Keep 8h", "Stop it now", "Details"]),
        ({"max": 1800, "left": 3}, ["Keep 30m", "Stop it now", "Details"]),
    ],
)
def test_only_what_the_policy_still_allows_is_offered(limit, expected):
    assert labels(told(warned(snooze_limit=limit))) == expected


def test_until_tomorrow_is_offered_where_nine_o_clock_in_the_reader_s_timezone_is_near_enough():
    # 22 hours from 10:00:12Z: in Berlin tomorrow at nine is 08:00Z, in New York it is 14:00Z, 28 hours away.
    there = {**THERE, "timezone": "America/New_York"}

    limit = {"max": 22 * 3600, "left": 1}
    assert "Until tomorrow 9:00" in labels(told(warned(snooze_limit=limit)))
    assert "Until tomorrow 9:00" not in labels(told(warned(snooze_limit=limit), audience=there))


def test_nothing_is_stopped_now_where_only_reports_are_made_or_a_guard_objects():
    keeps = ["Keep 1 h", "Keep 4 h", "Until tomorrow 9:00", "Details"]

    assert labels(told(warned(), mode="report")) == keeps
    assert labels(told(warned(outcome="would_stop"), mode="report")) == keeps
    assert labels(told(warned(outcome="withheld"))) == keeps


def test_a_warning_that_no_stop_follows_says_so_and_offers_none():
    post = told(warned(due=None))

    assert "*Next*\nNothing yet: this is a warning, and no stop is planned." in texts(post, "mrkdwn")
    assert "Stop it now" not in labels(post)


def test_what_a_policy_only_says_is_not_blamed_on_the_mode():
    assert "It would be stopped. Nothing: its policy only says what it would stop." in texts(
        told(warned(outcome="would_stop")), "mrkdwn"
    )
    assert "It would be stopped. Nothing: in report mode nothing is stopped." in texts(
        told(warned(outcome="would_stop"), mode="report"), "mrkdwn"
    )


def test_what_the_platform_has_to_mend_is_not_put_on_owners():
    sentence = "A guard held stops back"

    assert sentence in texts(told(warned(outcome="withheld"), medium="platform", to=""), "plain_text")
    assert sentence not in texts(told(warned(outcome="withheld")), "plain_text")


def test_what_is_stopped_already_offers_nothing():
    assert labels(told(warned(outcome="stopped"))) == []


def test_a_session_without_a_link_is_told_without_buttons():
    assert labels(told(warned(links=None))) == []
    assert labels(told(warned(links={"answer": "https://evil.example/?s/x"}))) == []


def test_a_token_too_long_for_a_button_leaves_the_link():
    url = f"https://answers.example.com/s/{'a' * 2500}"

    assert [(one["text"]["text"], one.get("url")) for one in told(warned(links={"answer": url})).buttons()] == [
        ("Keep it or stop it", url)
    ]


def test_a_snoozed_session_is_told_until_when_and_by_whom():
    snooze = {"until": "2026-03-01T14:00:00Z", "by": "ana@example.com", "at": "2026-03-01T10:00:00Z", "times": 1}
    post = told(warned(outcome="snoozed", snooze=snooze))

    assert "It is kept until <!date^1772373600^" in texts(post, "mrkdwn")
    assert "|2026-03-01 15:00 CET (Europe/Berlin)> (snooze 1). Then it is stopped, unless it is used before." in texts(
        post, "mrkdwn"
    )
    assert "Kept by: ana@example.com" in texts(post, "plain_text")


def test_sessions_stand_under_their_owner_and_service_the_most_urgent_first():
    other = {"owner": "bob", "name": None}
    post = told(
        warned("late", due="2026-03-01T12:00:00Z", team=""),
        warned("vanished", outcome="already_gone", facts=other, team=""),
        warned("soon", team=""),
        warned("stubborn", outcome="failed", facts=other, team=""),
        warned("old", outcome="failed", news=False, team=""),
    )
    plain = texts(post, "plain_text")
    order = ["Owner alice: glue (3)", "(soon)", "(late)", "(old)", "Owner bob: glue (2)", "stubborn", "vanished"]

    assert [plain.index(word) for word in order] == sorted(plain.index(word) for word in order)


def test_a_person_is_mentioned_once_and_only_the_one_it_is_sent_to():
    post = told(warned(facts={"owner": "<@U999999999>", "name": "<!here>"}), to="U012AB3CD")

    assert post.message["text"] == "<@U012AB3CD> Session Reaper: 1 warned"
    assert texts(post, "mrkdwn").count("<@U012AB3CD>") == 1
    assert "U999999999" not in texts(post, "mrkdwn")
    assert "<@" not in told(warned(), to="#data").message["text"]
    assert "<!" not in told(warned(), to="U012AB3CD> <!channel>").message["text"]


def test_words_of_strangers_are_shown_as_they_are_and_do_nothing():
    hostile = "*b* `c` <https://evil.example|x> @channel\n\u202eabc"
    plain = texts(told(warned(facts={"name": hostile, "owner": hostile})), "plain_text")

    assert r"*b* `c` &lt;https://evil.example|x&gt; @channel\n\u202eabc (nightly)" in plain


def test_the_platform_hears_of_what_could_not_be_read_and_of_guards():
    guard = {"service": "glue", "account": "1", "region": "r", "detail": "too many stops at once: raise max_stops"}
    post = told(warned(), medium="platform", to="", blind=[blind()] * 7, guards=[guard], notes=["the switch is on"])
    plain = texts(post, "plain_text")

    assert "COULD NOT BE READ:\nathena in 123456789012 eu-central-1, workgroup science: athena:ListSessions" in plain
    assert "and 2 more" in plain
    assert "GUARDS hold back every stop of:\nglue in 1 r: too many stops at once" in plain
    assert "Note: the switch is on" in plain
    assert post.message["text"] == "Session Reaper: 7 could not be read, 1 warned"


def test_a_sweep_that_did_not_take_place_looks_like_no_empty_account():
    post = told(error="the policies in AppConfig are wrong: x", medium="platform", to="")

    assert post.message["text"] == "Session Reaper could not sweep"
    assert "Nothing was looked at or stopped." in texts(post, "mrkdwn")
    assert "the policies in AppConfig are wrong: x" in texts(post, "plain_text")


def test_ten_thousand_sessions_are_one_message_that_counts_what_has_no_room():
    post = told(*(warned(f"s{i}") for i in range(10_000)))
    shown = texts(post, "plain_text").count("etl (s")

    assert shown >= 8
    assert f"... and {10_000 - shown} more: see the log of the sweep" in texts(post, "plain_text")
    assert labels(post).count("Keep it or stop it") + labels(post).count("Details") == shown


def test_a_digest_that_was_cut_before_counts_what_was_left_out_and_says_where_it_is():
    post = told(warned(), findings_total=38, full_report="log group /aws/x, run 7")

    assert "... and 37 more: see log group /aws/x, run 7" in texts(post, "plain_text")


def test_a_handful_of_sessions_all_have_their_buttons():
    assert labels(told(*(warned(f"s{i}") for i in range(4)))).count("Keep 1 h") == 4


def test_a_timezone_nobody_knows_is_utc_and_says_so():
    post = told(warned(), audience={**THERE, "timezone": "Mars/Olympus"})

    assert "|2026-03-01 10:45 UTC>" in texts(post, "mrkdwn")


ALARM = {
    "AlarmName": "sweep-failed<!here>",
    "AlarmDescription": "The function fails.",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed",
    "StateChangeTime": "2026-03-01T10:00:00.000+0000",
    "Region": "EU (Frankfurt)",
}


def test_an_alarm_says_which_and_why():
    message = alarm_message(convert(ALARM, Alarm), timezone="Europe/Berlin")
    judge(message)
    plain = texts(Post("", message), "plain_text")

    assert message["text"] == "Session Reaper: Alarm: a person should look"
    assert "sweep-failed&lt;!here&gt;\nThe function fails.\nThreshold Crossed" in plain
    assert "123456789012 EU (Frankfurt), 2026-03-01 11:00 CET (Europe/Berlin)" in plain


def test_an_alarm_that_is_over_says_so():
    assert alarm_message(convert({**ALARM, "NewStateValue": "OK"}, Alarm))["text"] == "Session Reaper: Alarm is over"
    assert "knows too little" in alarm_message(convert({**ALARM, "NewStateValue": "INSUFFICIENT_DATA"}, Alarm))["text"]


def test_anything_else_is_shown_harmlessly_and_shortened():
    message = other_message("A subject", "<!channel> one\n" + "x" * 10_000 + "\n" * 50)
    judge(message)

    assert wrong_with(message) == ""
    assert "A subject\n&lt;!channel&gt; one\nxxx" in texts(Post("", message), "plain_text")
    assert wrong_with(other_message("", "")) == ""
