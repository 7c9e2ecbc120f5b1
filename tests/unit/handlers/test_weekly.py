"""The weekly function: the page it keeps, the message it sends once, and what it says when something is missing."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from reaper.core.links import Purpose, key_of, verify
from reaper.handlers import weekly
from reaper.history.keys import report_key_of
from tests.support.archived import HOUR, MONDAY, Json, finding, report

NOW = MONDAY + 9 * 24 * HOUR + 8 * HOUR
"""Wednesday of the next week, 08:00 UTC."""
SECRET = "k" * 32
PAGE = "pages/2027-03-08.html"


class Bucket:
    """S3, as far as the function uses it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.kinds: dict[str, str] = {}
        self.head_refusal = "404"

    def get_paginator(self, name: str) -> Bucket:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **request: str):
        assert request["Bucket"] == "history"
        # The role may list nothing else.
        assert request["Prefix"].startswith("reports/")
        keys = sorted(
            key for key in self.objects if key.startswith(request["Prefix"]) and key > request.get("StartAfter", "")
        )
        if "Delimiter" in request:
            yield {"CommonPrefixes": [{"Prefix": "reports/v1/"}] if keys else []}
        else:
            yield {"Contents": [{"Key": key} for key in keys]}

    def get_object(self, **request: str):
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def head_object(self, **request: str):
        if request["Key"] not in self.objects:
            raise ClientError({"Error": {"Code": self.head_refusal}}, "HeadObject")
        return {}

    def put_object(self, **request: Any):
        assert request["Key"].startswith("pages/")
        self.objects[request["Key"]] = request["Body"]
        self.kinds[request["Key"]] = request["ContentType"]
        return {"ETag": "x"}

    def archive(self, one: Json, at: float) -> None:
        self.objects[report_key_of(one["run_id"], at)] = gzip.compress(json.dumps(one).encode())


