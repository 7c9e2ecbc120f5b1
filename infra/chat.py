"""Slack through Amazon Q Developer in chat applications, which renders notifications of one schema and needs no secret."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.reports import EncryptedTopic
from infra.settings import ChatTarget


class Chat(EncryptedTopic):
    """A topic whose notifications, and alarms, appear in the Slack channel ``target``.

    From the channel nobody may do anything here: the role that commands would use has no permission, and the guardrail
    denies what somebody might give it later. A person has to authorise the workspace once, in the service's console.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, target: ChatTarget, deployment: str
    ) -> None:
        super().__init__(scope, construct_id, key=key, display_name="Session Reaper, chat", alarms=True)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "chatbot.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            description="What may be done from Slack: nothing",
        )
        nothing = iam.ManagedPolicy(
            self,
            "Guardrail",
            description="Nothing may be done from Slack",
            document=iam.PolicyDocument(
                statements=[iam.PolicyStatement(effect=iam.Effect.DENY, actions=["*"], resources=["*"])]
            ),
        )
        self.channel = chatbot.SlackChannelConfiguration(
            self,
            "Channel",
            slack_channel_configuration_name=deployment,
            slack_workspace_id=target.workspace,
            slack_channel_id=target.channel,
            notification_topics=[self.topic],
            role=role,
            guardrail_policies=[nothing],
            user_role_required=True,
        )
