"""Where reports and alarms go: one encrypted topic."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Reports(Construct):
    """A topic encrypted with a key of its own, refusing plain HTTP, with ``emails`` subscribed (each has to confirm).

    CloudWatch may publish to it too, so that an alarm reaches the people who get the reports.
    """

    def __init__(self, scope: Construct, construct_id: str, *, emails: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        self._key = kms.Key(
            self,
            "Key",
            description="Encrypts the reports of Session Reaper",
            enable_key_rotation=True,
            # It protects messages on their way only: nothing is left to decrypt once the topic is gone.
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(self, "Topic", display_name="Session Reaper", master_key=self._key, enforce_ssl=True)
        for email in emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self._let_alarms_publish()

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` publish, and use the key as far as that takes."""
        # Not ``Topic.grant_publish``, which would grant ``kms:GenerateDataKey*`` with it.
        iam.Grant.add_to_principal(grantee=grantee, actions=["sns:Publish"], resource_arns=[self.topic.topic_arn])
        self._key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")

    def _let_alarms_publish(self) -> None:
        """A service publishes only where the topic's and the key's own policies both name it (SNS user guide)."""
        cloudwatch = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        own_account = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[cloudwatch],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=own_account,
            )
        )
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsEncrypt",
                principals=[cloudwatch],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions=own_account,
            )
        )
