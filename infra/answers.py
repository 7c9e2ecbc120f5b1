"""What a link in a message leads to: one function behind a public HTTP API, and the secret that its links are signed with."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.function import Function
from infra.permissions import secret_statements
from infra.settings import Settings
from reaper.settings import AnswersSettings

HANDLER: Final = "reaper.handlers.answers.handler"
ROTATION_HANDLER: Final = "reaper.handlers.rotate.handler"
_BURST: Final = 2
"""How many seconds' worth of requests may come at once."""

_KEY_LENGTH: Final = 64
_ROTATED: Final = Duration.days(30)


class LinkSecret(Construct):
    """The key of links, made by Secrets Manager, known to nobody, and replaced every thirty days.

    A key stays good for another thirty days as ``previous``: no link lives longer.
    """

    def __init__(self, scope: Construct, construct_id: str, *, code: lambda_.Code, deployment: Settings) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Signs the links in messages of Session Reaper",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - Secrets Manager adds the key
                generate_string_key="current",
                password_length=_KEY_LENGTH,
                exclude_punctuation=True,
            ),
        )
        self.rotation = Function(
            self,
            "Rotation",
            code=code,
            deployment=deployment,
            handler=ROTATION_HANDLER,
            description="Session Reaper, replaces the key of links",
            environment={},
            timeout=Duration.minutes(1),
        )
        # Not ``Secret.add_rotation_schedule``, which would grant ``secretsmanager:GetRandomPassword`` on everything.
        grant = iam.Grant.add_to_principal(
            grantee=self.rotation.role,
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resource_arns=[self.secret.secret_arn],
        )
        self.rotation.function.add_permission(
            "Rotate",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_arn=self.secret.secret_arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=self.rotation.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=int(_ROTATED.to_days())
            ),
        )
        # Secrets Manager rotates as soon as it is told to, and has to be let.
        schedule.node.add_dependency(self.rotation.function)
        grant.apply_before(schedule)

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read the key."""
        # Not ``Secret.grant_read``, which would grant ``secretsmanager:DescribeSecret`` with it.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self.secret.secret_arn]
        )


class Answers(Construct):
    """A function behind a public HTTP API. What a request may do is for its signature to say: the link's, or Slack's.

    The API lets through ``answers_per_second`` requests, so that a flood of them cannot take the account's concurrency.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        settings: AnswersSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        made = Function(
            self,
            "Function",
            code=code,
            deployment=deployment,
            handler=HANDLER,
            description="Session Reaper, answers to its messages",
            environment=settings.to_env(),
            timeout=Duration.seconds(10),
            memory_mb=512,
        )
        self.function, self.role, self.log = made.function, made.role, made.log
        if settings.slack_signing_secret:
            for statement in secret_statements(settings.slack_signing_secret, deployment.secrets_key):
                self.role.add_to_policy(statement)
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=deployment.stack_name,
            description="Answers to the messages of Session Reaper",
            create_default_stage=False,
            default_integration=integrations.HttpLambdaIntegration("Integration", self.function),
        )
        rate = deployment.answers_per_second
        self._stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=rate, burst_limit=rate * _BURST),
        )
        for resource in api.node.find_all():
            if isinstance(resource, apigateway.HttpRoute):
                acknowledge(
                    resource,
                    "AwsSolutions-APIG4",
                    "People come here from their mail and have no identity in AWS: the signed link lets them in, or Slack's "
                    "signature.",
                )
        acknowledge(
            self._stage,
            "AwsSolutions-APIG1",
            "The function logs what it answered. An access log would hold the paths, and these hold what lets somebody in.",
        )

    @property
    def url(self) -> str:
        """Where links lead; ends with a slash."""
        return self._stage.url
