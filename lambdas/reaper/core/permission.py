"""Whether a session may be stopped: a conjunction of named conditions, asked in full at the plan and right before the stop.

A condition can only withhold. None is asked before, after or instead of another: all are, always, and the order in which they
stand decides no more than which of those that withhold is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from reaper.core import durations
from reaper.core.guards import Stops, outside_hours, too_young
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.memory import CLAIM_LASTS, Memory, due_once_told, may_have_been_used, promised
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards, Lifted, Stage
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.vocabulary import Lens

NEVER_STOPS: Final = "without a ledger nothing remembers when its grace began, so it is warned and never stopped"
NOT_IN_PLAN: Final = "not in the plan that is being applied"
_NOT_WHOLE: Final = (
    "the sweep ran out of time before it had looked at all of its service, and guards speak of all of it; "
    "the next one does it"
)


class Condition(StrEnum):
    """What has to hold of every session that is stopped, in the order in which it is told that it does not."""

    VERDICT = "the policies want it stopped"
    REGRETS = "the stops of its policy are not regretted"
    STAGE = "its policy is past observing"
    SNOOZE = "nobody snoozed it"
    ACCEPTED = "its stop has not been accepted already"
    WARNING_STAGE = "its policy does more than warn"
    LEDGER = "the ledger can be relied on"
    REMEMBERED = "what is remembered of it can be read"
    PROMISE = "whoever was to be warned was, and the moment they were told has come"
    PLAN = "it is in the plan that is applied"
    WHOLE = "all of its scope has been looked at"
    TAGS = "tags in its scope can be relied on"
    EVIDENCE = "evidence of use in its scope can be relied on"
    CLAIM = "no other sweep is about to stop it, and this one's claim holds"
    POPULATION = "the population of its scope can be believed"
    MIN_AGE = "it is old enough"
    STOP_HOURS = "stops are allowed at this hour"
    SERVICE = "its service ends idle sessions only, and it is one"
    UNUSED = "it was not used since it was judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What the ledger, and the sweeps it knows of, say to this one. ``memories`` already have this sweep taken in."""

    memories: Mapping[SessionRef, Memory] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: Mapping[SessionRef, str] = field(default_factory=lambda: MappingProxyType({}))
    trouble: str | None = None
    """Why nothing the ledger says can be trusted; then nothing is stopped."""
    tripped: Mapping[ScopeKey, str] = field(default_factory=lambda: MappingProxyType({}))
    """Scopes whose population is not believed, and why."""
    fallen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Policies that only report, because their stops are regretted, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What stops are allowed under, but for the session itself: the guards, the moment, what is remembered.

    ``live`` is how many live sessions were seen in each scope, ``unseen`` the scopes not all of which was looked at.
    ``tag_trouble`` and ``evidence_trouble`` say where look-ups cannot be trusted. ``only`` limits stops to the sessions of a
    reviewed plan, ``already`` is what earlier parts of this sweep stopped in each scope. ``recalled`` is ``None`` where there
    is no ledger. ``idle_only`` are the scopes whose service is never told to stop a session that is not known to be idle.
    ``lifted`` is, by policy, what it says ``even_when`` to.
    """

    guards: Guards
    live: Mapping[ScopeKey, int]
    now: float
    lens: Lens = field(default_factory=Lens)
    enforced: bool = False
    only: frozenset[SessionRef] | None = None
    already: Mapping[ScopeKey, Stops] = field(default_factory=lambda: MappingProxyType({}))
    unseen: frozenset[ScopeKey] = frozenset()
    tag_trouble: Mapping[ScopeKey, str] = field(default_factory=lambda: MappingProxyType({}))
    evidence_trouble: Mapping[ScopeKey, str] = field(default_factory=lambda: MappingProxyType({}))
    recalled: Recalled | None = None
    idle_only: frozenset[ScopeKey] = frozenset()
    lifted: Mapping[str, frozenset[Lifted]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One session whose stop is asked for. ``judged`` and ``claimed_by`` are set for the look right before the stop.

    ``judged`` is the session as the plan saw it, ``claimed_by`` the run whose claim has to stand in the ledger.
    """

    session: Session
    verdict: Verdict
    setting: Setting
    judged: Session | None = None
    claimed_by: str | None = None

    @property
    def memory(self) -> Memory | None:
        """What is remembered of the session, if there is a ledger and it could be read."""
        recalled = self.setting.recalled
        return None if recalled is None else recalled.memories.get(self.session.ref)

    @property
    def lifted(self) -> frozenset[Lifted]:
        """What the policy that wants the stop says ``even_when`` to."""
        return self.setting.lifted.get(self.verdict.policy or "", frozenset())


