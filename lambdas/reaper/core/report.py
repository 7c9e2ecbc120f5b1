"""What a sweep found and did, as one value and as its public JSON (``schema_version`` 1).

The JSON is the same from the command line, the Lambda and SNS. Durations are seconds, instants RFC 3339 in UTC. An absent
fact is ``null``, an undecidable one ``{"undecidable": "reason"}``, one that was not asked is left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reaper.core.facts import ABSENT, NOT_ASKED, Missing, Undecidable
from reaper.core.guards import Stops
from reaper.core.outcome import LOOK, OFFENDERS, Outcome
from reaper.core.plan import Finding
from reaper.core.savings import avoided_cost
from reaper.core.shown import evidence, idle_since
from reaper.core.vocabulary import VOCABULARY, FactType, Lens, read_hourly_cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reaper.core.session import Scope, ScopeKey, Session, SessionRef

REPORT_VERSION = 1

REPORTED_FACTS = (
    "name",
    "state",
    "phase",
    "age",
    "idle_for",
    "idle_timeout",
    "owner",
    "tags",
    "kind",
    "worker_type",
    "dpus",
    "hourly_cost",
    "idle_cost",
)
"""The facts of a finding, in order; the ref says the rest."""

Json = dict[str, Any]


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


def as_json(report: Report, lens: Lens, now: float) -> Json:
    """The public report. ``now`` is the moment the facts are told for: that of the judgement."""
    idle_costs = [
        cost
        for finding in report.findings
        if finding.outcome.row.costs
        and isinstance(cost := VOCABULARY["idle_cost"].read(finding.session, now, lens), float)
    ]
    findings = [finding_json(finding, lens, now) for finding in report.findings]
    avoided = [finding["avoided_cost"] for finding in findings if "avoided_cost" in finding]
    return {
        "schema_version": REPORT_VERSION,
        "run_id": report.run_id,
        "mode": report.mode.value,
        "started_at": rfc3339(report.started_at),
        "finished_at": rfc3339(report.finished_at),
        "sessions": {"seen": report.seen, "live": report.live},
        "findings": findings,
        "blind": [blind_json(blind) for blind in report.blind],
        "totals": report.totals(),
        "idle_cost": round(sum(idle_costs), 2),
        **({"avoided_cost": round(sum(avoided), 2)} if avoided else {}),
        "api_calls": dict(sorted(report.api_calls.items())),
        **({"unfinished": unfinished_json(report.unfinished)} if report.unfinished else {}),
        **({"guards": [tripped_json(one) for one in report.tripped]} if report.tripped else {}),
        **(
            {"regrets": {name: {"regrets": one, "stops": of} for name, (one, of) in report.regrets.items()}}
            if report.regrets
            else {}
        ),
        **({"notes": list(report.notes)} if report.notes else {}),
    }


def finding_json(finding: Finding, lens: Lens, now: float) -> Json:
    """One finding as JSON."""
    return {
        "ref": ref_json(finding.ref),
        "verdict": finding.verdict.kind.value,
        "policy": finding.verdict.policy,
        "outcome": finding.outcome.value,
        "detail": finding.detail,
        "facts": facts_json(finding.session, lens, now, REPORTED_FACTS),
        **_for_people(finding, lens, now),
        **({} if finding.news else {"news": False}),
    }


def _avoided(finding: Finding, lens: Lens, now: float) -> tuple[float, str] | None:
    """The estimated USD its stop avoided, and what that compares with."""
    rate, timeout = read_hourly_cost(finding.session, now, lens), finding.session.facts.idle_timeout
    return avoided_cost(
        rate if isinstance(rate, float) else None,
        idle_since(finding.session.facts, now),
        timeout if isinstance(timeout, float) else None,
        now,
        finding.ref.service,
    )


def _for_people(finding: Finding, lens: Lens, now: float) -> Json:
    """What the person it belongs to wants to know beyond the facts; only what is known."""
    facts, snooze, limit = finding.session.facts, finding.snooze, finding.limit
    told: Json = {}
    if (since := idle_since(facts, now)) is not None:
        told["idle_since"] = rfc3339(since)
    if seen := evidence(facts):
        told["evidence"] = seen
    if finding.due is not None:
        told["due"] = rfc3339(finding.due)
    if snooze is not None:
        told["snooze"] = {
            "until": rfc3339(snooze.until),
            "by": snooze.by,
            "at": rfc3339(snooze.at),
            "times": snooze.times,
        }
    if finding.outcome is Outcome.STOPPED and (avoided := _avoided(finding, lens, now)) is not None:
        told["avoided_cost"], told["avoided_basis"] = round(avoided[0], 2), avoided[1]
    if limit is not None:
        told["snooze_limit"] = {"max": round(limit.max), "left": limit.times}
    return told


def blind_json(blind: Blind) -> Json:
    """One blind scope as JSON."""
    key = blind.key
    return {
        "service": key.service,
        "account": key.account,
        "region": key.region,
        "scope": dict(blind.scope),
        "error": blind.error,
    }


def unfinished_json(unfinished: Unfinished) -> Json:
    """What there was no time for, as JSON."""
    return {
        "scopes": [
            {"service": key.service, "account": key.account, "region": key.region, "scope": dict(scope)}
            for key, scope in unfinished.listings
        ],
        "sessions": [ref_json(ref) for ref in unfinished.sessions],
        "stops": [ref_json(ref) for ref in unfinished.stops],
    }


def tripped_json(tripped: Tripped) -> Json:
    """One tripped guard as JSON."""
    key = tripped.key
    return {"service": key.service, "account": key.account, "region": key.region, "detail": tripped.why}


def ref_json(ref: SessionRef) -> Json:
    """A session's name as JSON."""
    return {
        "service": ref.service,
        "account": ref.account,
        "region": ref.region,
        "scope": dict(ref.scope),
        "id": ref.id,
    }


def facts_json(session: Session, lens: Lens, now: float, names: Iterable[str]) -> Json:
    """The facts ``names`` of a session at ``now``, those that were asked."""
    found: Json = {}
    for name in names:
        definition = VOCABULARY[name]
        value = definition.read(session, now, lens)
        if value is NOT_ASKED:
            continue
        if value is ABSENT or isinstance(value, Missing):
            found[name] = None
        elif isinstance(value, Undecidable):
            found[name] = {"undecidable": value.reason}
        elif isinstance(value, float | int):
            found[name] = _number(float(value), definition.type)
        else:
            found[name] = dict(value) if definition.type is FactType.TAGS else str(value)  # type: ignore[call-overload]
    return found


def _number(value: float, kind: FactType) -> float:
    """Whole seconds, cents to a hundredth: more would claim more than is known."""
    if kind is FactType.DURATION:
        return round(value)
    rounded = round(value, 4)
    return int(rounded) if rounded.is_integer() and kind is FactType.NUMBER else rounded


def rfc3339(instant: float) -> str:
    """``2026-03-01T10:00:00Z`` for epoch seconds."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
