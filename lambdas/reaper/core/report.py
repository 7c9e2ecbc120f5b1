"""What a sweep found and did, as one value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from reaper.core.guards import Stops
from reaper.core.outcome import LOOK, OFFENDERS, Outcome
from reaper.core.plan import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reaper.core.session import Scope, ScopeKey, SessionRef


class Mode(StrEnum):
    """Whether a sweep may stop anything at all."""

    REPORT = "report"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Blind:
    """A scope that could not be read, or not wholly. Never "no sessions".

    ``sessions`` counts those that were listed and could not be looked at any further; 0: the list itself is incomplete.
    """

    key: ScopeKey
    scope: Scope
    error: str
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Tripped:
    """A guard that withholds a whole scope whatever its policies say; ``why`` names the way to release it."""

    key: ScopeKey
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What a sweep had no time for: scopes not listed, sessions listed and not judged, and stops not decided.

    Whether a session is stopped is decided once all of its service has been looked at, because guards speak of all of it.
    """

    listings: tuple[tuple[ScopeKey, Scope], ...] = ()
    sessions: tuple[SessionRef, ...] = ()
    stops: tuple[SessionRef, ...] = ()
    idle_costs: Mapping[SessionRef, float] = field(default_factory=dict["SessionRef", float])
    """What the idleness of those ``stops`` had cost (USD) when they were judged, as far as that is known."""

    def __bool__(self) -> bool:
        """True when there is any."""
        return bool(self.listings or self.sessions or self.stops)

    def unseen(self) -> frozenset[ScopeKey]:
        """Where not everything has been looked at."""
        return frozenset({key for key, _ in self.listings} | {ref.key for ref in self.sessions})

    def undecided(self) -> frozenset[ScopeKey]:
        """Where not everything has been decided."""
        return self.unseen() | {ref.key for ref in self.stops}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One sweep, told. ``seen`` counts every session listed, ``live`` those that had not ended."""

    run_id: str
    mode: Mode
    started_at: float
    finished_at: float
    seen: int
    live: int
    findings: tuple[Finding, ...]
    blind: tuple[Blind, ...]
    api_calls: Mapping[str, int]
    notes: tuple[str, ...] = ()
    """What else a reader must know: that a switch forced report mode, say."""
    tripped: tuple[Tripped, ...] = ()
    regrets: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Policy -> (regrets, stops) of the days that count; only with a ledger."""
    unfinished: Unfinished = field(default_factory=Unfinished)
    live_by_scope: Mapping[ScopeKey, int] = field(default_factory=dict["ScopeKey", int])
    stops_by_scope: Mapping[ScopeKey, Stops] = field(default_factory=dict["ScopeKey", Stops])
    """What counts against the caps: stops sent, whatever came of them, or in report mode those that would be."""
    tag_lookups: Mapping[ScopeKey, tuple[int, int]] = field(default_factory=dict["ScopeKey", tuple[int, int]])
    """How many tags were looked up so far, and how many of these look-ups failed; all parts of the sweep together."""
    evidence_lookups: Mapping[ScopeKey, tuple[int, int]] = field(default_factory=dict["ScopeKey", tuple[int, int]])

    def totals(self) -> dict[str, int]:
        """How many sessions had each outcome; outcomes nobody had are left out."""
        counts = Counter(finding.outcome for finding in self.findings)
        return {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]}

    def needs_a_person(self) -> bool:
        """True when something could not be read, a stop failed, or a guard withheld one."""
        return bool(self.blind or self.tripped or self.unfinished) or any(
            finding.outcome.row.exit_code == LOOK for finding in self.findings
        )

    def has_offenders(self) -> bool:
        """True when a policy that stops or reports applied to some session, and nothing else asks for a person."""
        return any(finding.outcome.row.exit_code == OFFENDERS for finding in self.findings)


def rfc3339(instant: float) -> str:
    """``2026-03-01T10:00:00Z`` for epoch seconds."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
