"""The ledger for people at a terminal: opened on its own, and searched for one session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import click

from reaper.cli.errors import CommandError
from reaper.cli.options import Command
from reaper.cli.text import clean, place
from reaper.core.memory import Memory, Unreadable
from reaper.core.names import NotANameError, session_name, session_of
from reaper.core.policy.problems import did_you_mean
from reaper.core.snooze import is_gone
from reaper.sweep.ports import Ledger
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref

_SHOWN_MATCHES = 20


class Remembering(Protocol):
    """What is used of :class:`reaper.ledger.bookkeeping.DynamoDbBookkeeping`."""

    def remembered(self, *, snoozed_only: bool = False) -> tuple[Memory | Unreadable, ...]:
        """Every session in the ledger, or those with a snooze on record; raises LedgerError."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """The ledger, and whose credentials these are (one question to STS; raises CommandError)."""

    ledger: Ledger
    books: Remembering
    caller: Callable[[], str]


def ledger_options(command: Command) -> Command:
    """``--ledger``, and where it is."""
    options: tuple[Callable[[Any], Any], ...] = (
        click.option(
            "--ledger", required=True, metavar="TABLE", help="The DynamoDB table of the sweeps that warned of it."
        ),
        click.option(
            "--region", metavar="REGION", help="The AWS region that the table is in, by default that of your profile."
        ),
        click.option("--profile", metavar="NAME", help="The AWS profile to use."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def open_remembered(table: str, region: str | None, profile: str | None) -> Opened:
    """The ledger in ``table``. Makes no call.

    Raises:
        CommandError: there is no such profile or region.
    """
    # The SDK takes a while to load, which --help and usage errors need not wait for.
    from reaper import bootstrap  # noqa: PLC0415

    try:
        opened = bootstrap.open_ledger_alone(table, region=region, profile=profile)
    except bootstrap.StartError as error:
        raise CommandError(clean(error)) from error

    def caller() -> str:
        try:
            return bootstrap.caller_arn(opened.clients, opened.region)
        except bootstrap.StartError as error:
            raise CommandError(clean(error)) from error

    return Opened(opened.ledger, opened.books, caller)


def find(wanted: str, services: Sequence[str], opened: Opened) -> Memory:
    """The one session that ``wanted`` names: by its full name in the ledger, its id, or the beginning of its id.

    Sessions that are gone are found only where no other is meant.

    Raises:
        CommandError: there is none, there are several, or what is remembered of it cannot be read.
        LedgerError: the ledger could not be read.
    """
    if not wanted:
        raise CommandError("the id is empty: name a session, or the beginning of its id")
    found = _by_name(wanted, opened.ledger) or _only(wanted, services, opened.books.remembered())
    if isinstance(found, Unreadable):
        raise CommandError(f"{named(found)}: {clean(found.reason)}")
    return found


def named(one: Memory | Unreadable) -> str:
    """``glue 123456789012 eu-central-1 nightly``."""
    return f"{place(builtins_of(Ref.of(one.ref)))} {clean(one.ref.id)}"


def _by_name(wanted: str, ledger: Ledger) -> Memory | Unreadable | None:
    try:
        ref = session_of(wanted)
    except NotANameError:
        return None
    return ledger.recall([ref]).get(ref)


def _only(wanted: str, services: Sequence[str], remembered: Sequence[Memory | Unreadable]) -> Memory | Unreadable:
    known = [one for one in remembered if not services or one.ref.service in services]
    matches = [one for one in known if one.ref.id == wanted] or [one for one in known if one.ref.id.startswith(wanted)]
    chosen = [one for one in matches if isinstance(one, Unreadable) or not is_gone(one)] or matches
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        names = sorted(session_name(one.ref) for one in chosen)
        more = f", the first {_SHOWN_MATCHES} of which are above" if len(names) > _SHOWN_MATCHES else ""
        raise CommandError(
            f"{len(names)} sessions match {clean(wanted)!r}{more}: give the whole name of the one you mean instead",
            lines=tuple(f"  {clean(name)}" for name in names[:_SHOWN_MATCHES]),
        )
    where = f" of {' or '.join(services)}" if services else ""
    hint = did_you_mean(wanted, [one.ref.id for one in known])
    raise CommandError(
        f"the ledger knows no session {clean(wanted)!r}{where}{f'; {clean(hint)}' if hint else ''}: it remembers those"
        " that a policy wanted stopped in a sweep with this --ledger; reaper scan lists all there are"
    )
