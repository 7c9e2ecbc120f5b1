"""The function behind the links in messages and the buttons in Slack: what people answer, written into the ledger.

It can stop nothing: it records a wish, and the sweep decides with all its guards. Its URL needs no AWS identity, because
people open it from their mail; the signed link, or Slack's signature, is what lets somebody in.

Needs ``dynamodb:BatchGetItem`` (a transaction's ``PutItem`` too) on the ledger's table, ``secretsmanager:GetSecretValue`` of the
links' secret and of Slack's signing secret, ``s3:GetObject`` of ``pages/*`` in the history's bucket, and ``events:PutEvents`` on
the bus.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from reaper.handlers.answering import Given, Wish
from reaper.handlers.front import Needs, PageError, about, route
from reaper.handlers.keyring import Keep, read_json, read_keyring
from reaper.handlers.web import BadRequest, Reply, Request, problem_reply, read_request
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.notifiers.events import EventPublisher
from reaper.pages.problems import Problem
from reaper.providers.aws.clients import AwsClients
from reaper.settings import METRICS_NAMESPACE, AnswersSettings, Metric
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LARGEST_PAGE: Final = 4_000_000
"""Bytes of a kept page: Lambda answers with 6 MB at most, and writes some characters longer."""
_PATIENCE: Final = 2.0
"""Seconds that announcing a wish may take: somebody waits for the page, and Slack no longer than three."""
_HURRIED: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3, max_pool_connections=2
)
_GONE: Final = {"NoSuchKey", "404", "AccessDenied", "403"}
"""Who may not list a bucket is told that access is denied, where there is no such object (Amazon S3, "GetObject")."""

logger = Logger()
metrics = Metrics(namespace=METRICS_NAMESPACE)


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of an HTTP API, or of a function URL. Never raises: what went wrong is logged, and a page says so."""
    del context
    method = "GET"
    try:
        request = read_request(event)
        method = request.method
        return route(request, _needs(AnswersSettings.from_env(os.environ))).as_event(method)
    except BadRequest as bad:
        _Journal().refused(bad.problem.name.lower())
        return problem_reply(bad.problem).as_event(method)
    except Exception as error:  # noqa: BLE001 - whatever it was, a person is waiting for a page
        # Without its message, which may hold anything; the trace says where.
        logger.error("failed", extra={"error": type(error).__name__, "at": _places(error)})  # noqa: TRY400
        _count(Metric.FAILED_ANSWERS)
        return problem_reply(Problem.FAILED).as_event(method)


class _Journal:
    """Records in the log, and counts refusals and failures. Tokens of links never get here."""

    def answered(self, wish: Wish, given: Given) -> None:
        """An answer was taken."""
        logger.info("answered", extra={**about(wish), "done": given.done.value})
        if given.note:
            logger.warning(
                "a sweep could not be asked for at once",
                extra={"why": given.note, "session": builtins_of(Ref.of(wish.ref))},
            )

    def refused(self, why: str, **known: Any) -> None:
        """A link or an answer was not taken."""
        logger.warning("refused", extra={"why": why, **known})
        _count(Metric.REFUSED_ANSWERS)

    def failed(self, why: str) -> None:
        """Something here did not work. Counted, because the invocation itself succeeds: a page says so to the person."""
        logger.error("could not answer", extra={"why": why})
        _count(Metric.FAILED_ANSWERS)


def _count(metric: Metric) -> None:
    metrics.add_metric(name=metric.value, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()


@cache
def _needs(settings: AnswersSettings) -> Needs:
    """Made once in a warm function; clients when they are first needed."""
    return Needs(
        keyring=Keep(lambda: read_keyring(_client("secretsmanager"), settings.link_secret)),
        ledger=lambda: DynamoDbLedger(_client("dynamodb"), settings.ledger_table, os.environ["AWS_REGION"]),
        publisher=lambda: (
            EventPublisher(_client("events"), settings.event_bus, patience=_PATIENCE) if settings.event_bus else None
        ),
        page=lambda name: _page(settings.history_bucket, name),
        journal=_Journal(),
        clock=time.time,
        slack=lambda request: _slack(settings, request),
    )


def _slack(settings: AnswersSettings, request: Request) -> Reply:
    if not settings.slack_signing_secret:
        return problem_reply(Problem.NOT_FOUND)
    return _buttons(settings.slack_signing_secret).take(request, _needs(settings))


@cache
def _buttons(secret: str) -> Any:
    # Late: whoever opens a page needs nothing of Slack.
    from reaper.handlers.slack_buttons import Buttons, post  # noqa: PLC0415

    def signing() -> str:
        found = read_json(_client("secretsmanager"), secret).get("signing_secret")
        return found if isinstance(found, str) else ""

    return Buttons(signing=Keep(signing), post=post, api=os.environ.get("REAPER_SLACK_API", ""))


def _page(bucket: str, name: str) -> str | None:
    if not bucket:
        return None
    try:
        answer = _client("s3").get_object(Bucket=bucket, Key=name)
        body: bytes = answer["Body"].read(LARGEST_PAGE + 1)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        logger.warning("no such page", extra={"page": name, "code": code})
        if code in _GONE:
            return None
        raise PageError(f"the page {name} could not be read: {code}") from None
    except (BotoCoreError, OSError) as error:
        raise PageError(f"the page {name} could not be read: {type(error).__name__}") from None
    if len(body) > LARGEST_PAGE:
        raise PageError(f"the page {name} is larger than {LARGEST_PAGE} bytes")
    return body.decode("utf-8", "replace")


def _places(error: BaseException) -> list[str]:
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


@cache
def _clients() -> AwsClients:
    return AwsClients(config=_HURRIED)


def _client(service: str) -> Any:
    return _clients().client(service, os.environ["AWS_REGION"])
