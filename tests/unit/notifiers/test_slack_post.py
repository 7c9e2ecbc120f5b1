from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reaper.notifiers.slack_blocks import digest_message
from reaper.notifiers.slack_post import DEFAULT_API, Bot, SlackError, SlackPoster, Webhook
from tests.support.digests import digest, warned
from tests.support.reports import typed
from tests.support.slack import TOKEN, FakeSlack, Trouble

if TYPE_CHECKING:
    import urllib3

MESSAGE = digest_message(typed(digest(warned())), interactive=True)
BOT = Bot(TOKEN, "#data")


@pytest.fixture
def slack():
    with FakeSlack() as server:
        yield server


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def now(self) -> float:
        return sum(self.slept)


class Poster(SlackPoster):
    def __init__(self, api: str, pool=None) -> None:
        self.time = Time()
        super().__init__(api=api, sleep=self.time.sleep, clock=self.time.now, pool=pool)


def refusal(poster, to, until=60.0):
    with pytest.raises(SlackError) as caught:
        poster.post(MESSAGE, to, until=until)
    for secret in (TOKEN, "/services/", "127.0.0.1"):
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value.__cause__)
    return caught.value


def test_a_bot_posts_to_the_channel_it_is_told(slack):
    Poster(slack.api).post(MESSAGE, BOT, until=60)

    (post,) = slack.posts()
    assert post.channel == "#data"
    assert post.blocks == MESSAGE["blocks"]
    assert post.message["text"] == "Session Reaper: 1 warned"
    assert post.message["unfurl_links"] is False
    assert post.message["link_names"] is False


def test_a_webhook_posts_to_its_own(slack):
    Poster(slack.api).post(MESSAGE, Webhook(slack.webhook_url), until=60)

    (post,) = slack.posts()
    assert (post.channel, post.blocks) == ("", MESSAGE["blocks"])
    assert "channel" not in post.message


@pytest.mark.parametrize("webhook", [True, False])
def test_a_rate_limit_is_waited_for_as_long_as_slack_asks(slack, webhook):
    slack.troubles.extend([Trouble(429, b"rate_limited", {"Retry-After": "12"})] * 2)
    poster = Poster(slack.api)

    poster.post(MESSAGE, Webhook(slack.webhook_url) if webhook else BOT, until=60)

    assert poster.time.slept == [13.0, 13.0]
    assert len(slack.posts()) == 1


@pytest.mark.parametrize(("header", "said"), [("90", "91 s"), ("soon", "30 s"), ("-1", "30 s")])
def test_a_rate_limit_that_outlasts_the_time_is_not_waited_for(slack, header, said):
    slack.troubles.append(Trouble(429, b"", {"Retry-After": header}))
    poster = Poster(slack.api)

    error = refusal(poster, BOT, until=20)

    assert not error.permanent
    assert f"asks to wait {said}" in str(error)
    assert poster.time.slept == []
    assert slack.requests == 1


def test_a_rate_limit_without_end_is_given_up(slack):
    slack.troubles.extend([Trouble(429, b"", {"Retry-After": "0"})] * 50)

    assert not refusal(Poster(slack.api), BOT, until=1000).permanent
    assert slack.requests == 10


def test_failures_on_slack_s_side_are_tried_again_ever_later(slack):
    slack.troubles.extend(
        [Trouble(503), Trouble(500, b"rollup_error"), Trouble(200, b'{"ok":false,"error":"fatal_error"}')]
    )
    poster = Poster(slack.api)

    poster.post(MESSAGE, BOT, until=60)

    assert poster.time.slept == [1.0, 2.0, 4.0]
    assert len(slack.posts()) == 1


def test_a_slack_that_stays_broken_is_given_up_after_some_attempts(slack):
    slack.troubles.extend([Trouble(502)] * 20)

    error = refusal(Poster(slack.api), BOT)

    assert not error.permanent
    assert "HTTP 502" in str(error)
    assert slack.requests == 4


def test_a_connection_that_fails_is_tried_again_and_its_error_tells_no_address():
    with FakeSlack() as gone:
        url, api = gone.webhook_url, gone.api
    poster = Poster(api)

    error = refusal(poster, Webhook(url))

    assert not error.permanent
    assert str(error) == "Slack gave no answer (NewConnectionError)"
    assert poster.time.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "body", [b"<html>Sign in to the network</html>", b'{"ok":', b"[]", b'{"ok": "true"}', b"[" * 9000]
)
def test_a_proxy_s_page_is_not_taken_for_slack_s_word(slack, body):
    slack.troubles.extend([Trouble(200, body)] * 4)

    error = refusal(Poster(slack.api), BOT)

    assert not error.permanent
    assert "is not Slack's" in str(error)


