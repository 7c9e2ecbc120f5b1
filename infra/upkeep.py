"""What the stack does for itself when it is made, changed and deleted: a custom resource of CloudFormation."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IConstruct

from infra.acknowledge import acknowledge
from infra.function import Function
from infra.history import History
from infra.policy_delivery import PolicyDelivery
from infra.settings import Settings
from reaper.settings import METRICS_NAMESPACE

HANDLER: Final = "reaper.handlers.upkeep.handler"


class Upkeep(Construct):
    """Empties the profiles of ``delivery``, and the bucket of ``history`` unless data is kept, right before they are deleted.

    It also has a new deployment, or one with another ``window`` of seconds for a sweep to be missed in, count as a sweep.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        delivery: PolicyDelivery,
        history: History | None,
        window: int,
    ) -> None:
        super().__init__(scope, construct_id)
        made = Function(
            self,
            "Function",
            code=code,
            deployment=deployment,
            handler=HANDLER,
            description="Session Reaper, looks after its own stack",
            environment={},
            timeout=Duration.minutes(15),
        )
        profiles = delivery.profiles()
        empties = history is not None and not deployment.keep_data
        grants = [delivery.grant_empty(made.role), self._grant_count(made.role)]
        if history is not None and empties:
            grants.append(history.grant_empty(made.role))
        self.resource = CustomResource(
            self,
            "Resource",
            service_token=made.function.function_arn,
            resource_type="Custom::SessionReaperUpkeep",
            properties={
                "Profiles": [f"{one.application.application_id}/{one.configuration_profile_id}" for one in profiles],
                "Bucket": history.bucket.bucket_name if history else "",
                "EmptyBucket": "true" if empties else "false",
                "Window": str(window),
            },
        )
        for grant in grants:
            grant.apply_before(self.resource)

    def before(self, *later: IConstruct) -> None:
        """Make this first and delete it last but for what it empties: nothing of ``later`` is there to fill that again."""
        for one in later:
            one.node.add_dependency(self.resource)

    def _grant_count(self, grantee: iam.IRole) -> iam.Grant:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["cloudwatch:PutMetricData"],
            resource_arns=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}},
        )
        acknowledge(
            grantee,
            "AwsSolutions-IAM5[Resource::*]",
            "CloudWatch knows no resource for metrics: writing is bound to our own namespace, and reading shows numbers alone.",
        )
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["cloudwatch:GetMetricStatistics"], resource_arns=["*"]
        )
