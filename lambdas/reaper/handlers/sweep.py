"""The scheduled sweep: reads the policies, sweeps, tells people, and answers with the report without its findings.

Whatever keeps it from judging is told like a finding: policies that cannot be used, or a switch that cannot be read, stop
nothing, and are in the message, the metrics and the answer. Only what cannot even be told fails the invocation.
"""

from __future__ import annotations

# ruff: noqa: E402 - the collector has to rest before anything else is imported
import gc

# Of what an import makes nothing is garbage; looking through all of it again and again costs a tenth of a cold start.
gc.disable()

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics

from reaper.bootstrap import Opened
from reaper.catalog.services import specs
from reaper.core.judge import CompiledBook
from reaper.core.report import Blind, Mode, Report, Unfinished
from reaper.core.session import ScopeKey
from reaper.core.vocabulary import Lens
from reaper.handlers.continuation import MOST_PARTS, Part, read_event, write_event
from reaper.handlers.delivery import Delivery, DeliveryError
from reaper.handlers.opening import keys_of, open_all
from reaper.handlers.people import People
from reaper.handlers.subscribers import Subscribers
from reaper.handlers.telling import log_report, measure, without_findings
from reaper.handlers.time_limit import TimeLimited
from reaper.history.archive import archive
from reaper.history.recorder import SpooledRecorder
from reaper.history.shelf import Shelf
from reaper.history.sinks import S3Sink
from reaper.ledger.bookkeeping import DynamoDbBookkeeping
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.providers.arns import arn_of
from reaper.providers.aws.clients import AwsClients
from reaper.settings import SweepSettings
from reaper.sweep.instructions import Sweep
from reaper.sweep.parts import Earlier, carry_on
from reaper.sweep.ports import HistoryError
from reaper.sweep.run import run
from reaper.wire import report as wire
from reaper.wire.from_sweep import report_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

BEGIN_NOTHING_SECONDS: Final = 75.0
"""Before the function's end: from here on nothing more is looked at; a continuation does. At most a third of its time."""
STOP_NOTHING_SECONDS: Final = 45.0
"""Before the function's end: from here on no stop is begun. At most a quarter of its time."""
READ_NOTHING_SECONDS: Final = 30.0
"""Before the function's end: from here on nothing more is read, so that there is time to tell of it. At most a sixth."""
_TAKEN: Final = 202
"""What Lambda answers to an event that it will invoke a function with (its API reference, "Invoke")."""

logger = Logger()
metrics = Metrics()

gc.freeze()
gc.enable()

Event = Mapping[str, Any]
Json = dict[str, Any]


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Event, context: LambdaContext) -> Json:
    """Sweep once, or carry on with a sweep that ran out of time. The answer is the report without its findings.

    Raises what kept the report from being told: an incomplete environment, or a topic that refuses it.
    """
    settings = SweepSettings.from_env(os.environ)
    part = read_event(event or {}, _shelf(settings))
    delivery = _delivery(settings)
    people = People(
        settings=settings,
        delivery=delivery,
        client=_client,
        bookkeeping=DynamoDbBookkeeping(_client("dynamodb"), settings.ledger_table, _region()),
        logger=logger,
        where=f"log group {context.log_group_name}, run {context.aws_request_id}",
    )
    report = people.annotated(_sweep(settings, context, part, delivery, people))
    _archive(settings, report)
    log_report(logger, report)
    measure(metrics, report, untold=people.untold, nobody=_subscribers(settings).missing)
    people.insist()
    return without_findings(report)


def _archive(settings: SweepSettings, report: wire.Report) -> None:
    """Keep the whole report, where anything is kept; the sweep has done its work whether that succeeds or not."""
    if not settings.history_bucket:
        return
    try:
        archive(S3Sink(_client("s3"), settings.history_bucket), report)
    except HistoryError as error:
        logger.error("not archived", extra={"reason": str(error)})  # noqa: TRY400 - the sentence says it all


def _sweep(
    settings: SweepSettings, context: LambdaContext, part: Part, delivery: Delivery, people: People
) -> wire.Report:
    """The public report of one sweep, or of why there was none; told."""
    try:
        book = delivery.policies()
    except DeliveryError as error:
        refused = _refused(settings, context, str(error))
        people.tell(refused)
        return refused
    mode, notes, unread = _effective_mode(settings, delivery)
    if unheard := _subscribers(settings).note():
        notes = (*notes, unheard)
    if not book.book.policies:
        notes = (*notes, "there are no policies: nothing is reported, and nothing is stopped")
    opened, blind = open_all(settings, lambda: _client("secretsmanager"))

    left: list[tuple[Blind, ...]] = []

    def complete(report: Report) -> Report:
        if not left:
            # Once, and before people are told: what is not looked at after all is for them to know.
            left.append((*_strange(part, opened, blind), *_carry_on(settings, context, part, report)))
        return replace(report, blind=(*unread, *report.blind, *blind, *left[0]))

    def tell(report: Report) -> tuple[str, ...]:
        return people.tell(report_of(complete(report), book.lens, report.started_at, arn=arn_of))

    report = run(
        replace(
            _what_to_sweep(settings, context, book, mode, notes=notes, opened=opened, earlier=part.earlier, tell=tell),
            reader=people.reader,
        )
    )
    return report_of(complete(report), book.lens, report.started_at, arn=arn_of)


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


