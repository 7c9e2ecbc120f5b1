"""What can become of a session: the closed list that reports, metrics, events and the ledger share, one row for each.

A row says all that the product knows of its outcome: what it means for costs, for exit codes and for people, and how it is
worded. Whoever adds an outcome adds its row here and writes the schemas anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self


class Concern(StrEnum):
    """How much something concerns people."""

    ERROR = "error"
    """A person has to act."""
    WARNING = "warning"
    """A person should look."""
    NOTICE = "notice"
    """Somebody wants to hear of it."""
    INFO = "info"
    """Nobody needs to hear of it by itself: it is left alone on purpose, or went as it was told."""


LOOK: Final = 2
OFFENDERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One outcome. ``5 stopped``, ``1 was stopped``, ``2 were stopped``: ``counted``, ``one``, ``many``."""

    means: str
    """For readers of the JSON."""
    counted: str
    one: str
    many: str
    severity: Concern = Concern.NOTICE
    costs: bool = False
    """Its idleness costs what a policy wants nobody to pay: it adds up to ``idle_cost``."""
    answerable: bool = False
    """A person can still put its stop off."""
    ended: bool = False
    """The session is not there any more."""
    event: str | None = None
    """The ``detail-type`` of the event that tells it; ``None`` where none does."""
    exit_code: Literal[0, 2, 3] = 0
    """What it asks of the command line: 2 if a person should look, 3 if a policy applied, with ``--detailed-exitcode``."""
    next: str = ""
    """What happens next, for its owner; empty where that depends on the finding, or there is nothing to say."""
    advice: str = ""
    """What to do, for the platform team."""


