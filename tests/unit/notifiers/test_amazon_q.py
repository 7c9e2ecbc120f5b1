from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator, ValidationError

from reaper.notifiers.amazon_q import ChatNotifier, notification
from reaper.notifiers.port import NotifyError
from tests.architecture.test_imports import ROOT
from tests.support.digests import URL, digest, warned
from tests.support.reports import blind, ref, typed

SCHEMA = Draft202012Validator(json.loads((ROOT / "schema" / "amazon-q-notification.schema.json").read_text()))
ARN = "arn:aws:glue:eu-central-1:123456789012:session/nightly"


def made(*findings, **change):
    document = notification(typed(digest(*findings, **change)))
    SCHEMA.validate(document)
    return document


def thread(*findings, **change):
    return made(*findings, **change)["metadata"]["threadId"]


def test_a_notification_reads_like_this():
    document = made(warned(arn=ARN))

    assert (document["version"], document["source"]) == ("1.0", "custom")
    assert document["content"] == {
        "textType": "client-markdown",
        "title": "Session Reaper: 1 warned",
        "description": (
            "1 warned. Their idleness has cost about 4.40 USD so far (an estimate).\n"
            "• `etl` `nightly`, `Team data: glue (1)`: It is stopped at the first sweep after"
            " 2026-03-01 11:45 CET (Europe/Berlin), unless it is used before."
            " Idle for 2h, since 2026-03-01 09:00 CET (Europe/Berlin)."
            " How we know: `statement 7 completed 2026-03-01T08:00:00Z`."
            " It costs 2.20 USD an hour, about 4.40 USD while idle."
            f" Keep it or stop it: {URL}"
        ),
        "nextSteps": [
            "To keep a session, use it, or tag it session-reaper/keep-until with a date, such as 2030-01-31."
        ],
        "keywords": ["session-reaper"],
    }
    assert document["metadata"]["summary"] == "Session Reaper: 1 warned"
    assert document["metadata"]["relatedResources"] == [ARN]
    assert document["metadata"]["additionalContext"] == {"runId": "run-1", "mode": "enforce"}


def test_news_of_one_session_stay_in_the_thread_of_that_session():
    before = thread(warned(), warned("other", news=False))
    after = thread(warned(outcome="stopped"), finished_at="2026-03-02T11:00:00Z", run_id="run-9")

    assert before == after
    assert before.startswith("session-")
    assert thread(warned("other")) != before
    assert thread(warned(ref=ref(region="us-east-1"))) != before


def test_more_news_than_that_is_in_the_thread_of_the_audience_and_its_day():
    one = thread(warned("a"), warned("b"))

    assert one.endswith("-2026-03-01")
    assert one == thread(warned("c"), warned("d"), warned("e"))
    assert one == thread(warned("a", news=False))
    assert one != thread(warned("a"), warned("b"), to="#other")
    # 23:30Z is the next day in Berlin.
    assert thread(warned("a"), warned("b"), finished_at="2026-03-01T23:30:00Z").endswith("-2026-03-02")


def test_each_sweep_has_an_id_of_its_own():
    assert made(warned())["id"] == made(warned())["id"]
    assert made(warned())["id"] != made(warned(), run_id="run-2")["id"]


def test_words_of_strangers_stay_in_their_code_spans():
    text = made(warned(team="``` @here", facts={"name": "a` <!channel> *b* [x](http://e)"}))["content"]["description"]

    assert "• `a' ‹!channel› *b* [x](http://e)` `nightly`, `Team ''' @here: glue (1)`" in text  # noqa: RUF001


def test_what_is_no_arn_of_ours_is_no_related_resource():
    assert made(warned(arn="arn:aws:glue:x:1:session/<!here>"))["metadata"]["relatedResources"] == []


def test_ten_thousand_sessions_are_one_notification_that_counts_the_rest():
    document = made(*(warned(f"s{i}") for i in range(10_000)), blind=[blind()] * 9)
    text = document["content"]["description"]
    shown = text.count("• `etl`")

    assert shown >= 3
    assert f"... and {10_000 - shown} more: see the mail, or the log of the sweep." in text
    assert "Could not be read: `athena in 123456789012 eu-central-1, workgroup science" in text


def test_a_sweep_that_did_not_take_place_says_why():
    text = made(error="the policies are wrong", medium="platform", to="")["content"]["description"]

    assert text.startswith("Nothing was looked at or stopped.\n`the policies are wrong`")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1"},
        {"source": "session-reaper"},
        {"content": {"title": "no description"}},
        {"content": {"description": ""}},
        {"content": {"description": "x", "nextSteps": "not a list"}},
        {"content": {"description": "x", "color": "red"}},
        {"metadata": {"additionalContext": {"count": 3}}},
        {"detail": {}},
    ],
)
def test_the_schema_refuses_what_amazon_q_would_drop(change):
    with pytest.raises(ValidationError):
        SCHEMA.validate({**made(warned()), **change})


class Sns:
    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.published: list[dict[str, str]] = []

    def publish(self, **request: str) -> dict[str, str]:
        assert request.keys() == {"TopicArn", "Message"}
        assert len(request["Message"].encode()) < 256 * 1024
        if self.failure:
            raise self.failure
        self.published.append(request)
        return {"MessageId": "m-1"}


def test_it_is_published_as_the_plain_message_that_amazon_q_reads():
    sns = Sns()

    ChatNotifier(sns, "arn:aws:sns:eu-central-1:123456789012:chat").tell(typed(digest(warned())))

    (request,) = sns.published
    assert request["TopicArn"] == "arn:aws:sns:eu-central-1:123456789012:chat"
    SCHEMA.validate(json.loads(request["Message"]))


def test_a_topic_that_refuses_it_is_told_as_untold():
    denied = ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "Publish")

    with pytest.raises(NotifyError, match="the chat notification was not published to arn:x"):
        ChatNotifier(Sns(denied), "arn:x").tell(typed(digest(warned())))
