"""Has people told what a sweep has to say: each destination once, and only what it has not been told before.

The platform gets the whole report, every owner's destination a digest of its own, Amazon Q Developer its notification, and
EventBridge the events. What each audience was told last is kept in the ledger as a fingerprint. Whatever cannot be told is
said in the log and in the metrics; a warning that did not leave counts as none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace as replace_parts

from reaper.core.links import Key, Link, Purpose, sign
from reaper.core.names import session_name
from reaper.core.owners import OwnersBook, resolve
from reaper.handlers.delivery import Delivery, DeliveryError
from reaper.handlers.keyring import read_keyring
from reaper.handlers.secret import SecretError
from reaper.notifiers.catalog import Client, notifiers_for
from reaper.notifiers.digest import PLATFORM, Fingerprint, annotate, digests, fingerprint, worth_telling
from reaper.notifiers.port import NotifyError
from reaper.settings import Notify, SweepSettings
from reaper.sweep.instructions import Reader
from reaper.sweep.ports import Bookkeeping, LedgerError
from reaper.wire.common import Ref
from reaper.wire.report import Report

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

LINK_LASTS: Final = 7 * 86400.0
"""Seconds that a link to a session can be answered through."""


@dataclass
class People:
    """Everybody one sweep may tell. ``client`` gives the function's own clients, by service; ``where`` the whole report is."""

    settings: SweepSettings
    delivery: Delivery
    client: Client
    bookkeeping: Bookkeeping
    logger: Logger
    where: str
    clock: Callable[[], float] = time.time
    untold: int = 0
    """Messages and events that did not leave."""
    _failure: NotifyError | None = field(default=None, init=False)
    _trouble: list[str] = field(default_factory=list[str], init=False)

    @cached_property
    def owners(self) -> OwnersBook:
        """Who owns what; nobody owns anything where that cannot be read, and the platform is told so."""
        if not self.settings.delivery.owners:
            return OwnersBook()
        try:
            return self.delivery.owners()
        except DeliveryError as error:
            self._trouble.append(f"owners are not told themselves: {error}")
            return OwnersBook()

    def reader(self, owner: str | None) -> Reader:
        """Who is told of what belongs to ``owner``, and in which timezone."""
        contact = resolve(self.owners, owner)
        zone = self.settings.people.timezone
        return Reader(contact.team, contact.timezone or zone) if contact else Reader("", zone)

    def annotated(self, report: Report) -> Report:
        """``report`` with the teams of its findings, and with what kept owners from being told."""
        report = annotate(report, self.owners)
        if not self._trouble:
            return report
        return replace_parts(report, notes=(*report.notes, *self._trouble))

    def tell(self, report: Report) -> tuple[str, ...]:
        """Tell everybody what is new to them. Returns what went wrong with that."""
        report = self.annotated(report)
        people = self.settings.people
        told_already = frozenset(part for part in people.told_already.split(",") if part)
        documents = digests(
            report,
            self.owners if people.owners_topic_arn else OwnersBook(),
            timezone=people.timezone,
            told_already=told_already,
            link=self._link if people.answers_url else None,
        )
        before, notes = self._told_before()
        prints: dict[str, str] = {}
        for document in documents:
            notes += self._tell_one(document, before, prints)
        notes += self._keep(prints)
        self._announce(report)
        return tuple(notes)

    def insist(self) -> None:
        """Raise what kept a message from being told: the invocation then fails, once everything else is done."""
        if self._failure is not None:
            raise self._failure

    def _tell_one(self, document: Report, before: Mapping[str, Fingerprint], prints: dict[str, str]) -> list[str]:
        audience = document.audience.key if document.audience else PLATFORM
        now, last = fingerprint(document), before.get(audience)
        always = audience == PLATFORM and self.settings.notify is Notify.ALWAYS
        if not (always or worth_telling(document, last)):
            if last is not None and last.troubles != now.troubles:
                # Over, or less than it was: should it come back, that is news.
                prints[audience] = str(replace(last, troubles=now.troubles))
            return []
        try:
            for notifier in notifiers_for(audience, self.settings, self.client, self.where):
                notifier.tell(document)
        except NotifyError as error:
            self.untold += 1
            self._failure = self._failure or error
            self.logger.error("not told", extra={"audience": audience, "reason": str(error)})  # noqa: TRY400 - a sentence
            return [str(error)]
        prints[audience] = str(now)
        return []

    def _told_before(self) -> tuple[dict[str, Fingerprint], list[str]]:
        """What each audience was told last. Where that cannot be read, all of them are told: once more beats never."""
        try:
            kept = self.bookkeeping.prints()
        except LedgerError as error:
            self.logger.warning("told again", extra={"reason": str(error)})
            return {}, []
        read = {audience: Fingerprint.parse(text) for audience, text in kept.items()}
        return {audience: one for audience, one in read.items() if one is not None}, []

    def _keep(self, prints: Mapping[str, str]) -> list[str]:
        try:
            self.bookkeeping.keep_prints(prints)
        except LedgerError as error:
            # No reason to tell it again at once: the next sweep's own news decides.
            self.logger.warning("may be told again", extra={"reason": str(error)})
        return []

    def _announce(self, report: Report) -> None:
        """Tell machines. What is lost is counted and logged, and makes no warning unheard: people were told."""
        for notifier in notifiers_for(None, self.settings, self.client, self.where):
            try:
                notifier.tell(report)
            except NotifyError as error:
                self.untold += error.lost
                self.logger.error("events not sent", extra={"reason": str(error)})  # noqa: TRY400 - a sentence

    def _link(self, ref: Ref, to: str) -> str:
        if self._key is None:
            return ""
        link = Link(Purpose.SESSION, session_name(ref.session()), to, self.clock() + LINK_LASTS)
        return f"{self.settings.people.answers_url}s/{sign(link, self._key)}"

    @cached_property
    def _key(self) -> Key | None:
        """What links are signed with; without it messages carry none, which is said."""
        if not self.settings.people.link_secret:
            return None
        try:
            return read_keyring(self.client("secretsmanager"), self.settings.people.link_secret)[0]
        except SecretError as error:
            self.logger.error("messages carry no links", extra={"reason": str(error)})  # noqa: TRY400 - a sentence
            return None
