"""What the guards, and what is remembered, allow of the verdicts, before anything is done.

The plan is the same in report and in enforce mode: what it lets through is ``would_stop`` and ``allowed``, and only
:mod:`reaper.sweep.act` turns that into anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from reaper.core import durations
from reaper.core.guards import Stops, outside_hours, over_the_cap, too_young
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.memory import CLAIM_LASTS, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards, SnoozeLimit, Stage
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.core.vocabulary import Lens, read_idle_cost


@dataclass(frozen=True, slots=True)
class Judged:
    """A session and the verdict on it, with the facts that led there."""

    session: Session
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One session in the report. ``detail`` says why, in plain words.

    ``allowed`` is true where the plan allows the stop: nothing else is ever acted on. ``news`` is false where people were
    told the same of it by the sweep before, ``capped`` is true where a cap withheld it with all others of its scope. ``due``
    is the earliest moment of its stop, where that is known; ``snooze`` the one that keeps it, ``limit`` what more of them
    its policy allows.
    """

    session: Session
    verdict: Verdict
    outcome: Outcome
    detail: str = ""
    allowed: bool = False
    news: bool = True
    capped: bool = False
    due: float | None = None
    snooze: Snooze | None = None
    limit: SnoozeLimit | None = None

    @property
    def ref(self) -> SessionRef:
        """Which session it is."""
        return self.session.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What the ledger, and the sweeps it knows of, say to this one. ``memories`` already have this sweep taken in."""

    memories: Mapping[SessionRef, Memory] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: Mapping[SessionRef, str] = field(default_factory=lambda: MappingProxyType({}))
    trouble: str | None = None
    """Why nothing the ledger says can be trusted; then nothing is stopped."""
    untold: frozenset[SessionRef] = frozenset()
    """Sessions whose warning may not have reached anybody yet."""
    tripped: Mapping[ScopeKey, str] = field(default_factory=lambda: MappingProxyType({}))
    """Scopes whose population is not believed, and why."""
    fallen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Policies that only report, because their stops are regretted, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a plan is made under: the guards, the moment, what facts are read with, what is remembered.

    ``live`` is how many live sessions were seen in each scope, ``tag_trouble`` where tag look-ups cannot be trusted.
    ``only`` limits stops to the sessions of a reviewed plan, ``already`` is how many an earlier part of this sweep stopped in
    each scope. ``recalled`` is ``None`` where there is no ledger.
    """

    guards: Guards
    live: Mapping[ScopeKey, int]
    now: float
    lens: Lens = field(default_factory=Lens)
    only: frozenset[SessionRef] | None = None
    already: Mapping[ScopeKey, int] = field(default_factory=lambda: MappingProxyType({}))
    tag_trouble: Mapping[ScopeKey, str] = field(default_factory=lambda: MappingProxyType({}))
    recalled: Recalled | None = None


NOT_IN_PLAN = "not in the plan that is being applied"
NEVER_STOPS = "without a ledger nothing remembers when its grace began, so it is warned and never stopped"

_OUTCOMES = {
    VerdictKind.PROTECT: Outcome.PROTECTED,
    VerdictKind.REPORT: Outcome.REPORTED,
    VerdictKind.UNDETERMINED: Outcome.UNDETERMINED,
    VerdictKind.STOP: Outcome.WOULD_STOP,
}


def plan(judged: Iterable[Judged], setting: Setting) -> tuple[Finding, ...]:
    """One finding per judged session, in the order given; ``keep`` has none. The caps come last, over what is left."""
    closed = outside_hours(setting.guards, setting.now)
    findings = [_first(one, setting, closed) for one in judged if one.verdict.kind is not VerdictKind.KEEP]
    allowed: dict[ScopeKey, Stops] = {}
    for finding in findings:
        if finding.allowed:
            scope = finding.ref.key
            cost = read_idle_cost(finding.session, setting.now, setting.lens)
            stops = allowed.get(scope) or Stops(setting.already.get(scope, 0))
            allowed[scope] = stops.and_one(cost if isinstance(cost, float) else None)
    capped = {
        scope: over_the_cap(stops, setting.live.get(scope, 0), scope, setting.guards)
        for scope, stops in allowed.items()
    }
    return tuple(
        replace(finding, outcome=Outcome.WITHHELD, detail=why, allowed=False, capped=True)
        if finding.allowed and (why := capped[finding.ref.key]) is not None
        else finding
        for finding in findings
    )


