"""What somebody should be told of at once, besides the reports themselves."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cadence import DAY, MINUTE, Cadence
from reaper.settings import METRICS_NAMESPACE, Metric

_FIVE_MINUTES: Final = Duration.minutes(5)
_HOUR: Final = 3600
_LATENESS: Final = 5 * MINUTE
"""How long EventBridge and CloudWatch may take before a run that happened is counted."""
_THROTTLED: Final = (
    "A sweep could not start at once: the account has no concurrency left, or, with reserve_concurrency, the sweep before it "
    "was still running."
)


class Alarms(Construct):
    """One alarm for each way in which people may be failed; all of them tell every one of ``topics``.

    Most keep their state until the next sweep says otherwise: silence is not recovery. Only the missed run takes silence
    for what it is.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topics: Sequence[sns.ITopic],
        function: lambda_.Function,
        failures: sqs.Queue,
        cadence: Cadence,
        timeout_minutes: int,
        deployment: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._deployment = deployment
        self._actions = [actions.SnsAction(topic) for topic in topics]
        for name, metric, meaning in (
            ("Errors", function.metric_errors(period=_FIVE_MINUTES), "A sweep failed; see its log."),
            (
                "Throttles",
                function.metric_throttles(period=_FIVE_MINUTES),
                _THROTTLED,
            ),
            *_of_the_report(deployment),
        ):
            self._at_least_one(name, metric, meaning)
        self.watch_queue(
            "UndeliveredSweeps", failures, "A sweep failed or never started; the queue of failures says which, and why."
        )
        period, periods = missed_run_window(cadence, timeout_minutes)
        self.missed_run_seconds = period * periods
        self.missed_run = self._missed_run(period, periods)
        """Goes off when nothing was counted for :attr:`missed_run_seconds`: to be made once the deployment itself was."""
        self._tell(self.missed_run)

    def watch_queue(self, name: str, queue: sqs.IQueue, meaning: str) -> None:
        """Alarm, as ``name``, on anything in ``queue``."""
        waiting = queue.metric_approximate_number_of_messages_visible(period=_FIVE_MINUTES, statistic="Maximum")
        self._at_least_one(name, waiting, meaning)

    def watch_errors(self, name: str, function: lambda_.IFunction, meaning: str) -> None:
        """Alarm, as ``name``, on any invocation of ``function`` that failed."""
        self._at_least_one(name, function.metric_errors(period=_FIVE_MINUTES), meaning)

    def watch_count(self, counted: Metric, meaning: str) -> None:
        """Alarm, under its own name, on anything that one of the functions ``counted``."""
        self._at_least_one(counted.value, _measured(counted, self._deployment), meaning)

    def _at_least_one(self, name: str, metric: cloudwatch.IMetric, meaning: str) -> None:
        self._tell(
            cloudwatch.Alarm(
                self,
                name,
                alarm_description=meaning,
                metric=metric,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            )
        )

    def _tell(self, alarm: cloudwatch.Alarm) -> None:
        alarm.add_alarm_action(*self._actions)
        alarm.add_ok_action(*self._actions)

    def _missed_run(self, period: int, periods: int) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "MissedRun",
            alarm_description="No sweep ran when one was due: nothing is being watched.",
            metric=_measured(Metric.SWEEPS, self._deployment, Duration.seconds(period), "Sum"),
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=1,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )


def _of_the_report(deployment: str) -> Iterator[tuple[str, cloudwatch.Metric, str]]:
    """Name, metric and meaning of each alarm on what a sweep counts."""
    for metric, meaning in (
        (Metric.BLIND_SCOPES, "Something could not be read, so sessions there are unknown; the report says what."),
        (Metric.FAILED_STOPS, "A session that should have been stopped was not; the report says why."),
        (Metric.NOT_STOPPING, "A session runs on although its service accepted our stop; stop it by hand."),
        (
            Metric.TRIPPED_GUARDS,
            "A guard withholds every stop of a scope; the report says why, and how to release it.",
        ),
        (Metric.UNTOLD, "Messages or events did not leave the sweep, so somebody does not know; its log says why."),
        (
            Metric.NO_SUBSCRIBER,
            "Nobody is subscribed to the reports: confirm the mail from AWS. This alarm can only be seen in CloudWatch.",
        ),
        (Metric.CORRUPT_POLICY, "The policies could not be used: nothing is judged and nothing is stopped."),
    ):
        yield metric.value, _measured(metric, deployment), meaning


def _measured(
    metric: Metric, deployment: str, period: Duration = _FIVE_MINUTES, statistic: str = "Maximum"
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={"service": deployment},
        statistic=statistic,
        period=period,
    )


def missed_run_window(cadence: Cadence, timeout_minutes: int) -> tuple[int, int]:
    """Seconds a period, and periods, in which at least one run must have been counted.

    The longest gap between two runs, and the time a run may take to be counted. A window beyond a day is made of hours,
    as CloudWatch demands.
    """
    window = cadence.longest_gap + timeout_minutes * MINUTE + _LATENESS
    return (window, 1) if window <= DAY else (_HOUR, math.ceil(window / _HOUR))
