"""How much a report or digest concerns people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reaper.core.outcome import Outcome

QUIET: Final = frozenset({Outcome.PROTECTED, Outcome.SNOOZED, Outcome.CONFIRMED})
"""Outcomes that nobody needs to hear of by themselves: what is left alone on purpose, or went as it was told."""

_SEVERITIES: Final = (
    ("error", {Outcome.FAILED, Outcome.NOT_STOPPING}),
    ("warning", {Outcome.WITHHELD}),
    ("notice", set(Outcome) - QUIET),
)


def severity(report: Mapping[str, Any]) -> str:
    """``error`` (a stop failed, or nothing could be judged at all), ``warning``, ``notice`` or ``info``.

    ``info`` is a sweep that nobody needs to hear of: it found nothing, or only what is meant to be left alone.
    """
    if "error" in report:
        return "error"
    outcomes = {outcome for outcome, count in report["totals"].items() if count}
    unknown = outcomes - set(Outcome)
    for name, ones in _SEVERITIES:
        if outcomes & ones or (name == "warning" and (report["blind"] or report.get("guards") or unknown)):
            return name
    return "info"
