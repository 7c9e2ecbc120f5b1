"""The scheduled sweep: reads the policies, sweeps, tells people, and answers with the report without its findings.

Whatever keeps it from judging is told like a finding: policies that cannot be used, or a switch that cannot be read, stop
nothing, and are in the message, the metrics and the answer. Only what cannot even be told fails the invocation.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from reaper.bootstrap import Opened, Selection, StartError, open_providers
from reaper.core.judge import CompiledBook
from reaper.core.outcome import Outcome
from reaper.core.report import Blind, Json, Mode, Report, as_json
from reaper.core.session import ScopeKey
from reaper.core.vocabulary import Lens
from reaper.handlers.delivery import Delivery, DeliveryError
from reaper.handlers.secret import SecretError, read_key_pair
from reaper.handlers.time_limit import TimeLimited
from reaper.notifiers.message import severity
from reaper.notifiers.sns import SnsNotifier
from reaper.providers.aws.clients import AwsClients
from reaper.providers.catalog import specs
from reaper.settings import ALIBABA_SERVICE, Metric, Notify, SweepSettings
from reaper.sweep.run import Sweep, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE_SECONDS: Final = 45.0
"""Kept for telling what was found; at most half of the time there is."""

logger = Logger()
metrics = Metrics()

Event = Mapping[str, Any]


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: Event, context: LambdaContext) -> Json:
    """Sweep once. The event does not matter; the answer is the report without its findings.

    Raises what kept the report from being told: an incomplete environment, or a topic that refuses it.
    """
    settings = SweepSettings.from_env(os.environ)
    report = _sweep(settings, context)
    _log(report)
    _measure(report)
    if settings.notify is Notify.ALWAYS or severity(report) != "info":
        where = f"log group {context.log_group_name}, run {report['run_id']}"
        SnsNotifier(_client("sns"), settings.topic_arn).publish(report, where=where)
    return {key: value for key, value in report.items() if key != "findings"}


def _sweep(settings: SweepSettings, context: LambdaContext) -> Json:
    """The public report of one sweep, or of why there was none."""
    delivery = _delivery(settings)
    try:
        book = delivery.policies()
    except DeliveryError as error:
        return _refused(settings, context, str(error))
    mode, notes, unread = _effective_mode(settings, delivery)
    if not book.book.policies:
        notes = (*notes, "there are no policies: nothing is reported, and nothing is stopped")
    report = _run(settings, context, book, mode, notes)
    return as_json(replace(report, blind=(*unread, *report.blind)), book.lens, report.started_at)


def _effective_mode(settings: SweepSettings, delivery: Delivery) -> tuple[Mode, tuple[str, ...], tuple[Blind, ...]]:
    """Enforce only where the stack says so and the switch was read and does not object; and what is to be said of it."""
    if settings.mode is Mode.REPORT:
        return Mode.REPORT, (), ()
    try:
        if not delivery.report_only():
            return Mode.ENFORCE, (), ()
    except DeliveryError as error:
        unread = Blind(ScopeKey("appconfig", settings.account, _region()), (), str(error))
        return Mode.REPORT, ("nothing is stopped: the switch in AppConfig could not be read",), (unread,)
    return Mode.REPORT, ("nothing is stopped: the switch in AppConfig forces report mode",), ()


def _run(
    settings: SweepSettings, context: LambdaContext, book: CompiledBook, mode: Mode, notes: tuple[str, ...]
) -> Report:
    opened, blind = _open(settings)
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + remaining - min(RESERVE_SECONDS, remaining / 2)
    known = specs()
    report = run(
        Sweep(
            run_id=context.aws_request_id,
            mode=mode,
            book=book,
            providers=[
                TimeLimited(provider, known[provider.key.service], lambda: time.monotonic() < deadline)
                for one in opened
                for provider in one.providers
            ],
            counter=_Counters(opened),
            clock=time.time,
            notes=notes,
            progress=logger.debug,
        )
    )
    return replace(report, blind=(*report.blind, *blind))


class _Counters:
    """The calls of several openings, added up."""

    def __init__(self, opened: list[Opened]) -> None:
        self._opened = opened

    def counts(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for one in self._opened:
            total.update(one.calls.counts())
        return dict(total)


def _open(settings: SweepSettings) -> tuple[list[Opened], list[Blind]]:
    """The providers of each cloud; one that cannot be opened is blind, and the other goes on."""
    opened: list[Opened] = []
    blind: list[Blind] = []
    for selection in _selections(settings):
        try:
            opened.append(open_providers(selection, {**os.environ, **_key_pair(settings, selection)}))
        except (StartError, SecretError) as error:
            blind += [Blind(key, (), str(error)) for key in _keys(settings, selection.services)]
    return opened, blind


def _selections(settings: SweepSettings) -> list[Selection]:
    aws = tuple(service for service in settings.services if service != ALIBABA_SERVICE)
    selections = [Selection(services=aws, regions=settings.regions, account=settings.account)] if aws else []
    if settings.alibaba:
        selections.append(Selection(services=(ALIBABA_SERVICE,), alibaba_region=settings.alibaba.region))
    return selections


def _key_pair(settings: SweepSettings, selection: Selection) -> dict[str, str]:
    if settings.alibaba is None or ALIBABA_SERVICE not in selection.services:
        return {}
    return read_key_pair(_client("secretsmanager"), settings.alibaba.secret)


def _refused(settings: SweepSettings, context: LambdaContext, why: str) -> Json:
    """The report of a sweep that did not take place: everything it should have looked at is blind."""
    now = time.time()
    report = Report(
        run_id=context.aws_request_id,
        mode=settings.mode,
        started_at=now,
        finished_at=now,
        seen=0,
        live=0,
        findings=(),
        blind=tuple(Blind(key, (), f"not looked at: {why}") for key in _keys(settings, settings.services)),
        api_calls={},
    )
    return {**as_json(report, Lens(), now), "error": why}


def _keys(settings: SweepSettings, services: tuple[str, ...]) -> list[ScopeKey]:
    keys = [
        ScopeKey(service, settings.account, region)
        for service in services
        if service != ALIBABA_SERVICE
        for region in settings.regions
    ]
    if settings.alibaba and ALIBABA_SERVICE in services:
        keys.append(ScopeKey(ALIBABA_SERVICE, settings.alibaba.account, settings.alibaba.region))
    return keys


def _log(report: Json) -> None:
    """One line for each finding and blind scope: the whole report, where a message may have to be cut."""
    for finding in report["findings"]:
        logger.info("finding", extra={"finding": {key: finding[key] for key in finding if key != "facts"}})
    for blind in report["blind"]:
        logger.warning("could not be read", extra={"blind": blind})
    summary = {key: value for key, value in report.items() if key not in {"findings", "blind"}}
    (logger.error if "error" in report else logger.info)("sweep done", extra={"report": summary})


def _measure(report: Json) -> None:
    totals = report["totals"]
    counts = {
        Metric.SESSIONS_SEEN: report["sessions"]["seen"],
        Metric.WOULD_STOP: totals.get(Outcome.WOULD_STOP, 0),
        Metric.STOPPED: totals.get(Outcome.STOPPED, 0),
        Metric.FAILED_STOPS: totals.get(Outcome.FAILED, 0),
        Metric.WITHHELD_STOPS: totals.get(Outcome.WITHHELD, 0),
        Metric.BLIND_SCOPES: len(report["blind"]),
        Metric.CORRUPT_POLICY: 1 if "error" in report else 0,
        Metric.IDLE_COST: report["idle_cost"],
    }
    for metric, value in counts.items():
        metrics.add_metric(name=metric.value, unit=MetricUnit.Count, value=value)


@cache
def _clients() -> AwsClients:
    """The function's own clients, apart from those a sweep looks with, whose calls it counts."""
    return AwsClients()


def _client(service: str) -> Any:
    return _clients().client(service, _region())


def _region() -> str:
    return os.environ["AWS_REGION"]


@cache
def _delivery(settings: SweepSettings) -> Delivery:
    return Delivery(_client("appconfigdata"), settings.delivery)
