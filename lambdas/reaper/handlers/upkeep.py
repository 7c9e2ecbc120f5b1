"""Does for the stack what CloudFormation cannot: empties what it deletes, and lets a new deployment count as a sweep.

CloudFormation invokes this as a custom resource. AppConfig deletes no profile that still has versions, and most versions
were made by people delivering policies; S3 deletes no bucket that holds anything. And a fresh stack has not swept yet, which
the alarm for a missed run would take for a sweep that is missing.

Needs ``appconfig:ListHostedConfigurationVersions`` and ``appconfig:DeleteHostedConfigurationVersion`` of the profiles,
``s3:ListBucket`` and ``s3:DeleteObject`` in a bucket that is not kept, ``cloudwatch:PutMetricData`` in the namespace of our
metrics, and ``cloudwatch:GetMetricStatistics``.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import urllib3
from aws_lambda_powertools import Logger

from reaper.providers.aws.clients import AwsClients
from reaper.settings import METRICS_NAMESPACE, Metric

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

PHYSICAL_ID: Final = "session-reaper-upkeep"
"""The same for ever: a changed one would have CloudFormation delete what it takes for the predecessor."""
VISIBLE_WITHIN: Final = 240.0
"""Seconds that a metric may take to be seen by alarms; it takes seconds as a rule, two minutes are announced."""
_PAUSE: Final = 5.0
_LONGEST_REASON: Final = 1000
"""The answer may have 4096 bytes altogether."""

logger = Logger()


class UpkeepError(Exception):
    """Something could not be emptied. ``str(error)`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a stack keeps its things in: profiles as ``APPLICATION/PROFILE``, and the bucket to be emptied with it."""

    profiles: frozenset[str]
    bucket: str

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Kept:
        """The properties of the custom resource, all of them texts. A bucket that outlives the stack is not in them."""
        empty = properties.get("EmptyBucket") == "true"
        profiles = frozenset(str(one) for one in properties.get("Profiles") or ())
        return cls(profiles, str(properties.get("Bucket") or "") if empty else "")

    def without(self, properties: Mapping[str, Any]) -> Kept:
        """What of this is not in ``properties`` any more, whether that would be emptied or not."""
        left = frozenset(str(one) for one in properties.get("Profiles") or ())
        return Kept(self.profiles - left, "" if self.bucket == properties.get("Bucket") else self.bucket)


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Create, update or delete, and tell CloudFormation so, which waits for an hour otherwise."""
    status, reason = "SUCCESS", ""
    try:
        keep_up(event, _client)
    except Exception as error:
        logger.exception("failed")
        status, reason = "FAILED", f"{type(error).__name__}: {error} (log stream {context.log_stream_name})"
    _answer(event, status, reason[:_LONGEST_REASON])


def keep_up(
    event: Mapping[str, Any], client: Callable[[str], Any], pause: Callable[[float], None] = time.sleep
) -> None:
    """Do what ``event`` asks for.

    Raises:
        UpkeepError: an object was not deleted.
        ClientError, BotoCoreError: AWS refused, or was not reached.
    """
    now: Mapping[str, Any] = event.get("ResourceProperties") or {}
    before: Mapping[str, Any] = event.get("OldResourceProperties") or {}
    if event["RequestType"] == "Delete":
        _empty(Kept.read(now), client)
        return
    # What the template no longer has is deleted after this.
    _empty(Kept.read(before).without(now), client)
    if now.get("Window") != before.get("Window"):
        _count_as_a_sweep(client("cloudwatch"), pause)


def _empty(kept: Kept, client: Callable[[str], Any]) -> None:
    for profile in sorted(kept.profiles):
        _empty_profile(client("appconfig"), *profile.split("/"))
    if kept.bucket:
        _empty_bucket(client("s3"), kept.bucket)


def _empty_profile(appconfig: Any, application: str, profile: str) -> None:
    which = {"ApplicationId": application, "ConfigurationProfileId": profile}
    pages = appconfig.get_paginator("list_hosted_configuration_versions").paginate(**which)
    # All are listed first: deleting meanwhile would move the pages.
    for version in [item["VersionNumber"] for page in pages for item in page.get("Items", [])]:
        appconfig.delete_hosted_configuration_version(**which, VersionNumber=version)
    logger.info("emptied", extra={"profile": profile})


def _empty_bucket(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if not keys:
            continue
        refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors") or []
        if refused:
            raise UpkeepError(f"{len(refused)} objects of {bucket} were not deleted: {refused[0].get('Code')}")
    logger.info("emptied", extra={"bucket": bucket})


def _count_as_a_sweep(cloudwatch: Any, pause: Callable[[float], None]) -> None:
    """Have the alarm for a missed run count from now on. It is made once this is seen; failing that, it goes off once."""
    which = {
        "MetricName": Metric.SWEEPS.value,
        "Dimensions": [{"Name": "service", "Value": os.environ["POWERTOOLS_SERVICE_NAME"]}],
    }
    at = datetime.now(UTC)
    try:
        cloudwatch.put_metric_data(
            Namespace=METRICS_NAMESPACE, MetricData=[{**which, "Timestamp": at, "Value": 1.0, "Unit": "Count"}]
        )
        for _ in _until(VISIBLE_WITHIN, pause):
            seen = cloudwatch.get_metric_statistics(
                Namespace=METRICS_NAMESPACE,
                **which,
                StartTime=at - timedelta(minutes=2),
                EndTime=at + timedelta(minutes=2),
                Period=60,
                Statistics=["Sum"],
            )
            if seen.get("Datapoints"):
                return
        logger.warning("the deployment was counted, but that cannot be seen yet")
    except Exception:
        # An alarm that goes off once too often is no reason to fail a deployment.
        logger.exception("the deployment could not be counted as a sweep")


def _until(seconds: float, pause: Callable[[float], None]) -> Iterable[None]:
    for _ in range(int(seconds / _PAUSE)):
        yield
        pause(_PAUSE)


def _answer(event: Mapping[str, Any], status: str, reason: str) -> None:
    told = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or PHYSICAL_ID,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The URL is signed for an empty content type.
    done = urllib3.request(
        "PUT", event["ResponseURL"], body=json.dumps(told), headers={"content-type": ""}, timeout=30.0, retries=3
    )
    logger.info("answered", extra={"status": status, "http": done.status})


@cache
def _client(service: str) -> Any:
    return AwsClients().client(service, os.environ["AWS_REGION"])
