"""A digest as a custom notification of Amazon Q Developer in chat applications, which posts it to Slack or Teams.

The service drops any other JSON without a word, so what is made here is held to ``schema/amazon-q-notification.schema.json``
by tests. Its reference (AWS Chatbot administrator guide, "Custom notifications") names the fields and no lengths; ours keep
the description within one section of a Slack message. Its markdown is that of the chat, so the words of strangers stand in
code spans, where no chat looks for mentions, links or emphasis.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, Final

from reaper.core.snooze import zone_of
from reaper.notifiers import chat_words as chat
from reaper.notifiers import words
from reaper.notifiers.port import Notifier, NotifyError
from reaper.notifiers.sns import SnsClient
from reaper.wire.codec import text_of
from reaper.wire.report import Finding, Report

MOST_DESCRIPTION: Final = 2_900
MOST_TITLE: Final = 150
_NAME, _DETAIL = 80, 200
_RESOURCES: Final = 10
_ARN: Final = re.compile(r"arn:[a-z0-9-]+:[A-Za-z0-9:/_.=+,-]{1,400}")
_LONGEST_URL: Final = 1_500
_WORD: Final = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_HARMLESS: Final = str.maketrans({"`": "'", "<": "‹", ">": "›", "&": "+"})  # noqa: RUF001 - look-alikes are the point


def create(client: Callable[[str], Any], topic_arn: str, _where: str) -> ChatNotifier:
    """The notifier of the topic that the service listens to, in the function's own region."""
    return ChatNotifier(client("sns"), topic_arn)


class ChatNotifier(Notifier):
    """Publishes digests as notifications to the topic that Amazon Q Developer listens to."""

    def __init__(self, client: SnsClient, topic_arn: str) -> None:
        """``client`` has to be of the region that ``topic_arn`` names."""
        self._client = client
        self._topic_arn = topic_arn

    def _tell_digest(self, digest: Report) -> None:
        try:
            self._client.publish(TopicArn=self._topic_arn, Message=text_of(notification(digest)))["MessageId"]
        # Botocore has no common class for what it raises: an answer it cannot parse is a plain Exception.
        except Exception as error:
            raise NotifyError(f"the chat notification was not published to {self._topic_arn}: {error}") from error


def notification(digest: Report, *, timezone: str = "UTC") -> dict[str, Any]:
    """The notification for one digest. ``timezone`` is for an audience without one."""
    zone = zone_of(digest.audience.timezone if digest.audience else timezone)
    title = chat.headline(digest)
    said = {"runId": digest.run_id, "mode": digest.mode.value, "audience": _who(digest)}
    return {
        "version": "1.0",
        "source": "custom",
        "id": _digest_of(_who(digest), digest.run_id, str(digest.started_at)),
        "content": {
            "textType": "client-markdown",
            "title": title[:MOST_TITLE],
            "description": _description(digest, zone),
            **({"nextSteps": steps} if (steps := chat.advice(digest)) else {}),
            "keywords": ["session-reaper"],
        },
        "metadata": {
            "threadId": _thread(digest, zone),
            "summary": title[:MOST_TITLE],
            "eventType": "SessionReaperDigest",
            "relatedResources": _resources(digest),
            "additionalContext": {name: value for name, value in said.items() if _WORD.fullmatch(value)},
        },
    }


def code(value: str, most: int) -> str:
    """A stranger's words in a code span that they cannot leave; nothing for no words."""
    return f"`{chat.plain(value, most).translate(_HARMLESS)}`" if value else ""


def _description(digest: Report, zone: tzinfo) -> str:
    told = [" ".join(chat.summary(digest))]
    if digest.error:
        told = ["Nothing was looked at or stopped.", code(digest.error, _DETAIL)]
    told += [f"Could not be read: {code(one, _DETAIL)}" for one in chat.lines(digest.blind, 2, 180)]
    room = MOST_DESCRIPTION - sum(len(line) + 1 for line in told) - 100
    shown = 0
    for title, finding in ((title, one) for title, findings in chat.groups(digest) for one in findings):
        line = _finding(finding, title, digest, zone)
        if len(line) + 1 > room:
            break
        told.append(line)
        room -= len(line) + 1
        shown += 1
    if (missing := chat.total(digest) - shown) > 0:
        told.append(f"... and {missing} more: see the mail, or the log of the sweep.")
    return "\n".join(told)


def _finding(finding: Finding, group: str, digest: Report, zone: tzinfo) -> str:
    name, id_ = words.names(finding)
    who = " ".join(part for part in (code(name, _NAME), code(id_, _NAME)) if part)

    def clock(at: datetime) -> str:
        return chat.written(at, zone)

    told = [f"• {who}, {code(group, _DETAIL)}:", chat.became(finding, digest.mode, clock)]
    if idle := words.idleness(finding, clock):
        told.append(f"Idle {idle}.")
    if finding.evidence:
        told.append(f"How we know: {code(finding.evidence, _DETAIL)}.")
    if cost := words.costs(finding):
        told.append(f"It costs {cost}.")
    if saved := words.saved(finding):
        told.append(f"Saved: {saved}.")
    url, _ = chat.answer_link(finding)
    if url and len(url) <= _LONGEST_URL:
        told.append(f"Keep it or stop it: {url}")
    return " ".join(told)


def _thread(digest: Report, zone: tzinfo) -> str:
    """One thread for a session when nothing else is new, else one for the audience and its day."""
    news = [one for one in digest.findings if one.news]
    if len(news) == 1 and not digest.blind:
        ref = news[0].ref
        scope = json.dumps(sorted(ref.scope.items()))
        return f"session-{_digest_of(ref.service, ref.account, ref.region, ref.id, scope)}"
    return f"audience-{_digest_of(_who(digest))}-{chat.written(digest.finished_at, zone)[:10]}"


def _resources(digest: Report) -> list[str]:
    return [finding.arn for finding in digest.findings if _ARN.fullmatch(finding.arn)][:_RESOURCES]


def _who(digest: Report) -> str:
    return digest.audience.key if digest.audience else "platform"


def _digest_of(*parts: str) -> str:
    """A short name for ``parts``, with nothing of them in it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
