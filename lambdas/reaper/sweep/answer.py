"""Writes what a person answered into the ledger, however many others write at the same moment."""

from __future__ import annotations

from collections.abc import Callable

from reaper.core.memory import Memory, Unreadable
from reaper.core.session import SessionRef
from reaper.core.snooze import hurried, snoozed, unsnoozed
from reaper.sweep.ports import Ledger, LedgerError

_ATTEMPTS = 5


class Unknown(Exception):  # noqa: N818 - an answer, not a fault of the program
    """The ledger knows nothing of the session. ``str(error)`` is one sentence for a person."""

    def __init__(self, ref: SessionRef) -> None:
        super().__init__("Nothing is remembered of this session: no policy ever wanted it stopped.")
        self.ref = ref


def look_up(ledger: Ledger, ref: SessionRef) -> Memory:
    """What is remembered of the session.

    Raises:
        Unknown: nothing is.
        LedgerError: it cannot be read.
    """
    found = ledger.recall([ref]).get(ref)
    if found is None:
        raise Unknown(ref)
    if isinstance(found, Unreadable):
        raise LedgerError(found.reason)
    return found


def snooze(  # noqa: PLR0913 - who, what, until when, and what they had seen
    ledger: Ledger, ref: SessionRef, *, until: float, by: str, now: float, seen: int | None = None
) -> Memory:
    """Keep the session until then; what is remembered of it from now on.

    Raises:
        Refused, Unknown or LedgerError: nothing was changed.
    """
    return _change(ledger, ref, lambda memory: snoozed(memory, until=until, by=by, now=now, seen=seen))


def unsnooze(ledger: Ledger, ref: SessionRef, *, by: str, now: float) -> Memory:
    """End the session's snooze; raises as :func:`snooze`."""
    return _change(ledger, ref, lambda memory: unsnoozed(memory, by=by, now=now))


def hurry(ledger: Ledger, ref: SessionRef, *, by: str, now: float) -> Memory:
    """Have the next sweep stop the session without waiting for its grace; raises as :func:`snooze`."""
    return _change(ledger, ref, lambda memory: hurried(memory, by=by, now=now))


def _change(ledger: Ledger, ref: SessionRef, change: Callable[[Memory], Memory]) -> Memory:
    for _ in range(_ATTEMPTS):
        # Decided anew each time: what was written meanwhile may allow it no more.
        changed = change(look_up(ledger, ref))
        if not ledger.write([changed]):
            return changed
    raise LedgerError("it kept being changed by others: try again")
