"""One SNS message brought to Slack: what it is, where it goes, and that it goes there once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, cast

from reaper.handlers.keyring import Keep, read_json
from reaper.handlers.secret import SecretError, SecretsClient
from reaper.notifiers.chat_words import Json, mapping, text
from reaper.notifiers.slack_blocks import alarm_message, digest_message, other_message
from reaper.notifiers.slack_post import Bot, SlackError, Webhook
from reaper.settings import SlackSettings
from reaper.sweep.ports import LedgerError

MEDIUM: Final = "slack"


class Delivery(StrEnum):
    """What became of a message that did not fail."""

    POSTED = "posted"
    POSTED_UNMARKED = "posted, but not remembered: it may be posted again"
    REPEATED = "posted before"
    NOT_FOR_SLACK = "for another medium"


class Kind(StrEnum):
    """What a message is."""

    DIGEST = "digest"
    ALARM = "alarm"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Note:
    """One message as SNS hands it over. Nothing in it is trusted."""

    id: str
    subject: str
    body: str = field(repr=False)

    def document(self) -> Json:
        """The body, if it is a JSON object, else an empty one."""
        try:
            found: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return cast("Json", found) if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class SlackSecret:
    """What a workspace lets us in with. A bot goes before a webhook, because it reaches every channel."""

    webhook_url: str = field(repr=False, default="")
    bot_token: str = field(repr=False, default="")


class Poster(Protocol):
    """What posts: :class:`reaper.notifiers.slack_post.SlackPoster`."""

    def post(self, message: Mapping[str, Any], to: Webhook | Bot, *, until: float) -> None:
        """Post one message; raises SlackError."""
        ...


class Deliveries(Protocol):
    """What remembers deliveries: :class:`reaper.ledger.deliveries.DynamoDbDeliveries`."""

    def is_marked(self, message_id: str) -> bool:
        """Whether the message was delivered; raises LedgerError."""
        ...

    def mark(self, message_id: str) -> bool:
        """Remember that it was; raises LedgerError."""
        ...


@dataclass(frozen=True, slots=True)
class SlackDelivery:
    """Brings messages to Slack, each once as far as can be known."""

    settings: SlackSettings
    secret: Keep[SlackSecret]
    deliveries: Deliveries
    poster: Poster

    def deliver(self, note: Note, *, until: float) -> Delivery:
        """Post ``note`` before ``until`` (as of the poster's clock), unless that was done or it is not for Slack.

        Raises:
            SlackError, SecretError, LedgerError: it was not posted, or it is not known; the same again may repeat it.
        """
        document = note.document()
        audience = mapping(document.get("audience"))
        if kind_of(document) is Kind.DIGEST and audience.get("medium") not in (None, "platform", MEDIUM):
            return Delivery.NOT_FOR_SLACK
        if self.deliveries.is_marked(note.id):
            return Delivery.REPEATED
        secret = self.secret.get()
        try:
            self._post(note, document, secret, until)
        except SlackError as error:
            # A secret that was rotated works again at once; one that was revoked fails once more, and says so.
            if not error.credential or (fresh := self.secret.again()) == secret:
                raise
            self._post(note, document, fresh, until)
        # Only now: whatever fails before is tried again, which may repeat a message but loses none.
        try:
            self.deliveries.mark(note.id)
        except LedgerError:
            # It has been posted: failing now would only post it again.
            return Delivery.POSTED_UNMARKED
        return Delivery.POSTED

    def _post(self, note: Note, document: Json, secret: SlackSecret, until: float) -> None:
        to = self._destination(document, secret)
        self.poster.post(self._message(note, document), to, until=until)

    def _destination(self, document: Json, secret: SlackSecret) -> Webhook | Bot:
        """Where to: an owner's own channel by a bot alone, because a webhook reaches no channel but its own.

        What a webhook cannot address is not put into its channel instead: there it would reach the wrong people, and those
        who get the whole report twice.
        """
        audience = mapping(document.get("audience"))
        owner = text(audience.get("to")) if audience.get("medium") == MEDIUM else ""
        if secret.bot_token:
            channel = owner or self.settings.slack_channel
            if not channel:
                raise SlackError("nothing says which channel to post to: set slack_channel", permanent=True)
            return Bot(secret.bot_token, channel)
        if owner and owner != self.settings.slack_channel:
            raise SlackError(
                "a webhook reaches no channel but its own, and the message is for another: use a bot's token",
                permanent=True,
            )
        return Webhook(secret.webhook_url)

    def _message(self, note: Note, document: Json) -> Json:
        match kind_of(document):
            case Kind.DIGEST:
                return digest_message(
                    document, interactive=bool(self.settings.slack_buttons), timezone=self.settings.timezone
                )
            case Kind.ALARM:
                return alarm_message(document, timezone=self.settings.timezone)
            case Kind.OTHER:
                return other_message(note.subject, note.body)


def kind_of(document: Json) -> Kind:
    """What a message is, from what only such a one has."""
    if isinstance(document.get("findings"), list) and isinstance(document.get("totals"), dict):
        return Kind.DIGEST
    if "AlarmName" in document and "NewStateValue" in document:
        return Kind.ALARM
    return Kind.OTHER


def notes_of(event: Mapping[str, Any]) -> list[Note]:
    """The messages of an event of SNS; raises ValueError for an event of anything else."""
    records = event.get("Records")
    notes = [_note(record) for record in records] if isinstance(records, list) else []
    if not notes:
        raise ValueError("the event is none of SNS: it has no Records with a message")
    return notes


def read_slack_secret(client: SecretsClient, secret_id: str) -> SlackSecret:
    """What is in the secret: ``bot_token`` or ``webhook_url``.

    Raises:
        SecretError: it cannot be read, or has neither.
    """
    found = read_json(client, secret_id)
    secret = SlackSecret(
        webhook_url=text(found.get("webhook_url")).strip(),
        bot_token=text(found.get("bot_token")).strip(),
    )
    if not (secret.webhook_url or secret.bot_token):
        raise SecretError(f"the secret {secret_id} has neither webhook_url nor bot_token: put one of them there")
    return secret


def _note(record: object) -> Note:
    message = mapping(mapping(record).get("Sns"))
    id_, body = text(message.get("MessageId")), message.get("Message")
    if not id_ or not isinstance(body, str):
        raise ValueError("the event is none of SNS: a record has no Sns with MessageId and Message")
    return Note(id_, text(message.get("Subject")), body)
