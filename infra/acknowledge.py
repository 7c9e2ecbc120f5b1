"""The one way a finding of cdk-nag is set aside: on the construct it is about, with the reason beside it."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept cdk-nag's ``rule`` (``AwsSolutions-SQS3``, or ``...-IAM5[Resource::*]``) on ``construct`` for ``reason``."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