def tripped_caps(findings: Iterable[Finding]) -> dict[ScopeKey, str]:
    """The scopes in which a cap withholds every stop, and why."""
    return {finding.ref.key: finding.detail for finding in findings if finding.capped}


def _first(one: Judged, setting: Setting, closed: str | None) -> Finding:
    """The finding as far as this session alone decides it."""
    verdict = one.verdict
    if verdict.kind is not VerdictKind.STOP:
        return Finding(one.session, verdict, _OUTCOMES[verdict.kind], verdict.detail)
    waits = _waits(one, setting)
    if waits is not None:
        outcome, detail = waits
        return Finding(one.session, verdict, outcome, detail)
    withheld = _withheld(one, setting) or too_young(one.session, setting.guards, setting.now) or closed
    if withheld is not None:
        return Finding(one.session, verdict, Outcome.WITHHELD, withheld)
    return Finding(one.session, verdict, Outcome.WOULD_STOP, verdict.detail, allowed=True)


def _waits(one: Judged, setting: Setting) -> tuple[Outcome, str] | None:
    """What a stop becomes that is not to be made yet, or not at all, with nothing being wrong about it."""
    verdict, recalled = one.verdict, setting.recalled
    memory = recalled.memories.get(one.session.ref) if recalled else None
    if recalled and (regretted := recalled.fallen.get(verdict.policy or "")):
        return Outcome.REPORTED, regretted
    if verdict.stage is Stage.OBSERVE:
        return Outcome.WOULD_STOP, f"stage observe: {verdict.policy} only says what it would stop"
    if memory and memory.snooze and setting.now < memory.snooze.until:
        return Outcome.SNOOZED, f"snoozed by {memory.snooze.by} until {moment(memory.snooze.until)}"
    if memory and memory.awaiting and memory.stopped_at is not None:
        return Outcome.STOPPED, f"its stop was accepted at {moment(memory.stopped_at)}, and it has not ended yet"
    if verdict.stage is Stage.WARN:
        return Outcome.WARNED, f"stage warn: {verdict.policy} warns and never stops"
    if verdict.grace is not None and (recalled is None or recalled.trouble is None):
        return _in_grace(
            verdict.grace, memory, setting, told=recalled is None or one.session.ref not in recalled.untold
        )
    if setting.only is not None and one.session.ref not in setting.only:
        return Outcome.WOULD_STOP, NOT_IN_PLAN
    return None


def _in_grace(grace: float, memory: Memory | None, setting: Setting, *, told: bool) -> tuple[Outcome, str] | None:
    lasts = durations.format(grace)
    if setting.recalled is None:
        return Outcome.WARNED, f"grace of {lasts}: {NEVER_STOPS}"
    if memory is None:
        return None
    if memory.hurry is not None:
        # Whoever was warned did not want to wait; one use of the session since, and the wish would be forgotten.
        return None
    warned_at = setting.now if memory.warned_at is None else memory.warned_at
    if memory.warned_at is not None and setting.now - warned_at >= grace and told:
        return None
    return Outcome.WARNED, f"grace of {lasts}: stopped from {moment(warned_at + grace)} on if it is not used before"


def _withheld(one: Judged, setting: Setting) -> str | None:
    """Why this stop is withheld by what is remembered, or by what could not be."""
    ref, recalled = one.session.ref, setting.recalled
    if ref.key in setting.tag_trouble:
        return setting.tag_trouble[ref.key]
    if recalled is None:
        return None
    if recalled.trouble is not None:
        return recalled.trouble
    if ref in recalled.unreadable:
        return f"what the ledger remembers of it cannot be read: {recalled.unreadable[ref]}"
    memory = recalled.memories.get(ref)
    if memory is None:
        return "the ledger was not asked about it"
    if memory.claim is not None and setting.now - memory.claim.at < CLAIM_LASTS:
        return f"another sweep announced at {moment(memory.claim.at)} that it is about to stop it"
    return recalled.tripped.get(ref.key)


def moment(instant: float) -> str:
    """``2026-03-01 10:00 UTC``, for people."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")
