"""What a sweep reads in its ledger: ``look_back`` before anything is looked at, ``take_in`` once sessions are judged.

A ledger that cannot be read means that nothing is stopped, said loudly, and never a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reaper.core.judge import CompiledBook, VerdictKind
from reaper.core.memory import (
    CLAIM_LASTS,
    Memory,
    Promise,
    Unreadable,
    goes_on,
    is_lost,
    promise_kept_up,
    recall,
    warns_of,
)
from reaper.core.outcome import Outcome
from reaper.core.permission import Recalled, moment
from reaper.core.plan import Finding, Judged
from reaper.core.policy.model import Lifted
from reaper.core.records import ScopeRecord, StopTaken, SweepRecord
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.core.trends import fallen, scopes_of, unbelievable
from reaper.sweep.ports import Ledger, LedgerError


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows of earlier sweeps of ``scopes``; ``trouble`` is why it cannot be trusted."""

    scopes: Mapping[ScopeKey, ScopeRecord] = field(default_factory=dict[ScopeKey, ScopeRecord])
    records: tuple[SweepRecord, ...] = ()
    """The latest sweeps, read only where a release before :class:`ScopeRecord` may have kept something."""
    trouble: str | None = None

    @property
    def pending(self) -> tuple[StopTaken, ...]:
        """Stops that may still have to be confirmed, or may be regretted."""
        return tuple(stop for scope in self.scopes.values() for stop in scope.stops)

    def last_sweep_of(self, key: ScopeKey) -> float | None:
        """When the latest sweep that looked at ``key`` began, whether it could see all of it or not."""
        scope = self.scopes.get(key)
        return scope.swept_at if scope else None

    def fallen(self, max_share: float) -> Mapping[str, str]:
        """The policies whose stops in these scopes are regretted too often, and why."""
        return fallen([count for scope in self.scopes.values() for count in scope.counts], max_share)


