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


class EncryptedTopic(Construct):
    """A topic encrypted with ``key``, refusing plain HTTP.

    ``alarms``: CloudWatch may publish to it too; the policy of the key has to let it (:func:`messages_key`).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, display_name: str, alarms: bool = False
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        self.topic = sns.Topic(self, "Topic", display_name=display_name, master_key=key, enforce_ssl=True)
        if alarms:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="AlarmsPublish",
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            )

    def grant_look(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` see how many subscriptions have been confirmed."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["sns:GetTopicAttributes"], resource_arns=[self.topic.topic_arn]
        )

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` publish, and use the key as far as that takes."""
        # Not ``Topic.grant_publish``, which would grant ``kms:GenerateDataKey*`` with it.
        iam.Grant.add_to_principal(grantee=grantee, actions=["sns:Publish"], resource_arns=[self.topic.topic_arn])
        self.key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")


class Reports(EncryptedTopic):
    """The topic of whole reports and of alarms, with ``emails`` subscribed (each has to confirm)."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, emails: Sequence[str]) -> None:
        super().__init__(scope, construct_id, key=key, display_name="Session Reaper", alarms=True)
        for email in emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))


def messages_key(scope: Construct, construct_id: str) -> kms.Key:
    """The key that all messages are encrypted with; CloudWatch may use it, so that alarms can be published.

    A service publishes only where the topic's and the key's own policies both name it (SNS user guide).
    """
    key = kms.Key(
        scope,
        construct_id,
        description="Encrypts the messages of Session Reaper",
        enable_key_rotation=True,
        # It protects messages on their way only: nothing is left to decrypt once the topics are gone.
        removal_policy=RemovalPolicy.DESTROY,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsEncrypt",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
    return key
