from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reaper.handlers import slack as function
from reaper.handlers.keyring import Keep
from reaper.handlers.slack import UndeliveredError
from reaper.handlers.slack_delivery import read_slack_secret
from reaper.notifiers import slack_post
from reaper.settings import METRICS_NAMESPACE, SettingsError
from tests.support.deployed import Context
from tests.support.digests import digest, warned
from tests.support.slack import TOKEN, FakeSlack, Trouble

ALARM = {"AlarmName": "MissedRun", "NewStateValue": "ALARM", "NewStateReason": "no run"}


class Secrets:
    """Secrets Manager, with one secret."""

    def __init__(self) -> None:
        self.value: dict[str, str] = {}
        self.reads = 0
        self.failure: Exception | None = None

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        assert request == {"SecretId": "reaper/slack"}
        self.reads += 1
        if self.failure:
            raise self.failure
        return {"SecretString": json.dumps(self.value)}


class Table:
    """The ledger's table, as far as marks go; the real one is asked in tests/contract."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, Exception] = {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        assert request["TableName"] == "ledger"
        assert request["ConsistentRead"] is True
        self._fail("get_item")
        item = self.items.get(request["Key"]["pk"]["S"])
        return {"Item": item} if item else {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        assert request["ConditionExpression"] == "attribute_not_exists(#pk)"
        self._fail("put_item")
        key = request["Item"]["pk"]["S"]
        if key in self.items:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "PutItem")
        self.items[key] = request["Item"]
        return {}

    def _fail(self, operation: str) -> None:
        if operation in self.failures:
            raise self.failures[operation]


class Deployed:
    """The function on a Slack, a table and a secret of its own; each can be made to fail."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.secrets = Secrets()
        self.table = Table()
        self.slept: list[float] = []
        self.log = ""
        self.now = 1000.0

    def client(self, service: str, region: str) -> Any:
        assert region == "eu-central-1"
        return {"secretsmanager": self.secrets, "dynamodb": self.table}[service]

    def invoke(self, *messages: Any, ids: tuple[str, ...] = ("m1", "m2", "m3"), seconds: float = 60.0) -> Any:
        out = io.StringIO()
        function.logger.registered_handler.setStream(out)  # type: ignore[attr-defined] - it is a StreamHandler
        texts = [one if isinstance(one, str) else json.dumps(one) for one in messages]
        records = [
            {
                "EventSource": "aws:sns",
                "Sns": {"MessageId": id_, "Subject": "s", "Message": text, "Type": "Notification"},
            }
            for id_, text in zip(ids, texts, strict=False)
        ]
        try:
            return function.handler({"Records": records}, Context(seconds=seconds))  # type: ignore[arg-type]
        finally:
            self.log = out.getvalue()


