"""What a link in a message leads to: one public function, and the secret that its links are signed with."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.function import Function
from infra.permissions import secret_statement
from infra.settings import Settings
from reaper.settings import AnswersSettings

HANDLER: Final = "reaper.handlers.answers.handler"
ROTATION_HANDLER: Final = "reaper.handlers.rotate.handler"
AT_ONCE: Final = 5
"""A flood of requests takes no more of the account's concurrency than this; people answer one at a time."""

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
    """A function with a public URL. What a request may do is for its signature to say: the link's, or Slack's."""

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
            concurrency=AT_ONCE,
        )
        self.function, self.role, self.log = made.function, made.role, made.log
        if settings.slack_secret:
            self.role.add_to_policy(secret_statement(settings.slack_secret))
        self._url = self.function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)

    @property
    def url(self) -> str:
        """Where links lead; ends with a slash."""
        return self._url.url
