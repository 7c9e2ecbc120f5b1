"""Slack, posted to by a function of ours that is subscribed to the topics."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.function import Function, failures_queue
from infra.permissions import secret_statements
from infra.settings import Settings
from reaper.settings import SlackSettings

HANDLER: Final = "reaper.handlers.slack.handler"


class Slack(Construct):
    """Posts whole ``reports`` and alarms to one channel, and the digests of ``owners`` where each belongs.

    Of the digests it takes those for Slack alone. What it could not post after two more attempts is kept in ``failures``,
    as is what SNS could not hand over.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        settings: SlackSettings,
        reports: sns.ITopic,
        owners: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.failures = failures_queue(self)
        made = Function(
            self,
            "Function",
            code=code,
            deployment=deployment,
            handler=HANDLER,
            description="Session Reaper, posts to Slack",
            environment=settings.to_env(),
            timeout=Duration.seconds(60),
            retries=2,
            failures=self.failures,
        )
        self.function, self.role, self.log = made.function, made.role, made.log
        for statement in secret_statements(settings.slack_secret, deployment.secrets_key):
            self.role.add_to_policy(statement)
        for_slack = {"medium": sns.SubscriptionFilter.string_filter(allowlist=["slack"])}
        for name, topic, wanted in (("Reports", reports, None), ("Owners", owners, for_slack)):
            sns.Subscription(
                self,
                name,
                topic=topic,
                protocol=sns.SubscriptionProtocol.LAMBDA,
                endpoint=self.function.function_arn,
                filter_policy=wanted,
                dead_letter_queue=self.failures,
            )
            self.function.add_permission(
                f"PostOf{name}", principal=iam.ServicePrincipal("sns.amazonaws.com"), source_arn=topic.topic_arn
            )
