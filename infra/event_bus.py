"""Events: who may publish them, and the one that starts a sweep at once."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.settings import OWN_BUS

SOURCE: Final = "session-reaper"
STOP_REQUESTED: Final = "Session Stop Requested"


class Events(Construct):
    """The event bus called ``name``, of this account and region, which is not the stack's own; or a new one, for ``own``."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(scope, construct_id)
        self._own = events.EventBus(self, "OwnBus") if name == OWN_BUS else None
        self._bus = self._own or events.EventBus.from_event_bus_name(self, "Bus", name)
        self.name = self._own.event_bus_name if self._own else name

    def refuse_all_but(self, roles: Sequence[iam.IRole]) -> None:
        """Let nobody but ``roles`` publish on a bus of our own, whatever other principals of the account are allowed."""
        if self._own is None:
            return
        statement = iam.PolicyStatement(
            sid="NobodyElsePublishes",
            effect=iam.Effect.DENY,
            principals=[iam.StarPrincipal()],
            actions=["events:PutEvents"],
            resources=[self._own.event_bus_arn],
            conditions={"ArnNotEquals": {"aws:PrincipalArn": [role.role_arn for role in roles]}},
        )
        events.CfnEventBusPolicy(
            self,
            "Policy",
            event_bus_name=self._own.event_bus_name,
            statement_id="NobodyElsePublishes",
            statement=statement.to_statement_json(),
        )

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` publish events of Session Reaper's own source, and of no other."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["events:PutEvents"],
            resource_arns=[self._bus.event_bus_arn],
            conditions={"StringEquals": {"events:source": SOURCE}},
        )

    def sweep_when_asked(self, sweep: lambda_.IFunction, failures: sqs.IQueue) -> None:
        """Invoke ``sweep`` when somebody wants a session stopped at once; what cannot be handed over goes to ``failures``."""
        rule = events.Rule(
            self,
            "StopRequested",
            description="Starts a sweep of Session Reaper as soon as somebody asks to stop a session now",
            event_bus=self._bus,
            event_pattern=events.EventPattern(
                source=[SOURCE], detail_type=[STOP_REQUESTED], account=[Aws.ACCOUNT_ID], region=[Aws.REGION]
            ),
        )
        # What the sweep does is in the ledger, so it is told no more than that it is to begin.
        rule.add_target(
            targets.LambdaFunction(
                sweep,
                event=events.RuleTargetInput.from_object({"requested": True}),
                dead_letter_queue=failures,
                retry_attempts=3,
                max_event_age=Duration.minutes(15),
            )
        )
