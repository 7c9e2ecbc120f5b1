"""What is remembered from sweep to sweep, and how one sweep's judgement changes it. Pure; a ledger keeps it.

A :class:`Memory` is one session that ever matched a policy. Writes are conditional on ``version``, so that two sweeps that
overlap, or an event that is delivered twice, warn once and stop once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from reaper.core.facts import VALUELESS
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Lifted, Stage
from reaper.core.session import Phase, Session, SessionRef
from reaper.core.vocabulary import Lens, read_idle_cost, tagged_owner

MEMORY_VERSION: Final = 1
"""Of the shape of what is kept. An item of a newer one is not understood, so its session is not stopped."""

CLAIM_LASTS: Final = 900.0
"""Seconds; a sweep that announced a stop longer ago than a Lambda can live was killed before it could say what came of it."""

MEMORY_DAYS: Final = 90
"""How long a session is remembered after it last matched, and a sweep after it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Somebody asked to keep the session for a while. ``times`` counts the snoozes of this session so far."""

    until: float
    by: str
    at: float
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurry:
    """Somebody asked to have the session stopped now: it waives the grace, and nothing else."""

    at: float
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person is shown of a session that a policy wants stopped. Untrusted text; instants are epoch seconds."""

    name: str = ""
    owner: str = ""
    team: str = ""
    state: str = ""
    idle_since: float | None = None
    evidence: str = ""
    """How that is known."""
    hourly_cost: float | None = None
    """Estimated USD for an hour of sitting idle."""
    detail: str = ""
    """Why it is to be stopped, in the policy's words."""
    due: float | None = None
    """The earliest moment of its stop."""
    snooze_max: float = 28_800.0
    """Seconds one snooze may last."""
    snooze_times: int = 3
    timezone: str = "UTC"
    """The IANA name of the timezone its reader lives in."""
    acts: bool = False
    """True when it really will be stopped: the sweep enforces, and so does the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sweep announced that it is about to stop the session: written before the stop, never after."""

    run_id: str
    at: float
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What people were warned of: that ``policy`` stops the session from ``due_at`` on, and not before.

    It counts as the warning of its own policy only. Instants are epoch seconds, ``grace`` is seconds.
    """

    policy: str
    stage: Stage
    """The stage it was made under: one under ``warn`` said that nothing is stopped."""
    enforced: bool
    """Whether the sweep that made it stops sessions at all; else people read that nothing is stopped."""
    by: str
    """The run that was to tell people."""
    at: float
    """When the session was judged; any later use of it makes the promise void."""
    grace: float
    due_at: float
    """The moment that people read, or later."""
    told_at: float | None = None
    """When they had been told; ``None`` while that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One session that ever matched. Instants are epoch seconds, costs USD; ``version`` counts its writes."""

    ref: SessionRef
    first_matched: float
    """When any policy matched it first."""
    last_matched: float
    """The latest sweep in which one did."""
    policy: str | None
    held_since: float
    """Since when ``policy`` has held in every sweep without a break."""
    outcome: Outcome
    """What people were last told of it."""
    outcome_since: float
    told_by: str = ""
    """The run that was to tell people so."""
    told_at: float | None = None
    """When it had told them; ``None`` while that is not known."""
    promise: Promise | None = None
    """The warning that stands; ``None`` while there is none, or once a use of the session made it void."""
    not_before: float = 0.0
    """The latest moment from which people were told that it is stopped, or may have been told.

    It binds every stop, whatever becomes of the warning.
    """
    snooze: Snooze | None = None
    hurry: Hurry | None = None
    card: Card | None = None
    claim: Claim | None = None
    stopped_at: float | None = None
    """When the stop was sent that the service accepted; kept for good."""
    stopped_by: str | None = None
    """The policy that stopped it."""
    confirmed_at: float | None = None
    """When a later sweep saw that it had ended."""
    regretted_at: float | None = None
    """When a sweep saw that its owner had put another in its place within minutes of our stop."""
    likeness: str = ""
    """What a session recreated in its place would have in common with it."""
    idle_cost: float = 0.0
    """Estimated USD its idleness had cost when it last matched."""
    version: int = 0
    """0: never written."""

    def warned(self, promise: Promise) -> Memory:
        """This with ``promise`` as the warning that stands."""
        return self.read_of(promise.due_at, promise.stage, promise=promise)

    def read_of(self, due: float | None, stage: Stage, **more: Any) -> Memory:
        """This once people may have read that a policy at ``stage`` stops the session from ``due`` on; and ``more`` changed."""
        bound = due if due is not None and stage is Stage.ENFORCE else 0.0
        return replace(self, not_before=max(self.not_before, bound), **more)

    @property
    def awaiting(self) -> bool:
        """True while our stop has been accepted and no sweep has seen the session ended."""
        return self.stopped_at is not None and (self.confirmed_at is None or self.confirmed_at < self.stopped_at)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The ledger has an item for the session that cannot be understood, and why. Its session is not stopped."""

    ref: SessionRef
    reason: str