@pytest.mark.parametrize(
    ("change", "to", "word", "credential"),
    [
        ({"tokens": set()}, BOT, "invalid_auth", True),
        ({}, Bot(TOKEN, "#nowhere"), "channel_not_found", False),
        ({"webhook": "/services/other"}, None, "no_service", True),
    ],
)
def test_what_would_fail_again_is_tried_once(slack, change, to, word, credential):
    for name, value in change.items():
        setattr(slack, name, value)
    poster = Poster(slack.api)

    error = refusal(poster, to or Webhook(slack.webhook_url))

    assert error.permanent
    assert error.credential is credential
    assert f"({word})" in str(error)
    assert poster.time.slept == []


@pytest.mark.parametrize(
    ("trouble", "credential"),
    [
        (Trouble(400, b"invalid_payload"), False),
        (Trouble(403, b"action_prohibited"), True),
        (Trouble(404, b"channel_not_found"), False),
        (Trouble(404, b"<html>nothing here</html>"), False),
        (Trouble(410, b"channel_is_archived"), False),
        (Trouble(200, b'{"ok":false,"error":"token_revoked"}'), True),
        (Trouble(200, b'{"ok":false,"error":"account_inactive"}'), True),
        (Trouble(302, b"", {"Location": "http://127.0.0.1:1/"}), False),
    ],
)
def test_slack_s_refusals_are_permanent(slack, trouble, credential):
    slack.troubles.append(trouble)

    error = refusal(Poster(slack.api), Webhook(slack.webhook_url))

    assert error.permanent
    assert error.credential is credential
    assert slack.requests == 1


def test_an_answer_cannot_put_its_own_words_into_an_error(slack):
    slack.troubles.append(Trouble(400, f"hello {TOKEN}\nERROR".encode()))

    assert str(refusal(Poster(slack.api), BOT)) == (
        "Slack refuses the message (HTTP 400): look the word up in Slack's reference"
    )


def test_a_message_slack_would_refuse_is_refused_here_too(slack):
    for blocks in ([{"type": "divider"}] * 51, [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]):
        with pytest.raises(SlackError, match="invalid_blocks"):
            Poster(slack.api).post({"text": "x", "blocks": blocks}, BOT, until=60)
    long = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2999}}] * 5
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        Poster(slack.api).post({"text": "x", "blocks": long}, BOT, until=60)
    with pytest.raises(SlackError, match="no_text"):
        Poster(slack.api).post({}, BOT, until=60)


class NoNetwork:
    def request(self, method: str, url: str, **options: object) -> urllib3.BaseHTTPResponse:
        raise AssertionError(f"{method} {url} was sent with {options}")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T/B/x",
        "http://127.0.0.1:1/services/T/B/x",
        "ftp://hooks.slack.com/x",
        "https://",
        "https://user:pass@hooks.slack.com/x",
        "https://[::1",
        "hooks.slack.com/services/T/B/x",
        "",
    ],
)
@pytest.mark.parametrize("api", [DEFAULT_API, "http://127.0.0.1:2/api/"])
def test_a_webhook_has_to_be_https_unless_it_is_where_the_setting_says(url, api):
    assert refusal(Poster(api, NoNetwork()), Webhook(url)).permanent


@pytest.mark.parametrize("token", ["", "xoxb secret", "xoxb-secret\r\nHost: evil.example", "xoxb-s\xebcret"])
def test_a_token_that_is_none_is_not_sent_nor_told(token):
    error = refusal(Poster(DEFAULT_API, NoNetwork()), Bot(token, "#data"))

    assert error.permanent
    assert "secret" not in str(error).replace("the secret", "")


def test_nothing_is_sent_once_the_time_is_over():
    assert not refusal(Poster(DEFAULT_API, NoNetwork()), BOT, until=0).permanent


def test_neither_a_token_nor_a_webhook_is_shown():
    assert TOKEN not in repr(BOT)
    assert "secret" not in repr(Webhook("https://hooks.slack.com/services/secret"))
