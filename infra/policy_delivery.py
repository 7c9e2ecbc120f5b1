"""How the policies reach the sweep: through AppConfig, so that they change without a deployment."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

import json
from typing import Final

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.owners import OwnersFile
from reaper.settings import DeliverySettings

SWITCH_SCHEMA: Final = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "properties": {"report_only": {"type": "boolean"}},
    "required": ["report_only"],
    "additionalProperties": False,
}
INITIAL_SWITCH: Final = {"report_only": False}
"""Constant on purpose: a deployment that does not change it leaves alone what an operator switched meanwhile."""


class PolicyDelivery(Construct):
    """An AppConfig application with its profiles, delivered at once when they change.

    ``policies`` holds the policy file as JSON; AppConfig refuses a version that its JSON Schema refuses. ``switch``
    holds ``{"report_only": true|false}``: true forces report mode at the next sweep, whatever the stack's mode is. ``owners``,
    where there are any, holds whom sessions belong to.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, policies: str, schema: str, owners: OwnersFile | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = appconfig.Application(self, "Application", description="Policies of Session Reaper")
        self.environment = appconfig.Environment(
            self,
            "Environment",
            application=self.application,
            deletion_protection_check=appconfig.DeletionProtectionCheck.BYPASS,
        )
        self.strategy = appconfig.DeploymentStrategy(
            self,
            "AtOnce",
            description="To everyone at once: there is one reader",
            rollout_strategy=appconfig.RolloutStrategy.linear(
                growth_factor=100, deployment_duration=Duration.minutes(0), final_bake_time=Duration.minutes(0)
            ),
        )
        self.policies = self._profile("Policies", policies, schema, "The policy file, as JSON")
        self.switch = self._profile(
            "Switch", json.dumps(INITIAL_SWITCH), json.dumps(SWITCH_SCHEMA), "Forces report mode at once"
        )
        self.owners = (
            self._profile("Owners", owners.content, owners.schema, "Whom sessions belong to, as JSON")
            if owners
            else None
        )

    @property
    def settings(self) -> DeliverySettings:
        """The ids under which the sweep reads the profiles."""
        return DeliverySettings(
            application=self.application.application_id,
            environment=self.environment.environment_id,
            policies=self.policies.configuration_profile_id,
            switch=self.switch.configuration_profile_id,
            owners=self.owners.configuration_profile_id if self.owners else "",
        )

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read these profiles, and no other configuration of the account."""
        where = (
            f"arn:{Aws.PARTITION}:appconfig:{Aws.REGION}:{Aws.ACCOUNT_ID}:application/{self.application.application_id}"
            f"/environment/{self.environment.environment_id}/configuration"
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
            resource_arns=[f"{where}/{profile.configuration_profile_id}" for profile in self.profiles()],
        )

    def profiles(self) -> list[appconfig.HostedConfiguration]:
        """Every profile there is."""
        return [one for one in (self.policies, self.switch, self.owners) if one is not None]

    def grant_empty(self, grantee: iam.IRole) -> iam.Grant:
        """Let ``grantee`` list and delete the versions of these profiles, which keep AppConfig from deleting them."""
        where = f"arn:{Aws.PARTITION}:appconfig:{Aws.REGION}:{Aws.ACCOUNT_ID}:application/"
        named: list[str] = []
        for one in self.profiles():
            ids = (self.application.application_id, one.configuration_profile_id)
            named.append(f"{where}{ids[0]}/configurationprofile/{ids[1]}")
            shown = [f"<{Stack.of(self).resolve(id_)['Ref']}>" for id_ in ids]
            acknowledge(
                grantee,
                "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:appconfig:<AWS::Region>:<AWS::AccountId>:application/"
                f"{shown[0]}/configurationprofile/{shown[1]}/hostedconfigurationversion/*]",
                "People make versions by delivering policies; all of them go with the profile.",
            )
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["appconfig:ListHostedConfigurationVersions", "appconfig:DeleteHostedConfigurationVersion"],
            resource_arns=[*named, *(f"{one}/hostedconfigurationversion/*" for one in named)],
        )

    def _profile(self, name: str, content: str, schema: str, description: str) -> appconfig.HostedConfiguration:
        profile = appconfig.HostedConfiguration(
            self,
            name,
            application=self.application,
            description=description,
            content=appconfig.ConfigurationContent.from_inline_json(content),
            validators=[appconfig.JsonSchemaValidator.from_inline(schema)],
            deploy_to=[self.environment],
            deployment_strategy=self.strategy,
            # What protects profiles that were read within the hour would keep a stack from being deleted while it sweeps.
            deletion_protection_check=appconfig.DeletionProtectionCheck.BYPASS,
        )
        for part in profile.node.find_all():
            if isinstance(part, appconfig.CfnHostedConfigurationVersion):
                # The versions of other deployments stay as they are; those of a first one that failed go with it.
                part.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return profile
