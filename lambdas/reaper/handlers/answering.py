"""Does what a person answered, whether by the page behind a link or by a button in Slack; a repetition changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reaper.core.memory import Memory
from reaper.core.session import SessionRef
from reaper.core.snooze import Offer, tomorrow, zone_of
from reaper.notifiers.events import EventPublisher, stop_requested
from reaper.pages.answers import Done
from reaper.sweep import answer as answers
from reaper.sweep.ports import Ledger, LedgerError
from reaper.wire.common import Ref

_HOUR: Final = 3600.0
_LONGEST_NAME: Final = 200


class Answer(StrEnum):
    """What can be answered: the four snoozes, stop it now, and end the snooze."""

    HOUR = "1h"
    HOURS = "4h"
    TOMORROW = "tomorrow"
    LONGEST = "max"
    STOP = "stop"
    UNSNOOZE = "unsnooze"


class UnsureError(Exception):
    """The ledger failed while the answer was written: it may or may not have been recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that was taken: what is remembered of the session from now on."""

    memory: Memory
    done: Done
    note: str = ""
    """What went wrong besides, for the log: the answer stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One person's answer for one session. ``now`` is when it came, epoch seconds."""

    ref: SessionRef
    answer: Answer
    by: str
    now: float
    offer: Offer
    """What the person had seen: checked in every attempt to write."""


def give(wish: Wish, ledger: Ledger, publisher: Callable[[], EventPublisher | None]) -> Given:
    """Record the answer. A wish to stop is announced on the event bus, so that a sweep begins at once; the same again is not.

    Raises:
        Refused, Unknown: nothing was changed.
        LedgerError: the ledger could not be read, so nothing was changed.
        UnsureError: it is not known whether the answer was recorded.
    """
    memory = answers.look_up(ledger, wish.ref)
    by, offer = wish.by[:_LONGEST_NAME], wish.offer
    try:
        match wish.answer:
            case Answer.STOP:
                asked = answers.hurry(ledger, wish.ref, by=by, now=wish.now, offer=offer)
            case Answer.UNSNOOZE:
                after = answers.unsnooze(ledger, wish.ref, by=by, now=wish.now, offer=offer)
                return Given(memory=after, done=Done.ENDED)
            case _:
                until = _until(memory, wish.answer, wish.now)
                after = answers.snooze(ledger, wish.ref, until=until, by=by, now=wish.now, offer=offer)
                return Given(memory=after, done=Done.KEPT)
    except LedgerError as error:
        raise UnsureError(str(error)) from error
    note = _announce(asked.memory, wish, by, publisher) if asked.new else ""
    return Given(memory=asked.memory, done=Done.STOP_LATER if note else Done.STOP_SOON, note=note)


def _until(memory: Memory, answer: Answer, now: float) -> float:
    """The end of a snooze as it would be from ``now``; whether the policy allows that is not decided here."""
    card = memory.card
    match answer:
        case Answer.HOURS:
            return now + 4 * _HOUR
        case Answer.TOMORROW:
            return tomorrow(now, zone_of(card.timezone if card else "UTC"))
        case Answer.LONGEST if card is not None:
            return now + card.snooze_max
        case _:
            return now + _HOUR


def _announce(memory: Memory, wish: Wish, by: str, publisher: Callable[[], EventPublisher | None]) -> str:
    """Have a sweep begin at once. Returns why that could not be: the next scheduled one then does it."""
    # Late: only few answers need the names of services.
    from reaper.providers.arns import arn_of  # noqa: PLC0415

    try:
        bus = publisher()
        if bus is None:
            return "there is no event bus to announce it on"
        card = memory.card
        entry = stop_requested(
            Ref.of(wish.ref),
            by=by,
            at=wish.now,
            arn=arn_of(wish.ref),
            policy=memory.policy,
            owner=card.owner if card else "",
            team=card.team if card else "",
        )
        published = bus.publish([entry])
    except Exception as error:  # noqa: BLE001 - the wish is recorded, whatever is wrong with the bus
        return f"it could not be announced: {type(error).__name__}"
    return "" if published.sent == 1 else "; ".join(published.notes) or "the event bus did not take it"
