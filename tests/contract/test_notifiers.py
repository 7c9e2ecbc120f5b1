"""What every notifier promises, held to by all there are: each against what takes its messages, within its limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.notifiers import catalog
from reaper.notifiers.amazon_q import ChatNotifier
from reaper.notifiers.event_bus import EventPublisher
from reaper.notifiers.events import EventNotifier
from reaper.notifiers.port import Notifier, NotifyError
from reaper.notifiers.slack import SlackNotifier
from reaper.notifiers.slack_post import Bot, SlackPoster, Webhook
from reaper.notifiers.sns import SnsNotifier
from reaper.wire.alarm import Alarm
from reaper.wire.report import Report
from tests.support.digests import digest, warned
from tests.support.event_bus import EventBus, refusal
from tests.support.reports import blind, report, typed
from tests.support.slack import TOKEN, FakeSlack, Trouble

TOPIC = "arn:aws:sns:eu-central-1:123456789012:reports"
MOST_BYTES = 262_144
LURE = "<!channel> *x* `y` \u202e\x1b[2J \ud83d https://evil.example"
ALARM = Alarm(name="MissedRun", state="ALARM", reason="no run")
DIGESTS = {
    "a warning": digest(warned()),
    "a whole report": report(warned(), blind=[blind()], notes=["a note"]),
    "nothing at all": report(),
    "a sweep that was refused": report(error="the policies are wrong"),
    "words of strangers": digest(warned(LURE, detail=LURE, team=LURE, facts={"name": LURE, "owner": LURE})),
    "an outcome of a newer release": digest(warned(outcome="teleported")),
}


class Topic:
    """SNS, which counts bytes."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refuses = False

    def publish(self, **request: Any) -> dict[str, str]:
        if self.refuses:
            raise ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "Publish")
        assert request["TopicArn"] == TOPIC
        assert len(request["Message"].encode()) <= MOST_BYTES
        self.taken.append(json.loads(request["Message"]))
        return {"MessageId": "m-1"}


@dataclass
class World:
    """A notifier, what was taken of it, and how to have it refused."""

    notifier: Notifier
    taken: Callable[[], list[Any]]
    refuse: Callable[[], None]


def sns() -> Iterator[World]:
    topic = Topic()
    yield World(SnsNotifier(topic, TOPIC), lambda: topic.taken, lambda: setattr(topic, "refuses", True))


def amazon_q() -> Iterator[World]:
    topic = Topic()
    yield World(ChatNotifier(topic, TOPIC), lambda: topic.taken, lambda: setattr(topic, "refuses", True))


def events() -> Iterator[World]:
    refuses: list[bool] = []
    bus = EventBus(lambda _, sent: refusal("AccessDeniedException") if refuses else [None] * len(sent))
    notifier = EventNotifier(EventPublisher(bus, "default", sleep=lambda _: None))
    yield World(notifier, lambda: bus.taken, lambda: refuses.append(True))


def slack(to: Callable[[FakeSlack], Webhook | Bot]) -> Iterator[World]:
    with FakeSlack() as fake:
        poster = SlackPoster(api=fake.api, sleep=lambda _: None, clock=lambda: 0.0)
        notifier = SlackNotifier(poster, to(fake), until=60.0, interactive=True)
        yield World(notifier, fake.posts, lambda: fake.troubles.append(Trouble(400, b"invalid_payload")))


WORLDS: dict[str, Callable[[], Iterator[World]]] = {
    "sns": sns,
    "amazon_q": amazon_q,
    "events": events,
    "slack webhook": lambda: slack(lambda fake: Webhook(fake.webhook_url)),
    "slack bot": lambda: slack(lambda _: Bot(TOKEN, "#data")),
}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from WORLDS[request.param]()


def test_each_that_a_sweep_tells_through_is_held_to_this():
    assert {row.module for row in catalog.ROWS} < set(WORLDS)


@pytest.mark.parametrize("told", DIGESTS.values(), ids=DIGESTS)
def test_it_tells_every_digest(world: World, told: dict[str, Any]):
    world.notifier.tell(typed(told))

    assert world.taken()


def test_it_tells_of_ten_thousand_sessions_within_every_limit(world: World):
    world.notifier.tell(typed(digest(*(warned(f"s{number}", detail="d" * 300) for number in range(10_000)))))

    assert world.taken()


def test_it_tells_an_alarm_or_says_that_it_carries_none(world: World):
    if Alarm in world.notifier.carries:
        world.notifier.tell(ALARM)
        assert world.taken()
    else:
        with pytest.raises(TypeError, match="carries no alarms, such as MissedRun"):
            world.notifier.tell(ALARM)
        assert not world.taken()


def test_it_carries_digests(world: World):
    assert Report in world.notifier.carries


def test_what_is_refused_is_said_in_a_sentence_without_a_secret(world: World):
    world.refuse()

    with pytest.raises(NotifyError) as caught:
        world.notifier.tell(typed(digest(warned())))

    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "/services/" not in str(caught.value)
    assert caught.value.lost >= 1
    assert not world.taken()
