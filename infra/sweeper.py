"""The function that sweeps, with its role, its log and the queue for sweeps that failed."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.function import ARCHITECTURE, RETENTION, RUNTIME, failures_queue
from infra.permissions import secret_statements, service_statements, wildcards
from infra.settings import Settings
from reaper.catalog.spec import ServiceSpec
from reaper.settings import METRICS_NAMESPACE, SweepSettings

HANDLER: Final = "reaper.handlers.sweep.handler"
LONGEST_WAIT: Final = Duration.minutes(15)
"""How long a sweep waits for the one before it to end; the longest a function can run."""


class Sweeper(Construct):
    """One function; its role may do what its providers declare for its mode, and no more.

    Two sweeps may meet, unless concurrency is reserved: conditional writes to the ledger decide which of them stops a session.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        sweep: SweepSettings,
        specs: Sequence[ServiceSpec],
    ) -> None:
        super().__init__(scope, construct_id)
        self.failures = failures_queue(self)
        self.log = logs.LogGroup(
            self, "Log", retention=RETENTION[deployment.log_retention_days], removal_policy=RemovalPolicy.DESTROY
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log.grant_write(self.role)
        for statement in service_statements(specs, mode=sweep.mode, regions=sweep.regions):
            self.role.add_to_policy(statement)
        for target in sweep.elsewhere:
            for statement in secret_statements(target.secret, deployment.secrets_key):
                self.role.add_to_policy(statement)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Session Reaper, {sweep.mode} mode",
            code=code,
            handler=HANDLER,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            role=self.role,
            log_group=self.log,
            memory_size=deployment.memory_mb,
            timeout=Duration.minutes(deployment.timeout_minutes),
            environment={
                **sweep.to_env(),
                "POWERTOOLS_SERVICE_NAME": deployment.stack_name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            reserved_concurrent_executions=1 if deployment.reserve_concurrency else None,
            # A sweep that ran out of time carries on by invoking itself, at most as many times as the handler allows. Lambda
            # would take that for a loop and stop it after 16 (its developer guide, "recursive loop detection").
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            # The next scheduled sweep is the retry: it starts from what is true then.
            retry_attempts=0,
            max_event_age=LONGEST_WAIT,
            on_failure=destinations.SqsDestination(self.failures),
        )
        # A policy of its own: the role's would have to wait for the function, which waits for the role.
        iam.Policy(
            self,
            "CarryOn",
            roles=[self.role],
            statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.function.function_arn])],
        )
        for resource in wildcards(specs, mode=sweep.mode, regions=sweep.regions):
            acknowledge(
                self.role,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                "A sweep looks at sessions it does not know beforehand; the provider's spec names the narrowest ARN "
                "that the service's actions accept.",
            )
