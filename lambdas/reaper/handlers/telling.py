"""A sweep told to machines: the log, where the whole report is, and the metrics that alarms and dashboards read."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from msgspec.structs import replace

from reaper.core.outcome import Outcome
from reaper.settings import Metric
from reaper.wire.codec import builtins_of
from reaper.wire.report import Report


def log_report(logger: Logger, report: Report) -> None:
    """One line for each finding and blind scope: the whole report, where a message may have to be cut."""
    for finding in report.findings:
        told = builtins_of(finding)
        del told["facts"]
        logger.info("finding", extra={"finding": told})
    for blind in report.blind:
        logger.warning("could not be read", extra={"blind": builtins_of(blind)})
    summary = without_findings(replace(report, blind=()))
    del summary["blind"]
    (logger.error if report.error else logger.info)("sweep done", extra={"report": summary})


def without_findings(report: Report) -> dict[str, Any]:
    """The JSON of ``report`` but for its findings, of which there may be too many for a log line or an answer."""
    told: dict[str, Any] = builtins_of(replace(report, findings=()))
    del told["findings"]
    return told


def measure(metrics: Metrics, report: Report, *, untold: int = 0, nobody: bool = False) -> None:
    """The counts of the sweep, and for each policy that has stopped sessions the share of its stops that were regretted.

    ``untold`` is how many messages and events did not leave it; ``nobody`` that nobody is subscribed to them.
    """
    totals = report.totals
    counts = {
        Metric.SWEEPS: 1,
        Metric.SESSIONS_SEEN: report.sessions.seen,
        Metric.WOULD_STOP: totals.get(Outcome.WOULD_STOP, 0),
        Metric.STOPPED: totals.get(Outcome.STOPPED, 0),
        Metric.FAILED_STOPS: totals.get(Outcome.FAILED, 0) + totals.get(Outcome.UNREAD, 0),
        Metric.WITHHELD_STOPS: totals.get(Outcome.WITHHELD, 0),
        Metric.NOT_STOPPING: totals.get(Outcome.NOT_STOPPING, 0),
        Metric.TRIPPED_GUARDS: len(report.guards),
        Metric.BLIND_SCOPES: len(report.blind),
        Metric.CORRUPT_POLICY: 1 if report.error else 0,
        Metric.IDLE_COST: report.idle_cost,
        Metric.AVOIDED_COST: report.avoided_cost or 0.0,
        Metric.WARNED: totals.get(Outcome.WARNED, 0),
        Metric.SNOOZED: totals.get(Outcome.SNOOZED, 0),
        Metric.CONFIRMED: totals.get(Outcome.CONFIRMED, 0),
        Metric.UNRESOLVED_OWNERS: report.owners.unresolved if report.owners else 0,
        Metric.UNTOLD: untold,
        Metric.NO_SUBSCRIBER: int(nobody),
    }
    for metric, value in counts.items():
        metrics.add_metric(name=metric.value, unit=MetricUnit.Count, value=value)
    for policy, told in report.regrets.items():
        rate = told.regrets / told.stops if told.stops else 0.0
        with single_metric(name=Metric.REGRET_RATE.value, unit=MetricUnit.Count, value=rate) as metric:
            metric.add_dimension(name="policy", value=policy)
