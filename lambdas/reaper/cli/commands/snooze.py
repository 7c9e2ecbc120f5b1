"""``reaper snooze``."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable

import click

from reaper.cli.console import say, to_stdout
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.options import Duration, Moment, ServiceName, several
from reaper.cli.remembered import find, ledger_options, named, open_remembered
from reaper.cli.text import clean, count, duration, instant
from reaper.core import durations
from reaper.core.memory import Card, Memory
from reaper.core.names import session_name
from reaper.core.snooze import Refused, is_claimed, left
from reaper.sweep.answer import Unknown, snooze, unsnooze
from reaper.sweep.ports import LedgerError

EPILOG = """\b
Examples:
  reaper snooze nightly-adhoc --for 4h --ledger sessions
  reaper snooze 8f1c2a --until 2026-03-02T09:00:00+01:00 --ledger sessions
  reaper snooze nightly-adhoc --end --ledger sessions
  reaper snoozes --ledger sessions
"""


@click.command("snooze", epilog=EPILOG)
@click.argument("session", metavar="ID")
@click.option("--for", "lasting", type=Duration(), help="Keep it for so long: 30m, 4h, 1d. A unit is needed.")
@click.option("--until", type=Moment(), help="Keep it until then: 2026-03-02T09:00:00Z.")
@click.option("--end", is_flag=True, help="Keep it no longer. The snooze still counts as one.")
@click.option(
    "--service",
    "services",
    metavar="SERVICE",
    multiple=True,
    callback=several(ServiceName()),
    help="Look for it in this service only; repeat for more.",
)
@ledger_options
def command(  # noqa: PLR0913, PLR0917 - one per option
    session: str,
    lasting: float | None,
    until: float | None,
    services: tuple[str, ...],
    ledger: str,
    region: str | None,
    profile: str | None,
    *,
    end: bool,
) -> int:
    """Keep a session that is about to be stopped, for a while: no sweep with this ledger stops it before that is over.

    How long a snooze may last, and how many there may be, is the policy's to say; none is for ever. Nothing else of the
    session is changed, and whoever snoozed it is on record, by the ARN of their credentials. To keep one for days, tag it
    session-reaper/keep-until with a date instead.

    ID is a session's id, a beginning of it that no other session shares, or its whole name in the ledger.
    """
    if sum((lasting is not None, until is not None, end)) != 1:
        raise click.UsageError("say how long to keep it, with one of --for 4h, --until 2026-03-02T09:00:00Z and --end")
    opened = open_remembered(ledger, region, profile)
    try:
        found = find(session, services, opened)
    except LedgerError as error:
        raise CommandError(clean(error)) from error
    now = time.time()
    if end:
        changed = _change(found, lambda: unsnooze(opened.ledger, found.ref, by=opened.caller(), now=now))
        lines = _ended(changed)
    else:
        moment = now + (lasting or 0.0) if until is None else until
        changed = _change(found, lambda: snooze(opened.ledger, found.ref, until=moment, by=opened.caller(), now=now))
        undo = ["reaper", "snooze", session_name(found.ref), "--end", "--ledger", ledger]
        undo += ["--region", region] if region else []
        undo += ["--profile", profile] if profile else []
        lines = [*_snoozed(changed, now), f"To keep it no longer: {clean(shlex.join(undo))}"]
    to_stdout("".join(f"{line}\n" for line in lines))
    if is_claimed(changed, now):
        say("A sweep is about to stop it at this very moment: it looks once more before it does, but may be past that.")
    return ExitCode.DONE


def _change(found: Memory, change: Callable[[], Memory]) -> Memory:
    """What is remembered of the session after ``change``; raises CommandError when it was refused, or did not work."""
    try:
        return change()
    except (Refused, Unknown) as error:
        raise CommandError(f"{named(found)}: {error}") from error
    except LedgerError as error:
        raise CommandError(clean(error)) from error


def _snoozed(memory: Memory, now: float) -> list[str]:
    if memory.snooze is None:
        raise AssertionError("it was just snoozed")
    card, until = memory.card or Card(), memory.snooze.until
    remaining = left(memory)
    return [
        f"Kept until {instant(until)}, for {duration(round(until - now))}: {named(memory)}",
        f"It can be snoozed {count(remaining, 'more time')}, for at most {durations.format(card.snooze_max)} each."
        if remaining
        else "It cannot be snoozed again.",
        *_harmless(card),
    ]


def _ended(memory: Memory) -> list[str]:
    times = memory.snooze.times if memory.snooze else 0
    used = f"{count(times, 'snooze')} of {(memory.card or Card()).snooze_times} used"
    return [f"No longer kept, so the next sweep decides ({used}): {named(memory)}", *_harmless(memory.card or Card())]


def _harmless(card: Card) -> list[str]:
    """What there is to say of a session that no sweep would have stopped."""
    return [] if card.acts else ["As things are, sweeps only report it, and stop nothing."]