@pytest.fixture
def deployed(monkeypatch, mocker) -> Iterator[Deployed]:
    with FakeSlack() as slack:
        one = Deployed(slack)
        one.secrets.value = {"bot_token": TOKEN}
        for name, value in {
            "AWS_REGION": "eu-central-1",
            "REAPER_SLACK_SECRET": "reaper/slack",
            "REAPER_LEDGER_TABLE": "ledger",
            "REAPER_SLACK_CHANNEL": "#ops",
            "REAPER_SLACK_BUTTONS": "true",
            "REAPER_TIMEZONE": "Europe/Berlin",
            "REAPER_SLACK_API": slack.api,
            "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        }.items():
            monkeypatch.setenv(name, value)
        mocker.patch.object(function.metrics.provider, "namespace", METRICS_NAMESPACE)
        mocker.patch.object(function, "AwsClients", return_value=one)
        mocker.patch.object(function, "Keep", partial(Keep, clock=lambda: one.now))
        mocker.patch.dict(slack_post.SlackPoster.__init__.__kwdefaults__, {"sleep": one.slept.append})
        function._delivery.cache_clear()
        yield one
        function._delivery.cache_clear()


def untold(capsys) -> float:
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return line["Untold"][0]


def test_an_owner_s_digest_goes_to_the_owner_s_channel(deployed, capsys):
    assert deployed.invoke(digest(warned(), to="C012AB3CD")) == {"posted": 1}

    (post,) = deployed.slack.posts()
    assert post.channel == "C012AB3CD"
    assert post.buttons()[0]["action_id"] == "answer:1h"
    assert untold(capsys) == 0


@pytest.mark.parametrize(
    ("message", "title"),
    [
        (digest(warned(), medium="platform", to="platform"), "Session Reaper: 1 warned"),
        ({key: value for key, value in digest(warned()).items() if key != "audience"}, "Session Reaper: 1 warned"),
        (ALARM, "Session Reaper: Alarm: a person should look"),
        ({"hello": "world"}, "Session Reaper: a message of another kind"),
        ("not JSON at all <!channel>", "Session Reaper: a message of another kind"),
        ("[" * 5000, "Session Reaper: a message of another kind"),
    ],
)
def test_everything_else_goes_to_the_platform_s_channel(deployed, message, title):
    assert deployed.invoke(message) == {"posted": 1}

    assert [(post.channel, post.message["text"]) for post in deployed.slack.posts()] == [("#ops", title)]


def test_buttons_are_only_shown_where_their_clicks_can_be_checked(deployed, monkeypatch):
    monkeypatch.delenv("REAPER_SLACK_BUTTONS")
    deployed.invoke(digest(warned()))

    assert [button["action_id"] for button in deployed.slack.posts()[0].buttons()] == ["details"]


def test_a_webhook_gets_what_is_for_its_own_channel(deployed):
    deployed.secrets.value = {"webhook_url": deployed.slack.webhook_url}

    assert deployed.invoke(digest(warned(), medium="platform", to="platform"), ALARM, digest(warned(), to="#ops")) == {
        "posted": 3
    }
    assert [post.channel for post in deployed.slack.posts()] == ["", "", ""]


def test_what_a_webhook_cannot_address_is_undelivered_rather_than_told_to_others(deployed, capsys):
    deployed.secrets.value = {"webhook_url": deployed.slack.webhook_url}

    with pytest.raises(UndeliveredError, match="1 of 1 messages not posted to Slack: a webhook reaches no channel but"):
        deployed.invoke(digest(warned(), to="#data"))
    assert deployed.slack.posts() == []
    assert untold(capsys) == 1


def test_a_bot_that_is_told_no_channel_says_so(deployed, monkeypatch):
    monkeypatch.delenv("REAPER_SLACK_CHANNEL")

    with pytest.raises(UndeliveredError, match="set slack_channel"):
        deployed.invoke(ALARM)


def test_a_digest_for_a_mailbox_is_left_to_mail(deployed):
    assert deployed.invoke(digest(warned(), medium="email", to="data@example.com")) == {"for another medium": 1}
    assert deployed.slack.requests == 0


def test_a_message_that_sns_delivers_twice_is_posted_once(deployed):
    deployed.invoke(digest(warned()))

    assert deployed.invoke(digest(warned())) == {"posted before": 1}
    assert len(deployed.slack.posts()) == 1


def test_what_was_not_posted_is_posted_when_lambda_tries_again(deployed):
    deployed.slack.troubles.extend([Trouble(503)] * 4)
    with pytest.raises(UndeliveredError, match="failed on its side"):
        deployed.invoke(digest(warned()))
    assert deployed.table.items == {}

    assert deployed.invoke(digest(warned())) == {"posted": 1}
    assert list(deployed.table.items) == ["delivered/m1"]


def test_one_message_that_fails_keeps_the_others_from_nothing(deployed, capsys):
    with pytest.raises(UndeliveredError, match="1 of 3 messages"):
        deployed.invoke(digest(warned(), to="#data"), digest(warned(), to="#nowhere"), ALARM)

    assert [post.channel for post in deployed.slack.posts()] == ["#data", "#ops"]
    assert untold(capsys) == 1


def test_a_rate_limit_is_waited_for_within_the_function_s_time(deployed):
    deployed.slack.troubles.append(Trouble(429, b"", {"Retry-After": "20"}))
    assert deployed.invoke(digest(warned())) == {"posted": 1}
    assert deployed.slept == [21.0]

    deployed.slack.troubles.append(Trouble(429, b"", {"Retry-After": "20"}))
    with pytest.raises(UndeliveredError, match="asks to wait 21 s"):
        deployed.invoke(ALARM, ids=("m2",), seconds=15)
    assert deployed.slept == [21.0]


def test_the_secret_is_read_once_in_five_minutes(deployed):
    for number in range(3):
        deployed.invoke(ALARM, ids=(f"a{number}",))
    assert deployed.secrets.reads == 1

    deployed.now += 301
    deployed.invoke(ALARM, ids=("later",))
    assert deployed.secrets.reads == 2


def test_a_secret_that_was_rotated_is_read_again_at_once(deployed):
    deployed.invoke(ALARM)
    deployed.now += 60
    deployed.slack.tokens = {"xoxb-2-new"}
    deployed.secrets.value["bot_token"] = "xoxb-2-new\n"

    assert deployed.invoke(ALARM, ids=("m2",)) == {"posted": 1}
    assert deployed.secrets.reads == 2


def test_a_revoked_secret_is_told_without_any_of_it_and_asked_for_once(deployed):
    deployed.invoke(ALARM)
    deployed.now += 60
    deployed.slack.tokens = set()

    with pytest.raises(
        UndeliveredError, match=r"\(invalid_auth\): put a new webhook or token into the secret"
    ) as caught:
        deployed.invoke(ALARM, ids=("m2",))
    assert TOKEN not in str(caught.value) + deployed.log
    assert deployed.secrets.reads == 2
    assert deployed.slack.requests == 2


def test_a_secret_that_cannot_be_read_is_said(deployed):
    deployed.secrets.failure = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue"
    )
    with pytest.raises(UndeliveredError, match="the secret reaper/slack could not be read"):
        deployed.invoke(ALARM)

    deployed.secrets.failure, deployed.secrets.value = None, {"signing_secret": "x"}
    with pytest.raises(UndeliveredError, match="has neither webhook_url nor bot_token"):
        deployed.invoke(ALARM)


