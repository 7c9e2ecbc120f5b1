"""A policy tried on the past: what it would have stopped, what that would have saved, and which stops were false.

Recorded sweeps are replayed in order of time with the same :func:`~reaper.core.judge.judge`, plan and grace as a real sweep, on
the facts as they were recorded and at the moment they were. A session that would have been stopped is no longer judged
after that, but still watched: the record goes on, and tells whether somebody used it again.

What a replay cannot know, it says: a fact nobody asked for then is undecidable now, and a session that was never seen
again may have ended by itself, or been stopped for real. Every stage counts as ``enforce``, for that is the question. The
guards hold as in a sweep, save those that need a ledger or further look-ups (population, tag failures, regrets, snoozes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from reaper.core.facts import Undecidable
from reaper.core.judge import CompiledBook, Needs, Verdict, VerdictKind, compile_book, judge
from reaper.core.memory import Memory, Promise, goes_on, promise_kept_up, recall, warns_of
from reaper.core.outcome import Outcome
from reaper.core.permission import Recalled, Setting
from reaper.core.plan import Finding, Judged, plan
from reaper.core.policy.model import Action, PolicyBook, Stage
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.thresholds import at_threshold, varied
from reaper.core.vocabulary import read_hourly_cost

NOT_RECORDED: Final = Undecidable("not recorded")

LATENESS: Final = 60.0
"""Seconds a schedule may be late by: sweeps that much closer together than asked for still count as apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSweep:
    """One sweep as it was recorded: every live session it saw, with the facts it knew. ``at`` is epoch seconds."""

    run_id: str
    at: float
    sessions: tuple[Session, ...]


