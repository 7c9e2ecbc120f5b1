from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reaper.core.outcome import Outcome
from reaper.handlers.slack_delivery import Note, SlackDelivery, SlackSecret
from reaper.notifiers.amazon_q import notification
from reaper.notifiers.slack_blocks import digest_message, other_message
from reaper.settings import SlackSettings
from reaper.wire.report import Report
from tests.architecture.test_imports import ROOT
from tests.support.digests import URL, digest, warned
from tests.support.reports import blind, ref, typed
from tests.support.slack import wrong_with
from tests.support.slack_models import judge

SCHEMA = Draft202012Validator(json.loads((ROOT / "schema" / "amazon-q-notification.schema.json").read_text()))

LURES = st.sampled_from(
    [
        "@channel",
        "<!here>",
        "<@U012AB3CD>",
        "<#C012AB3CD|x>",
        "<https://evil.example|click>",
        "https://evil.example",
        "*bold* _it_ ~no~ `code` ```block```",
        "[x](https://evil.example)",
        "&lt;!channel&gt;",
        "\u202e\u2066\u200f",
        "\r\n\n> quoted",
        "<!date^1^{date}^https://evil.example|x>",
        "\U0001f600" * 3000,
        "&" * 10_000,
        "<" * 10_000,
        "\ud800",
        "\x00\x1b[2J",
    ]
)
HOSTILE = (
    LURES
    | st.text(st.characters(codec=None), min_size=1, max_size=40)
    | st.builds("".join, st.lists(LURES, min_size=1, max_size=3))
)
INSTANTS = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.just("2026-03-01T10:45:00Z")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)
OUTCOMES = st.sampled_from([*(outcome.value for outcome in Outcome), "unheard_of"])
LINKS = st.sampled_from([URL, f"https://a.example/s/{'a' * 1900}", f"https://a.example/s/{'a' * 2900}"])
FINDINGS = st.builds(
    warned,
    HOSTILE,
    outcome=OUTCOMES,
    team=HOSTILE,
    policy=HOSTILE,
    detail=HOSTILE,
    evidence=HOSTILE,
    due=INSTANTS,
    idle_since=INSTANTS,
    snooze=st.fixed_dictionaries({"until": INSTANTS, "by": HOSTILE, "at": INSTANTS, "times": st.integers(1, 9)}),
    snooze_limit=st.fixed_dictionaries({"max": st.floats(1, 1e6), "left": st.integers(0, 3)}),
    links=st.fixed_dictionaries({"answer": LINKS | HOSTILE.map(lambda text: f"https://a.example/{text}")}),
    arn=HOSTILE,
    ref=st.builds(ref, HOSTILE, service=HOSTILE, account=HOSTILE, scope=st.dictionaries(HOSTILE, HOSTILE, max_size=6)),
    facts=st.fixed_dictionaries({"name": HOSTILE, "owner": HOSTILE, "idle_for": st.integers(0, 10**9)}),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "error": HOSTILE,
        "notes": st.lists(HOSTILE, max_size=8),
        "run_id": HOSTILE,
        "mode": st.sampled_from(["report", "enforce"]),
        "totals": st.dictionaries(OUTCOMES | HOSTILE, st.integers(0, 10**9), max_size=14),
        "blind": st.lists(st.builds(blind, error=HOSTILE, service=HOSTILE), max_size=8),
        "full_report": HOSTILE,
        "finished_at": INSTANTS,
    },
)

AUDIENCE = {"key": "slack:#data", "medium": "slack", "to": "#data", "teams": ["data"], "timezone": "UTC"}


class Caught:
    """Takes the message that would be posted."""

    def post(self, message, _to, *, until):
        assert until
        self.message = message


def posted(note, *, buttons=True):
    settings = SlackSettings(
        slack_secret="s", ledger_table="t", slack_channel="#x", slack_buttons="true" if buttons else ""
    )
    caught = Caught()
    SlackDelivery(settings, None, None, caught)._post(note, SlackSecret(bot_token="t"), 1.0)  # type: ignore[arg-type]
    return caught.message


