"""One SNS message brought to Slack: what it is, where it goes, and that it goes there once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Protocol

from msgspec import Meta, Struct
from msgspec import field as member

from reaper.handlers.keyring import Keep, read_json
from reaper.handlers.secret import SecretError, SecretsClient
from reaper.notifiers.digest import PLATFORM
from reaper.notifiers.slack import Poster, SlackNotifier
from reaper.notifiers.slack_blocks import other_message
from reaper.notifiers.slack_post import Bot, SlackError, Webhook
from reaper.settings import SlackSettings
from reaper.sweep.ports import LedgerError
from reaper.wire.alarm import Alarm
from reaper.wire.codec import WireError, convert, decode
from reaper.wire.report import Audience, Report

MEDIUM: Final = "slack"


class Delivery(StrEnum):
    """What became of a message that did not fail."""

    POSTED = "posted"
    POSTED_UNMARKED = "posted, but not remembered: it may be posted again"
    REPEATED = "posted before"
    NOT_FOR_SLACK = "for another medium"


class Note(Struct, frozen=True, kw_only=True, dict=True):
    """One message as SNS hands it over. Nothing in it is trusted."""

    id: Annotated[str, Meta(min_length=1)] = member(name="MessageId")
    body: str = member(name="Message")
    subject: str | None = member(default=None, name="Subject")

    def __repr__(self) -> str:
        """Without what is said in it."""
        return f"Note({self.id!r})"

    @cached_property
    def content(self) -> Report | Alarm | None:
        """What is in it: a digest, or an alarm; ``None`` for anything else a topic carries."""
        for kind in (Report, Alarm):
            try:
                return decode(self.body, kind)
            except WireError:
                continue
        return None

    @property
    def kind(self) -> str:
        """What it is, in a word, for the log."""
        return {Report: "digest", Alarm: "alarm"}.get(type(self.content), "other")

    @property
    def audience(self) -> Audience | None:
        """Whom it is for; ``None`` where it does not say."""
        return self.content.audience if isinstance(self.content, Report) else None


class _Record(Struct, frozen=True):
    note: Note = member(name="Sns")


class _SnsEvent(Struct, frozen=True):
    records: Annotated[tuple[_Record, ...], Meta(min_length=1)] = member(name="Records")


@dataclass(frozen=True, slots=True)
class SlackSecret:
    """What a workspace lets us in with. A bot goes before a webhook, because it reaches every channel."""

    webhook_url: str = field(repr=False, default="")
    bot_token: str = field(repr=False, default="")


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
        if note.audience and note.audience.medium not in {PLATFORM, MEDIUM}:
            return Delivery.NOT_FOR_SLACK
        if self.deliveries.is_marked(note.id):
            return Delivery.REPEATED
        secret = self.secret.get()
        try:
            self._post(note, secret, until)
        except SlackError as error:
            # A secret that was rotated works again at once; one that was revoked fails once more, and says so.
            if not error.credential or (fresh := self.secret.again()) == secret:
                raise
            self._post(note, fresh, until)
        # Only now: whatever fails before is tried again, which may repeat a message but loses none.
        try:
            self.deliveries.mark(note.id)
        except LedgerError:
            # It has been posted: failing now would only post it again.
            return Delivery.POSTED_UNMARKED
        return Delivery.POSTED

    def _post(self, note: Note, secret: SlackSecret, until: float) -> None:
        to = self._destination(note.audience, secret)
        told = note.content
        if told is None:
            self.poster.post(other_message(note.subject or "", note.body), to, until=until)
            return
        buttons, zone = bool(self.settings.slack_buttons), self.settings.timezone
        SlackNotifier(self.poster, to, until, interactive=buttons, timezone=zone).tell(told)

    def _destination(self, audience: Audience | None, secret: SlackSecret) -> Webhook | Bot:
        """Where to: an owner's own channel by a bot alone, because a webhook reaches no channel but its own.

        What a webhook cannot address is not put into its channel instead: there it would reach the wrong people, and those
        who get the whole report twice.
        """
        owner = audience.to if audience and audience.medium == MEDIUM else ""
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


def notes_of(event: Mapping[str, Any]) -> list[Note]:
    """The messages of an event of SNS; raises ValueError for an event of anything else."""
    try:
        return [record.note for record in convert(event, _SnsEvent).records]
    except WireError as error:
        raise ValueError(f"the event is none of SNS, of which each record has a message: {error}") from None


def read_slack_secret(client: SecretsClient, secret_id: str) -> SlackSecret:
    """What is in the secret: ``bot_token`` or ``webhook_url``.

    Raises:
        SecretError: it cannot be read, or has neither.
    """
    found = read_json(client, secret_id)
    secret = SlackSecret(
        webhook_url=_text(found.get("webhook_url")),
        bot_token=_text(found.get("bot_token")),
    )
    if not (secret.webhook_url or secret.bot_token):
        raise SecretError(f"the secret {secret_id} has neither webhook_url nor bot_token: put one of them there")
    return secret


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
