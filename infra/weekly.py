"""The page about money, made once a week from the archived reports."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.cadence import Cadence
from infra.function import Function, failures_queue
from infra.schedule import Schedule
from infra.settings import Settings
from reaper.settings import WeeklySettings

HANDLER: Final = "reaper.handlers.weekly.handler"


class Weekly(Construct):
    """Makes the page at ``cadence``; what failed, or was never started, is kept in ``failures``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        deployment: Settings,
        settings: WeeklySettings,
        cadence: Cadence,
    ) -> None:
        super().__init__(scope, construct_id)
        self.failures = failures_queue(self)
        made = Function(
            self,
            "Function",
            code=code,
            deployment=deployment,
            handler=HANDLER,
            description="Session Reaper, makes the weekly page about money",
            environment=settings.to_env(),
            timeout=Duration.minutes(5),
            memory_mb=512,
            retries=1,
            failures=self.failures,
        )
        self.function, self.role, self.log = made.function, made.role, made.log
        Schedule(
            self,
            "Schedule",
            cadence=cadence,
            target=self.function,
            failures=self.failures,
            description="Makes the weekly page of Session Reaper",
        )
