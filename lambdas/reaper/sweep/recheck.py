"""The look right before a stop: what protects the session is read first, the evidence of its use last, and it may not be old.

Its answer is the same conjunction as the plan's (:mod:`reaper.core.permission`), asked in full on the session, its tags and
what is remembered of it as they are now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from reaper.core.facts import NOT_ASKED, Facts, Undecidable, Unread
from reaper.core.judge import CompiledBook, VerdictKind
from reaper.core.memory import Memory, Unreadable
from reaper.core.outcome import Outcome
from reaper.core.permission import Case, Recalled, Setting, withheld
from reaper.core.plan import Finding
from reaper.core.session import Phase, Session, SessionRef
from reaper.sweep.ports import Ledger, LedgerError, Provider, ProviderError, Trouble
from reaper.sweep.survey import ask, decide

FRESH: Final = 2.0
"""Seconds the evidence of use may be old when the stop goes out."""
WHOLE: Final = 30.0
"""Seconds all of a look may take until the stop goes out: what protects the session is read first."""
LOOKS: Final = 4
"""How often a session is looked at before its stop is given up for this sweep."""

_EVIDENCE: Final = frozenset({"phase", "idle_since"})
_ALWAYS_FIRST: Final = frozenset({"tags"})
_PASSING: Final = frozenset({Trouble.THROTTLED, Trouble.UNREACHABLE, Trouble.SERVER})
"""Troubles that may be over a moment later."""
_GONE: Final = frozenset({Phase.ENDED, Phase.STOPPING})

_WHY: Final = {
    VerdictKind.KEEP: "no policy wants it stopped any more",
    VerdictKind.PROTECT: "it is protected now",
    VerdictKind.REPORT: "a policy only reports it now",
    VerdictKind.UNDETERMINED: "whether it is idle cannot be known now",
}
_NOT_NOW: Final = frozenset({Outcome.WARNED, Outcome.REPORTED, Outcome.WOULD_STOP, Outcome.STOPPED})
"""What the plan calls waiting, is sparing once the stop was announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What every look of one sweep is judged by. ``clock`` gives epoch seconds; ``ledger`` is asked at each look."""

    book: CompiledBook
    setting: Setting
    clock: Callable[[], float]
    run_id: str
    ledger: Ledger | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: ``finding`` is final unless ``clear``; ``passing`` is true where another look may find otherwise.

    ``began_at`` is when what protects the session began to be read, ``looked_at`` when the evidence of its use did.
    """

    finding: Finding
    began_at: float
    looked_at: float
    clear: bool = False
    passing: bool = False


