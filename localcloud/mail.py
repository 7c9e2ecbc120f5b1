"""The mail that SNS delivers: ministack drops it, so it is kept here, for the demo to show and for tests to read."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one subscriber."""

    to: str
    subject: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the mail as plain JSON data."""
        return asdict(self)


class Mailbox:
    """Every mail that was delivered, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: list[Mail] = []

    def add(self, mail: Mail) -> None:
        """Deliver a mail."""
        with self._lock:
            self._mails.append(mail)

    def list(self) -> list[Mail]:
        """Return the mails so far, oldest first."""
        with self._lock:
            return self._mails[:]

    def clear(self) -> None:
        """Forget every mail."""
        with self._lock:
            self._mails.clear()


def deliver_mail(sns: Any, mailbox: Mailbox) -> None:
    """Let the module `ministack.services.sns` deliver mail: the text meant for email, past each subscriber's filter."""
    fan_out = sns._fanout  # noqa: SLF001 - there is no hook for it

    def fan_out_and_mail(  # noqa: PLR0913, PLR0917 - ministack's signature
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        fan_out(topic_arn, msg_id, message, subject, message_structure, message_attributes, **options)
        topic = sns._topic_by_arn_any_scope(topic_arn)  # noqa: SLF001 - as the original does
        for subscription in topic["subscriptions"] if topic else ():
            if subscription["protocol"] != "email":
                continue
            text = sns._resolve_message_for_protocol(message, message_structure, "email")  # noqa: SLF001 - the same
            if sns._matches_filter_policy(subscription, message_attributes or {}, text):  # noqa: SLF001 - the same
                mailbox.add(Mail(to=subscription["endpoint"], subject=subject or "", text=text))

    sns._fanout = fan_out_and_mail  # noqa: SLF001 - there is no hook for it
