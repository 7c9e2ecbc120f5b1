"""The money page, once a week: read from the archived reports, kept in their bucket, and told to the platform team.

Its message is told once a week, however often the function is invoked: what was told is noted beside the page. A page that
could not be told is not noted, so that the next try tells it.

It calls: ``s3:ListBucket`` on the bucket (prefix ``reports/``), ``s3:GetObject`` of ``reports/*`` and
``pages/*``, ``s3:PutObject`` of ``pages/*``, ``secretsmanager:GetSecretValue`` of the links' secret, and ``sns:Publish`` to
the topic.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from datetime import time as clock
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from reaper.core.links import Link, Purpose, sign
from reaper.core.savings_document import headline_json
from reaper.core.snooze import zone_of
from reaper.core.tally import Tally
from reaper.handlers.keyring import read_keyring
from reaper.handlers.secret import SecretError
from reaper.history.reports import ReportBucket, read_reports
from reaper.history.sources import Skipped
from reaper.pages.savings import page
from reaper.pages.savings_text import subject, text
from reaper.providers.aws.clients import AwsClients
from reaper.settings import WeeklySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from reaper.core.savings import Savings

WEEKS: Final = 8
LINK_DAYS: Final = 30
PAGES: Final = "pages/"
READ_NOTHING_SECONDS: Final = 45.0
"""Before the function's end: from here on no report is read, so that there is time for the page. At most a third of it."""
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound", "403", "Forbidden", "AccessDenied"})
"""What S3 says of an object that is not there; 403 to those who may not list where it would be. Taken for missing, for a
page told twice is better than one never told."""

logger = Logger()

Json = dict[str, Any]


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:  # noqa: ARG001 - Lambda's signature
    """Make the page of the last eight weeks and tell of it, once a week.

    Raises what kept the page from being made, kept or told: then the function is invoked again.
    """
    settings = WeeklySettings.from_env(os.environ)
    now = time.time()
    key = _page_key(settings, now)
    s3 = _client("s3")
    told_key = f"{key.removesuffix('.html')}.told.json"
    if _exists(s3, settings.history_bucket, told_key):
        logger.info("told already", extra={"page": key})
        return {"page": key, "told": False}
    savings = _savings(settings, context, now)
    for line in savings.unread:
        logger.warning("a report could not be read", extra={"report": line})
    _put(s3, settings.history_bucket, key, page(savings, made_at=now), "text/html; charset=utf-8")
    link, trouble = _link(settings, key, now)
    document = {
        **headline_json(savings),
        "page": link or f"s3://{settings.history_bucket}/{key}",
        **({"notes": [trouble]} if trouble else {}),
    }
    _publish(settings, savings, document, _where(settings, key, link, trouble))
    _put(s3, settings.history_bucket, told_key, json.dumps(document), "application/json")
    logger.info("told", extra={"page": key, "numbers": headline_json(savings)})
    # Without the link, which whoever reads the log could follow.
    return {"page": key, "told": True, "unread_reports": len(savings.unread)}


def _savings(settings: WeeklySettings, context: LambdaContext, now: float) -> Savings:
    """Eight weeks of days, today's included; what could not be read is said in it."""
    zone = zone_of(settings.timezone)
    first = datetime.fromtimestamp(now, zone).date() - timedelta(weeks=WEEKS) + timedelta(days=1)
    since = datetime.combine(first, clock(), zone).timestamp()
    remaining = context.get_remaining_time_in_millis() / 1000
    read_until = time.monotonic() + remaining - min(READ_NOTHING_SECONDS, remaining / 3)
    skipped: list[Skipped] = []
    tally = Tally(since, now, zone)
    source = ReportBucket(_client("s3"), settings.history_bucket)
    for sweep in read_reports(source, since, now, skipped=skipped, in_time=lambda: time.monotonic() < read_until):
        tally.take(sweep)
    return tally.result(unread=[f"{one.name}: {one.why}" for one in skipped])


def _page_key(settings: WeeklySettings, now: float) -> str:
    """One for each week: named by its Monday."""
    day = datetime.fromtimestamp(now, zone_of(settings.timezone)).date()
    return f"{PAGES}{day - timedelta(days=day.weekday())}.html"


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code")) in _MISSING:
            return False
        raise
    return True


def _put(s3: Any, bucket: str, key: str, body: str, kind: str) -> None:
    # Encrypted as the bucket does by itself.
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType=kind)


def _link(settings: WeeklySettings, key: str, now: float) -> tuple[str, str]:
    """The link to the page, if there are links; and what is to be said about there being none."""
    if not (settings.answers_url and settings.link_secret):
        return "", ""
    try:
        keys = read_keyring(_client("secretsmanager"), settings.link_secret)
    except (SecretError, BotoCoreError) as error:
        # The numbers are worth telling without it.
        logger.exception("no link")
        return "", f"there is no link to the page: {error}"
    link = Link(Purpose.PAGE, key, "platform", now + LINK_DAYS * 86_400)
    return f"{settings.answers_url}{Purpose.PAGE.value}/{sign(link, keys[0])}", ""


def _where(settings: WeeklySettings, key: str, link: str, trouble: str) -> str:
    if link:
        return f"The whole page, with charts (the link is good for {LINK_DAYS} days):\n{link}"
    lies = f"The whole page, with charts: s3://{settings.history_bucket}/{key}"
    return f"{lies}\n({trouble})" if trouble else lies


def _publish(settings: WeeklySettings, savings: Savings, document: Json, where: str) -> None:
    attributes = {"severity": "info", "audience": "platform", "medium": "platform", "mode": "weekly"}
    mail = text(savings, where)
    _client("sns").publish(
        TopicArn=settings.topic_arn,
        Subject=subject(savings),
        Message=json.dumps({"default": json.dumps(document), "email": mail, "sms": subject(savings)}),
        MessageStructure="json",
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


@cache
def _clients() -> AwsClients:
    return AwsClients()


def _client(service: str) -> Any:
    return _clients().client(service, os.environ["AWS_REGION"])
