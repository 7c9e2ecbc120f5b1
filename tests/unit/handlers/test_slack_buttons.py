"""Clicks in Slack: nothing is read before the signature is right, and whoever clicked hears what came of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from reaper.core.memory import Hurry, Snooze
from reaper.handlers.keyring import Keep
from reaper.handlers.secret import SecretError
from reaper.handlers.slack_buttons import Buttons
from reaper.handlers.web import Reply
from tests.support.answer_desk import FORM, Desk
from tests.support.ledgers import T0, ref

NIGHTLY = ref("nightly")
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
RESPONSE_URL = "https://hooks.slack.com/actions/T0/1/x"


class Workspace:
    """Slack, as it talks to the function, and what it was told."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.remember()
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.secrets = [SECRET]
        self.unreachable = False
        self.buttons = Buttons(
            signing=Keep(lambda: self.secrets[-1], lambda: self.desk.now),
            post=self._post,
            api="http://127.0.0.1:9/api/",
        )
        self.desk.slack = lambda request: self.buttons.take(request, self.desk.needs)

    def click(self, action: str = "answer:4h", **changes: Any) -> Reply:
        value = changes.pop("value", None) or self.desk.token(NIGHTLY)
        payload = {
            "type": "block_actions",
            "user": {"id": "U012AB3CD", "username": "ana", "name": "ana"},
            "response_url": RESPONSE_URL,
            "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": f"{T0:.6f}"}],
            **changes,
        }
        return self.send(urlencode({"payload": json.dumps(payload)}).encode())

    def send(self, body: bytes, *, secret: str = SECRET, at: float = T0, **headers: str) -> Reply:
        stamp = str(int(at))
        base = f"v0:{stamp}:".encode() + body
        signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
        signed = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
        return self.desk.ask("POST", "/slack", body=body, **{**FORM, **signed, **headers})

    def words(self) -> str:
        [(_, message)] = self.told
        return message["text"]

    def _post(self, url: str, message: Mapping[str, Any]) -> None:
        if self.unreachable:
            raise OSError("no route")
        self.told.append((url, message))


@pytest.fixture
def slack() -> Workspace:
    return Workspace()


def test_the_signature_is_the_one_slack_documents(slack):
    # The example of Slack's own page on verifying requests.
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
        b"398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    slack.desk.now = 1531420618.0
    slack.secrets = ["8f742231b10e8888abcd99yyyzzz85a5"]

    reply = slack.desk.ask(
        "POST",
        "/slack",
        body=body,
        **FORM,
        **{
            "x-slack-request-timestamp": "1531420618",
            "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
    )

    assert reply.status == 400  # let in, and then it is no click


def test_a_click_keeps_the_session_and_tells_whoever_clicked(slack):
    reply = slack.click("answer:4h")

    assert (reply.status, reply.body) == (200, "")
    assert slack.desk.kept(NIGHTLY).snooze == Snooze(until=T0 + 14_400, by="slack:ana", at=T0, times=1)
    assert slack.told == [
        (
            RESPONSE_URL,
            {
                "response_type": "ephemeral",
                "replace_original": False,
                "text": "nightly-report is kept until Sun 1 Mar 2026, 17:00 (Europe/Berlin). It can be kept 2 more times.",
            },
        )
    ]


def test_a_click_on_stop_asks_for_a_sweep(slack):
    slack.click("answer:stop")

    assert slack.desk.kept(NIGHTLY).hurry == Hurry(at=T0, by="slack:ana")
    assert len(slack.desk.bus.entries) == 1
    assert slack.words() == "nightly-report will be stopped within a minute or two, if it is still not in use."


def test_a_click_can_end_a_snooze(slack):
    slack.desk.ledger.write([replace(slack.desk.kept(NIGHTLY), snooze=Snooze(until=T0 + 60, by="x", at=T0 - 9))])
    slack.click("answer:unsnooze")

    assert slack.desk.kept(NIGHTLY).snooze.until == T0
    assert "has ended" in slack.words()


@pytest.mark.parametrize(
    ("user", "by"),
    [
        ({"id": "U1", "name": "ana"}, "slack:ana"),
        ({"id": "U1"}, "slack:U1"),
        ({}, "slack:somebody"),
        ({"username": "x" * 500}, "slack:" + "x" * 80),
        ({"username": 5, "id": "U2"}, "slack:U2"),
        (None, "slack:somebody"),
    ],
)
def test_who_clicked_is_recorded_as_slack_names_them(slack, user, by):
    slack.click(user=user)

    assert slack.desk.kept(NIGHTLY).snooze.by == by


def test_the_same_click_delivered_again_changes_nothing_twice(slack):
    slack.click("answer:1h")
    after = slack.desk.kept(NIGHTLY)
    slack.desk.now += 2

    slack.click("answer:1h")

    assert slack.desk.kept(NIGHTLY) == after
    assert "answered already" in slack.told[-1][1]["text"]


def test_a_later_click_is_an_answer_of_its_own(slack):
    slack.click("answer:1h")
    slack.desk.now = T0 + 60
    payload_at = {"actions": [
        {"action_id": "answer:4h", "value": slack.desk.token(NIGHTLY), "action_ts": f"{T0 + 60:.6f}"}
    ]}  # fmt: skip
    slack.click(**payload_at)

    assert slack.desk.kept(NIGHTLY).snooze.times == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"secret": "another secret"}, "another secret"),
        ({"at": T0 - 301}, "replayed"),
        ({"at": T0 + 301}, "from the future"),
        ({"x-slack-signature": ""}, "unsigned"),
        ({"x-slack-signature": "v0=" + "0" * 64}, "forged"),
        ({"x-slack-signature": "v0=ä"}, "no signature"),
        ({"x-slack-request-timestamp": "now"}, "no time"),
        ({"x-slack-request-timestamp": str(int(T0) - 1)}, "another time"),
        ({"x-slack-request-timestamp": "9" * 400}, "a huge time"),
    ],
)
def test_what_slack_did_not_sign_just_now_is_refused_unread(slack, change, why):
    body = urlencode({"payload": "{not even JSON"}).encode()

    reply = slack.send(body, **change)

    assert reply.status == 401, why
    assert slack.desk.refusals == [("not signed by Slack", {})]
    assert slack.desk.ledger.writes == 0


