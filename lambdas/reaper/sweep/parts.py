"""A sweep in parts, each as long as its time: what one part leaves to the next, and what it must not do before that.

Every session is looked at in one part only. Whether it is stopped is decided in the part that has seen the rest of its
scope, on one more look, because guards speak of all of a scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from reaper.core.guards import Stops
from reaper.core.judge import VerdictKind
from reaper.core.plan import Judged, known_idle_cost
from reaper.core.report import Report, Unfinished
from reaper.core.session import ScopeKey
from reaper.core.vocabulary import Lens
from reaper.sweep.lookups import Counts
from reaper.sweep.survey import Survey

MOST_WAITING: Final = 500
"""Stops of a scope that may wait for the rest of it; each of them is read once more then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the earlier parts of one sweep did, for the part that carries on: when they began, what they saw, and stopped.

    Whatever a guard adds up over a sweep is here: ``stops`` and their cost, and the look-ups that failed.
    """

    began_at: float
    unfinished: Unfinished
    seen: int = 0
    live: Mapping[ScopeKey, int] = field(default_factory=dict[ScopeKey, int])
    stops: Mapping[ScopeKey, Stops] = field(default_factory=dict[ScopeKey, Stops])
    tag_lookups: Counts = field(default_factory=dict[ScopeKey, tuple[int, int]])
    evidence_lookups: Counts = field(default_factory=dict[ScopeKey, tuple[int, int]])
    blind: frozenset[ScopeKey] = field(default_factory=frozenset[ScopeKey])
    """Scopes that some part could not see all of."""


def carry_on(report: Report, earlier: Earlier | None) -> Earlier:
    """What the next part of a sweep has to know after this one, which itself came after ``earlier``."""
    stops = dict(earlier.stops if earlier else {})
    for key, made in report.stops_by_scope.items():
        stops[key] = stops.get(key, Stops()).plus(made)
    return Earlier(
        began_at=earlier.began_at if earlier else report.started_at,
        unfinished=report.unfinished,
        seen=report.seen,
        live=report.live_by_scope,
        stops=stops,
        tag_lookups=report.tag_lookups,
        evidence_lookups=report.evidence_lookups,
        blind=frozenset(one.key for one in report.blind if not one.sessions).union(earlier.blind if earlier else ()),
    )


def hold_over(seen: Survey, now: float, lens: Lens) -> None:
    """Leave the stops of a scope that is not all looked at to the part that has seen the rest, if they are few.

    So many that no cap would let them pass need not wait for it.
    """
    unseen = seen.unfinished.unseen()
    found = Counter(one.session.ref.key for one in seen.judged if one.verdict.kind is VerdictKind.STOP)

    def waits(one: Judged) -> bool:
        key = one.session.ref.key
        return one.verdict.kind is VerdictKind.STOP and key in unseen and found[key] <= MOST_WAITING

    waiting = [one.session for one in seen.judged if waits(one)]
    seen.judged = [one for one in seen.judged if not waits(one)]
    costs = {session.ref: cost for session in waiting if (cost := known_idle_cost(session, now, lens)) is not None}
    seen.unfinished = replace(
        seen.unfinished,
        stops=(*seen.unfinished.stops, *(session.ref for session in waiting)),
        idle_costs={**seen.unfinished.idle_costs, **costs},
    )


def already(earlier: Earlier | None, seen: Survey) -> dict[ScopeKey, Stops]:
    """What the caps have to count besides the stops at hand: those of earlier parts, and those still to be decided."""
    counted = dict(earlier.stops if earlier else {})
    for ref in seen.unfinished.stops:
        counted[ref.key] = counted.get(ref.key, Stops()).and_one(seen.unfinished.idle_costs.get(ref))
    return counted


def elsewhere(earlier: Earlier | None, keys: frozenset[ScopeKey]) -> frozenset[ScopeKey]:
    """Those of ``keys`` that this part of a sweep does not look at from their beginning."""
    if earlier is None:
        return frozenset()
    return keys - {key for key, scope in earlier.unfinished.listings if not scope}