class Outcome(StrEnum):
    """What became of a session that a policy had something to say about; those that matter most first."""

    row: Row

    def __new__(cls, value: str, row: Row) -> Self:
        """A member is its text in JSON, with its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.row = row
        return member

    FAILED = (
        "failed",
        Row(
            means="Its stop did not work.",
            counted="could not be stopped",
            one="could not be stopped",
            many="could not be stopped",
            severity=Concern.ERROR,
            costs=True,
            event="Session Flagged",
            exit_code=LOOK,
            next="It runs on. The next sweep tries again.",
            advice="Stop what could not be stopped by hand, and mend the reason given; the next sweep tries again.",
        ),
    )
    NOT_STOPPING = (
        "not_stopping",
        Row(
            means="Its service accepted an earlier stop of ours, and it runs on.",
            counted="still running after a stop",
            one="still runs after its stop",
            many="still run after a stop",
            severity=Concern.ERROR,
            costs=True,
            event="Session Not Stopping",
            exit_code=LOOK,
            next="The service accepted the stop, and it runs on: somebody should look at it.",
            advice="Look at what runs on after a stop: it is still being billed.",
        ),
    )
    STOPPED = (
        "stopped",
        Row(
            means="Its service accepted our stop.",
            counted="stopped",
            one="was stopped",
            many="were stopped",
            costs=True,
            event="Session Stopped",
            exit_code=OFFENDERS,
            next="The service accepted the stop. Start a new session when you need one.",
        ),
    )
    UNREAD = (
        "unread",
        Row(
            means="It could not be looked at freshly right before its stop, so it was not stopped.",
            counted="not looked at before a stop",
            one="could not be looked at before its stop",
            many="could not be looked at before a stop",
            severity=Concern.WARNING,
            costs=True,
            event="Session Flagged",
            exit_code=LOOK,
            next="It could not be looked at right before its stop, and is left alone. The next sweep tries again.",
            advice="Mend what kept sessions from being looked at right before their stop: they are not stopped until then.",
        ),
    )
    WITHHELD = (
        "withheld",
        Row(
            means="A guard held its stop back.",
            counted="held back by a guard",
            one="was held back by a guard",
            many="were held back by a guard",
            severity=Concern.WARNING,
            costs=True,
            answerable=True,
            event="Session Flagged",
            exit_code=LOOK,
            next="It is stopped once the guard allows it, unless it is used before.",
            advice="A guard held stops back: check that the policies mean so many sessions before raising it.",
        ),
    )
    WOULD_STOP = (
        "would_stop",
        Row(
            means="A policy wants it stopped, and sweeps only report.",
            counted="would be stopped",
            one="would be stopped",
            many="would be stopped",
            costs=True,
            answerable=True,
            event="Session Flagged",
            exit_code=OFFENDERS,
            advice="To have such sessions stopped, set mode to enforce in cdk.json and deploy again.",
        ),
    )
    WARNED = (
        "warned",
        Row(
            means="It will be stopped at the end of its grace.",
            counted="warned",
            one="is about to be stopped",
            many="are about to be stopped",
            costs=True,
            answerable=True,
            event="Session Warned",
            exit_code=OFFENDERS,
        ),
    )
    SPARED = (
        "spared",
        Row(
            means="It was in use again right before its stop.",
            counted="spared",
            one="was spared",
            many="were spared",
            next="It woke up right before its stop, and is left alone.",
        ),
    )
    UNDETERMINED = (
        "undetermined",
        Row(
            means="What had to be known to judge it could not be.",
            counted="could not be judged",
            one="could not be judged",
            many="could not be judged",
            next="It is left alone: what cannot be judged is never stopped.",
            advice="What could not be judged is never stopped: mend the reason given, or look at it yourself.",
        ),
    )
    REPORTED = (
        "reported",
        Row(
            means="A policy wants it reported.",
            counted="reported",
            one="is reported",
            many="are reported",
            costs=True,
            event="Session Flagged",
            exit_code=OFFENDERS,
            next="Nothing by itself: stop it if nobody needs it.",
        ),
    )
    CONFIRMED = (
        "confirmed",
        Row(
            means="It has ended, seen after an earlier stop of ours.",
            counted="confirmed as ended",
            one="has ended after its stop",
            many="have ended after a stop",
            severity=Concern.INFO,
            ended=True,
            event="Session Confirmed",
        ),
    )
    ALREADY_GONE = (
        "already_gone",
        Row(
            means="It had ended, or was ending, by the time of its stop.",
            counted="already gone",
            one="had ended already",
            many="had ended already",
            ended=True,
        ),
    )
    PROTECTED = (
        "protected",
        Row(
            means="A policy or a pin protects it from a stop or a report.",
            counted="protected",
            one="is protected",
            many="are protected",
            severity=Concern.INFO,
        ),
    )
    SNOOZED = (
        "snoozed",
        Row(
            means="Somebody asked to keep it for a while.",
            counted="snoozed",
            one="is snoozed",
            many="are snoozed",
            severity=Concern.INFO,
            costs=True,
            answerable=True,
            event="Session Snoozed",
        ),
    )

    @classmethod
    def read(cls, text: object) -> Outcome | None:
        """The outcome of that name; ``None`` for one of a newer release, which is nobody's row."""
        return _BY_NAME.get(text) if isinstance(text, str) else None


_BY_NAME: Final[dict[str, Outcome]] = {outcome.value: outcome for outcome in Outcome}
RANK: Final[dict[str, int]] = {outcome.value: rank for rank, outcome in enumerate(Outcome)}
"""By name, what matters most first. One that is not there comes before all others."""


def costs(outcome: str) -> bool:
    """Whether its idleness adds up to ``idle_cost``."""
    known = Outcome.read(outcome)
    return known is not None and known.row.costs


def is_answerable(outcome: str) -> bool:
    """Whether a person can still put the stop off."""
    known = Outcome.read(outcome)
    return known is not None and known.row.answerable


def is_live(outcome: str) -> bool:
    """Whether the session was still there when the sweep was done, and was not told to stop."""
    known = Outcome.read(outcome)
    return known is not None and not known.row.ended and known is not Outcome.STOPPED
