"""Reports by SNS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from reaper.notifiers.message import compose
from reaper.wire.report import Report


class SnsClient(Protocol):
    """What is used of botocore's client of SNS."""

    def publish(self, **request: Any) -> Mapping[str, Any]:
        """The service's Publish."""
        ...


class NotifyError(Exception):
    """A report was not published. ``str(error)`` is one sentence for a person."""


class SnsNotifier:
    """Publishes reports to one topic."""

    def __init__(self, client: SnsClient, topic_arn: str) -> None:
        """``client`` has to be of the region that ``topic_arn`` names."""
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, report: Report, *, where: str = "") -> str:
        """The id of the message that carries ``report``, cut if it was too long; ``where`` the whole can be read.

        Raises :class:`NotifyError` when SNS did not take it.
        """
        message = compose(report, where=where)
        try:
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=message.body,
                MessageStructure="json",
                MessageAttributes=message.attributes,
            )
            return str(answer["MessageId"])
        # Botocore has no common class for what it raises: an answer it cannot parse is a plain Exception.
        except Exception as error:
            raise NotifyError(f"the report was not published to {self._topic_arn}: {error}") from error
