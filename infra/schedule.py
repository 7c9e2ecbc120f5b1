"""What starts a function: one EventBridge rule."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cadence import Cadence


class Schedule(Construct):
    """Invokes ``target`` at ``cadence``; an event that could not be handed over goes to ``failures``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cadence: Cadence,
        target: lambda_.IFunction,
        failures: sqs.IQueue,
        description: str = "Starts a sweep of Session Reaper",
    ) -> None:
        super().__init__(scope, construct_id)
        self.rule = events.Rule(
            self,
            "Rule",
            description=description,
            schedule=events.Schedule.expression(cadence.expression),
        )
        self.rule.add_target(
            targets.LambdaFunction(
                target, dead_letter_queue=failures, retry_attempts=3, max_event_age=Duration.minutes(15)
            )
        )
