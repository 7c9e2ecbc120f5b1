"""A sweep in parts, each as long as its time: what one part leaves to the next, and what it must not do before that.

Every session is looked at in one part only. Whether it is stopped is decided in the part that has seen the rest of its
scope, on one more look, because guards speak of all of a scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reaper.core.judge import VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding, Judged
from reaper.core.report import Report, Unfinished
from reaper.core.session import ScopeKey
from reaper.sweep.survey import Survey

MOST_WAITING: Final = 500
"""Stops of a scope that may wait for the rest of it; each of them is read once more then."""
_NOT_WHOLE: Final = (
    "the sweep ran out of time before it had looked at all of its service, and guards speak of all of it; "
    "the next one does it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the earlier parts of one sweep did, for the part that carries on: when they began, what they saw, and stopped."""

    began_at: float
    unfinished: Unfinished
    seen: int = 0
    live: Mapping[ScopeKey, int] = field(default_factory=dict[ScopeKey, int])
    stops: Mapping[ScopeKey, int] = field(default_factory=dict[ScopeKey, int])
    blind: frozenset[ScopeKey] = field(default_factory=frozenset[ScopeKey])
    """Scopes that some part could not see all of."""


def carry_on(report: Report, earlier: Earlier | None) -> Earlier:
    """What the next part of a sweep has to know after this one, which itself came after ``earlier``."""
    stops = Counter(earlier.stops if earlier else {})
    stops.update(
        finding.ref.key
        for finding in report.findings
        if finding.allowed or (finding.outcome is Outcome.STOPPED and finding.news)
    )
    return Earlier(
        began_at=earlier.began_at if earlier else report.started_at,
        unfinished=report.unfinished,
        seen=report.seen,
        live=report.live_by_scope,
        stops=stops,
        blind=frozenset(one.key for one in report.blind).union(earlier.blind if earlier else ()),
    )


def hold_over(seen: Survey) -> None:
    """Leave the stops of a scope that is not all looked at to the part that has seen the rest, if they are few.

    So many that no cap would let them pass need not wait for it.
    """
    unseen = seen.unfinished.unseen()
    found = Counter(one.session.ref.key for one in seen.judged if one.verdict.kind is VerdictKind.STOP)

    def waits(one: Judged) -> bool:
        key = one.session.ref.key
        return one.verdict.kind is VerdictKind.STOP and key in unseen and found[key] <= MOST_WAITING

    stops = (*seen.unfinished.stops, *(one.session.ref for one in seen.judged if waits(one)))
    seen.judged = [one for one in seen.judged if not waits(one)]
    seen.unfinished = replace(seen.unfinished, stops=stops)


def already(earlier: Earlier | None, seen: Survey) -> Mapping[ScopeKey, int]:
    """What the caps have to count besides the stops at hand: those of earlier parts, and those still to be decided."""
    counted = Counter(earlier.stops if earlier else {})
    counted.update(ref.key for ref in seen.unfinished.stops)
    return counted


def elsewhere(earlier: Earlier | None, keys: frozenset[ScopeKey]) -> frozenset[ScopeKey]:
    """Those of ``keys`` that this part of a sweep does not look at from their beginning."""
    if earlier is None:
        return frozenset()
    return keys - {key for key, scope in earlier.unfinished.listings if not scope}


def withhold_unseen(findings: Sequence[Finding], unseen: frozenset[ScopeKey]) -> list[Finding]:
    """``findings`` without leave to stop anything in a scope that is not all looked at."""
    return [
        replace(finding, outcome=Outcome.WITHHELD, detail=_NOT_WHOLE, allowed=False)
        if finding.allowed and finding.ref.key in unseen
        else finding
        for finding in findings
    ]