def look_back(ledger: Ledger, keys: Collection[ScopeKey], now: float) -> Past:
    """What is kept of ``keys``. A clock that jumped back makes all that is remembered untrustworthy."""
    try:
        scopes = dict(ledger.scopes(keys))
        missing = [key for key in keys if key not in scopes]
        records = ledger.sweeps() if missing else ()
    except LedgerError as error:
        return Past(trouble=f"nothing is stopped without the ledger: {error}")
    scopes |= scopes_of(records, missing)
    latest = max((scope.swept_at for scope in scopes.values() if scope.swept_at is not None), default=now)
    if latest > now:
        why = f"the clock says {moment(now)}, and a sweep began at {moment(latest)} already: nothing is stopped until it is right"
        return Past(scopes, records, why)
    return Past(scopes, records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a survey saw, as far as the ledger cares."""

    judged: Sequence[Judged]
    live: Mapping[ScopeKey, int]
    blind: frozenset[ScopeKey]
    regrets: Mapping[SessionRef, StopTaken]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """The plan's view of what is remembered, and what stood in the ledger before this sweep."""

    recalled: Recalled
    before: Mapping[SessionRef, Memory]
    past: Past


def take_in(ledger: Ledger, past: Past, seen: Seen, book: CompiledBook, now: float) -> TakenIn:
    """What is remembered of every session judged, with this sweep's judgement taken in. One request per 100 of them."""
    if past.trouble is not None:
        return TakenIn(recalled=Recalled(trouble=past.trouble), before={}, past=past)
    judged = {one.session.ref: one for one in seen.judged}
    wanted = list(dict.fromkeys([*judged, *(stop.ref for stop in past.pending), *seen.regrets]))
    known: Mapping[SessionRef, Memory | Unreadable] = {}
    try:
        if wanted:
            known = ledger.recall(wanted)
    except LedgerError as error:
        trouble = f"nothing is stopped without the ledger: {error}"
        return TakenIn(recalled=Recalled(trouble=trouble), before={}, past=past)
    before = {ref: memory for ref, memory in known.items() if isinstance(memory, Memory)}
    memories, lifted = dict(before), book.lifted()
    for ref, one in judged.items():
        if one.verdict.kind is not VerdictKind.KEEP and not isinstance(known.get(ref), Unreadable):
            even_when = lifted.get(one.verdict.policy or "", frozenset())
            memories[ref] = _with_this_sweep(before.get(ref), one, past, book, now, even_when)
    guards = book.book.guards
    tripped = {
        scope: why
        for scope, live in seen.live.items()
        if scope not in seen.blind
        and (earlier := past.scopes.get(scope)) is not None
        and (why := unbelievable(live, scope, earlier.populations, guards.population_factor)) is not None
    }
    return TakenIn(
        recalled=Recalled(
            memories=memories,
            unreadable={ref: item.reason for ref, item in known.items() if isinstance(item, Unreadable)},
            tripped=tripped,
            fallen=past.fallen(guards.max_regret_share),
        ),
        before=before,
        past=past,
    )


def _with_this_sweep(  # noqa: PLR0913, PLR0917 - what came before, what is now, and what it is judged by
    before: Memory | None, one: Judged, past: Past, book: CompiledBook, now: float, lifted: frozenset[Lifted]
) -> Memory:
    session, verdict = one.session, one.verdict
    last = past.last_sweep_of(session.ref.key)
    if before is None:
        return recall(None, session, verdict, now, goes_on=False, lens=book.lens)
    heard = _checked(before.promise, past, now)
    before = _of_this_life(before.warned(heard) if heard else replace(before, promise=None), session, now)
    unbroken = goes_on(before, session, verdict, last, lifted)
    promise = promise_kept_up(before, session, verdict, last, lifted)
    return replace(recall(before, session, verdict, now, goes_on=unbroken, lens=book.lens), promise=promise)


def _of_this_life(before: Memory, session: Session, now: float) -> Memory:
    """``before`` without what belongs to another session, where the same id was made anew (dbt-glue does)."""
    created = session.facts.created_at
    if not isinstance(created, float):
        return before
    if before.awaiting and before.stopped_at is not None and created > before.stopped_at:
        # What we stopped has ended.
        return replace(before, confirmed_at=now, promise=None, not_before=0.0, hurry=None, held_since=now)
    if before.promise is not None and created > before.promise.at:
        return replace(before, promise=None, not_before=0.0, hurry=None, held_since=now)
    return before


def _checked(promise: Promise | None, past: Past, now: float) -> Promise | None:
    """``promise``, unless nobody can have heard of it. One of an earlier release is told where its sweep says so."""
    if promise is None or promise.told_at is not None:
        return promise
    if any(record.run_id == promise.by and record.told for record in past.records):
        # It was told some time before that sweep's function ended.
        told_at = promise.at + CLAIM_LASTS
        return replace(promise, told_at=told_at, due_at=max(promise.due_at, told_at + promise.grace))
    return None if is_lost(promise, now) else promise


def freshly(findings: Iterable[Finding], taken: TakenIn, now: float, *, enforced: bool) -> tuple[Finding, ...]:
    """``findings``, each marked as news or not: not, where the sweep before told people the same of it."""
    if taken.recalled.trouble is not None:
        return tuple(findings)
    return tuple(replace(finding, news=_is_news(finding, taken, now, enforced=enforced)) for finding in findings)


def _is_news(finding: Finding, taken: TakenIn, now: float, *, enforced: bool) -> bool:
    before, memory = taken.before.get(finding.ref), taken.recalled.memories.get(finding.ref)
    if before is None or memory is None or before.outcome is not finding.outcome:
        return True
    if finding.stop_sent_at is not None and finding.outcome is Outcome.STOPPED:
        return True
    if finding.outcome is Outcome.SNOOZED and memory.snooze and memory.snooze.at > before.outcome_since:
        return True
    if finding.outcome is Outcome.WARNED and needs_promise(memory, finding, enforced=enforced):
        return True
    if before.told_by and before.told_at is None and now - before.outcome_since >= CLAIM_LASTS:
        # The sweep that was to tell of it was killed before it could.
        return True
    anew = memory.held_since > before.held_since
    return anew and finding.outcome is not Outcome.NOT_STOPPING


def needs_promise(memory: Memory, finding: Finding, *, enforced: bool) -> bool:
    """Whether the warning of ``finding`` is one that people have not been given yet."""
    promise = memory.promise
    return promise is None or not warns_of(promise, finding.verdict, enforced=enforced)
