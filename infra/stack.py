"""The stack: it only wires the capabilities together."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.alarms import Alarms
from infra.history import History
from infra.ledger import Ledger
from infra.policy_delivery import PolicyDelivery
from infra.reports import Reports
from infra.schedule import Schedule
from infra.settings import Settings
from infra.sweeper import Sweeper
from reaper.providers.spec import ProviderSpec
from reaper.settings import SweepSettings


class SessionReaperStack(Stack):
    """Session Reaper in one account and region.

    ``code`` is the function's asset, ``policies`` the policy file as JSON and ``schema`` its JSON Schema; ``specs`` are
    those of the services in ``settings``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        specs: Sequence[ProviderSpec],
        code: lambda_.Code,
        policies: str,
        schema: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        reports = Reports(self, "Reports", emails=settings.emails)
        delivery = PolicyDelivery(self, "Delivery", policies=policies, schema=schema)
        removal = RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY
        ledger = Ledger(self, "Ledger", removal_policy=removal)
        history = (
            History(self, "History", days=settings.history_days, retain=settings.keep_data)
            if settings.history_days
            else None
        )
        sweeper = Sweeper(
            self,
            "Sweeper",
            code=code,
            deployment=settings,
            specs=specs,
            sweep=SweepSettings(
                mode=settings.mode,
                services=settings.services,
                account=self.account,
                regions=settings.regions or (self.region,),
                topic_arn=reports.topic.topic_arn,
                delivery=delivery.settings,
                ledger_table=ledger.table.table_name,
                history_bucket=history.bucket.bucket_name if history else "",
                notify=settings.notify,
                alibaba=settings.alibaba,
            ),
        )
        reports.grant_publish(sweeper.role)
        delivery.grant_read(sweeper.role)
        ledger.grant_use(sweeper.role)
        if history:
            history.grant_write(sweeper.role)
        schedule = Schedule(
            self, "Schedule", cadence=settings.schedule, target=sweeper.function, failures=sweeper.failures
        )
        Alarms(
            self,
            "Alarms",
            topic=reports.topic,
            function=sweeper.function,
            failures=sweeper.failures,
            cadence=settings.schedule,
            timeout_minutes=settings.timeout_minutes,
            deployment=settings.stack_name,
        )
        for name, value in {
            "TopicArn": reports.topic.topic_arn,
            "FunctionName": sweeper.function.function_name,
            "LogGroupName": sweeper.log.log_group_name,
            "FailuresQueueUrl": sweeper.failures.queue_url,
            "ScheduleRuleName": schedule.rule.rule_name,
            "ApplicationId": delivery.settings.application,
            "EnvironmentId": delivery.settings.environment,
            "PoliciesProfileId": delivery.settings.policies,
            "SwitchProfileId": delivery.settings.switch,
            "DeploymentStrategyId": delivery.strategy.deployment_strategy_id,
            "LedgerTableName": ledger.table.table_name,
            **({"HistoryBucketName": history.bucket.bucket_name} if history else {}),
        }.items():
            CfnOutput(self, name, value=value)
