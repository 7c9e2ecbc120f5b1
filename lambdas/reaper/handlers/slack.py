"""Posts what the topics carry to Slack: digests, whole reports, alarms.

Needs ``secretsmanager:GetSecretValue`` of its secret, and ``dynamodb:GetItem`` and ``dynamodb:PutItem`` of items of the
ledger's table whose partition key begins with ``delivered/``. What could not be posted fails the invocation: Lambda tries
twice more, then hands it to the function's queue. ``REAPER_SLACK_API`` names another base of Slack's Web API.
"""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from reaper.handlers.keyring import Keep
from reaper.handlers.secret import SecretError
from reaper.handlers.slack_delivery import MEDIUM, Delivery, Note, SlackDelivery, notes_of, read_slack_secret
from reaper.ledger.deliveries import DynamoDbDeliveries
from reaper.notifiers.slack_post import DEFAULT_API, SlackError, SlackPoster
from reaper.providers.aws.clients import AwsClients
from reaper.settings import Metric, SlackSettings
from reaper.sweep.ports import LedgerError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LEFT_SECONDS: Final = 3.0
"""Before the function's end: from here on nothing more is posted, so that there is time to remember and to tell."""

logger = Logger()
metrics = Metrics()


class UndeliveredError(Exception):
    """Some messages were not posted. ``str(error)`` says how many and why, with nothing of what is in them."""


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Post the messages of one SNS event; the answer counts what became of them.

    Raises:
        UndeliveredError: one was not posted; the others were tried all the same.
        SettingsError, ValueError: the environment is incomplete, or the event is none of SNS.
    """
    failures: list[str] = []
    untold = 1
    try:
        delivery = _delivery(SlackSettings.from_env(os.environ), os.environ.get("REAPER_SLACK_API") or DEFAULT_API)
        until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - LEFT_SECONDS
        notes = notes_of(event)
        done = Counter(outcome.value for note in notes if (outcome := _deliver(delivery, note, until, failures)))
        untold = len(failures)
    finally:
        metrics.add_metric(name=Metric.UNTOLD.value, unit=MetricUnit.Count, value=untold)
    if failures:
        raise UndeliveredError(f"{len(failures)} of {len(notes)} messages not posted to Slack: {'; '.join(failures)}")
    return dict(done)


def _deliver(delivery: SlackDelivery, note: Note, until: float, failures: list[str]) -> Delivery | None:
    """What became of one message; of one that failed, why is added to ``failures``."""
    about = {"message_id": note.id, "kind": note.kind}
    try:
        outcome = delivery.deliver(note, until=until)
    except Exception as error:  # noqa: BLE001 - one that fails keeps none of the others from being posted
        failures.append(_why(error))
        logger.error("not posted", extra={**about, "why": failures[-1]})  # noqa: TRY400 - a trace may hold contents
        return None
    (logger.warning if outcome is Delivery.POSTED_UNMARKED else logger.info)(outcome.value, extra=about)
    return outcome


def _why(error: Exception) -> str:
    """One sentence; of an error that nobody foresaw only where it came from, because its text may hold anything."""
    if isinstance(error, SlackError | SecretError | LedgerError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno} of {os.path.basename(frame.filename)}"  # noqa: PTH119


@cache
def _delivery(settings: SlackSettings, api: str) -> SlackDelivery:
    """Made once in a warm function, which so keeps the secret for a while."""
    clients, region = AwsClients(), os.environ["AWS_REGION"]
    secrets: Any = clients.client("secretsmanager", region)
    dynamodb: Any = clients.client("dynamodb", region)
    return SlackDelivery(
        settings=settings,
        secret=Keep(lambda: read_slack_secret(secrets, settings.slack_secret)),
        deliveries=DynamoDbDeliveries(dynamodb, settings.ledger_table, region, MEDIUM),
        poster=SlackPoster(api=api),
    )