@dataclass(frozen=True, slots=True)
class Withheld:
    """A condition that does not hold: what the stop becomes instead, and why in words for people."""

    condition: Condition
    outcome: Outcome
    detail: str


def withheld(case: Case) -> tuple[Withheld, ...]:
    """Every condition that keeps the session of ``case`` from being stopped; none: it may be."""
    return tuple(Withheld(condition, *found) for condition, ask in _ASKED.items() if (found := ask(case)) is not None)


def due_at(case: Case) -> float | None:
    """The earliest moment of the stop by what people were told, epoch seconds; ``None`` where it takes another warning."""
    memory = case.memory
    if memory is None:
        return None
    return promised(memory, case.verdict, case.setting.now, enforced=case.setting.enforced)


_Found = tuple[Outcome, str] | None

_OUTCOMES: Final = {
    VerdictKind.PROTECT: Outcome.PROTECTED,
    VerdictKind.REPORT: Outcome.REPORTED,
    VerdictKind.UNDETERMINED: Outcome.UNDETERMINED,
    VerdictKind.KEEP: Outcome.SPARED,
}


def _verdict(case: Case) -> _Found:
    verdict = case.verdict
    return None if verdict.kind is VerdictKind.STOP else (_OUTCOMES[verdict.kind], verdict.detail)


def _regrets(case: Case) -> _Found:
    recalled = case.setting.recalled
    why = recalled.fallen.get(case.verdict.policy or "") if recalled else None
    return None if why is None else (Outcome.REPORTED, why)


def _stage(case: Case) -> _Found:
    if case.verdict.stage is not Stage.OBSERVE:
        return None
    return Outcome.WOULD_STOP, f"stage observe: {case.verdict.policy} only says what it would stop"


def _snooze(case: Case) -> _Found:
    snooze = case.memory.snooze if case.memory else None
    if snooze is None or snooze.until <= case.setting.now:
        return None
    return Outcome.SNOOZED, f"snoozed by {snooze.by} until {moment(snooze.until)}"


def _accepted(case: Case) -> _Found:
    memory = case.memory
    if memory is None or not memory.awaiting or memory.stopped_at is None:
        return None
    return Outcome.STOPPED, f"its stop was accepted at {moment(memory.stopped_at)}, and it has not ended yet"


def _warning_stage(case: Case) -> _Found:
    if case.verdict.stage is not Stage.WARN:
        return None
    return Outcome.WARNED, f"stage warn: {case.verdict.policy} warns and never stops"


def _ledger(case: Case) -> _Found:
    recalled = case.setting.recalled
    return None if recalled is None or recalled.trouble is None else (Outcome.WITHHELD, recalled.trouble)


def _remembered(case: Case) -> _Found:
    ref, recalled = case.session.ref, case.setting.recalled
    if recalled is None or ref in recalled.memories:
        return None
    if ref in recalled.unreadable:
        return Outcome.WITHHELD, f"what the ledger remembers of it cannot be read: {recalled.unreadable[ref]}"
    return Outcome.WITHHELD, "the ledger was not asked about it"


def _promise(case: Case) -> _Found:
    grace, now = case.verdict.grace, case.setting.now
    if case.setting.recalled is None:
        return None if grace is None else (Outcome.WARNED, f"grace of {durations.format(grace)}: {NEVER_STOPS}")
    memory = case.memory
    if memory is None:
        return None
    hurry = memory.hurry
    if hurry is not None and not may_have_been_used(case.session, hurry.at, case.lifted):
        # Whoever was warned did not want to wait, and has not used it since.
        return None
    due = due_at(case)
    if due is not None and due <= now:
        return None
    return Outcome.WARNED, warning(case.verdict, due_once_told(memory, case.verdict, now) if due is None else due)


