"""People, end to end: the deployed sweep warns, its mail and its Slack message carry a link, and a browser answers through it.

One deployment, with IAM enforced, and one story, in the order in which the tests stand. The functions' clock is the real one:
a grace is two seconds or an hour, and a snooze, which is an hour at the least, is over when its end has been set back.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.client import LocalCloud
from localcloud.deployment import Delivered, Deployment, Inbox, bootstrap, client, deploy
from reaper.core.links import Link, Purpose, key_of, sign
from tests.support.browser import browser, opened, violations
from tests.support.slack import TOKEN, FakeSlack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.e2e

POLICIES = {
    "version": 1,
    "policies": [
        {"name": "prompt", "when": {"phase": "idle", "tags": {"pace": "quick"}}, "then": "stop", "grace": "2s"},
        {"name": "patient", "when": {"phase": "idle", "tags": {"pace": "slow"}}, "then": "stop", "grace": "1h"},
    ],
    "guards": {"max_stop_share": 1.0},
}
OWNERS = {
    "version": 1,
    "owners": [
        {
            "match": ["ana"],
            "team": "data",
            "email": "data@example.com",
            "slack": "#data",
            "timezone": "Europe/Berlin",
        }
    ],
}
SLACK_SECRET = "session-reaper/slack"
SIGNING_SECRET = "session-reaper/slack-signing"
LINK = re.compile(r"https://[\w.-]+/s/[\w-]+\.[\w-]+")
HOUR = 3600.0


def glue(name: str, pace: str) -> dict[str, Any]:
    statement = {"state": "AVAILABLE", "started": "-3h", "completed": "-3h"}
    tags = {"owner": "ana", "pace": pace}
    return {"id": name, "state": "READY", "created": "-9h", "tags": tags, "statements": [statement]}


@dataclass
class Story:
    """What is deployed, who looks, and what was heard so far."""

    cloud: LocalCloud
    deployment: Deployment
    slack: FakeSlack
    owners: Inbox[Delivered]
    events: Inbox[dict[str, Any]]
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Events, in order."""

    def sweep(self) -> dict[str, str]:
        """Sweep once; session -> outcome, from the log."""
        before = len(self.findings())
        self.deployment.invoke()
        return {one["ref"]["id"]: one["outcome"] for one in self.findings()[before:]}

    def findings(self) -> list[dict[str, Any]]:
        lines = (line for line in self.deployment.log_lines() if line.startswith("{"))
        return [document["finding"] for line in lines if "finding" in (document := json.loads(line))]

    def hears(self, kind: str, session: str) -> dict[str, Any]:
        """The event of that kind about that session; waits for it."""
        while not (found := [event for event in self.heard if is_about(event, kind, session)]):
            self.heard.append(self.events.receive(20))
        return found[0]

    def table(self) -> dict[str, Any]:
        """Every item of the ledger by its key, but for what the function that posts to Slack notes meanwhile."""
        items = self.deployment.client("dynamodb").scan(TableName=self.deployment.outputs["LedgerTableName"])["Items"]
        keyed = {item["pk"]["S"] + item["sk"]["S"]: item for item in items}
        return {key: item for key, item in keyed.items() if not key.startswith("delivered/")}

    def memory(self, session: str) -> dict[str, Any]:
        [memory] = [item for key, item in self.table().items() if key.startswith("session/") and session in key]
        return memory

    def let_the_snooze_end(self, session: str) -> None:
        memory = self.memory(session)
        memory["snooze"]["M"]["until"]["N"] = str(time.time() - 1)
        self.deployment.client("dynamodb").put_item(TableName=self.deployment.outputs["LedgerTableName"], Item=memory)

    def mails(self, to: str) -> list[dict[str, Any]]:
        return [mail for mail in self.cloud.mail() if mail["to"] == to]

    def posts(self, channel: str, count: int) -> list[Any]:
        """What Slack got for a channel, once it is as many as ``count``."""
        give_up = time.monotonic() + 20
        while len(found := [post for post in self.slack.posts() if post.channel == channel]) < count:
            assert time.monotonic() < give_up, (found, list(self.deployment.log_lines("SlackLogGroupName"))[-5:])
            time.sleep(0.1)
        return found


def is_about(event: dict[str, Any], kind: str, session: str) -> bool:
    return event["detail-type"] == kind and event["detail"]["session"]["id"] == session


