"""A small function beside the sweep: its own role, its own log, one handler of the one asset."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.settings import LOG_RETENTION_DAYS, Settings
from reaper.settings import METRICS_NAMESPACE

RUNTIME: Final = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE: Final = lambda_.Architecture.ARM_64

KEEP_FAILURES: Final = Duration.days(14)
RETENTION: Final = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))
"""CDK names the same periods in the same order, and some longer ones after them."""


class Function(Construct):
    """Runs ``handler`` with ``memory_mb`` for at most ``timeout``; its role may write its log, and what it is granted.

    ``failures`` gets the events that still failed after ``retries``; without it the function is not invoked asynchronously.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        handler: str,
        description: str,
        environment: Mapping[str, str],
        timeout: Duration,
        memory_mb: int = 256,
        retries: int | None = None,
        failures: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log = logs.LogGroup(
            self, "Log", retention=RETENTION[deployment.log_retention_days], removal_policy=RemovalPolicy.DESTROY
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            code=code,
            handler=handler,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            role=self.role,
            log_group=self.log,
            memory_size=memory_mb,
            timeout=timeout,
            environment={
                **environment,
                "POWERTOOLS_SERVICE_NAME": deployment.stack_name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            retry_attempts=retries,
            on_failure=None if failures is None else destinations.SqsDestination(failures),
        )


def failures_queue(scope: Construct, construct_id: str = "Failures") -> sqs.Queue:
    """An encrypted queue for what could not be handled, kept for two weeks."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=KEEP_FAILURES,
    )
    acknowledge(queue, "AwsSolutions-SQS3", "It is itself where what failed ends up.")
    return queue