def _plan(case: Case) -> _Found:
    only = case.setting.only
    return None if only is None or case.session.ref in only else (Outcome.WITHHELD, NOT_IN_PLAN)


def _whole(case: Case) -> _Found:
    return (Outcome.WITHHELD, _NOT_WHOLE) if case.session.ref.key in case.setting.unseen else None


def _tags(case: Case) -> _Found:
    return _in_scope(case, case.setting.tag_trouble)


def _evidence(case: Case) -> _Found:
    return _in_scope(case, case.setting.evidence_trouble)


def _population(case: Case) -> _Found:
    return None if case.setting.recalled is None else _in_scope(case, case.setting.recalled.tripped)


def _in_scope(case: Case, troubles: Mapping[ScopeKey, str]) -> _Found:
    why = troubles.get(case.session.ref.key)
    return None if why is None else (Outcome.WITHHELD, why)


def _claim(case: Case) -> _Found:
    memory, now = case.memory, case.setting.now
    claim = memory.claim if memory else None
    holds = claim is not None and now - claim.at < CLAIM_LASTS
    if case.claimed_by is None or memory is None:
        if claim is None or not holds:
            return None
        return Outcome.WITHHELD, f"another sweep announced at {moment(claim.at)} that it is about to stop it"
    if claim is not None and claim.run_id == case.claimed_by:
        return (
            None
            if holds
            else (Outcome.WITHHELD, "it was announced too long ago to be stopped now; the next sweep does it")
        )
    return Outcome.WITHHELD, "another sweep took over its stop"


def _min_age(case: Case) -> _Found:
    why = too_young(case.session, case.setting.guards, case.setting.now)
    return None if why is None else (Outcome.WITHHELD, why)


def _stop_hours(case: Case) -> _Found:
    why = outside_hours(case.setting.guards, case.setting.now)
    return None if why is None else (Outcome.WITHHELD, why)


def _service(case: Case) -> _Found:
    if case.session.ref.key not in case.setting.idle_only or case.session.facts.phase is Phase.IDLE:
        return None
    return (
        Outcome.WITHHELD,
        "whatever a policy says, its service is told to end idle sessions only, and it is not known to be idle",
    )


def _unused(case: Case) -> _Found:
    if case.judged is None:
        return None
    memory = case.memory
    if case.verdict.grace is None and (memory is None or memory.promise is None):
        # The judgement on the evidence as it is now is all that such a stop rests on.
        return None
    before = case.judged.facts.idle_since
    if not may_have_been_used(case.session, before if isinstance(before, float) else float("inf"), case.lifted):
        return None
    return Outcome.SPARED, "it may have been used after it had been judged, so its grace begins anew"


_ASKED: Final[Mapping[Condition, Callable[[Case], _Found]]] = {
    Condition.VERDICT: _verdict,
    Condition.REGRETS: _regrets,
    Condition.STAGE: _stage,
    Condition.SNOOZE: _snooze,
    Condition.ACCEPTED: _accepted,
    Condition.WARNING_STAGE: _warning_stage,
    Condition.LEDGER: _ledger,
    Condition.REMEMBERED: _remembered,
    Condition.PROMISE: _promise,
    Condition.PLAN: _plan,
    Condition.WHOLE: _whole,
    Condition.TAGS: _tags,
    Condition.EVIDENCE: _evidence,
    Condition.CLAIM: _claim,
    Condition.POPULATION: _population,
    Condition.MIN_AGE: _min_age,
    Condition.STOP_HOURS: _stop_hours,
    Condition.SERVICE: _service,
    Condition.UNUSED: _unused,
}


def warning(verdict: Verdict, due: float) -> str:
    """What a warning says of the stop to come."""
    if verdict.grace is None:
        return f"people were told that it is stopped from {moment(due)} on, and it is not stopped before"
    return f"grace of {durations.format(verdict.grace)}: stopped from {moment(due)} on if it is not used before"


def moment(instant: float) -> str:
    """``2026-03-01 10:00 UTC``, for people."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")
