"""What a person may answer to a warning: keep the session for a while, have it stopped now, or take a snooze back. Pure.

Every answer is a change of the session's :class:`~reaper.core.memory.Memory`, bounded by what its policy allowed when it was
last judged. No snooze is for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from reaper.core import durations
from reaper.core.memory import CLAIM_LASTS, Card, Hurry, Memory, Snooze
from reaper.core.outcome import Outcome

MORNING: Final = 9
"""The hour that "until tomorrow" means, where the reader lives."""
SAME_WISH: Final = 60.0
"""Seconds within which the wish to stop a session at once is the same wish, however many utter it."""
TOLERANCE: Final = 60.0
"""Seconds by which a snooze may be too long: a page was open that long before its button was pressed."""

_HOUR: Final = 3600.0


class Refusal(StrEnum):
    """Why an answer was not taken."""

    GONE = "gone"
    """It was stopped, or it ended."""
    TOO_LONG = "too long"
    NONE_LEFT = "none left"
    PAST = "past"
    REPEATED = "repeated"
    """Somebody answered since the page was made: the same person twice, or another."""
    NOT_SNOOZED = "not snoozed"
    NEVER_STOPPED = "never stopped"
    """There is nothing to hurry: the sweeps only report, or the policy only warns."""


class Refused(Exception):  # noqa: N818 - the answer to a wish, not a fault of the program
    """An answer was not taken. ``str(error)`` is one sentence for the person who gave it."""

    def __init__(self, reason: Refusal, message: str) -> None:
        """``message`` is shown as it is: it holds nothing that strangers wrote."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Choice:
    """One snooze that is on offer. ``key`` is ``1h``, ``4h``, ``tomorrow`` or ``max``."""

    key: str
    label: str
    until: float


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody who answers had before them; what others recorded since has overtaken it.

    ``snoozes`` is how many there had been, ``pressed`` when the button was pressed (epoch seconds); ``None``: not told.
    """

    snoozes: int | None = None
    pressed: float | None = None

    def check(self, memory: Memory) -> None:
        """Raises Refused where somebody answered meanwhile."""
        times, latest = (memory.snooze.times, memory.snooze.at) if memory.snooze else (0, None)
        late = self.pressed is not None and latest is not None and latest >= self.pressed
        if late or (self.snoozes is not None and self.snoozes != times):
            raise Refused(Refusal.REPEATED, "This has been answered already, so nothing was changed again.")


NOTHING_SEEN: Final = Offer()
"""Of one who answers without an offer, such as the command line."""


def zone_of(name: str) -> tzinfo:
    """The timezone called ``name``; UTC where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; leading out of the database; a folder of it
        return UTC


def left(memory: Memory) -> int:
    """How many more snoozes of this session its policy allows."""
    taken = memory.snooze.times if memory.snooze else 0
    return max(0, _card(memory).snooze_times - taken)


def choices(memory: Memory, now: float) -> tuple[Choice, ...]:
    """The snoozes on offer, shortest first: 1 h, 4 h and until tomorrow at nine, as far as the policy allows.

    Where it does not allow all of them, the longest it does is the last. Empty when none is left.
    """
    if left(memory) == 0:
        return ()
    longest = _card(memory).snooze_max
    wanted = [
        Choice("1h", "1 hour", now + _HOUR),
        Choice("4h", "4 hours", now + 4 * _HOUR),
        Choice("tomorrow", f"until tomorrow, {MORNING}:00", tomorrow(now, zone_of(_card(memory).timezone))),
    ]
    offered = [choice for choice in wanted if choice.until - now <= longest]
    if len(offered) < len(wanted) and all(abs(choice.until - now - longest) > TOLERANCE for choice in offered):
        offered.append(Choice("max", durations.format(longest), now + longest))
    return tuple(sorted(offered, key=lambda choice: choice.until))


def tomorrow(now: float, zone: tzinfo) -> float:
    """Nine o'clock of the day after ``now`` in ``zone``, epoch seconds."""
    day = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, MORNING, tzinfo=zone).timestamp()


def snoozed(memory: Memory, *, until: float, by: str, now: float, offer: Offer = NOTHING_SEEN) -> Memory:
    """``memory`` with a snooze until then.

    Raises:
        Refused: it has been stopped; somebody answered meanwhile; the snooze is longer than allowed, or one too many.
    """
    offer.check(memory)
    _still_there(memory)
    times = memory.snooze.times if memory.snooze else 0
    if until <= now:
        raise Refused(Refusal.PAST, "A snooze has to end in the future.")
    card = _card(memory)
    if left(memory) == 0:
        raise Refused(
            Refusal.NONE_LEFT,
            f"It has been kept {times} times, which is all that its policy allows. To keep it longer, use it,"
            " or tag it session-reaper/keep-until with a date.",
        )
    if until - now > card.snooze_max + TOLERANCE:
        raise Refused(
            Refusal.TOO_LONG, f"Its policy allows a snooze of at most {durations.format(card.snooze_max)} at a time."
        )
    return replace(memory, snooze=Snooze(until=until, by=by, at=now, times=times + 1), hurry=None)


def unsnoozed(memory: Memory, *, by: str, now: float, offer: Offer = NOTHING_SEEN) -> Memory:
    """``memory`` with its snooze ended now; it still counts.

    Raises:
        Refused: it is not snoozed, or somebody answered meanwhile.
    """
    offer.check(memory)
    if memory.snooze is None or memory.snooze.until <= now:
        raise Refused(Refusal.NOT_SNOOZED, "It is not snoozed.")
    return replace(memory, snooze=replace(memory.snooze, until=now, by=by))


def hurried(memory: Memory, *, by: str, now: float, offer: Offer = NOTHING_SEEN) -> Memory:
    """``memory`` with the wish to have it stopped at once, which ends a snooze. It is stopped only if it is still not in use.

    The very ``memory`` where that wish was uttered less than :data:`SAME_WISH` ago.

    Raises:
        Refused: it has been stopped, somebody answered meanwhile, or sweeps would not stop it whatever anybody wishes.
    """
    offer.check(memory)
    _still_there(memory)
    if memory.hurry is not None and now - memory.hurry.at < SAME_WISH:
        return memory
    if not _card(memory).acts:
        raise Refused(
            Refusal.NEVER_STOPPED, "Session Reaper only reports this session and stops nothing: stop it in its service."
        )
    snooze = memory.snooze
    if snooze and snooze.until > now:
        snooze = replace(snooze, until=now)
    return replace(memory, snooze=snooze, hurry=Hurry(at=now, by=by))


def is_gone(memory: Memory) -> bool:
    """True when it is too late for any answer: it was stopped, or it ended."""
    return memory.awaiting or memory.outcome in {Outcome.STOPPED, Outcome.CONFIRMED, Outcome.ALREADY_GONE}


def is_claimed(memory: Memory, now: float) -> bool:
    """True while a sweep is about to stop it. It looks at the ledger once more before it does; an answer may still be late."""
    return memory.claim is not None and now - memory.claim.at < CLAIM_LASTS


def _still_there(memory: Memory) -> None:
    if is_gone(memory):
        raise Refused(Refusal.GONE, "It has been stopped already.")


def _card(memory: Memory) -> Card:
    return memory.card or Card()
