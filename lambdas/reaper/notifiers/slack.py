"""Slack behind the port: digests and alarms posted to one channel, through a webhook or a bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from reaper.notifiers.port import Notifier, Told
from reaper.notifiers.slack_blocks import alarm_message, digest_message
from reaper.notifiers.slack_post import Bot, Webhook
from reaper.wire.alarm import Alarm
from reaper.wire.report import Report


class Poster(Protocol):
    """What posts: :class:`reaper.notifiers.slack_post.SlackPoster`."""

    def post(self, message: Mapping[str, Any], to: Webhook | Bot, *, until: float) -> None:
        """Post one message; raises SlackError."""
        ...


@dataclass(frozen=True)
class SlackNotifier(Notifier):
    """Posts ``to`` a channel before ``until`` (as of the poster's clock). ``interactive``: somebody listens to buttons."""

    poster: Poster
    to: Webhook | Bot
    until: float
    interactive: bool = False
    timezone: str = "UTC"
    """Of an audience without one."""

    carries: ClassVar[frozenset[type[Told]]] = frozenset({Report, Alarm})

    def _tell_digest(self, digest: Report) -> None:
        self._post(digest_message(digest, interactive=self.interactive, timezone=self.timezone))

    def _tell_alarm(self, alarm: Alarm) -> None:
        self._post(alarm_message(alarm, timezone=self.timezone))

    def _post(self, message: Mapping[str, Any]) -> None:
        self.poster.post(message, self.to, until=self.until)
