"""Where sweeps remember: one table, kept when the stack goes."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

ACTIONS: Final = ("dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem")
"""All that the ledger calls. A TransactWriteItems of puts is authorised as PutItem (DynamoDB developer guide, "IAM with
transactions"); nothing is updated in place, deleted or scanned."""


SESSIONS: Final = "session/"
DELIVERED: Final = "delivered/"
"""What the partition keys of sessions begin with, and those of messages that have left."""


class Ledger(Construct):
    """A table paid by request, with point-in-time recovery, whose items expire by themselves.

    ``removal_policy`` is what becomes of it with the stack: by default it stays, since what it remembers (snoozes,
    warnings, stops to confirm) cannot be found out again. A first deployment that is rolled back leaves nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # The account's own key for DynamoDB: its every use is in CloudTrail, as that of the key AWS owns is not. A key
            # of the stack's own would be one more thing to lose the ledger by, and without a ledger nothing is stopped.
            encryption=dynamodb.TableEncryptionV2.aws_managed_key(),
            removal_policy=removal_policy,
        )

    def grant_answer(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read and write what is remembered of sessions, and nothing else that is kept here."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:BatchGetItem", "dynamodb:PutItem"],
            resource_arns=[self.table.table_arn],
            conditions=_only(f"{SESSIONS}*"),
        )

    def grant_remember_delivered(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read and put what was delivered already, and nothing else that is kept here."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:GetItem", "dynamodb:PutItem"],
            resource_arns=[self.table.table_arn],
            conditions=_only(f"{DELIVERED}*"),
        )

    def grant_use(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read and write the ledger, and neither scan it nor delete from it."""
        iam.Grant.add_to_principal(grantee=grantee, actions=list(ACTIONS), resource_arns=[self.table.table_arn])


def _only(keys: str) -> dict[str, dict[str, list[str]]]:
    """The condition that a request names items with these partition keys alone (DynamoDB developer guide)."""
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}}