def _what_to_sweep(  # noqa: PLR0913 - everything a sweep depends on
    settings: SweepSettings,
    context: LambdaContext,
    book: CompiledBook,
    mode: Mode,
    *,
    notes: tuple[str, ...],
    opened: list[Opened],
    earlier: Earlier | None,
    tell: Callable[[Report], tuple[str, ...]],
) -> Sweep:
    remaining = context.get_remaining_time_in_millis() / 1000
    end = time.monotonic() + remaining
    begin_until = end - min(BEGIN_NOTHING_SECONDS, remaining / 3)
    stop_until = end - min(STOP_NOTHING_SECONDS, remaining / 4)
    read_until = end - min(READ_NOTHING_SECONDS, remaining / 6)
    known = specs()
    bucket = settings.history_bucket
    return Sweep(
        run_id=context.aws_request_id,
        mode=mode,
        book=book,
        providers=[
            TimeLimited(provider, known[provider.key.service], lambda: time.monotonic() < read_until)
            for one in opened
            for provider in one.providers
        ],
        counter=_Counters(opened),
        clock=time.time,
        notes=notes,
        ledger=DynamoDbLedger(_client("dynamodb"), settings.ledger_table, _region()),
        history=SpooledRecorder(S3Sink(_client("s3"), bucket)) if bucket else None,
        tell=tell,
        progress=logger.debug,
        in_time=lambda: time.monotonic() < begin_until,
        stops_in_time=lambda: time.monotonic() < stop_until,
        earlier=earlier,
    )


def _carry_on(settings: SweepSettings, context: LambdaContext, part: Part, report: Report) -> tuple[Blind, ...]:
    """Invoke the function once more for what is unfinished. Returns what nobody will look at in this sweep after all."""
    unfinished = report.unfinished
    if not unfinished:
        return ()
    if part.number >= MOST_PARTS:
        why = f"the sweep was given up after {MOST_PARTS} parts: give it more time or memory, or less to look at"
        return _unseen(unfinished, why)
    name = f"{context.aws_request_id}.json.gz"
    written = write_event(Part(part.number + 1, carry_on(report, part.earlier)), name, _shelf(settings))
    try:
        answer = _client("lambda").invoke(
            FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=written.event
        )
    except Exception as error:  # noqa: BLE001 - whatever it was, what is unfinished is named, and the next sweep comes
        return _unseen(unfinished, f"the sweep could not be carried on ({error}); the next one begins anew")
    if answer.get("StatusCode") != _TAKEN:
        why = "the answer to lambda:Invoke is not Lambda's: look at what is between here and AWS"
        return _unseen(unfinished, f"the sweep could not be carried on ({why}); the next one begins anew")
    why = "the event that carries the sweep on has no room for more"
    return _unseen(written.left_out, f"{why}, and {written.trouble}" if written.trouble else why)


def _shelf(settings: SweepSettings) -> Shelf | None:
    return Shelf(_client("s3"), settings.history_bucket) if settings.history_bucket else None


def _unseen(unfinished: Unfinished, why: str) -> tuple[Blind, ...]:
    """What is unfinished, as what was not seen: a scope each, and how many sessions of one were not judged, or decided."""
    sessions, stops = (Counter(ref.key for ref in refs) for refs in (unfinished.sessions, unfinished.stops))
    return (
        *(Blind(key, scope, f"not looked at: {why}") for key, scope in unfinished.listings),
        *(Blind(key, (), f"{count} sessions were not judged: {why}") for key, count in sessions.items()),
        *(
            Blind(key, (), f"whether to stop {count} sessions that a policy wants stopped was not decided: {why}")
            for key, count in stops.items()
        ),
    )


def _strange(part: Part, opened: list[Opened], blind: list[Blind]) -> tuple[Blind, ...]:
    """What ``part`` is to look at and nothing here can: the function may have changed since the part before."""
    if part.earlier is None:
        return ()
    known = {provider.key for one in opened for provider in one.providers} | {one.key for one in blind}
    unfinished = part.earlier.unfinished
    strange = Unfinished(
        listings=tuple(one for one in unfinished.listings if one[0] not in known),
        sessions=tuple(ref for ref in unfinished.sessions if ref.key not in known),
        stops=tuple(ref for ref in unfinished.stops if ref.key not in known),
    )
    return _unseen(strange, "this sweep began there, and the function does not look there any more")


class _Counters:
    """The calls of several openings, added up."""

    def __init__(self, opened: list[Opened]) -> None:
        self._opened = opened

    def counts(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for one in self._opened:
            total.update(one.calls.counts())
        return dict(total)


def _refused(settings: SweepSettings, context: LambdaContext, why: str) -> wire.Report:
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
        blind=tuple(Blind(key, (), f"not looked at: {why}") for key in keys_of(settings, settings.services)),
        api_calls={},
    )
    return report_of(report, Lens(), now, error=why)


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


@cache
def _subscribers(settings: SweepSettings) -> Subscribers:
    topics = (settings.topic_arn, settings.people.chat_topic_arn)
    return Subscribers(_client("sns"), [topic for topic in topics if topic])
