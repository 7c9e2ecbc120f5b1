from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from localcloud.mended import condition_keys, mend_deletions, mend_secrets

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:key-a1b2c3"
ITEM = {"pk": {"S": "session/a"}, "sk": {"S": "memory"}}
OTHER = {"pk": {"S": "session/b"}, "sk": {"S": "memory"}}


def keys(service: str, request: object) -> Mapping[str, object]:
    return condition_keys(service, json.dumps(request).encode(), {"ledger": "pk"}.__getitem__)


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": "ledger", "Key": ITEM},
        {"TableName": "ledger", "Item": {**ITEM, "version": {"N": "1"}}},
        {"RequestItems": {"ledger": {"Keys": [ITEM]}}},
        {"RequestItems": {"ledger": [{"PutRequest": {"Item": ITEM}}]}},
        {"TransactItems": [{"Put": {"TableName": "ledger", "Item": ITEM}}]},
        {"TransactItems": [{"Delete": {"TableName": "ledger", "Key": ITEM}}]},
    ],
)
def test_policies_see_the_partition_key_of_the_item_a_request_is_about(request_):
    assert keys("dynamodb", request_) == {"dynamodb:LeadingKeys": ["session/a"]}


def test_policies_see_every_partition_key_of_a_request_about_many_items():
    request = {"RequestItems": {"ledger": {"Keys": [ITEM, OTHER]}}}

    assert keys("dynamodb", request) == {"dynamodb:LeadingKeys": ["session/a", "session/b"]}


def test_a_request_about_no_item_has_no_leading_keys():
    assert keys("dynamodb", {"TableName": "ledger"}) == {}
    assert condition_keys("dynamodb", b"no json", str) == {}


def test_policies_see_the_source_of_events_and_of_several_none_alone():
    ours, theirs = {"Source": "session-reaper"}, {"Source": "aws.glue"}

    assert keys("events", {"Entries": [ours, ours]}) == {"events:source": "session-reaper"}
    assert keys("events", {"Entries": [ours, theirs]}) == {"events:source": ["aws.glue", "session-reaper"]}


def test_policies_see_the_namespace_that_metrics_are_put_into_and_none_of_what_is_read():
    assert keys("monitoring", {"Namespace": "SessionReaper", "MetricData": []}) == {
        "cloudwatch:namespace": "SessionReaper"
    }
    assert keys("monitoring", {"Namespace": "SessionReaper", "MetricName": "Sweeps"}) == {}


@pytest.fixture
def handlers():
    kept = {"key": {"ARN": ARN, "RotationEnabled": False}}
    deleted = []
    original = {
        "create": lambda *_: ("key", {"Id": ARN, "Arn": ARN}),
        "update": lambda name, *_, **__: (name, {"Id": kept[name]["ARN"], "Arn": kept[name]["ARN"]}),
        "update_with_logical_id": True,
        "delete": lambda name, _: deleted.append(name),
    }
    provisioners = SimpleNamespace(_RESOURCE_HANDLERS={"AWS::SecretsManager::Secret": original})
    mend_secrets(provisioners, SimpleNamespace(_resolve=lambda _: ("key", kept["key"])))
    return SimpleNamespace(kept=kept["key"], deleted=deleted, of=provisioners._RESOURCE_HANDLERS)


def test_a_reference_to_a_secret_is_its_arn_for_as_long_as_it_lives(handlers):
    secret = handlers.of["AWS::SecretsManager::Secret"]

    assert secret["create"]("Key", {}, "stack")[0] == ARN
    assert secret["update"](ARN, {}, {}, "stack", logical_id="Key")[0] == ARN
    assert secret["update_with_logical_id"] is True
    secret["delete"](ARN, {})
    assert handlers.deleted == ["key"]


def test_a_rotation_schedule_switches_the_rotation_on(handlers):
    schedule = handlers.of["AWS::SecretsManager::RotationSchedule"]

    assert schedule["create"]("Schedule", {"SecretId": ARN, "RotationLambdaARN": "arn:function"}, "stack") == (ARN, {})
    assert (handlers.kept["RotationEnabled"], handlers.kept["RotationLambdaARN"]) == (True, "arn:function")


@pytest.fixture
def cloud():
    """What is mended of ministack: one profile with a version, one bucket with an object; and what was deleted."""
    gone = []
    handler = {"create": None, "delete": lambda name, _: gone.append(name)}
    provisioners = SimpleNamespace(
        _RESOURCE_HANDLERS={"AWS::AppConfig::ConfigurationProfile": handler, "AWS::S3::Bucket": handler}
    )
    appconfig = SimpleNamespace(
        _hosted_versions={"app/profile/1": {}},
        _delete_configuration_profile=lambda _, profile: gone.append(profile),
        _error=lambda *what: what,
    )
    s3 = SimpleNamespace(_buckets={"history": {"objects": {"facts/v1/a": b""}}})
    mend_deletions(provisioners, appconfig, s3)
    return SimpleNamespace(gone=gone, of=provisioners._RESOURCE_HANDLERS, appconfig=appconfig, s3=s3)


def test_a_profile_that_has_versions_is_deleted_neither_by_a_stack_nor_by_a_request(cloud):
    delete = cloud.of["AWS::AppConfig::ConfigurationProfile"]["delete"]

    with pytest.raises(ValueError, match="still hosted configuration versions existing under it"):
        delete("profile", {"ApplicationId": "app"})
    status, code, _ = cloud.appconfig._delete_configuration_profile("app", "profile")
    assert (status, code, cloud.gone) == (400, "BadRequestException", [])

    cloud.appconfig._hosted_versions.clear()
    delete("profile", {"ApplicationId": "app"})
    cloud.appconfig._delete_configuration_profile("app", "profile")
    assert cloud.gone == ["profile", "profile"]


def test_a_bucket_that_holds_anything_is_not_deleted_by_a_stack(cloud):
    delete = cloud.of["AWS::S3::Bucket"]["delete"]

    with pytest.raises(ValueError, match="not empty"):
        delete("history", {})

    cloud.s3._buckets["history"]["objects"].clear()
    delete("history", {})
    assert cloud.gone == ["history"]
