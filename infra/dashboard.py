"""What sweeps cost, save and could not do, over time: one CloudWatch dashboard."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from reaper.settings import METRICS_NAMESPACE, Metric

_FULL, _HALF, _THIRD = 24, 12, 8
_HEIGHT: Final = 6
_HOUR: Final = Duration.hours(1)

_STATES: Final = (
    Metric.WOULD_STOP,
    Metric.WARNED,
    Metric.SNOOZED,
    Metric.WITHHELD_STOPS,
    Metric.NOT_STOPPING,
    Metric.BLIND_SCOPES,
    Metric.TRIPPED_GUARDS,
    Metric.NO_SUBSCRIBER,
)
"""What holds at the moment of a sweep, and is counted again by the next one: added up, it would mean nothing."""

_BY: Final = {"team": "finding.team", "policy": "finding.policy", "service": "finding.ref.service"}
"""The fields of a finding in the log, as CloudWatch Logs Insights calls them."""


class Dashboard(Construct):
    """The dashboard of ``deployment``: what its metrics and the log of its sweeps tell.

    ``queues`` are those that should be empty, by what is in them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: str,
        sweep: lambda_.IFunction,
        log: logs.ILogGroup,
        queues: Mapping[str, sqs.IQueue],
    ) -> None:
        super().__init__(scope, construct_id)
        self._deployment = deployment
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.days(28))
        rows: list[list[cloudwatch.IWidget]] = [
            [
                self._graph("Cost of idle sessions so far, USD", Metric.IDLE_COST, width=_HALF),
                self._graph("Cost avoided by stopping them, USD (an estimate)", Metric.AVOIDED_COST, width=_HALF),
            ],
            [
                self._graph("Would be stopped, warned, snoozed", Metric.WOULD_STOP, Metric.WARNED, Metric.SNOOZED),
                self._graph("Stopped, confirmed", Metric.STOPPED, Metric.CONFIRMED),
                self._regrets(),
            ],
            [
                self._graph(
                    "Failed, withheld, running on",
                    Metric.FAILED_STOPS,
                    Metric.WITHHELD_STOPS,
                    Metric.NOT_STOPPING,
                    Metric.TRIPPED_GUARDS,
                ),
                self._graph("Not seen", Metric.BLIND_SCOPES, Metric.CORRUPT_POLICY),
                self._graph(
                    "Not told",
                    Metric.UNTOLD,
                    Metric.NO_SUBSCRIBER,
                    Metric.UNRESOLVED_OWNERS,
                    Metric.REFUSED_ANSWERS,
                    Metric.FAILED_ANSWERS,
                ),
            ],
            [
                _widget(
                    "Sweeps",
                    [
                        sweep.metric_invocations(period=_HOUR, label="invocations"),
                        sweep.metric_errors(period=_HOUR, label="errors"),
                    ],
                    [sweep.metric_duration(period=_HOUR, statistic="Maximum", label="longest, ms")],
                    width=_HALF,
                ),
                _widget(
                    "Undelivered: these queues should be empty",
                    [
                        queue.metric_approximate_number_of_messages_visible(
                            period=_HOUR, statistic="Maximum", label=what
                        )
                        for what, queue in queues.items()
                    ],
                    width=_HALF,
                ),
            ],
            [_from_log(log, f"What was found, by {what}", _count_by(field)) for what, field in _BY.items()],
            [_from_log(log, f"Cost avoided (an estimate), by {what}", _saved_by(field)) for what, field in _BY.items()],
            [_from_log(log, "What could not be read", _BLIND, _FULL)],
        ]
        for row in rows:
            self.dashboard.add_widgets(*row)

    def _graph(self, title: str, *metrics: Metric, width: int = _THIRD) -> cloudwatch.GraphWidget:
        return _widget(title, [self._metric(metric) for metric in metrics], width=width)

    def _metric(self, metric: Metric) -> cloudwatch.Metric:
        gauge = metric in _STATES or metric in {Metric.IDLE_COST, Metric.UNRESOLVED_OWNERS, Metric.CORRUPT_POLICY}
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=metric.value,
            dimensions_map={"service": self._deployment},
            statistic="Maximum" if gauge else "Sum",
            period=_HOUR,
        )

    def _regrets(self) -> cloudwatch.GraphWidget:
        search = f"SEARCH('{{{METRICS_NAMESPACE},policy}} MetricName=\"{Metric.REGRET_RATE.value}\"', 'Maximum', 3600)"
        rates = cloudwatch.MathExpression(expression=search, using_metrics={}, label="", period=_HOUR)
        return _widget("Share of stops regretted, by policy", [rates], width=_THIRD)


def _widget(
    title: str, left: list[cloudwatch.IMetric], right: list[cloudwatch.IMetric] | None = None, *, width: int
) -> cloudwatch.GraphWidget:
    zero = cloudwatch.YAxisProps(min=0, show_units=False)
    return cloudwatch.GraphWidget(
        title=title,
        left=left,
        right=right,
        left_y_axis=zero,
        right_y_axis=zero,
        width=width,
        height=_HEIGHT,
        region=Aws.REGION,
    )


def _from_log(log: logs.ILogGroup, title: str, query: list[str], width: int = _THIRD) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=[log.log_group_name],
        query_lines=query,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=width,
        height=_HEIGHT,
        region=Aws.REGION,
    )


def _count_by(field: str) -> list[str]:
    return [
        'filter message = "finding"',
        f"stats count_distinct(finding.ref.id) as sessions by {field}, finding.outcome",
        "sort sessions desc",
        "limit 50",
    ]


def _saved_by(field: str) -> list[str]:
    return [
        'filter message = "finding" and finding.outcome = "stopped"',
        f"stats sum(finding.avoided_cost) as usd, count(*) as stops by {field}",
        "sort usd desc",
        "limit 50",
    ]


_BLIND: Final = [
    'filter message = "could not be read"',
    "stats count(*) as sweeps, latest(blind.error) as why by blind.service, blind.account, blind.region",
    "sort sweeps desc",
    "limit 50",
]
