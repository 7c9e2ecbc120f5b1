"""How the stack can be made and deleted, read off the template."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reaper.handlers import upkeep
from tests.support.stacks import Resources, as_list, flat, stack

KEPT: dict[str, str] = {"owners": "owners.yaml"}
GOES = {**KEPT, "keep_data": "false"}


def custom(found: Resources) -> tuple[str, dict[str, Any]]:
    [(name, properties)] = found.named("Custom::SessionReaperUpkeep")
    return name, properties


def ids(found: Resources, kind: str) -> set[str]:
    return {name for name, _ in found.named(kind)}


def depends(found: Resources, name: str) -> set[str]:
    """All that is made before the resource of that name, by what CloudFormation sees: references and DependsOn."""
    everything = found.by_name()
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        resource = everything[waiting.pop()]
        text = json.dumps(resource)
        near = {other for other in everything if f'"{other}"' in text or f"${{{other}}}" in text}
        waiting += near - reached
        reached |= near
    return reached


def test_every_profile_is_emptied_before_it_is_deleted_whoever_made_its_versions():
    found = stack(**KEPT)
    name, properties = custom(found)
    profiles = ids(found, "AWS::AppConfig::ConfigurationProfile")

    assert len(profiles) == 3
    assert {flat(one).rpartition("/")[2].strip("${}") for one in properties["Profiles"]} == profiles
    assert profiles <= depends(found, name)
    granted = found.part("UpkeepFunction").resources_of("appconfig:DeleteHostedConfigurationVersion")
    assert profiles <= {arn.partition("configurationprofile/")[2].split("/")[0].strip("${}") for arn in granted}


def test_the_bucket_is_emptied_where_it_goes_with_the_stack_and_may_not_be_where_it_stays():
    goes, stays = stack(**GOES), stack(**KEPT)

    assert custom(goes)[1]["EmptyBucket"] == "true"
    assert "s3:DeleteObject" in goes.part("UpkeepFunction").granted()
    assert ids(goes, "AWS::S3::Bucket") <= depends(goes, custom(goes)[0])
    assert custom(stays)[1]["EmptyBucket"] == "false"
    assert flat(custom(stays)[1]["Bucket"]) == flat(custom(goes)[1]["Bucket"])
    assert not {action for action in stays.part("UpkeepFunction").granted() if action.startswith("s3:")}
    assert custom(stack(history_days="0"))[1]["Bucket"] == ""


def test_the_permissions_to_empty_are_there_before_and_after_the_need():
    found = stack(**GOES)
    name, properties = custom(found)
    [(function, one)] = [
        (name, one)
        for name, one in found.named("AWS::Lambda::Function")
        if one["Handler"] == "reaper.handlers.upkeep.handler"
    ]

    assert callable(upkeep.handler)
    assert one["Timeout"] == 900
    assert flat(properties["ServiceToken"]) == f"${{{function}.Arn}}"
    assert ids(found.part("UpkeepFunction"), "AWS::IAM::Policy") <= depends(found, name)


def test_nothing_fills_again_what_has_been_emptied_and_the_missed_run_is_watched_once_the_deployment_counts():
    found = stack(**GOES)
    name, properties = custom(found)
    later = ids(found, "AWS::Events::Rule")
    [alarm] = [name for name, one in found.named("AWS::CloudWatch::Alarm") if one["MetricName"] == "Sweeps"]
    sums = {one["MetricName"]: one for one in found.all("AWS::CloudWatch::Alarm")}["Sweeps"]

    assert len(later) == 3
    assert all(name in depends(found, one) for one in (*later, alarm))
    assert int(properties["Window"]) == sums["Period"] * sums["EvaluationPeriods"]


def test_a_first_deployment_that_is_rolled_back_leaves_nothing_and_later_what_is_kept_stays():
    kept = [one for one in stack(**KEPT).everything() if one.get("DeletionPolicy", "Delete") != "Delete"]

    assert {one["Type"] for one in kept} == {
        "AWS::DynamoDB::GlobalTable",
        "AWS::S3::Bucket",
        "AWS::AppConfig::HostedConfigurationVersion",
    }
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in kept} == {("RetainExceptOnCreate", "Retain")}


@pytest.mark.parametrize("kind", ["AWS::AppConfig::ConfigurationProfile", "AWS::AppConfig::Environment"])
def test_what_was_read_a_minute_ago_can_be_deleted(kind):
    assert {one["DeletionProtectionCheck"] for one in stack(**KEPT).all(kind)} == {"BYPASS"}


def test_it_may_touch_no_more_than_that():
    found = stack(**KEPT).part("UpkeepFunction")
    [counting] = [one for one in found.role_statements() if "cloudwatch:PutMetricData" in as_list(one["Action"])]

    assert found.granted() == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "appconfig:ListHostedConfigurationVersions",
        "appconfig:DeleteHostedConfigurationVersion",
        "cloudwatch:PutMetricData",
        "cloudwatch:GetMetricStatistics",
    }
    assert counting["Condition"] == {"StringEquals": {"cloudwatch:namespace": "SessionReaper"}}