class Recheck:
    """The looks at one session before its stop. ``provider`` is one whose reads give up soon."""

    def __init__(self, finding: Finding, provider: Provider, rules: Rules) -> None:
        self._planned = finding
        self._provider = provider
        self._rules = rules
        self._first = _ALWAYS_FIRST
        self._began_at = 0.0

    def look(self) -> Look:
        """Look once more: its tags and what else protects it, then the ledger, then its use."""
        ref, self._began_at = self._planned.ref, self._rules.clock()
        stub = Session(ref, Facts(state="", phase=NOT_ASKED, created_at=NOT_ASKED))
        while wanted := frozenset(name for name in self._first if getattr(stub.facts, name) is NOT_ASKED):
            stub = ask(self._provider, stub, wanted)
        recalled = self._recall(ref)
        looked_at = self._rules.clock()
        try:
            fresh = self._provider.reread(ref)
        except ProviderError as error:
            return self._unread(self._planned, looked_at, str(error), passing=error.trouble in _PASSING)
        if fresh is None:
            return self._final(self._planned, looked_at, Outcome.ALREADY_GONE, "it is not there any more")
        fresh = _with_known(fresh, stub)
        if fresh.facts.phase in _GONE:
            gone = f"it had ended or was ending by itself (state {fresh.facts.state})"
            return self._final(replace(self._planned, session=fresh), looked_at, Outcome.ALREADY_GONE, gone)
        return self._judge(fresh, looked_at, recalled)

    def _judge(self, fresh: Session, looked_at: float, recalled: Recalled | None) -> Look:
        asked_before = fresh.facts.not_asked()
        fresh, verdict = decide(self._provider, fresh, self._rules.book, looked_at)
        # What had to be asked after the evidence of use is asked before it, should there be another look.
        self._first |= asked_before - fresh.facts.not_asked() - _EVIDENCE
        checked = replace(self._planned, session=fresh)
        if verdict.kind is not VerdictKind.STOP and (unread := _unread_fact(fresh)) is not None:
            return self._unread(checked, looked_at, unread.reason, passing=unread.cause in _PASSING)
        setting = replace(self._rules.setting, now=self._rules.clock(), recalled=recalled)
        claimed_by = None if self._rules.ledger is None else self._rules.run_id
        case = Case(
            session=fresh, verdict=verdict, setting=setting, judged=self._planned.session, claimed_by=claimed_by
        )
        against = withheld(case)
        if not against:
            allowed = replace(checked, verdict=verdict, detail=verdict.detail)
            return Look(allowed, self._began_at, looked_at, clear=True)
        first = against[0]
        if verdict.kind is not VerdictKind.STOP:
            why = first.detail or _WHY[verdict.kind]
            told = f"{_state(fresh)} when checked again right before the stop: {why}"
            return self._final(checked, looked_at, Outcome.SPARED, told)
        outcome = Outcome.SPARED if first.outcome in _NOT_NOW else first.outcome
        return self._final(checked, looked_at, outcome, first.detail)

    def _recall(self, ref: SessionRef) -> Recalled | None:
        """What is remembered of the session now: whoever answered a warning in the last second is heard."""
        before = self._rules.setting.recalled
        if self._rules.ledger is None or before is None:
            return before
        try:
            memory = self._rules.ledger.recall([ref]).get(ref)
        except LedgerError as error:
            return replace(before, trouble=f"what is remembered of it now could not be read: {error}")
        if isinstance(memory, Unreadable):
            return replace(before, memories={}, unreadable={ref: memory.reason})
        return replace(before, memories={ref: memory} if isinstance(memory, Memory) else {}, unreadable={})

    def _unread(self, finding: Finding, looked_at: float, why: str, *, passing: bool) -> Look:
        told = f"it could not be looked at right before the stop, so it was not stopped: {why}"
        return replace(self._final(finding, looked_at, Outcome.UNREAD, told), passing=passing)

    def _final(self, finding: Finding, looked_at: float, outcome: Outcome, detail: str) -> Look:
        return Look(became(finding, outcome, detail), self._began_at, looked_at)


def too_old(look: Look, now: float) -> str:
    """Why what ``look`` found is too old to stop a session on; empty where it is not."""
    age, whole = now - look.looked_at, now - look.began_at
    if age > FRESH:
        return f"the evidence of its use took {age:.1f} s to read, more than {FRESH:g} s"
    return f"looking at it took {whole:.0f} s, more than {WHOLE:g} s" if whole > WHOLE else ""


def not_fresh(finding: Finding, why: str) -> Finding:
    """``finding`` not stopped, because what was read of it was too old each time there was leave to stop it."""
    told = f"could not be looked at freshly: {why}, {LOOKS} times, so it was not stopped"
    return became(finding, Outcome.UNREAD, told)


def became(finding: Finding, outcome: Outcome, detail: str) -> Finding:
    """``finding`` as what became of its announced stop."""
    return replace(finding, outcome=outcome, detail=detail, allowed=False)


def _with_known(fresh: Session, known: Session) -> Session:
    """``fresh`` with what was read of it before its use."""
    facts = fresh.facts
    names = [name for name in facts.not_asked() - _EVIDENCE if getattr(known.facts, name) is not NOT_ASKED]
    found: dict[str, object] = {name: getattr(known.facts, name) for name in names}
    if not found:
        return fresh
    evidence = {name: told for name, told in known.facts.evidence.items() if name in found}
    return Session(fresh.ref, facts.with_(**found, evidence=evidence))


def _unread_fact(session: Session) -> Unread | None:
    facts = session.facts
    asked = (facts.phase, facts.idle_since, facts.tags, facts.idle_timeout, facts.dpus)
    return next((fact for fact in asked if isinstance(fact, Unread)), None)


def _state(session: Session) -> str:
    phase = session.facts.phase
    return session.facts.state if isinstance(phase, Undecidable) or not isinstance(phase, Phase) else phase.value