class Topic:
    """SNS: refuses what the real one refuses of these messages."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.refusal: Exception | None = None

    def publish(self, **request: Any):
        if self.refusal:
            raise self.refusal
        assert request["Subject"].isascii()
        assert len(request["Subject"]) <= 100
        assert "default" in json.loads(request["Message"])
        self.published.append(request)
        return {"MessageId": "1"}


class Secrets:
    """Secrets Manager with one secret."""

    def __init__(self) -> None:
        self.text = json.dumps({"current": SECRET})

    def get_secret_value(self, **request: str):
        assert request["SecretId"] == "links"
        return {"SecretString": self.text}


@dataclass
class World:
    s3: Bucket
    sns: Topic
    secretsmanager: Secrets
    milliseconds: int = 300_000

    def invoke(self) -> Json:
        context = SimpleNamespace(
            function_name="weekly",
            memory_limit_in_mb=512,
            invoked_function_arn="arn",
            aws_request_id="request",
            get_remaining_time_in_millis=lambda: self.milliseconds,
        )
        return weekly.handler({}, cast("Any", context))

    def message(self) -> tuple[Json, str]:
        (published,) = self.sns.published
        told = json.loads(published["Message"])
        return json.loads(told["default"]), told["email"]


@pytest.fixture
def world(mocker, monkeypatch) -> World:
    made = World(Bucket(), Topic(), Secrets())
    mocker.patch.object(weekly, "_client", lambda service: getattr(made, service))
    mocker.patch.object(weekly.time, "time", return_value=NOW)
    for name, value in {
        "REAPER_HISTORY_BUCKET": "history",
        "REAPER_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:reports",
        "REAPER_ANSWERS_URL": "https://answers.example/",
        "REAPER_LINK_SECRET": "links",
        "REAPER_TIMEZONE": "Europe/Berlin",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    at = MONDAY + 10 * HOUR
    made.s3.archive(report(at, finding("a"), finding("b", "stopped", timeout=11 * HOUR)), at)
    return made


def test_the_page_is_kept_under_the_weeks_monday(world):
    assert world.invoke() == {"page": PAGE, "told": True, "unread_reports": 0}
    assert b"What idle sessions cost" in world.s3.objects[PAGE]
    assert world.s3.kinds[PAGE] == "text/html; charset=utf-8"


def test_the_message_has_the_numbers_and_a_link_to_the_page_alone(world):
    world.invoke()
    document, mail = world.message()
    assert (document["schema_version"], document["idle_cost"], document["avoided_cost"]) == (1, 4.0, 20.0)
    assert document["timezone"] == "Europe/Berlin"
    assert document["page"] in mail
    token = document["page"].removeprefix("https://answers.example/r/")
    link = verify(token, [key_of(SECRET)], NOW + 29 * 24 * HOUR, Purpose.PAGE)
    assert (link.name, link.expires) == (PAGE, NOW + 30 * 24 * HOUR)


def test_filters_can_tell_it_from_reports_of_sweeps(world):
    world.invoke()
    attributes = {name: one["StringValue"] for name, one in world.sns.published[0]["MessageAttributes"].items()}
    assert attributes == {"severity": "info", "audience": "platform", "medium": "platform", "mode": "weekly"}


def test_the_same_week_is_told_once(world):
    world.invoke()
    assert world.invoke() == {"page": PAGE, "told": False}
    assert len(world.sns.published) == 1


def test_what_could_not_be_told_is_told_by_the_next_try(world):
    world.sns.refusal = ClientError({"Error": {"Code": "Throttling"}}, "Publish")
    with pytest.raises(ClientError):
        world.invoke()
    world.sns.refusal = None
    assert world.invoke()["told"]
    assert len(world.sns.published) == 1


def test_a_bucket_that_says_403_of_what_is_not_there_is_no_obstacle(world):
    world.s3.head_refusal = "403"
    assert world.invoke()["told"]


def test_a_bucket_that_does_not_answer_is_not_taken_for_one_without_a_page(world):
    world.s3.head_refusal = "503"
    with pytest.raises(ClientError):
        world.invoke()
    assert world.sns.published == []


@pytest.mark.parametrize("missing", ["REAPER_ANSWERS_URL", "REAPER_LINK_SECRET"])
def test_without_links_it_says_where_the_page_lies(world, monkeypatch, missing):
    monkeypatch.delenv(missing)
    world.invoke()
    document, mail = world.message()
    assert document["page"] == f"s3://history/{PAGE}"
    assert f"s3://history/{PAGE}" in mail


def test_without_the_keys_the_numbers_are_told_all_the_same(world):
    world.secretsmanager.text = "{}"
    world.invoke()
    document, mail = world.message()
    assert document["page"] == f"s3://history/{PAGE}"
    assert "there is no link to the page" in mail
    assert "there is no link to the page" in document["notes"][0]


def test_reports_that_cannot_be_read_are_told(world):
    world.s3.objects["reports/v1/dt=2027-03-02/100000Z_x.json.gz"] = b"garbled"
    assert world.invoke()["unread_reports"] == 1
    document, mail = world.message()
    assert document["unread_reports"] == 1
    assert "1 reports could not be read" in mail
    assert b"1 report could not be read" in world.s3.objects[PAGE]


def test_without_time_to_read_it_says_what_it_did_not_read(world):
    world.milliseconds = 0
    world.invoke()
    assert world.message()[0]["unread_reports"] == 1
    assert b"there was no time left to read it" in world.s3.objects[PAGE]


def test_without_any_report_the_page_says_that_nothing_is_known(world):
    world.s3.objects.clear()
    world.invoke()
    assert "nothing is known" in world.message()[1]
    assert b"There is nothing to show" in world.s3.objects[PAGE]


def test_reports_from_before_the_eight_weeks_are_left_out(world):
    """They begin at midnight in Berlin, 55 days before today: on 14 January at 23:00 UTC."""
    start = MONDAY - 46 * 24 * HOUR - HOUR
    for number, at in enumerate((start - 1, start + HOUR)):
        world.s3.archive(report(at, finding(f"old{number}", idle=0.5 * HOUR), run=str(number)), at)
    world.invoke()
    document, _ = world.message()
    assert document["since"] == "2027-01-13T23:00:00Z"
    assert document["idle_cost"] == 5.0
