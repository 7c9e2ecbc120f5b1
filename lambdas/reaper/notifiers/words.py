"""What the text of a report or digest says of each outcome: in a count, in a sentence, and what happens next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from reaper.core.outcome import Outcome
from reaper.notifiers.plain import Clock, shown

Json = Mapping[str, Any]


ADVICE_BLIND: Final = "Mend what could not be read: until then nothing there is judged or stopped."


def advice(outcomes: Collection[str], mode: str) -> list[str]:
    """For the platform: what to do about such outcomes."""
    needless = Outcome.WOULD_STOP if mode != "report" else None
    return [one.row.advice for one in Outcome if one in outcomes and one.row.advice and one is not needless]


def said(outcome: str, mode: str, count: int = 1) -> str:
    """``is about to be stopped``, ``were stopped``: what has become of so many sessions."""
    if outcome == Outcome.WARNED and mode == "report":
        return "would be stopped before long"
    known = Outcome.read(outcome)
    if known is None:
        return f"had the outcome {shown(outcome)}"
    return known.row.one if count == 1 else known.row.many


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
    known = Outcome.read(outcome)
    return known.row.next if known else ""


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
