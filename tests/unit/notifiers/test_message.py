from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.outcome import Outcome
from reaper.notifiers.message import LIMIT, compose, severity
from reaper.wire.codec import encode
from tests.support.reports import blind, finding, ref, report, typed


def parts(message):
    body = json.loads(message.body)
    return json.loads(body["default"]), body


def test_machines_get_the_report_and_people_get_text():
    whole = report(finding("would_stop"))
    machine, body = parts(compose(typed(whole)))

    assert machine == whole
    assert body["email"].startswith("Session Reaper, report mode: 1 would be stopped.\n")
    assert body["sms"] == "Session Reaper, report mode: 1 would be stopped"
    assert set(body) == {"default", "email", "sms"}


def test_filter_policies_can_ask_for_severity_places_and_outcomes():
    message = compose(
        typed(
            report(
                finding("stopped", team="data"),
                finding("spared", "b"),
                mode="enforce",
                blind=[blind(region="us-east-1")],
            )
        )
    )

    assert message.attributes == {
        "severity": {"DataType": "String", "StringValue": "warning"},
        "mode": {"DataType": "String", "StringValue": "enforce"},
        "blind": {"DataType": "String", "StringValue": "true"},
        "audience": {"DataType": "String", "StringValue": "platform"},
        "medium": {"DataType": "String", "StringValue": "platform"},
        "outcome": {"DataType": "String.Array", "StringValue": '["spared","stopped"]'},
        "service": {"DataType": "String.Array", "StringValue": '["athena","glue"]'},
        "account": {"DataType": "String.Array", "StringValue": '["123456789012"]'},
        "region": {"DataType": "String.Array", "StringValue": '["eu-central-1","us-east-1"]'},
        "team": {"DataType": "String.Array", "StringValue": '["data"]'},
    }


def test_an_attribute_with_nothing_in_it_is_left_out_as_sns_demands():
    assert set(compose(typed(report())).attributes) == {"severity", "mode", "blind", "audience", "medium"}


AUDIENCE = {"key": "slack:#data", "medium": "slack", "to": "#data", "teams": ["data", "ml"], "timezone": "UTC"}


def test_a_digest_names_its_audience_its_medium_and_its_teams():
    attributes = compose(typed(report(finding("warned"), audience=AUDIENCE))).attributes

    assert attributes["audience"]["StringValue"] == "slack:#data"
    assert attributes["medium"]["StringValue"] == "slack"
    assert json.loads(attributes["team"]["StringValue"]) == ["data", "ml"]
    assert len(attributes) == 10, "SNS delivers no more than ten to a queue that takes messages raw"


def test_a_list_too_long_for_an_attribute_is_cut_to_what_fits():
    told = [
        finding("stopped", f"s{i}", team=f"team-{i:05}", ref=ref(f"s{i}", region="r" * 9_999)) for i in range(5_000)
    ]
    message = compose(typed(report(*told)))

    teams = json.loads(message.attributes["team"]["StringValue"])
    assert 1_000 < len(teams) < 2_000
    assert teams[0] == "team-00000"
    assert json.loads(message.attributes["region"]["StringValue"]) == ["r" * 256]
    assert message.size <= LIMIT


def test_a_link_is_whole_even_where_a_report_is_cut():
    url = f"https://answers.example/s/{'x' * 900}"
    told = [finding("warned", f"s{i}", links={"answer": url}, detail="d" * 900) for i in range(500)]

    machine, _ = parts(compose(typed(report(*told))))

    assert machine["truncated"] is True
    assert {one["links"]["answer"] for one in machine["findings"]} == {url}
    assert {len(one["detail"]) for one in machine["findings"]} == {503}