def likeness(session: Session, owner: str | None) -> str:
    """What a session and the one its owner puts in its place have in common; empty where too little is known to say.

    A creator may be a role that a whole team shares, and a kind is shared by all. So it takes a name, or an ``owner`` whom
    a tag names.
    """
    facts, ref = session.facts, session.ref
    name, kind, creator = (value if isinstance(value, str) else "" for value in (facts.name, facts.kind, facts.creator))
    if not name and not owner:
        return ""
    parts = [str(ref.key), *(f"{key}={value}" for key, value in ref.scope if key != "worker")]
    return "|".join([*parts, owner or creator, kind, name])


def may_have_been_used(session: Session, moment: float, lifted: frozenset[Lifted] = frozenset()) -> bool:
    """True unless the evidence says that it was not used after ``moment`` and is not in use now.

    ``lifted`` is what the policy says ``even_when`` to: use is no matter to one that stops busy sessions in so many words,
    and evidence that cannot be had is none to one that stops undecidable ones.
    """
    if Lifted.BUSY in lifted:
        return False
    since, phase = session.facts.idle_since, session.facts.phase
    if phase is Phase.BUSY:
        return True
    if isinstance(since, VALUELESS):
        return Lifted.UNDECIDABLE not in lifted
    return since > moment


def promised(memory: Memory, verdict: Verdict, now: float, *, enforced: bool) -> float | None:
    """The earliest moment of the stop that ``verdict`` wants, by what people were told; ``None`` if it takes another warning.

    A policy with a grace has to have warned, under a stage and in a mode that said so, and its grace counts from when
    people had been told. Whatever policy asks, no stop comes before a moment that people were told.
    """
    promise, bound = memory.promise, max(memory.not_before, now)
    if verdict.grace is None:
        return bound
    if promise is None or promise.told_at is None or not warns_of(promise, verdict, enforced=enforced):
        return None
    return max(bound, promise.told_at + verdict.grace)


def due_once_told(memory: Memory | None, verdict: Verdict, now: float) -> float:
    """The earliest moment of the stop that ``verdict`` wants, if people are told of it ``now``."""
    due = now + (verdict.grace or 0.0)
    return due if memory is None else max(due, memory.not_before)


def warns_of(promise: Promise, verdict: Verdict, *, enforced: bool) -> bool:
    """Whether ``promise`` is the warning that ``verdict`` needs, told or not."""
    if enforced and not promise.enforced:
        return False
    return promise.policy == verdict.policy and promise.stage is verdict.stage


def is_lost(promise: Promise, now: float) -> bool:
    """True when the run that was to tell of it must have been killed before it could."""
    return promise.told_at is None and now - promise.at >= CLAIM_LASTS


def recall(  # noqa: PLR0913 - what came before, what is now, and when
    before: Memory | None, session: Session, verdict: Verdict, now: float, *, goes_on: bool, lens: Lens
) -> Memory:
    """What is known of ``session`` once this sweep's ``verdict`` is taken in; the outcome is still that of before.

    The policy's run starts anew unless it ``goes_on``. Snoozes, and stops of the past, stay known.
    """
    cost = read_idle_cost(session, now, lens)
    spent = cost if isinstance(cost, float) else 0.0
    owner = tagged_owner(session, lens)
    if before is None:
        return Memory(
            ref=session.ref,
            first_matched=now,
            last_matched=now,
            policy=verdict.policy,
            held_since=now,
            outcome=Outcome.UNDETERMINED,
            outcome_since=now,
            likeness=likeness(session, owner),
            idle_cost=spent,
        )
    latest = replace(
        before, last_matched=now, policy=verdict.policy, idle_cost=spent, likeness=likeness(session, owner)
    )
    # Whoever wanted it stopped at once had not used it since; now somebody may have.
    return latest if goes_on else replace(latest, held_since=now, hurry=None)


def goes_on(
    before: Memory, session: Session, verdict: Verdict, last_sweep_at: float | None, lifted: frozenset[Lifted]
) -> bool:
    """True when ``verdict`` continues what ``before`` remembers, without a break.

    The same policy has to have held in the sweep before this one too, and no stop goes on through a moment in which the
    session may have been used. A sweep that never took place is no break, and shortens nothing.
    """
    if last_sweep_at is None or before.last_matched < last_sweep_at or before.policy != verdict.policy:
        return False
    return verdict.kind is not VerdictKind.STOP or not may_have_been_used(session, _warned_at(before), lifted)


def promise_kept_up(
    before: Memory, session: Session, verdict: Verdict, last_sweep_at: float | None, lifted: frozenset[Lifted]
) -> Promise | None:
    """The promise of ``before``, if a stop was wanted in every sweep since, and nothing hints at a use."""
    promise = before.promise
    if promise is None:
        return None
    stands = (
        verdict.kind is VerdictKind.STOP
        and last_sweep_at is not None
        and before.last_matched >= last_sweep_at
        and not may_have_been_used(session, promise.at, lifted)
    )
    return promise if stands else None


def _warned_at(memory: Memory) -> float:
    return memory.promise.at if memory.promise else memory.held_since
