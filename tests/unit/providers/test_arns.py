"""What sessions are called outside of this program."""

from __future__ import annotations

import botocore.session
import pytest

from reaper.catalog.services import specs
from reaper.core.session import SessionRef
from reaper.providers.arns import arn_of, partition_of

FRAME = (
    ("farm", "farm-1"),
    ("fleet", "fleet-2"),
    ("worker", "worker-3"),
    ("queue", "queue-4"),
    ("job", "job-5"),
)
NAMED = [
    (
        SessionRef("glue", "123456789012", "eu-central-1", (), "nightly"),
        "arn:aws:glue:eu-central-1:123456789012:session/nightly",
    ),
    (
        SessionRef("athena", "123456789012", "cn-north-1", (("workgroup", "science"),), "8f1c"),
        "arn:aws-cn:athena:cn-north-1:123456789012:workgroup/science/session/8f1c",
    ),
    (
        SessionRef("deadline", "123456789012", "us-west-2", FRAME, "session-9"),
        "arn:aws:deadline:us-west-2:123456789012:farm/farm-1/queue/queue-4/job/job-5",
    ),
    (
        SessionRef("emr-serverless-spark", "1234567890123456", "cn-hangzhou", (("workspace", "w-1"),), "sc-2"),
        "acs:emr-serverless-spark:cn-hangzhou:1234567890123456:workspace/w-1/sessioncluster/sc-2",
    ),
]


@pytest.mark.parametrize(("ref", "arn"), NAMED)
def test_every_service_names_its_sessions(ref, arn):
    assert arn_of(ref) == arn


def test_no_service_is_without_a_name_for_its_sessions():
    assert {ref.service for ref, _ in NAMED} == set(specs())


def test_a_partition_that_is_known_better_wins():
    ref = SessionRef("glue", "123456789012", "eu-central-1", (), "nightly")

    assert arn_of(ref, "aws-eusc") == "arn:aws-eusc:glue:eu-central-1:123456789012:session/nightly"


@pytest.mark.parametrize(
    "ref",
    [
        SessionRef("sagemaker", "123456789012", "eu-central-1", (), "s"),
        SessionRef("emr-serverless-spark", "unknown", "cn-hangzhou", (("workspace", "w-1"),), "sc-2"),
        SessionRef("athena", "123456789012", "eu-central-1", (), "8f1c"),
        SessionRef("deadline", "123456789012", "us-west-2", FRAME[:3], "session-9"),
    ],
    ids=["unknown service", "unknown account", "no workgroup", "no job"],
)
def test_what_cannot_be_named_for_sure_has_no_name(ref):
    assert arn_of(ref) is None


def test_a_name_that_looks_like_a_template_stays_what_it_is():
    ref = SessionRef("glue", "123456789012", "eu-central-1", (("region", "elsewhere"),), "{account} {0} {nobody}")

    assert arn_of(ref) == "arn:aws:glue:eu-central-1:123456789012:session/{account} {0} {nobody}"


def test_the_partitions_are_those_of_the_sdk():
    sdk = botocore.session.Session()
    regions = {
        region: partition
        for partition in sdk.get_available_partitions()
        for region in sdk.get_available_regions("sts", partition)
        if region != "aws-global"
    }

    assert len(regions) > 40
    assert {region: partition_of(region) for region in regions} == regions
    assert partition_of("us-gov-west-1") == "aws-us-gov"
    assert partition_of("") == partition_of("moon-1") == "aws"
