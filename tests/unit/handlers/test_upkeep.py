"""The custom resource: what it empties and what not, how it counts a deployment, and that it always answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.handlers import upkeep

WHICH = {"ApplicationId": "app", "ConfigurationProfileId": "policies"}


class Paged:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self.pages = pages

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return self.pages


class Account:
    """The clients of one account, which record what is changed."""

    def __init__(self) -> None:
        self.versions = {"app/policies": [3, 2, 1], "app/switch": [1], "app/owners": [7]}
        self.objects = {"history": ["facts/v1/a", "reports/v1/b"]}
        self.counted: list[dict[str, Any]] = []
        self.unseen = 2
        self.refused: list[dict[str, str]] = []
        self.failure: Exception | None = None
        self.slept: list[float] = []

    def __call__(self, service: str) -> Any:
        return {"appconfig": AppConfig, "s3": S3, "cloudwatch": CloudWatch}[service](self)

    def keep_up(self, kind: str, now: dict[str, Any], before: dict[str, Any] | None = None) -> None:
        event = {"RequestType": kind, "ResourceProperties": now}
        upkeep.keep_up(event | ({} if before is None else {"OldResourceProperties": before}), self, self.slept.append)


class AppConfig:
    def __init__(self, account: Account) -> None:
        self.account = account

    def get_paginator(self, name: str) -> Any:
        assert name == "list_hosted_configuration_versions"
        return self

    def paginate(self, *, ApplicationId: str, ConfigurationProfileId: str) -> list[dict[str, Any]]:  # noqa: N803
        found = self.account.versions[f"{ApplicationId}/{ConfigurationProfileId}"]
        return [{"Items": [{"VersionNumber": number}]} for number in found] or [{"Items": []}]

    def delete_hosted_configuration_version(
        self,
        *,
        ApplicationId: str,  # noqa: N803
        ConfigurationProfileId: str,  # noqa: N803
        VersionNumber: int,  # noqa: N803
    ) -> None:
        self.account.versions[f"{ApplicationId}/{ConfigurationProfileId}"].remove(VersionNumber)


class S3:
    def __init__(self, account: Account) -> None:
        self.account = account

    def get_paginator(self, name: str) -> Any:
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str) -> list[dict[str, Any]]:  # noqa: N803
        return [{"Contents": [{"Key": key}]} for key in self.account.objects[Bucket]] or [{"KeyCount": 0}]

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        if self.account.refused:
            return {"Errors": self.account.refused}
        for item in Delete["Objects"]:
            self.account.objects[Bucket].remove(item["Key"])
        return {}


class CloudWatch:
    def __init__(self, account: Account) -> None:
        self.account = account

    def put_metric_data(self, **request: Any) -> None:
        if self.account.failure:
            raise self.account.failure
        self.account.counted.append(request)

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        [counted] = self.account.counted
        assert request["StartTime"] < counted["MetricData"][0]["Timestamp"] < request["EndTime"]
        self.account.unseen -= 1
        return {"Datapoints": [] if self.account.unseen >= 0 else [{"Sum": 1.0}]}


@pytest.fixture
def account(monkeypatch) -> Account:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "SessionReaper")
    return Account()


def stack(*profiles: str, bucket: str = "history", empty: str = "true", window: str = "4500") -> dict[str, Any]:
    return {"Profiles": [f"app/{name}" for name in profiles], "Bucket": bucket, "EmptyBucket": empty, "Window": window}


def test_what_is_deleted_with_the_stack_is_emptied_first(account):
    account.keep_up("Delete", stack("policies", "switch"))

    assert account.versions == {"app/policies": [], "app/switch": [], "app/owners": [7]}
    assert account.objects == {"history": []}
    assert account.counted == []


def test_a_bucket_that_is_kept_keeps_everything(account):
    account.keep_up("Delete", stack("policies", empty="false"))

    assert account.objects == {"history": ["facts/v1/a", "reports/v1/b"]}


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (stack("policies", "switch", bucket="history", empty="false"), 2),
        (stack("policies", "switch", bucket="history", empty="true"), 2),
        (stack("policies", "switch", bucket="", empty="false"), 0),
        (stack("policies", "switch", bucket="another", empty="true"), 0),
    ],
)
def test_an_update_empties_what_the_template_no_longer_has_and_nothing_that_it_has(account, now, left):
    account.keep_up("Update", now, stack("policies", "switch", "owners"))

    assert account.versions == {"app/policies": [3, 2, 1], "app/switch": [1], "app/owners": []}
    assert len(account.objects["history"]) == left


def test_a_bucket_that_was_kept_is_not_emptied_by_an_update_either(account):
    account.keep_up("Update", stack("policies", bucket="", empty="true"), stack("policies", empty="false"))

    assert len(account.objects["history"]) == 2


def test_what_s3_refuses_to_delete_is_said(account):
    account.refused = [{"Key": "facts/v1/a", "Code": "AccessDenied"}]

    with pytest.raises(upkeep.UpkeepError, match="1 objects of history were not deleted: AccessDenied"):
        account.keep_up("Delete", stack())


@pytest.mark.parametrize(("kind", "before"), [("Create", None), ("Update", stack(window="90000"))])
def test_a_deployment_with_a_new_window_counts_as_a_sweep_and_waits_until_that_is_seen(account, kind, before):
    account.keep_up(kind, stack(), before)

    [request] = account.counted
    [metric] = request["MetricData"]
    assert (request["Namespace"], metric["MetricName"], metric["Value"]) == ("SessionReaper", "Sweeps", 1.0)
    assert metric["Dimensions"] == [{"Name": "service", "Value": "SessionReaper"}]
    assert account.slept == [5.0, 5.0]


def test_a_deployment_like_the_one_before_hides_no_missed_run(account):
    account.keep_up("Update", stack("policies"), stack())

    assert account.counted == []


def test_waiting_comes_to_an_end(account):
    account.unseen = 10_000

    account.keep_up("Create", stack())

    assert sum(account.slept) == 240.0


def test_a_deployment_that_cannot_be_counted_is_none_the_less_one(account):
    account.failure = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutMetricData")

    account.keep_up("Create", stack())


@pytest.mark.parametrize(("failure", "status"), [(None, "SUCCESS"), (upkeep.UpkeepError("no"), "FAILED")])
def test_cloudformation_is_always_answered(mocker, failure, status):
    put = mocker.patch.object(upkeep.urllib3, "request", return_value=mocker.Mock(status=200))
    mocker.patch.object(upkeep, "keep_up", side_effect=failure)
    context = mocker.Mock(
        function_name="upkeep",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:x",
        aws_request_id="r-1",
        log_stream_name="stream",
    )
    event = {
        "RequestType": "Delete",
        "ResponseURL": "https://bucket.example/answer?signed",
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "Upkeep",
    }

    upkeep.handler(event, context)

    [call] = put.call_args_list
    assert call.args == ("PUT", "https://bucket.example/answer?signed")
    assert call.kwargs["headers"] == {"content-type": ""}
    told = json.loads(call.kwargs["body"])
    assert told.pop("Reason") == ("" if failure is None else "UpkeepError: no (log stream stream)")
    assert told == {
        "Status": status,
        "PhysicalResourceId": "session-reaper-upkeep",
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "Upkeep",
    }
