"""A report goes to the topic it was meant for, in that topic's region."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.cli.errors import CommandError
from reaper.cli.publishing import check_topic, publish
from reaper.wire.codec import convert
from reaper.wire.report import Report

TOPIC = "arn:aws:sns:eu-west-1:123456789012:sessions"
REPORT: dict[str, Any] = {
    "schema_version": 1,
    "run_id": "r",
    "mode": "report",
    "started_at": "2026-03-01T10:00:00Z",
    "finished_at": "2026-03-01T10:00:01Z",
    "sessions": {"seen": 0, "live": 0},
    "findings": [],
    "blind": [],
    "totals": {},
    "idle_cost": 0.0,
    "api_calls": {},
}


class Clients:
    """Hands out a client of SNS that keeps what it is told to publish."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, dict[str, Any]]] = []

    def client(self, service: str, region: str) -> SimpleNamespace:
        def publish(**request: Any) -> dict[str, str]:
            self.published.append((service, region, request))
            return {"MessageId": "m"}

        return SimpleNamespace(publish=publish)


def test_the_report_is_published_to_the_topic_in_its_own_region():
    clients = Clients()
    assert publish(TOPIC, convert(REPORT, Report), SimpleNamespace(clients=clients)) is None  # type: ignore[arg-type] - all it uses
    [(service, region, request)] = clients.published
    assert (service, region, request["TopicArn"]) == ("sns", "eu-west-1", TOPIC)
    assert json.loads(json.loads(request["Message"])["default"])["run_id"] == "r"


class Answering:
    """A client of SNS that answers GetTopicAttributes with ``code``, or well."""

    def __init__(self, code: str | None = None) -> None:
        self._code = code
        self.asked: list[dict[str, Any]] = []

    def client(self, *_: str) -> Answering:
        return self

    def lists(self, *_: str) -> bool:
        return True

    def get_topic_attributes(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetTopicAttributes")
        return {"Attributes": {}}


@pytest.mark.parametrize("code", [None, "AuthorizationError"])
def test_a_topic_that_is_there_or_may_not_be_looked_at_is_believed(code: str | None):
    clients = Answering(code)
    check_topic(TOPIC, SimpleNamespace(clients=clients))  # type: ignore[arg-type] - all it uses
    assert clients.asked == [{"TopicArn": TOPIC}]


@pytest.mark.parametrize("code", ["NotFound", "InvalidParameter", "InternalError"])
def test_a_topic_that_is_not_there_is_refused_before_the_sweep(code: str):
    with pytest.raises(
        CommandError, match="nobody could be told what is stopped: sns:GetTopicAttributes on arn:aws:sns"
    ):
        check_topic(TOPIC, SimpleNamespace(clients=Answering(code)))  # type: ignore[arg-type] - all it uses