def test_a_body_altered_by_a_byte_is_refused(slack):
    body = urlencode({"payload": "{}"}).encode()
    signed = hmac.new(SECRET.encode(), f"v0:{int(T0)}:".encode() + body, hashlib.sha256).hexdigest()

    assert slack.send(body + b" ", **{"x-slack-signature": f"v0={signed}"}).status == 401


def test_a_changed_signing_secret_is_read_anew(slack):
    slack.secrets = ["the old secret"]
    slack.send(b"")
    slack.secrets = [SECRET]

    assert slack.click().status == 401
    slack.desk.now += 31
    assert slack.click().status == 200


def test_without_a_signing_secret_nothing_is_taken(slack):
    slack.secrets = [""]

    assert slack.send(b"", secret="x").status == 401


def test_a_signing_secret_that_cannot_be_read_is_our_fault(slack):
    def fail() -> str:
        raise SecretError("the secret is away")

    slack.buttons = replace(slack.buttons, signing=Keep(fail, lambda: T0))

    assert slack.click().status == 503
    assert slack.desk.failures == ["the secret is away"]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "view_submission"},
        {"actions": [{"action_id": "details", "value": "x", "url": "https://x"}]},
        {"actions": []},
        {"actions": None},
        {"actions": ["x", 5]},
    ],
)
def test_what_is_no_answer_is_just_acknowledged(slack, changes):
    assert slack.click(**changes).status == 200
    assert slack.told == []
    assert slack.desk.ledger.writes == 0


@pytest.mark.parametrize("body", [b"", b"payload=", b"payload=[]", b"payload=%7B", b"payload=" + b"%5B" * 5000])
def test_a_garbled_payload_is_refused(slack, body):
    assert slack.send(body).status == 400


def test_an_answer_nobody_offered_is_refused(slack):
    assert slack.click("answer:for-ever").status == 400
    assert slack.desk.ledger.writes == 0


def test_a_forged_or_expired_button_changes_nothing(slack):
    slack.click(value="nonsense")
    slack.click(value=slack.desk.token(NIGHTLY, expires=T0 - 1))

    assert [message["text"] for _, message in slack.told] == [
        "This button is not valid. Nothing was changed.",
        "The buttons of this message have expired. Nothing was changed; the next message has new ones.",
    ]
    assert [why for why, _ in slack.desk.refusals] == ["malformed", "expired"]
    assert slack.desk.ledger.writes == 0


def test_what_the_ledger_does_not_take_is_told(slack):
    slack.desk.ledger.trouble = "away"
    slack.click()
    slack.desk.ledger.trouble = None
    slack.click(value=slack.desk.token(ref("unheard-of")))

    assert "Nothing was changed: try again" in slack.told[0][1]["text"]
    assert "Nothing is remembered of this session" in slack.told[1][1]["text"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/actions/x",
        "https://hooks.slack.com.example.com/x",
        "https://example.com/hooks.slack.com",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com:x/x",
        "http://127.0.0.1:10/x",
        "http://169.254.169.254/latest/meta-data/",
        "",
        5,
    ],
)
def test_nothing_is_posted_anywhere_but_to_slack(slack, url):
    assert slack.click(response_url=url).status == 200
    assert slack.told == []
    assert slack.desk.kept(NIGHTLY).snooze is not None


def test_the_host_that_the_environment_names_is_posted_to(slack):
    slack.click(response_url="http://127.0.0.1:9/actions/x")

    assert slack.told[0][0] == "http://127.0.0.1:9/actions/x"


def test_an_answer_stands_even_if_slack_cannot_be_told(slack):
    slack.unreachable = True

    assert slack.click().status == 200
    assert slack.desk.kept(NIGHTLY).snooze is not None
    assert slack.desk.failures == ["Slack could not be told what came of a click: OSError"]


def test_a_hostile_name_mentions_nobody_in_slack(slack):
    kept = slack.desk.kept(NIGHTLY)
    card = replace(kept.card, name="<!channel> <@U1> & \u202e\n" + "x" * 10_000)
    slack.desk.ledger.write([replace(kept, card=card)])

    slack.click("answer:stop")

    assert slack.words().startswith("&lt;!channel&gt; &lt;@U1&gt; &amp; \\u202e\\nxxx")
    assert len(slack.words()) < 250
