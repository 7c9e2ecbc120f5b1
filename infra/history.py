"""Where sweeps are recorded, for policies to be tried on later: one private bucket."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledge import acknowledge

DEFAULT_HISTORY_DAYS: Final = 400
"""A year, and a month to compare it with."""

KEYS: Final = ("facts/v1/*", "reports/v1/*")
"""The keys that the sweep writes under."""
REPORTS: Final = "reports/"
"""What the keys of archived reports begin with."""
UNFINISHED: Final = "unfinished/"
"""What the keys begin with of what one part of a sweep lays by for the next."""
PAGES: Final = "pages/"
"""What the keys of weekly pages begin with."""

_TO_INFREQUENT_ACCESS: Final = 30
"""The soonest that S3 moves an object there (S3 user guide, transition considerations). It leaves small ones, below
128 kB, where they are, unless told otherwise."""


class History(Construct):
    """A bucket that keeps each recording, each report and the pages made of them for ``days`` days.

    It is encrypted with ``key``, or by S3 itself where there is none, and stays when the stack goes (``retain``): what was
    recorded cannot be recorded again. Recordings are never changed, so there are no versions of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        days: int = DEFAULT_HISTORY_DAYS,
        key: kms.IKey | None = None,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED if key is None else s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=key is not None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=False,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if retain else RemovalPolicy.DESTROY,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                            transition_after=Duration.days(_TO_INFREQUENT_ACCESS),
                        )
                    ]
                    if days > _TO_INFREQUENT_ACCESS
                    else None,
                ),
                # The part that it is for comes within minutes.
                s3.LifecycleRule(prefix=UNFINISHED, expiration=Duration.days(1)),
            ],
        )
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "One function writes here, and a person reads now and then; CloudTrail's data events tell who did, where that "
            "is asked for, without a second bucket that would itself need logging.",
        )

    def grant_write(self, grantee: iam.IRole) -> None:
        """Let ``grantee`` put recordings and reports here, and neither read, list nor delete any."""
        self._grant(
            grantee, ["s3:PutObject"], KEYS, "Each sweep is recorded under keys of its own, by the time it began."
        )
        if self._key is not None:
            # A recording is put in one request, for which this is enough (S3 user guide, SSE-KMS permissions).
            self._key.grant(grantee, "kms:GenerateDataKey")

    def grant_lay_by(self, grantee: iam.IRole) -> None:
        """Let ``grantee`` put what a sweep could not finish here, and get it again."""
        self._grant(
            grantee, ["s3:GetObject", "s3:PutObject"], [f"{UNFINISHED}*"], "Each part of a sweep has a name of its own."
        )
        if self._key is not None:
            self._key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")

    def grant_make_pages(self, grantee: iam.IRole) -> None:
        """Let ``grantee`` list and read the reports, and put the pages made of them and look whether they are there."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:ListBucket"],
            resource_arns=[self.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{REPORTS}*"}},
        )
        self._grant(grantee, ["s3:GetObject"], [f"{REPORTS}*"], "A page is made of all the reports of its time.")
        self._grant(grantee, ["s3:GetObject", "s3:PutObject"], [f"{PAGES}*"], "Each page has a name of its own.")
        if self._key is not None:
            self._key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")

    def grant_read_pages(self, grantee: iam.IRole) -> None:
        """Let ``grantee`` read pages, and neither reports nor recordings."""
        self._grant(grantee, ["s3:GetObject"], [f"{PAGES}*"], "Each page has a name of its own.")
        if self._key is not None:
            self._key.grant(grantee, "kms:Decrypt")

    def grant_empty(self, grantee: iam.IRole) -> iam.Grant:
        """Let ``grantee`` delete everything that is kept here."""
        iam.Grant.add_to_principal(grantee=grantee, actions=["s3:ListBucket"], resource_arns=[self.bucket.bucket_arn])
        return self._grant(grantee, ["s3:DeleteObject"], ["*"], "Everything goes when the bucket goes.")[-1]

    def _grant(self, grantee: iam.IRole, actions: list[str], keys: Iterable[str], reason: str) -> list[iam.Grant]:
        grants: list[iam.Grant] = []
        name = Stack.of(self).get_logical_id(cast("CfnResource", self.bucket.node.default_child))
        for key in keys:
            # Not ``Bucket.grant_put``, which would grant tagging, legal holds, retention and aborting uploads with it.
            grants.append(
                iam.Grant.add_to_principal(
                    grantee=grantee, actions=actions, resource_arns=[self.bucket.arn_for_objects(key)]
                )
            )
            acknowledge(grantee, f"AwsSolutions-IAM5[Resource::<{name}.Arn>/{key}]", reason)
        return grants