def links(text: str) -> dict[str, str]:
    """Session -> the link that answers for it."""
    found = {}
    for link in LINK.findall(text):
        payload = link.rpartition("/")[2].partition(".")[0]
        name = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["n"]
        found[name.rpartition("/")[2]] = link
    return found


@pytest.fixture(scope="module")
def chromium(story: Story) -> Iterator[Browser]:
    """A browser for which the links' own host is the embedded cloud, and as good as if it were spoken to in secret."""
    port = story.cloud.url.rpartition(":")[2]
    origin = plain_http(story.deployment.outputs["AnswersUrl"]).rstrip("/")
    with browser(
        f"--host-resolver-rules=MAP *.amazonaws.com 127.0.0.1:{port}",
        f"--unsafely-treat-insecure-origin-as-secure={origin}",
    ) as started:
        yield started


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder: Path = tmp_path_factory.mktemp("people")
    (folder / "policies.json").write_text(json.dumps(POLICIES))
    (folder / "owners.json").write_text(json.dumps(OWNERS))
    with LocalCloud.start(auth=True) as cloud, FakeSlack() as slack:
        bootstrap(cloud)
        world = [glue("notebook", "quick"), glue("scratch", "slow")]
        cloud.seed({"accounts": {"000000000000": {"us-east-1": {"glue": world}}}})
        secrets = client(cloud, "secretsmanager")
        secrets.create_secret(Name=SLACK_SECRET, SecretString=json.dumps({"bot_token": TOKEN}))
        secrets.create_secret(Name=SIGNING_SECRET, SecretString=json.dumps({"signing_secret": "of nobody"}))
        deployment = deploy(
            cloud,
            {
                "mode": "enforce",
                "services": "glue",
                "policies": str(folder / "policies.json"),
                "owners": str(folder / "owners.json"),
                "emails": "ops@example.com",
                "slack_secret": SLACK_SECRET,
                "slack_signing_secret": SIGNING_SECRET,
                "slack_channel": "#ops",
            },
        )
        send_to(slack, deployment)
        yield Story(cloud, deployment, slack, deployment.subscribe("OwnersTopicArn", {}), deployment.events())


def send_to(slack: FakeSlack, deployment: Deployment) -> None:
    """Let the deployed function take this Slack for Slack."""
    functions = deployment.client("lambda")
    name = deployment.outputs["SlackFunctionName"]
    told = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**told, "REAPER_SLACK_API": slack.api}}
    )


def plain_http(link: str) -> str:
    """The embedded cloud speaks no TLS."""
    return link.replace("https:", "http:", 1)


def test_the_sweep_warns_each_destination_once(story):
    assert story.sweep() == {"notebook": "warned", "scratch": "warned"}

    for session in ("notebook", "scratch"):
        warned = story.hears("Session Warned", session)
        assert warned["detail"]["owner"] == "ana"
        assert warned["resources"] == [f"arn:aws:glue:us-east-1:000000000000:session/{session}"]
    assert story.cloud.stops() == []


def test_the_mail_says_what_happens_next_and_how_to_keep_each(story):
    [digest] = story.mails("data@example.com")
    assert "notebook" in digest["text"]
    assert "CET" in digest["text"] or "CEST" in digest["text"]
    assert links(digest["text"]).keys() == {"notebook", "scratch"}
    # The same address is told that the alarm for a missed run is at rest.
    [report] = [mail for mail in story.mails("ops@example.com") if "AlarmName" not in mail["text"]]
    assert "notebook" in report["text"]


def test_slack_gets_blocks_with_the_same_links_in_the_owners_channel_and_the_whole_in_the_platforms(story):
    [digest] = story.posts("#data", 1)
    [report] = story.posts("#ops", 1)
    assert links(json.dumps(digest.blocks)).keys() == {"notebook", "scratch"}
    assert "notebook" in json.dumps(report.blocks)
    assert {post.channel for post in story.slack.posts()} == {"#data", "#ops"}


def test_looking_changes_nothing_and_the_button_keeps_the_session_for_an_hour(story, chromium):
    link = plain_http(links(story.mails("data@example.com")[0]["text"])["notebook"])
    before = story.table()
    with opened(chromium) as (page, complaints):
        page.goto(link)
        page.reload()
        assert page.get_by_role("heading", level=1).inner_text() == "notebook"
        assert violations(page) == []
        assert story.table() == before

        page.get_by_role("button", name="Keep for 1 hour").click()

        page.get_by_text("Kept", exact=True).first.wait_for()
        page.reload()
        assert complaints.said == []
    snooze = story.memory("notebook")["snooze"]["M"]
    assert float(snooze["until"]["N"]) == pytest.approx(time.time() + HOUR, abs=60)
    assert snooze["times"]["N"] == "1"
    assert "data@example.com" in snooze["by"]["S"]