def test_nothing_is_posted_where_it_cannot_be_known_whether_it_was(deployed):
    deployed.table.failures["get_item"] = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(UndeliveredError, match="could not be reached: dynamodb:GetItem"):
        deployed.invoke(ALARM)
    assert deployed.slack.requests == 0


def test_a_mark_that_cannot_be_written_does_not_have_the_message_posted_again_by_us(deployed):
    deployed.table.failures["put_item"] = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    assert deployed.invoke(ALARM) == {"posted, but not remembered: it may be posted again": 1}
    assert '"level":"WARNING"' in deployed.log


def test_the_log_says_what_happened_and_nothing_of_what_was_said(deployed):
    with pytest.raises(UndeliveredError):
        deployed.invoke(digest(warned("secret-name"), to="#data"), digest(warned("secret-name"), to="#nowhere"))
    lines = [json.loads(line) for line in deployed.log.splitlines()]

    assert [(line["message"], line["message_id"], line["kind"]) for line in lines] == [
        ("posted", "m1", "digest"),
        ("not posted", "m2", "digest"),
    ]
    assert "channel_not_found" in lines[1]["why"]
    assert "secret-name" not in deployed.log
    assert TOKEN not in deployed.log


def test_what_nobody_foresaw_is_told_by_its_place_alone(deployed):
    deployed.secrets.failure = RuntimeError("secret words")

    with pytest.raises(
        UndeliveredError, match=r"RuntimeError in get_secret_value, line \d+ of test_slack.py"
    ) as caught:
        deployed.invoke(ALARM)
    assert "secret words" not in str(caught.value) + deployed.log


@pytest.mark.parametrize(
    "event", [{}, {"Records": []}, {"Records": [{"Sns": {}}]}, {"Records": ["x"]}, {"Records": "x"}]
)
@pytest.mark.usefixtures("deployed")
def test_an_event_of_anything_but_sns_is_refused(event):
    with pytest.raises(ValueError, match="none of SNS"):
        function.handler(event, Context())  # type: ignore[arg-type]


def test_an_incomplete_environment_is_refused(deployed, monkeypatch):
    monkeypatch.delenv("REAPER_SLACK_SECRET")

    with pytest.raises(SettingsError, match="REAPER_SLACK_SECRET is not set"):
        deployed.invoke(ALARM)


def test_neither_part_of_a_secret_is_shown(deployed):
    deployed.secrets.value = {"webhook_url": "https://hooks.slack.com/services/x1", "bot_token": "xoxb-y2"}
    shown = repr(read_slack_secret(deployed.secrets, "reaper/slack"))

    assert "x1" not in shown
    assert "y2" not in shown
