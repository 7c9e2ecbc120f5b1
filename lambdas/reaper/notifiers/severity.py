"""How much a report or digest concerns people."""

from __future__ import annotations

from typing import Final

from reaper.core.outcome import Concern, Outcome
from reaper.wire.report import Report

_ORDER: Final = tuple(Concern)


def is_quiet(outcome: str) -> bool:
    """True of outcomes that nobody needs to hear of by themselves."""
    known = Outcome.read(outcome)
    return known is not None and known.row.severity is Concern.INFO


def severity(report: Report) -> Concern:
    """``error`` (a stop failed, or nothing could be judged at all), ``warning``, ``notice`` or ``info``.

    ``info`` is a sweep that nobody needs to hear of: it found nothing, or only what is meant to be left alone.
    """
    if report.error:
        return Concern.ERROR
    outcomes = [Outcome.read(outcome) for outcome, count in report.totals.items() if count]
    found = [Concern.WARNING if one is None else one.row.severity for one in outcomes]
    if report.blind or report.guards:
        found.append(Concern.WARNING)
    return min(found, key=_ORDER.index, default=Concern.INFO)
