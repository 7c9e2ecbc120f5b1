from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reaper.handlers.subscribers import NOBODY, Subscribers

DAY = 86_400.0


class Topics:
    def __init__(self, **confirmed: int | str) -> None:
        self.confirmed: dict[str, int | str] = dict(confirmed)
        self.calls: list[str] = []
        self.failure: Exception | None = None
        self.now = 1000.0

    def get_topic_attributes(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request["TopicArn"])
        if self.failure:
            raise self.failure
        return {"Attributes": {"SubscriptionsConfirmed": str(self.confirmed[request["TopicArn"]])}}

    def subscribers(self) -> Subscribers:
        return Subscribers(self, tuple(self.confirmed), lambda: self.now)


def test_a_topic_that_nobody_has_confirmed_is_said_in_every_sweep_until_somebody_has():
    topics = Topics(reports=0)
    subscribers = topics.subscribers()

    assert [subscribers.note(), subscribers.note()] == [NOBODY, NOBODY]
    assert subscribers.missing
    topics.confirmed["reports"] = 1
    assert subscribers.note() == ""
    assert not subscribers.missing


def test_once_somebody_is_there_it_is_looked_at_once_a_day():
    topics = Topics(reports=2)
    subscribers = topics.subscribers()

    assert subscribers.note() == ""
    topics.now += DAY - 1
    topics.confirmed["reports"] = 0
    assert (subscribers.note(), len(topics.calls)) == ("", 1)
    topics.now += 1
    assert (subscribers.note(), len(topics.calls)) == (NOBODY, 2)


def test_who_reads_the_chat_is_somebody():
    assert Topics(reports=0, chat=1).subscribers().note() == ""


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "GetTopicAttributes"),
        EndpointConnectionError(endpoint_url="https://sns"),
        KeyError("Attributes"),
    ],
)
def test_what_cannot_be_known_is_said_and_is_neither_somebody_nor_nobody(failure):
    topics = Topics(reports=1)
    topics.failure = failure
    subscribers = topics.subscribers()

    assert subscribers.note().startswith("it is not known whether anybody is subscribed")
    assert not subscribers.missing
    topics.failure = None
    assert subscribers.note() == ""
