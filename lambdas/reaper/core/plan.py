"""What becomes of the verdicts of one sweep before anything is done: one finding for each.

The plan is the same in report and in enforce mode: what it lets through is ``would_stop`` and ``allowed``, and only
:mod:`reaper.sweep.act` turns that into anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reaper.core.guards import Stops, over_the_cap
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.memory import Snooze
from reaper.core.outcome import Outcome
from reaper.core.permission import Case, Setting, withheld
from reaper.core.policy.model import SnoozeLimit
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
    its policy allows. ``stop_sent_at`` is when its service was asked to stop it, whatever came of that.
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
    stop_sent_at: float | None = None

    @property
    def ref(self) -> SessionRef:
        """Which session it is."""
        return self.session.ref


def plan(judged: Iterable[Judged], setting: Setting) -> tuple[Finding, ...]:
    """One finding per judged session, in the order given; ``keep`` has none. The caps come last, over what is left."""
    findings = [_alone(one, setting) for one in judged if one.verdict.kind is not VerdictKind.KEEP]
    allowed: dict[ScopeKey, Stops] = {}
    for finding in findings:
        if finding.allowed:
            scope = finding.ref.key
            stops = allowed.get(scope) or setting.already.get(scope, Stops())
            allowed[scope] = stops.and_one(known_idle_cost(finding.session, setting.now, setting.lens))
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


def known_idle_cost(session: Session, now: float, lens: Lens) -> float | None:
    """What the idleness of a session has cost so far (USD), if that is known."""
    cost = read_idle_cost(session, now, lens)
    return cost if isinstance(cost, float) else None


def tripped_caps(findings: Iterable[Finding]) -> dict[ScopeKey, str]:
    """The scopes in which a cap withholds every stop, and why."""
    return {finding.ref.key: finding.detail for finding in findings if finding.capped}


def _alone(one: Judged, setting: Setting) -> Finding:
    """The finding as far as this session alone decides it."""
    against = withheld(Case(session=one.session, verdict=one.verdict, setting=setting))
    if against:
        return Finding(one.session, one.verdict, against[0].outcome, against[0].detail)
    return Finding(one.session, one.verdict, Outcome.WOULD_STOP, one.verdict.detail, allowed=True)
