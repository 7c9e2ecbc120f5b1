"""Writes what a person answered into the ledger, however many others write at the same moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from reaper.core.memory import Memory, Unreadable
from reaper.core.session import SessionRef
from reaper.core.snooze import NOTHING_SEEN, Offer, hurried, snoozed, unsnoozed
from reaper.sweep.ports import Ledger, LedgerError

_ATTEMPTS = 6
_PAUSE = 0.02
"""Seconds; the longest pause before the second attempt is twice that, and it doubles with each."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What is remembered of the session now; ``new`` is false where it said so already."""

    memory: Memory
    new: bool


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
    ledger: Ledger, ref: SessionRef, *, until: float, by: str, now: float, offer: Offer = NOTHING_SEEN
) -> Memory:
    """Keep the session until then; what is remembered of it from now on.

    Raises:
        Refused, Unknown or LedgerError: nothing was changed.
    """
    return _change(ledger, ref, lambda memory: snoozed(memory, until=until, by=by, now=now, offer=offer)).memory


def unsnooze(ledger: Ledger, ref: SessionRef, *, by: str, now: float, offer: Offer = NOTHING_SEEN) -> Memory:
    """End the session's snooze; raises as :func:`snooze`."""
    return _change(ledger, ref, lambda memory: unsnoozed(memory, by=by, now=now, offer=offer)).memory


def hurry(ledger: Ledger, ref: SessionRef, *, by: str, now: float, offer: Offer = NOTHING_SEEN) -> Changed:
    """Have the next sweep stop the session without waiting for its grace; raises as :func:`snooze`."""
    return _change(ledger, ref, lambda memory: hurried(memory, by=by, now=now, offer=offer))


def _change(
    ledger: Ledger, ref: SessionRef, change: Callable[[Memory], Memory], pause: Callable[[float], None] = time.sleep
) -> Changed:
    for attempt in range(_ATTEMPTS):
        if attempt:
            # Others write at this very moment; not all of them again at once.
            pause(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
        # Decided anew each time: what was written meanwhile may allow it no more.
        memory = look_up(ledger, ref)
        changed = change(memory)
        if changed is memory:
            return Changed(memory, new=False)
        try:
            if not ledger.write([changed]):
                return Changed(changed, new=True)
        except LedgerError:
            pause(_PAUSE)
            return _recorded(ledger, ref, changed, change)
    raise LedgerError("it kept being changed by others: try again")


def _recorded(ledger: Ledger, ref: SessionRef, changed: Memory, change: Callable[[Memory], Memory]) -> Changed:
    """What became of a write that failed: it may have been carried out all the same. Called while that error is handled."""
    memory = look_up(ledger, ref)
    if (memory.snooze, memory.hurry) == (changed.snooze, changed.hurry):
        return Changed(memory, new=True)
    if change(memory) is memory:
        return Changed(memory, new=False)
    raise  # noqa: PLE0704 - the error of the write
