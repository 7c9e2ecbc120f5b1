"""Whether anybody reads what the sweep tells: a mail scanner that follows links can unsubscribe the only address there is.

Needs ``sns:GetTopicAttributes`` of the topics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

EVERY: Final = 86_400.0
"""Seconds after which it is looked at again in a warm function, once somebody was there."""
NOBODY: Final = (
    "nobody is subscribed to the topic of the reports: confirm the mail that AWS sends to each of `emails`, or, where an address "
    "was unsubscribed, deploy without it and then with it again"
)


class TopicsClient(Protocol):
    """What is used of botocore's client of SNS."""

    def get_topic_attributes(self, **request: Any) -> Mapping[str, Any]:
        """The service's GetTopicAttributes."""
        ...


class Subscribers:
    """The confirmed subscriptions of ``topics`` together; somebody who reads one of them is enough."""

    def __init__(
        self, client: TopicsClient, topics: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._topics, self._clock = client, topics, clock
        self._looked: float | None = None
        self.missing = False
        """Whether nobody was there when it was looked at last."""

    def note(self) -> str:
        """What the report is to say: nothing while somebody reads it. While nobody does, it is looked at in each sweep."""
        now = self._clock()
        if self._looked is not None and not self.missing and now - self._looked < EVERY:
            return ""
        try:
            confirmed = sum(self._confirmed(topic) for topic in self._topics)
        except (ClientError, BotoCoreError, KeyError, ValueError) as error:
            self._looked, self.missing = None, False
            return f"it is not known whether anybody is subscribed to the topic of the reports: {error}"
        self._looked, self.missing = now, confirmed == 0
        return NOBODY if self.missing else ""

    def _confirmed(self, topic: str) -> int:
        return int(self._client.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"])