TOKEN = re.compile(r"<!date\^[0-9]+\^\{date_short_pretty\} at \{time\}\|[^<>|&^]{16,60}>")
MARKED = re.compile(r"<[^>]*>")


def check(message, mention=""):
    judge(message)
    assert wrong_with(message) == ""
    assert "<" not in message["text"].replace(mention, "", 1)
    for one in all_texts(message["blocks"]):
        if one["type"] == "mrkdwn":
            assert one["verbatim"] is True
            bare = TOKEN.sub("", one["text"]).replace(mention, "", 1)
            assert not MARKED.search(bare)
            assert not re.search(r"[<>@`~]|https?:|evil", bare)
        else:
            assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", one["text"])
            assert all(char.isprintable() or char == "\n" for char in one["text"])


def all_texts(value):
    if isinstance(value, list):
        return [text for one in value for text in all_texts(one)]
    if isinstance(value, dict):
        own = [value] if value.get("type") in {"plain_text", "mrkdwn"} else []
        return own + [text for one in value.values() for text in all_texts(one)]
    return []


@given(st.lists(FINDINGS, max_size=5), OPTIONS, st.booleans(), st.sampled_from([1, 30]))
def test_whatever_is_in_a_digest_slack_takes_it_and_strangers_mention_and_link_nothing(
    findings, options, buttons, times
):
    check(digest_message(typed(digest(*findings * times, **options)), interactive=buttons))


@given(st.lists(FINDINGS, max_size=3), OPTIONS, st.sampled_from([1, 30]))
def test_whatever_is_in_a_digest_amazon_q_takes_it(findings, options, times):
    made = notification(typed(digest(*findings * times, **options)))

    SCHEMA.validate(made)
    # Outside of code spans are our words alone, and links to answer at; no span is left open.
    outside = re.sub(r"`[^`]*`", "", made["content"]["description"])
    assert "`" not in outside
    assert not re.search(r"[<>@*_~\[\]]|evil", outside)
    assert all(char.isprintable() or char == "\n" for char in made["content"]["description"])


@given(st.dictionaries(st.sampled_from(list(digest(warned()))) | HOSTILE, JUNK, max_size=8), st.booleans())
@example(change={"findings": [{"outcome": ["x"], "facts": {"idle_for": float("inf")}}]}, buttons=True)
@example(change={"audience": {"timezone": "/etc/passwd", "medium": "slack", "to": "U0<!here>"}}, buttons=True)
@example(change={"audience": {**AUDIENCE, "timezone": "/etc/passwd", "to": "U0<!here>"}}, buttons=True)
def test_a_document_of_any_shape_becomes_a_message(change, buttons):
    note = Note(id="m1", subject="s", body=json.dumps({**digest(warned()), **change}))

    check(posted(note, buttons=buttons))
    if isinstance(note.content, Report):
        SCHEMA.validate(notification(note.content))


@given(
    st.dictionaries(
        st.sampled_from(["AlarmName", "NewStateValue", "NewStateReason", "Region", "StateChangeTime"]), JUNK | HOSTILE
    ),
    HOSTILE,
    HOSTILE,
)
def test_alarms_and_other_messages_are_harmless_whatever_is_in_them(alarm, subject, body):
    told = json.dumps({"AlarmName": "MissedRun", "NewStateValue": "ALARM", **alarm})

    check(posted(Note(id="m1", body=told)))
    check(other_message(subject, body))


def test_ten_thousand_hostile_sessions_are_one_message_for_each_medium():
    lure = "<!channel> *x* `y` \u202e" * 400
    many = [warned(f"{lure}{i}", facts={"name": lure, "owner": f"{lure}{i % 7}"}, evidence=lure) for i in range(10_000)]

    check(digest_message(typed(digest(*many)), interactive=True))
    SCHEMA.validate(notification(typed(digest(*many))))
