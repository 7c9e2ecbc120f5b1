"""Digests by SNS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from reaper.notifiers.message import compose
from reaper.notifiers.port import Notifier, NotifyError
from reaper.wire.report import Report


class SnsClient(Protocol):
    """What is used of botocore's client of SNS."""

    def publish(self, **request: Any) -> Mapping[str, Any]:
        """The service's Publish."""
        ...


def create(client: Callable[[str], Any], topic_arn: str, where: str) -> SnsNotifier:
    """The notifier of a topic of the function's own region."""
    return SnsNotifier(client("sns"), topic_arn, where=where)


class SnsNotifier(Notifier):
    """Publishes digests to one topic: text for people, JSON for machines."""

    def __init__(self, client: SnsClient, topic_arn: str, *, where: str = "") -> None:
        """``client`` has to be of the region that ``topic_arn`` names; ``where`` says where all of a cut digest is."""
        self._client = client
        self._topic_arn = topic_arn
        self._where = where

    def _tell_digest(self, digest: Report) -> None:
        message = compose(digest, where=self._where)
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=message.body,
                MessageStructure="json",
                MessageAttributes=message.attributes,
            )["MessageId"]
        # Botocore has no common class for what it raises: an answer it cannot parse is a plain Exception.
        except Exception as error:
            raise NotifyError(f"the report was not published to {self._topic_arn}: {error}") from error