def test_stop_it_now_starts_a_sweep_by_an_event_which_honours_the_snooze_of_the_other(story, chromium):
    link = plain_http(links(json.dumps(story.posts("#data", 1)[0].blocks))["scratch"])
    with opened(chromium) as (page, _):
        page.goto(link)
        page.get_by_role("button", name="Stop it now").click()
        page.get_by_text("Its stop has been asked for").wait_for()

    story.hears("Session Stop Requested", "scratch")
    story.hears("Session Stopped", "scratch")
    snoozed = story.hears("Session Snoozed", "notebook")
    assert "data@example.com" in snoozed["detail"]["snooze"]["by"]
    assert [stop["session"] for stop in story.cloud.stops()] == ["scratch"]


def test_the_next_sweep_honours_the_snooze_too_and_sees_that_the_other_has_ended(story):
    story.cloud.advance(60)

    assert story.sweep()["notebook"] == "snoozed"

    story.hears("Session Confirmed", "scratch")
    assert [stop["session"] for stop in story.cloud.stops()] == ["scratch"]


def test_when_the_snooze_is_over_the_session_is_stopped_and_later_seen_to_have_ended(story):
    story.let_the_snooze_end("notebook")

    assert story.sweep()["notebook"] == "stopped"
    story.hears("Session Stopped", "notebook")
    story.cloud.advance(60)
    story.sweep()

    story.hears("Session Confirmed", "notebook")
    assert [stop["session"] for stop in story.cloud.stops()] == ["scratch", "notebook"]
    assert story.cloud.violations() == []


def test_nobody_was_told_the_same_twice(story):
    steps = Counter(
        (event["detail-type"], event["detail"]["session"]["id"])
        for event in story.heard
        if "session" in event["detail"]
    )
    assert set(steps.values()) == {1}
    assert {kind for kind, session in steps if session == "notebook"} == {
        "Session Warned",
        "Session Snoozed",
        "Session Stopped",
        "Session Confirmed",
    }

    told: Counter[tuple[str, str, str]] = Counter()
    for message in all_of(story.owners):
        told.update(
            (message.attributes["audience"], finding["ref"]["id"], finding["outcome"])
            for finding in message.report["findings"]
            if finding.get("news", True)
        )
    assert told
    assert set(told.values()) == {1}
    texts = [(mail["to"], mail["text"]) for mail in story.cloud.mail()]
    assert len(set(texts)) == len(texts)
    posts = [(post.channel, json.dumps(post.blocks)) for post in story.slack.posts()]
    assert len(set(posts)) == len(posts)


def all_of(inbox: Inbox[Any]) -> list[Any]:
    found = []
    while True:
        try:
            found.append(inbox.receive(1))
        except TimeoutError:
            return found


@pytest.mark.parametrize(
    ("wrong", "status", "heading"),
    [
        ("altered", 403, "This link is not valid"),
        ("forged", 403, "This link is no longer valid"),
        ("expired", 410, "This link has expired"),
        ("cut", 403, "This link is incomplete"),
    ],
)
def test_links_that_are_not_honoured_get_a_page_that_says_why(story, chromium, wrong, status, heading):
    before = story.table()
    link = plain_http(links(story.mails("data@example.com")[0]["text"])["notebook"])
    base, _, token = link.rpartition("/")
    expired = Link(Purpose.SESSION, "glue/000000000000/us-east-1/notebook", "data@example.com", time.time() - 1)
    secret = story.deployment.client("secretsmanager").get_secret_value(
        SecretId=story.deployment.outputs["LinkSecretArn"]
    )["SecretString"]
    told = {
        "altered": f"{token[:-10]}{'A' if token[-10] != 'A' else 'B'}{token[-9:]}",
        "forged": sign(Link(Purpose.SESSION, expired.name, expired.to, time.time() + HOUR), key_of("made up by me")),
        "expired": sign(expired, key_of(json.loads(secret)["current"])),
        "cut": token[:60],
    }
    with opened(chromium) as (page, _):
        answer = page.goto(f"{base}/{told[wrong]}")
        assert answer is not None
        assert answer.status == status
        assert page.get_by_role("heading", level=1).inner_text() == heading
        assert violations(page) == []
    assert story.table() == before