def test_a_digest_that_is_cut_still_says_whose_it_is():
    machine, _ = parts(compose(typed(report(*(finding("warned", f"s{i}") for i in range(3_000)), audience=AUDIENCE))))

    assert machine["audience"] == AUDIENCE


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (report(error="no policies"), "error"),
        (report(finding("failed"), finding("protected")), "error"),
        (report(finding("not_stopping")), "error"),
        (report(finding("withheld")), "warning"),
        (report(blind=[blind()]), "warning"),
        (report(guards=[{"service": "glue", "account": "1", "region": "r", "detail": "x"}]), "warning"),
        (report(finding("teleported")), "warning"),
        (report(finding("would_stop")), "notice"),
        (report(finding("undetermined")), "notice"),
        (report(finding("spared")), "notice"),
        (report(finding("protected")), "info"),
        (report(finding("snoozed")), "info"),
        (report(finding("confirmed")), "info"),
        (report(), "info"),
    ],
)
def test_severity_tells_whom_it_concerns(told, expected):
    assert severity(typed(told)) == expected


def test_ten_thousand_findings_are_cut_to_those_that_matter_most_and_the_totals_stay():
    findings = [finding("reported", f"r{i}") for i in range(9_990)] + [finding("failed", f"f{i}") for i in range(10)]
    message = compose(typed(report(*findings, blind=[blind()])), where="log group /aws/x, run 7")
    machine, body = parts(message)

    assert message.size <= LIMIT
    assert machine["truncated"] is True
    assert machine["findings_total"] == 10_000
    assert machine["totals"] == {"reported": 9_990, "failed": 10}
    assert machine["full_report"] == "log group /aws/x, run 7"
    assert [one["ref"]["id"] for one in machine["findings"][:10]] == [f"f{i}" for i in range(10)]
    assert len(machine["findings"]) > 300
    assert machine["blind"] == [blind()]
    assert body["email"].startswith(
        "Session Reaper, report mode: 1 could not be read, 10 could not be stopped,\n9990 reported."
    )


def test_a_short_report_is_not_called_cut():
    machine, _ = parts(compose(typed(report(finding("stopped")))))

    assert "truncated" not in machine
    assert "findings_total" not in machine


def test_ten_thousand_blind_scopes_leave_room_for_findings():
    findings = [finding("stopped", f"s{i}") for i in range(5_000)]
    machine, _ = parts(compose(typed(report(*findings, blind=[blind()] * 10_000))))

    assert machine["blind_total"] == 10_000
    assert len(machine["blind"]) > 100
    assert len(machine["findings"]) > 100


def test_one_finding_too_big_for_any_message_makes_way_for_the_others():
    tags = {f"key-{i}": "\U0001f600" * 400 for i in range(200)}
    big = finding("failed", "big", facts={"tags": tags})
    machine, _ = parts(compose(typed(report(big, finding("stopped", "small")))))

    assert [one["ref"]["id"] for one in machine["findings"]] == ["small"]
    assert machine["findings_total"] == 2


OUTCOMES = st.sampled_from([*Outcome, "unheard_of"]).map(str)
HOSTILE = st.text(st.characters(codec=None), max_size=40).filter(bool).map(lambda text: text * 60)
FACTS = st.dictionaries(st.sampled_from(["name", "owner", "state"]), HOSTILE) | st.just(
    {"tags": {"k": "\ud800" * 3000}}
)


@given(
    st.lists(st.builds(finding, OUTCOMES, HOSTILE, detail=HOSTILE, facts=FACTS), max_size=6),
    st.lists(st.builds(blind, error=HOSTILE, scope=st.dictionaries(HOSTILE, HOSTILE, max_size=2)), max_size=4),
    st.lists(HOSTILE, max_size=3),
    st.sampled_from([1, 40]),
)
def test_whatever_is_in_a_report_it_fits_and_can_be_read(findings, blinds, notes, times):
    whole = report(*findings * times, blind=blinds * times, notes=notes)

    message = compose(typed(whole))

    machine, body = parts(message)
    assert message.size <= LIMIT
    assert machine["totals"] == whole["totals"]
    assert "truncated" in machine or machine == json.loads(encode(typed(whole)))
    assert all(character.isprintable() or character == "\n" for character in body["email"])


@given(st.integers(min_value=8_000, max_value=60_000))
def test_however_little_may_be_sent_it_is_never_more(limit):
    told = report(*(finding("stopped", f"s{i}", ref=ref(f"s{i}")) for i in range(100)), blind=[blind()] * 20)

    # The text for people has its own bound, which a tighter limit does not change.
    assert compose(typed(told), limit=limit + 48_000).size <= limit + 48_000
