"""Which permissions the sweep's role holds, from what each service's provider declares it calls."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aws_cdk import Aws, Token
from aws_cdk import aws_iam as iam

from reaper.catalog.spec import Grant, ServiceSpec
from reaper.settings import Mode


def service_statements(
    specs: Sequence[ServiceSpec], *, mode: Mode, regions: Sequence[str]
) -> Iterator[iam.PolicyStatement]:
    """One statement for each grant of ``specs``: those to read, and in enforce mode those to stop.

    ARNs are filled in with the stack's own partition and account, once for each of ``regions``.
    """
    for grant in _grants(specs, mode):
        resources = [_filled(resource, region) for region in regions for resource in grant.resources]
        yield iam.PolicyStatement(actions=list(grant.actions), resources=list(dict.fromkeys(resources)))


def wildcards(specs: Sequence[ServiceSpec], *, mode: Mode, regions: Sequence[str]) -> Iterator[str]:
    """The resources of :func:`service_statements` that hold a ``*``, as cdk-nag writes them."""
    shown = ["<AWS::Region>" if Token.is_unresolved(region) else region for region in regions]
    resources = (
        resource.format(partition="<AWS::Partition>", account="<AWS::AccountId>", region=region)
        for grant in _grants(specs, mode)
        for resource in grant.resources
        for region in shown
        if "*" in resource
    )
    yield from dict.fromkeys(resources)


def _grants(specs: Sequence[ServiceSpec], mode: Mode) -> Iterator[Grant]:
    for spec in specs:
        yield from spec.read
        if mode is Mode.ENFORCE:
            yield from spec.stop


def _filled(resource: str, region: str) -> str:
    return resource.format(partition=Aws.PARTITION, account=Aws.ACCOUNT_ID, region=region)


def secret_statements(secret: str, key: str) -> Iterator[iam.PolicyStatement]:
    """Reading ``secret``, given by its name or its whole ARN.

    ``key`` is the ARN of the customer-managed key that it is encrypted with, if any: Secrets Manager uses it in the reader's
    name, and for this secret alone.
    """
    arns = _secret_arns(secret)
    yield iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=arns)
    if key:
        yield iam.PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[key],
            conditions={
                "StringEquals": {"kms:ViaService": f"secretsmanager.{Aws.REGION}.{Aws.URL_SUFFIX}"},
                "StringLike": {"kms:EncryptionContext:SecretARN": arns},
            },
        )


def _secret_arns(secret: str) -> list[str]:
    """Secrets Manager ends each ARN with a hyphen and six characters of its own, which a name does not tell."""
    if not secret.startswith("arn:"):
        return [f"arn:{Aws.PARTITION}:secretsmanager:{Aws.REGION}:{Aws.ACCOUNT_ID}:secret:{secret}-??????"]
    # A name may end in a word of six letters: then the ARN may well be one without those characters.
    return [secret, f"{secret}-??????"] if re.search(r"-[a-z]{6}$", secret) else [secret]
