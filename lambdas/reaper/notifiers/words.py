"""What the text of a report or digest says of each outcome: in a count, in a sentence, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reaper.core.outcome import Outcome
from reaper.notifiers.plain import Clock, shown

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """How an outcome is called: ``5 stopped``, ``1 was stopped``, ``2 were stopped``."""

    counted: str
    one: str
    many: str


WORDS: Final[Mapping[str, Words]] = {
    Outcome.FAILED.value: Words("could not be stopped", "could not be stopped", "could not be stopped"),
    Outcome.NOT_STOPPING.value: Words(
        "still running after a stop", "still runs after its stop", "still run after a stop"
    ),
    Outcome.STOPPED.value: Words("stopped", "was stopped", "were stopped"),
    Outcome.WITHHELD.value: Words("held back by a guard", "was held back by a guard", "were held back by a guard"),
    Outcome.WOULD_STOP.value: Words("would be stopped", "would be stopped", "would be stopped"),
    Outcome.WARNED.value: Words("warned", "is about to be stopped", "are about to be stopped"),
    Outcome.SPARED.value: Words("spared", "was spared", "were spared"),
    Outcome.UNDETERMINED.value: Words("could not be judged", "could not be judged", "could not be judged"),
    Outcome.REPORTED.value: Words("reported", "is reported", "are reported"),
    Outcome.CONFIRMED.value: Words("confirmed as ended", "has ended after its stop", "have ended after a stop"),
    Outcome.ALREADY_GONE.value: Words("already gone", "had ended already", "had ended already"),
    Outcome.PROTECTED.value: Words("protected", "is protected", "are protected"),
    Outcome.SNOOZED.value: Words("snoozed", "is snoozed", "are snoozed"),
}
"""By outcome, the most important first."""

ADVICE: Final[Mapping[str, str]] = {
    Outcome.FAILED.value: "Stop what could not be stopped by hand, and mend the reason given; the next sweep tries again.",
    Outcome.NOT_STOPPING.value: "Look at what runs on after a stop: it is still being billed.",
    Outcome.WITHHELD.value: "A guard held stops back: check that the policies mean so many sessions before raising it.",
    Outcome.WOULD_STOP.value: "To have such sessions stopped, set mode to enforce in cdk.json and deploy again.",
    Outcome.UNDETERMINED.value: "What could not be judged is never stopped: mend the reason given, or look at it yourself.",
}
"""For the platform: what to do about an outcome."""
ADVICE_BLIND: Final = "Mend what could not be read: until then nothing there is judged or stopped."

_NEXT: Final[Mapping[str, str]] = {
    Outcome.FAILED.value: "It runs on. The next sweep tries again.",
    Outcome.NOT_STOPPING.value: "The service accepted the stop, and it runs on: somebody should look at it.",
    Outcome.STOPPED.value: "The service accepted the stop. Start a new session when you need one.",
    Outcome.WITHHELD.value: "It is stopped once the guard allows it, unless it is used before.",
    Outcome.SPARED.value: "It woke up right before its stop, and is left alone.",
    Outcome.UNDETERMINED.value: "It is left alone: what cannot be judged is never stopped.",
    Outcome.REPORTED.value: "Nothing by itself: stop it if nobody needs it.",
}


def said(outcome: str, mode: str, count: int = 1) -> str:
    """``is about to be stopped``, ``were stopped``: what has become of so many sessions."""
    if outcome == Outcome.WARNED and mode == "report":
        return "would be stopped before long"
    if outcome not in WORDS:
        return f"had the outcome {shown(outcome)}"
    return WORDS[outcome].one if count == 1 else WORDS[outcome].many


def said_of(finding: Json, mode: str) -> str:
    """What has become of one session; a warning that no stop follows is none of a stop."""
    if finding["outcome"] == Outcome.WARNED and not finding.get("due"):
        return "is warned of"
    return said(finding["outcome"], mode)


def next_step(finding: Json, mode: str, clock: Clock) -> str:
    """What happens to a session next, and when; nothing where there is nothing to say."""
    outcome, due = finding["outcome"], finding.get("due")
    when = f"at the first sweep after {clock.at(due)}" if due else ""
    if outcome == Outcome.WARNED:
        return _after_warning(when, mode)
    if outcome == Outcome.SNOOZED:
        return _after_snooze(finding, mode, clock)
    if outcome == Outcome.WOULD_STOP:
        if mode == "report":
            return "Nothing: in report mode nothing is stopped."
        return "Nothing: its policy only says what it would stop."
    return _NEXT.get(outcome, "")


def _after_warning(when: str, mode: str) -> str:
    if not when:
        return "Nothing yet: this is a warning, and no stop is planned."
    if mode == "report":
        return f"Nothing: in report mode nothing is stopped. In enforce mode it would be stopped {when}."
    return f"It is stopped {when}, unless it is used before."


def _after_snooze(finding: Json, mode: str, clock: Clock) -> str:
    snooze = finding.get("snooze")
    if not isinstance(snooze, Mapping):
        return "It is kept for a while, as somebody asked."
    by = f" by {shown(snooze['by'])}" if snooze.get("by") else ""
    then = "" if mode == "report" else " Then it is stopped, unless it is used before."
    return f"Kept{by} until {clock.at(snooze.get('until'))} (snooze {shown(snooze.get('times', 1))}).{then}"


def snoozes_left(finding: Json) -> int | None:
    """How many more snoozes there may be, where that is known."""
    limit = finding.get("snooze_limit")
    if not isinstance(limit, Mapping) or not all(isinstance(limit.get(key), int | float) for key in ("left", "max")):
        return None
    return max(0, int(limit["left"]))
