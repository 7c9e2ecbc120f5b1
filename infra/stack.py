"""The stack: it only wires the capabilities together."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import Alarms
from infra.answers import Answers, LinkSecret
from infra.chat import Chat
from infra.dashboard import Dashboard
from infra.event_bus import Events
from infra.history import History
from infra.ledger import Ledger
from infra.owners import OwnersFile, OwnersTopic
from infra.policy_delivery import PolicyDelivery
from infra.reports import Reports, messages_key
from infra.schedule import Schedule
from infra.settings import Settings
from infra.slack import Slack
from infra.sweeper import Sweeper
from infra.upkeep import Upkeep
from infra.weekly import Weekly
from reaper.catalog.spec import ServiceSpec
from reaper.settings import AnswersSettings, Metric, PeopleSettings, SlackSettings, SweepSettings, WeeklySettings


class SessionReaperStack(Stack):
    """Session Reaper in one account and region.

    ``code`` is the function's asset, ``policies`` the policy file as JSON and ``schema`` its JSON Schema; ``specs`` are
    those of the services in ``settings``; ``owners`` says whom sessions belong to.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        specs: Sequence[ServiceSpec],
        code: lambda_.Code,
        policies: str,
        schema: str,
        owners: OwnersFile | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._code, self._deployment = code, settings
        removal = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.keep_data else RemovalPolicy.DESTROY
        key = messages_key(self, "Key")
        self._reports = Reports(self, "Reports", key=key, emails=settings.emails)
        self._owners = OwnersTopic(
            self, "Owners", key=key, emails=owners.emails if owners else (), told_already=settings.emails
        )
        self._chat = (
            Chat(self, "Chat", key=key, target=settings.chat, deployment=settings.stack_name) if settings.chat else None
        )
        self._delivery = PolicyDelivery(self, "Delivery", policies=policies, schema=schema, owners=owners)
        self._ledger = Ledger(self, "Ledger", removal_policy=removal)
        self._history = (
            History(self, "History", days=settings.history_days, retain=settings.keep_data)
            if settings.history_days
            else None
        )
        self._events = Events(self, "Events", name=settings.event_bus) if settings.event_bus else None
        self._links = LinkSecret(self, "Links", code=code, deployment=settings) if settings.answers else None
        self._answers = self._make_answers()
        slack = self._make_slack()
        weekly = self._make_weekly()
        sweeper = self._make_sweeper(specs)
        if self._events:
            publishers = [sweeper.role, *([self._answers.role] if self._answers else ())]
            self._events.refuse_all_but(publishers)
        if self._events and self._answers:
            self._events.sweep_when_asked(sweeper.function, sweeper.failures)
        schedule = Schedule(
            self, "Schedule", cadence=settings.schedule, target=sweeper.function, failures=sweeper.failures
        )
        alarms = self._watch(sweeper, slack, weekly)
        upkeep = Upkeep(
            self,
            "Upkeep",
            code=code,
            deployment=settings,
            delivery=self._delivery,
            history=self._history,
            window=alarms.missed_run_seconds,
        )
        upkeep.before(alarms.missed_run, schedule, *(one for one in (weekly, self._events) if one))
        self._tell(
            TopicArn=self._reports.topic.topic_arn,
            OwnersTopicArn=self._owners.topic.topic_arn,
            ChatTopicArn=self._chat and self._chat.topic.topic_arn,
            FunctionName=sweeper.function.function_name,
            LogGroupName=sweeper.log.log_group_name,
            FailuresQueueUrl=sweeper.failures.queue_url,
            ScheduleRuleName=schedule.rule.rule_name,
            ApplicationId=self._delivery.settings.application,
            EnvironmentId=self._delivery.settings.environment,
            PoliciesProfileId=self._delivery.settings.policies,
            SwitchProfileId=self._delivery.settings.switch,
            OwnersProfileId=self._delivery.settings.owners,
            DeploymentStrategyId=self._delivery.strategy.deployment_strategy_id,
            EventBusName=self._events and self._events.name,
            LedgerTableName=self._ledger.table.table_name,
            HistoryBucketName=self._history and self._history.bucket.bucket_name,
            AnswersUrl=self._answers and self._answers.url,
            AnswersLogGroupName=self._answers and self._answers.log.log_group_name,
            LinkSecretArn=self._links and self._links.secret.secret_arn,
            LinkRotationFunctionName=self._links and self._links.rotation.function.function_name,
            SlackFunctionName=slack and slack.function.function_name,
            SlackLogGroupName=slack and slack.log.log_group_name,
            SlackFailuresQueueUrl=slack and slack.failures.queue_url,
            WeeklyFunctionName=weekly and weekly.function.function_name,
            WeeklyLogGroupName=weekly and weekly.log.log_group_name,
            WeeklyFailuresQueueUrl=weekly and weekly.failures.queue_url,
        )

    def _make_sweeper(self, specs: Sequence[ServiceSpec]) -> Sweeper:
        settings = self._deployment
        sweeper = Sweeper(
            self,
            "Sweeper",
            code=self._code,
            deployment=settings,
            specs=specs,
            sweep=SweepSettings(
                mode=settings.mode,
                services=settings.services,
                account=self.account,
                regions=settings.regions or (self.region,),
                topic_arn=self._reports.topic.topic_arn,
                delivery=self._delivery.settings,
                ledger_table=self._ledger.table.table_name,
                history_bucket=self._history.bucket.bucket_name if self._history else "",
                notify=settings.notify,
                people=PeopleSettings(
                    owners_topic_arn=self._owners.topic.topic_arn,
                    chat_topic_arn=self._chat.topic.topic_arn if self._chat else "",
                    answers_url=self._answers.url if self._answers else "",
                    link_secret=self._links.secret.secret_arn if self._links else "",
                    event_bus=self._events.name if self._events else "",
                    told_already=",".join(_told_already(settings)),
                    timezone=settings.timezone,
                ),
                elsewhere=settings.elsewhere,
            ),
        )
        for topic in (self._reports, self._owners, self._chat):
            if topic:
                topic.grant_publish(sweeper.role)
        for topic in (self._reports, self._chat):
            if topic:
                topic.grant_look(sweeper.role)
        self._delivery.grant_read(sweeper.role)
        self._ledger.grant_use(sweeper.role)
        if self._history:
            self._history.grant_write(sweeper.role)
            self._history.grant_lay_by(sweeper.role)
        if self._links:
            self._links.grant_read(sweeper.role)
        if self._events:
            self._events.grant_publish(sweeper.role)
        return sweeper

    def _make_answers(self) -> Answers | None:
        if self._links is None:
            return None
        settings = self._deployment
        answers = Answers(
            self,
            "Answers",
            code=self._code,
            deployment=settings,
            settings=AnswersSettings(
                ledger_table=self._ledger.table.table_name,
                link_secret=self._links.secret.secret_arn,
                slack_signing_secret=settings.slack.signing_secret if settings.slack else "",
                history_bucket=self._history.bucket.bucket_name if self._history else "",
                event_bus=self._events.name if self._events else "",
            ),
        )
        self._ledger.grant_answer(answers.role)
        self._links.grant_read(answers.role)
        if self._history:
            self._history.grant_read_pages(answers.role)
        if self._events:
            self._events.grant_publish(answers.role)
        return answers

    def _make_slack(self) -> Slack | None:
        settings = self._deployment
        if settings.slack is None:
            return None
        slack = Slack(
            self,
            "Slack",
            code=self._code,
            deployment=settings,
            settings=SlackSettings(
                slack_secret=settings.slack.secret,
                ledger_table=self._ledger.table.table_name,
                slack_channel=settings.slack.channel,
                slack_buttons="true" if self._answers and settings.slack.signing_secret else "",
                timezone=settings.timezone,
            ),
            reports=self._reports.topic,
            owners=self._owners.topic,
        )
        self._ledger.grant_remember_delivered(slack.role)
        return slack

    def _make_weekly(self) -> Weekly | None:
        settings = self._deployment
        if settings.weekly is None or self._history is None:
            return None
        weekly = Weekly(
            self,
            "Weekly",
            code=self._code,
            deployment=settings,
            settings=WeeklySettings(
                history_bucket=self._history.bucket.bucket_name,
                topic_arn=self._reports.topic.topic_arn,
                answers_url=self._answers.url if self._answers else "",
                link_secret=self._links.secret.secret_arn if self._links else "",
                timezone=settings.timezone,
            ),
            cadence=settings.weekly,
        )
        self._history.grant_make_pages(weekly.role)
        self._reports.grant_publish(weekly.role)
        if self._links:
            self._links.grant_read(weekly.role)
        return weekly

    def _watch(self, sweeper: Sweeper, slack: Slack | None, weekly: Weekly | None) -> Alarms:
        """The alarms and the dashboard."""
        settings = self._deployment
        alarms = Alarms(
            self,
            "Alarms",
            topics=[topic.topic for topic in (self._reports, self._chat) if topic],
            function=sweeper.function,
            failures=sweeper.failures,
            cadence=settings.schedule,
            timeout_minutes=settings.timeout_minutes,
            deployment=settings.stack_name,
        )
        queues: dict[str, sqs.IQueue] = {"sweeps": sweeper.failures}
        if slack:
            queues["messages to Slack"] = slack.failures
            alarms.watch_queue(
                "UndeliveredToSlack", slack.failures, "Slack did not take a message; the queue has it, and says why."
            )
        if weekly:
            queues["weekly pages"] = weekly.failures
            alarms.watch_queue(
                "UndeliveredPages", weekly.failures, "A weekly page was not made; the queue of failures says why."
            )
        if self._answers and self._links:
            alarms.watch_errors(
                "AnswersErrors", self._answers.function, "The page behind links broke down; see the function's log."
            )
            alarms.watch_count(
                Metric.FAILED_ANSWERS, "Somebody could not answer a message: something the page needs did not work."
            )
            alarms.watch_errors(
                "RotationErrors",
                self._links.rotation.function,
                "The key of links was not replaced; see the function's log.",
            )
        if settings.dashboard:
            Dashboard(
                self,
                "Dashboard",
                deployment=settings.stack_name,
                sweep=sweeper.function,
                log=sweeper.log,
                queues=queues,
            )
        return alarms

    def _tell(self, **outputs: str | None) -> None:
        for name, value in outputs.items():
            if value:
                CfnOutput(self, name, value=value)


def _told_already(settings: Settings) -> Iterator[str]:
    """The destinations that get the whole report, as digests name them."""
    yield from (f"email:{email.lower()}" for email in settings.emails)
    if settings.slack and settings.slack.channel:
        yield f"slack:{settings.slack.channel}"
