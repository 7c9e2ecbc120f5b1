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
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from reaper.core.snooze import zone_of
from reaper.notifiers import chat_words as words
from reaper.notifiers.chat_words import Json, listing, mapping, text
from reaper.notifiers.sns import NotifyError, SnsClient

MOST_DESCRIPTION: Final = 2_900
MOST_TITLE: Final = 150
_NAME, _DETAIL = 80, 200
_RESOURCES: Final = 10
_ARN: Final = re.compile(r"arn:[a-z0-9-]+:[A-Za-z0-9:/_.=+,-]{1,400}")
_LONGEST_URL: Final = 1_500
_WORD: Final = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_HARMLESS: Final = str.maketrans({"`": "'", "<": "‹", ">": "›", "&": "+"})  # noqa: RUF001 - look-alikes are the point


class ChatNotifier:
    """Publishes digests as notifications to the topic that Amazon Q Developer listens to."""

    def __init__(self, client: SnsClient, topic_arn: str) -> None:
        """``client`` has to be of the region that ``topic_arn`` names."""
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, digest: Json) -> str:
        """The id of the SNS message that carries ``digest``.

        Raises:
            NotifyError: SNS did not take it.
        """
        try:
            answer = self._client.publish(TopicArn=self._topic_arn, Message=json.dumps(notification(digest)))
            return str(answer["MessageId"])
        # Botocore has no common class for what it raises: an answer it cannot parse is a plain Exception.
        except Exception as error:
            raise NotifyError(f"the chat notification was not published to {self._topic_arn}: {error}") from error


def notification(digest: Json, *, timezone: str = "UTC") -> dict[str, Any]:
    """The notification for one digest. ``timezone`` is for an audience without one."""
    audience = mapping(digest.get("audience"))
    zone = zone_of(text(audience.get("timezone")) or timezone)
    title = words.headline(digest)
    said = {"runId": text(digest.get("run_id")), "mode": text(digest.get("mode")), "audience": _who(audience)}
    return {
        "version": "1.0",
        "source": "custom",
        "id": _digest_of(_who(audience), text(digest.get("run_id")), text(digest.get("started_at"))),
        "content": {
            "textType": "client-markdown",
            "title": title[:MOST_TITLE],
            "description": _description(digest, zone),
            **({"nextSteps": steps} if (steps := words.advice(digest)) else {}),
            "keywords": ["session-reaper"],
        },
        "metadata": {
            "threadId": _thread(digest, audience, zone),
            "summary": title[:MOST_TITLE],
            "eventType": "SessionReaperDigest",
            "relatedResources": _resources(digest),
            "additionalContext": {name: value for name, value in said.items() if _WORD.fullmatch(value)},
        },
    }


def code(value: object, most: int) -> str:
    """A stranger's words in a code span that they cannot leave; nothing for no words."""
    return f"`{words.plain(value, most).translate(_HARMLESS)}`" if value not in ("", None) else ""


def _description(digest: Json, zone: tzinfo) -> str:
    told = [" ".join(words.summary(digest))]
    if "error" in digest:
        told = ["Nothing was looked at or stopped.", code(digest["error"], _DETAIL)]
    told += [
        f"Could not be read: {code(one, _DETAIL)}" for one in words.lines(listing(digest.get("blind")), "error", 2, 180)
    ]
    room = MOST_DESCRIPTION - sum(len(line) + 1 for line in told) - 100
    shown = 0
    for group in words.groups(digest):
        for finding in group.findings:
            line = _finding(finding, group.title, digest, zone)
            if len(line) + 1 > room:
                room = 0
                break
            told.append(line)
            room -= len(line) + 1
            shown += 1
        if not room:
            break
    if (missing := words.total(digest, "findings") - shown) > 0:
        told.append(f"... and {missing} more: see the mail, or the log of the sweep.")
    return "\n".join(told)


def _finding(finding: Json, group: str, digest: Json, zone: tzinfo) -> str:
    name, id_ = words.names(finding)
    who = " ".join(part for part in (code(name, _NAME), code(id_ or "?", _NAME)) if part)

    def clock(at: float) -> str:
        return words.written(at, zone)

    told = [f"• {who}, {code(group, _DETAIL)}", words.sequel(finding, enforce=words.enforces(digest), clock=clock)]
    if idle := words.idleness(finding, clock):
        told.append(f"Idle {idle}.")
    if evidence := text(finding.get("evidence")):
        told.append(f"How we know: {code(evidence, _DETAIL)}.")
    if cost := words.costs(finding):
        told.append(f"It costs {cost}.")
    url, _ = words.answer_link(finding)
    if url and len(url) <= _LONGEST_URL:
        told.append(f"Keep it or stop it: {url}")
    return " ".join(told)


def _thread(digest: Json, audience: Mapping[str, Any], zone: tzinfo) -> str:
    """One thread for a session when nothing else is new, else one for the audience and its day."""
    news = [one for one in listing(digest.get("findings")) if one.get("news") is not False]
    if len(news) == 1 and not digest.get("blind"):
        ref = mapping(news[0].get("ref"))
        parts = [str(ref.get(part, "")) for part in ("service", "account", "region", "id")]
        scope = sorted((str(key), str(value)) for key, value in mapping(ref.get("scope")).items())
        return f"session-{_digest_of(*parts, json.dumps(scope))}"
    at = words.instant(digest.get("finished_at"))
    day = words.written(at, zone)[:10] if at is not None else "undated"
    return f"audience-{_digest_of(_who(audience))}-{day}"


def _resources(digest: Json) -> list[str]:
    arns = [text(finding.get("arn")) for finding in listing(digest.get("findings"))]
    return [arn for arn in arns if _ARN.fullmatch(arn)][:_RESOURCES]


def _who(audience: Mapping[str, Any]) -> str:
    return text(audience.get("key")) or "platform"


def _digest_of(*parts: str) -> str:
    """A short name for ``parts``, with nothing of them in it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