class Afterwards(StrEnum):
    """What the record tells of a session after it would have been stopped."""

    USED = "used_again"
    """Somebody used it: the stop would have been a false one."""
    UNUSED = "not_used_again"
    UNSEEN = "not_seen_again"
    """No later sweep saw it: whether it would have been used cannot be told."""
    UNTOLD = "use_not_recorded"
    """It was seen, but none of its later records has any evidence of use, or of none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HypotheticalStop:
    """A session that would have been stopped. Instants are epoch seconds.

    ``session`` is as it was at the stop. ``saved`` is its idle price per hour times what it lived on for, in USD, an
    estimate; ``None`` where no price is known. ``used_at`` is when a sweep first saw it used again.
    """

    session: Session
    policy: str
    at: float
    last_seen: float
    saved: float | None
    afterwards: Afterwards
    used_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The policies at one ``threshold`` (seconds; ``None``: as they are written), replayed.

    ``stops`` are in order of time. The counts are of sessions that would never have been stopped: ``undetermined`` at some
    time, ``not_recorded`` those of them for want of a fact that was not recorded, ``withheld`` by a guard.
    """

    threshold: float | None
    stops: tuple[HypotheticalStop, ...]
    undetermined: int
    not_recorded: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A policy file replayed: once as it is written, and once at each threshold.

    ``began`` and ``ended`` are the first and the last sweep, ``None`` where there was none. ``stopping`` names the policies
    that stop, in the order of the file, and ``varied`` those whose threshold was replaced.
    """

    sweeps: int
    sessions: int
    began: float | None
    ended: float | None
    stopping: tuple[str, ...]
    varied: tuple[str, ...]
    variants: tuple[Variant, ...]


def backtest(
    book: PolicyBook,
    sweeps: Iterable[RecordedSweep],
    *,
    thresholds: Sequence[float] = (),
    every: float | None = None,
) -> Backtest:
    """Replay ``book`` over ``sweeps``, which are in order of time and are read once.

    ``thresholds`` (seconds) each replace the limits of ``idle_for`` in stop policies; ``every`` (seconds) judges as if
    sweeps were that far apart, where they were closer. Holds one sweep at a time, and a little for each session.
    """
    replays = [_Replay(book, None), *(_Replay(at_threshold(book, limit), limit) for limit in thresholds)]
    judged_at: dict[ScopeKey, float] = {}
    sessions: set[SessionRef] = set()
    count, began, ended = 0, None, None
    for sweep in sweeps:
        count, began, ended = count + 1, sweep.at if began is None else began, sweep.at
        sessions.update(session.ref for session in sweep.sessions)
        scopes = {session.ref.key for session in sweep.sessions}
        due = {scope for scope in scopes if _is_due(judged_at.get(scope), sweep.at, every)}
        for one in replays:
            one.take_in(sweep, due, judged_at)
        judged_at.update(dict.fromkeys(due, sweep.at))
    return Backtest(
        sweeps=count,
        sessions=len(sessions),
        began=began,
        ended=ended,
        stopping=tuple(policy.name for policy in book.policies if policy.then is Action.STOP),
        varied=varied(book),
        variants=tuple(one.result() for one in replays),
    )


def _is_due(before: float | None, now: float, every: float | None) -> bool:
    return before is None or every is None or now - before >= every - LATENESS


def judge_recorded(book: CompiledBook, session: Session, at: float) -> tuple[Verdict, bool]:
    """The verdict on a session as recorded, and whether it is in doubt only because a fact was not recorded.

    A stop that rests on a phase that was not recorded is none, even where the policy lifts the floor for what is
    undecidable: then, the phase could have been asked.
    """
    missing: frozenset[str] = frozenset()
    while isinstance(verdict := judge(book, session, at), Needs):
        missing |= verdict.fields
        session = Session(session.ref, session.facts.with_(**dict.fromkeys(verdict.fields, NOT_RECORDED)))
    if verdict.kind is VerdictKind.STOP and "phase" in missing:
        return Verdict(VerdictKind.UNDETERMINED, verdict.policy, f"phase: {NOT_RECORDED.reason}"), True
    return verdict, bool(missing) and verdict.kind not in {VerdictKind.KEEP, VerdictKind.STOP}


@dataclass(slots=True)
class _Stopped:
    """A session since it would have been stopped, and what the record says of it after that."""

    session: Session
    policy: str
    at: float
    rate: float | None
    last_seen: float
    used_at: float | None = None
    seen: bool = False
    told: bool = False

    def see(self, session: Session, at: float) -> None:
        self.last_seen, self.seen = at, True
        since = session.facts.idle_since
        if session.facts.phase is Phase.BUSY or (isinstance(since, float) and since > self.at):
            self.told, self.used_at = True, at if self.used_at is None else self.used_at
        elif isinstance(since, float):
            self.told = True

    def result(self) -> HypotheticalStop:
        return HypotheticalStop(
            session=self.session,
            policy=self.policy,
            at=self.at,
            last_seen=self.last_seen,
            saved=None if self.rate is None else self.rate * (self.last_seen - self.at) / 3600,
            afterwards=self._afterwards(),
            used_at=self.used_at,
        )

    def _afterwards(self) -> Afterwards:
        if self.used_at is not None:
            return Afterwards.USED
        if not self.seen:
            return Afterwards.UNSEEN
        return Afterwards.UNUSED if self.told else Afterwards.UNTOLD


class _Replay:
    """One variant on its way through the sweeps."""

    def __init__(self, book: PolicyBook, threshold: float | None) -> None:
        enforced = tuple(replace(policy, stage=Stage.ENFORCE) for policy in book.policies)
        self._book = compile_book(replace(book, policies=enforced))
        self._lifted = self._book.lifted()
        self._threshold = threshold
        self._stopped: dict[SessionRef, _Stopped] = {}
        self._recreated: list[_Stopped] = []
        self._memories: dict[SessionRef, Memory] = {}
        self._withheld: set[SessionRef] = set()
        self._undetermined: set[SessionRef] = set()
        self._not_recorded: set[SessionRef] = set()

    def take_in(self, sweep: RecordedSweep, due: set[ScopeKey], judged_at: Mapping[ScopeKey, float]) -> None:
        """Watch what would have been stopped before, and judge the rest where a sweep is ``due``."""
        live: Counter[ScopeKey] = Counter()
        judged: list[Judged] = []
        for session in sweep.sessions:
            if session.facts.phase is Phase.ENDED or self._is_stopped(session, sweep.at):
                continue
            live[session.ref.key] += 1
            if session.ref.key in due:
                verdict = self._judge(session, sweep.at)
                if verdict.kind is VerdictKind.STOP:
                    self._remember(session, verdict, sweep.at, judged_at.get(session.ref.key))
                    judged.append(Judged(session, verdict))
        if judged:
            setting = Setting(
                guards=self._book.book.guards,
                live=live,
                now=sweep.at,
                lens=self._book.lens,
                enforced=True,
                recalled=Recalled(memories=self._memories),
                lifted=self._lifted,
            )
            for finding in plan(judged, setting):
                self._settle(finding, sweep.at)

    def _is_stopped(self, session: Session, at: float) -> bool:
        stopped = self._stopped.get(session.ref)
        if stopped is None:
            return False
        created = session.facts.created_at
        if isinstance(created, float) and created > stopped.at:
            # The same id, made anew (dbt-glue does): another session.
            self._recreated.append(self._stopped.pop(session.ref))
            return False
        stopped.see(session, at)
        return True

    def _judge(self, session: Session, at: float) -> Verdict:
        verdict, not_recorded = judge_recorded(self._book, session, at)
        if not_recorded:
            self._not_recorded.add(session.ref)
        if not_recorded or verdict.kind is VerdictKind.UNDETERMINED:
            self._undetermined.add(session.ref)
        return verdict

    def _remember(self, session: Session, verdict: Verdict, at: float, last_sweep_at: float | None) -> None:
        before = self._memories.get(session.ref)
        lifted = self._lifted.get(verdict.policy or "", frozenset())
        unbroken = before is not None and goes_on(before, session, verdict, last_sweep_at, lifted)
        promise = promise_kept_up(before, session, verdict, last_sweep_at, lifted) if before else None
        memory = recall(before, session, verdict, at, goes_on=unbroken, lens=self._book.lens)
        self._memories[session.ref] = replace(memory, promise=promise)

    def _settle(self, finding: Finding, at: float) -> None:
        ref, session = finding.ref, finding.session
        if finding.allowed:
            rate = read_hourly_cost(session, at, self._book.lens)
            self._stopped[ref] = _Stopped(
                session, finding.verdict.policy or "", at, rate if isinstance(rate, float) else None, at
            )
            del self._memories[ref]
        elif finding.outcome is Outcome.WITHHELD:
            self._withheld.add(ref)
        elif finding.outcome is Outcome.WARNED:
            self._warn(finding, at)

    def _warn(self, finding: Finding, at: float) -> None:
        """Everybody is told at once: a recording says nothing of messages."""
        memory, verdict = self._memories[finding.ref], finding.verdict
        if memory.promise is not None and warns_of(memory.promise, verdict, enforced=True):
            return
        grace = verdict.grace or 0.0
        promise = Promise(
            policy=verdict.policy or "",
            stage=verdict.stage,
            enforced=True,
            by="backtest",
            at=at,
            grace=grace,
            due_at=at + grace,
            told_at=at,
        )
        self._memories[finding.ref] = memory.warned(promise)

    def result(self) -> Variant:
        stopped = [*self._recreated, *self._stopped.values()]
        refs = {one.session.ref for one in stopped}
        return Variant(
            threshold=self._threshold,
            stops=tuple(one.result() for one in sorted(stopped, key=lambda one: (one.at, str(one.session.ref)))),
            undetermined=len(self._undetermined - refs),
            not_recorded=len(self._not_recorded - refs),
            withheld=len(self._withheld - refs),
        )
