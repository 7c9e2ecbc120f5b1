"""What is remembered from sweep to sweep, and how one sweep's judgement changes it. Pure; a ledger keeps it.

A :class:`Memory` is one session that ever matched a policy, a :class:`SweepRecord` one sweep. Writes are conditional on
``version``, so that two sweeps that overlap, or an event that is delivered twice, warn once and stop once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from reaper.core.judge import Verdict
from reaper.core.outcome import Outcome
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.vocabulary import Lens, read_idle_cost

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
    """The run that was to tell people so; its record says whether it did."""
    warned_at: float | None = None
    """When the warning went out that this run of ``policy`` began with; ``None`` while there was none."""
    warned_by: str = ""
    """The run that was to tell of the warning, as ``told_by``."""
    snooze: Snooze | None = None
    hurry: Hurry | None = None
    card: Card | None = None
    claim: Claim | None = None
    stopped_at: float | None = None
    """When the service accepted our stop; kept for good."""
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

    @property
    def awaiting(self) -> bool:
        """True while our stop has been accepted and no sweep has seen the session ended."""
        return self.stopped_at is not None and (self.confirmed_at is None or self.confirmed_at < self.stopped_at)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The ledger has an item for the session that cannot be understood, and why. Its session is not stopped."""

    ref: SessionRef
    reason: str


Memories = Mapping[SessionRef, Memory | Unreadable]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCount:
    """How often a policy stopped a session on one day, and how often that was regretted."""

    policy: str
    day: str
    """``2026-03-01``, UTC."""
    stops: int = 0
    regrets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTaken:
    """A stop that the service accepted."""

    ref: SessionRef
    policy: str
    at: float
    likeness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """One sweep. ``finished_at`` is ``None`` while it acts, and for ever if it was killed."""

    run_id: str
    started_at: float
    finished_at: float | None = None
    mode: str = "report"
    live: Mapping[ScopeKey, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many live sessions each scope had, those that could be read wholly."""
    blind: frozenset[ScopeKey] = frozenset()
    claims: tuple[SessionRef, ...] = ()
    """Sessions it announced to stop, known before it stopped the first."""
    stops: tuple[StopTaken, ...] = ()
    """Its own stops that a service accepted."""
    unconfirmed: tuple[StopTaken, ...] = ()
    """Stops of sweeps before it that were still to be confirmed when it ended."""
    counts: tuple[PolicyCount, ...] = ()
    """Stops and regrets by policy and day, carried on from sweep to sweep."""
    told: bool = True
    """Whether what it had to tell has left the program."""
    version: int = 0


def likeness(session: Session) -> str:
    """What a session and the one its owner puts in its place have in common: where, who, what kind, which name."""
    facts, ref = session.facts, session.ref
    parts = [str(ref.key), *(f"{key}={value}" for key, value in ref.scope if key != "worker")]
    parts += [value if isinstance(value, str) else "" for value in (facts.creator, facts.kind, facts.name)]
    return "|".join(parts)


def used_since(session: Session, moment: float) -> bool:
    """True when the evidence of use says it was used after ``moment``, or is in use now."""
    since = session.facts.idle_since
    return session.facts.phase is Phase.BUSY or (isinstance(since, float) and since > moment)


def recall(  # noqa: PLR0913 - what came before, what is now, and when
    before: Memory | None, session: Session, verdict: Verdict, now: float, *, goes_on: bool, lens: Lens
) -> Memory:
    """What is known of ``session`` once this sweep's ``verdict`` is taken in; the outcome is still that of before.

    The policy's run starts anew unless it ``goes_on``. Snoozes, and stops of the past, stay known.
    """
    cost = read_idle_cost(session, now, lens)
    spent = cost if isinstance(cost, float) else 0.0
    if before is None:
        return Memory(
            ref=session.ref,
            first_matched=now,
            last_matched=now,
            policy=verdict.policy,
            held_since=now,
            outcome=Outcome.UNDETERMINED,
            outcome_since=now,
            likeness=likeness(session),
            idle_cost=spent,
        )
    latest = replace(before, last_matched=now, policy=verdict.policy, idle_cost=spent, likeness=likeness(session))
    # Whoever wanted it stopped at once had not used it since; now somebody may have.
    return latest if goes_on else replace(latest, held_since=now, warned_at=None, hurry=None)


def goes_on(
    before: Memory, session: Session, verdict: Verdict, last_sweep_at: float | None, *, use_resets: bool = True
) -> bool:
    """True when ``verdict`` continues what ``before`` remembers, without a break.

    The same policy has to have held in the sweep before this one too, and nothing may show a use of the session since it
    was warned: one moment of use resets it. A sweep that never took place is no break, and shortens nothing.
    ``use_resets`` is false for a policy that applies to busy sessions in so many words.
    """
    if last_sweep_at is None or before.last_matched < last_sweep_at or before.policy != verdict.policy:
        return False
    return not (use_resets and used_since(session, before.warned_at or before.held_since))
