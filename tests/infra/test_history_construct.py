"""What the bucket of recordings means, read off the template that CloudFormation gets."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

import tempfile
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from cdk_nag import AwsSolutionsChecks

from infra.history import KEYS, History
from reaper.history.keys import key_of, report_key_of
from tests.support.stacks import Resources, flat


def synthesised(*, encrypted: bool = False, nag: bool = False, grant: str = "grant_write", **settings) -> Resources:
    app = cdk.App(outdir=tempfile.mkdtemp(prefix="cdk.out-"), analytics_reporting=False)
    stack = cdk.Stack(app, "Test")
    key = kms.Key(stack, "Key", enable_key_rotation=True) if encrypted else None
    history = History(stack, "History", key=key, **settings)
    getattr(history, grant)(iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))
    if nag:
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return Resources(app.synth().stacks[0].template)


@pytest.fixture(scope="module")
def plain() -> Resources:
    return synthesised()


@pytest.fixture(scope="module")
def with_key() -> Resources:
    return synthesised(encrypted=True)


def bucket(found: Resources) -> dict:
    return found.only("AWS::S3::Bucket")


def test_nobody_can_make_it_public(plain):
    assert bucket(plain)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket(plain)["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_it_refuses_plain_http_and_old_tls(plain):
    denied = [
        one["Condition"]
        for one in plain.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and one["Principal"] == {"AWS": "*"} and one["Action"] == "s3:*"
    ]

    assert denied == [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}]


def test_it_is_encrypted_by_s3_or_with_the_key_it_is_given(plain, with_key):
    [by_s3] = bucket(plain)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [by_key] = bucket(with_key)["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert by_s3["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert by_key["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert flat(by_key["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]).startswith("${Key")
    assert by_key["BucketKeyEnabled"] is True


def rule_of(found: Resources, prefix: str | None = None) -> dict[str, Any]:
    [rule] = [one for one in bucket(found)["LifecycleConfiguration"]["Rules"] if one.get("Prefix") == prefix]
    return rule


def test_what_is_laid_by_lives_for_a_day_and_its_writer_can_read_nothing_else(plain):
    found = synthesised(grant="grant_lay_by")
    [name] = [name for name, _ in found.named("AWS::S3::Bucket")]

    assert rule_of(plain, "unfinished/")["ExpirationInDays"] == 1
    assert found.granted() == {"s3:PutObject", "s3:GetObject"}
    assert found.resources_of("s3:GetObject") == {f"${{{name}.Arn}}/unfinished/*"}
    assert found.resources_of("s3:PutObject") == {f"${{{name}.Arn}}/unfinished/*"}


def test_recordings_get_cheaper_after_a_month_and_expire_after_400_days(plain):
    rule = rule_of(plain)

    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 400
    assert rule["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "VersioningConfiguration" not in bucket(plain)


@pytest.mark.parametrize(("days", "moves"), [(14, False), (30, False), (31, True)])
def test_recordings_that_expire_within_a_month_stay_where_they_are(days, moves):
    rule = rule_of(synthesised(days=days))

    assert rule["ExpirationInDays"] == days
    assert ("Transitions" in rule) is moves


def test_it_stays_when_the_stack_goes_unless_that_is_not_wanted(plain):
    def fate(found: Resources) -> set[str]:
        return {one["DeletionPolicy"] for one in found.everything() if one["Type"] == "AWS::S3::Bucket"}

    assert fate(plain) == {"RetainExceptOnCreate"}
    assert fate(synthesised(retain=False)) == {"Delete"}


def test_the_writer_can_put_recordings_and_nothing_else(plain):
    [name] = [name for name, _ in plain.named("AWS::S3::Bucket")]

    assert plain.granted() == {"s3:PutObject"}
    assert plain.resources_of("s3:PutObject") == {f"${{{name}.Arn}}/facts/v1/*", f"${{{name}.Arn}}/reports/v1/*"}


def test_with_a_key_the_writer_can_make_data_keys_of_it_too(with_key):
    assert with_key.granted() == {"s3:PutObject", "kms:GenerateDataKey"}
    assert all(resource.startswith("${Key") for resource in with_key.resources_of("kms:GenerateDataKey"))


def test_the_writer_may_write_the_keys_that_are_written():
    written = (key_of("run-1", 1_800_000_000.0), report_key_of("run-1", 1_800_000_000.0))

    assert [key.startswith(allowed.removesuffix("*")) for key, allowed in zip(written, KEYS, strict=True)] == [True] * 2


def test_who_makes_pages_may_list_and_read_reports_and_write_pages_and_nothing_else():
    found = synthesised(grant="grant_make_pages")
    [name] = [name for name, _ in found.named("AWS::S3::Bucket")]
    [listing] = [one for one in found.role_statements() if one["Action"] == "s3:ListBucket"]

    assert found.granted() == {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    assert flat(listing["Resource"]) == f"${{{name}.Arn}}"
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "reports/*"}}
    assert found.resources_of("s3:GetObject") == {f"${{{name}.Arn}}/reports/*", f"${{{name}.Arn}}/pages/*"}
    assert found.resources_of("s3:PutObject") == {f"${{{name}.Arn}}/pages/*"}


def test_who_shows_pages_may_read_them_and_nothing_else():
    found = synthesised(grant="grant_read_pages")
    [name] = [name for name, _ in found.named("AWS::S3::Bucket")]

    assert found.granted() == {"s3:GetObject"}
    assert found.resources_of("s3:GetObject") == {f"${{{name}.Arn}}/pages/*"}


@pytest.mark.parametrize("grant", ["grant_write", "grant_lay_by", "grant_make_pages", "grant_read_pages"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_nag_finds_nothing_that_is_not_acknowledged(encrypted, grant):
    synthesised(nag=True, encrypted=encrypted, grant=grant)
