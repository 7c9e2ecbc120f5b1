"""What a sweep does with its ledger, in four steps around the plan and the stops.

``look_back`` before anything is read; ``take_in`` once sessions are judged; ``announce`` before the first stop, so that a
sweep killed at any moment has said what it was about to do; ``settle`` when all is done. A ledger that cannot be read or
written means that nothing is stopped, said loudly, and never a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reaper.core.judge import CompiledBook, VerdictKind
from reaper.core.memory import (
    CLAIM_LASTS,
    Card,
    Claim,
    Memory,
    PolicyCount,
    StopTaken,
    SweepRecord,
    Unreadable,
    goes_on,
    recall,
)
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding, Judged, Recalled, moment
from reaper.core.session import ScopeKey, SessionRef
from reaper.core.trends import (
    fallen,
    last_sweep_of,
    unbelievable,
    unconfirmed_stops,
)
from reaper.sweep.ports import Ledger, LedgerError

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows of earlier sweeps; ``trouble`` is why it cannot be trusted."""

    records: tuple[SweepRecord, ...] = ()
    trouble: str | None = None

    @property
    def pending(self) -> tuple[StopTaken, ...]:
        """Stops that may still have to be confirmed."""
        return unconfirmed_stops(self.records)


def look_back(ledger: Ledger, now: float) -> Past:
    """The sweeps before this one. A clock that jumped back makes all that is remembered untrustworthy."""
    try:
        records = ledger.sweeps()
    except LedgerError as error:
        return Past(trouble=f"nothing is stopped without the ledger: {error}")
    latest = max((record.started_at for record in records), default=now)
    if latest > now:
        why = f"the clock says {moment(now)}, and a sweep began at {moment(latest)} already: nothing is stopped until it is right"
        return Past(records, why)
    return Past(records)


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
    memories = dict(before)
    for ref, one in judged.items():
        if one.verdict.kind is not VerdictKind.KEEP and not isinstance(known.get(ref), Unreadable):
            memories[ref] = _with_this_sweep(before.get(ref), one, past, book, now)
    guards = book.book.guards
    untold = {ref for ref, memory in before.items() if not _was_told(memory.warned_by, past)}
    tripped = {
        scope: why
        for scope, live in seen.live.items()
        if scope not in seen.blind
        and (why := unbelievable(live, scope, past.records, guards.population_factor)) is not None
    }
    return TakenIn(
        recalled=Recalled(
            memories=memories,
            unreadable={ref: item.reason for ref, item in known.items() if isinstance(item, Unreadable)},
            untold=frozenset(untold),
            tripped=tripped,
            fallen=fallen(counts_before(past), guards.max_regret_share),
        ),
        before=before,
        past=past,
    )


def _with_this_sweep(before: Memory | None, one: Judged, past: Past, book: CompiledBook, now: float) -> Memory:
    session, verdict = one.session, one.verdict
    created = session.facts.created_at
    if before and before.awaiting and before.stopped_at and isinstance(created, float) and created > before.stopped_at:
        # The same id, made anew (dbt-glue does): what we stopped has ended, and this is another session.
        before = replace(before, confirmed_at=now, warned_at=None, held_since=now)
    if before and _was_lost(before.warned_by, past, now):
        # The sweep that warned was killed before anybody heard of it, so that was no warning.
        before = replace(before, warned_at=None)
    use_resets = verdict.kind is VerdictKind.STOP and not book.applies_in_use(verdict.policy)
    unbroken = before is not None and goes_on(
        before, session, verdict, last_sweep_of(session.ref.key, past.records), use_resets=use_resets
    )
    return recall(before, session, verdict, now, goes_on=unbroken, lens=book.lens)


def _was_told(run_id: str, past: Past) -> bool:
    """False while the run that was to tell people of something has not said that it did."""
    return all(record.told for record in past.records if record.run_id == run_id)


def _was_lost(run_id: str, past: Past, now: float) -> bool:
    """True when the run that was to tell people of something must have been killed before it could."""
    return any(
        not record.told and now - record.started_at >= CLAIM_LASTS for record in past.records if record.run_id == run_id
    )


def freshly(findings: Iterable[Finding], taken: TakenIn, now: float) -> tuple[Finding, ...]:
    """``findings``, those marked that people were told of before."""
    return tuple(replace(finding, news=_is_news(finding, taken, now)) for finding in findings)


def _is_news(finding: Finding, taken: TakenIn, now: float) -> bool:
    before, memory = taken.before.get(finding.ref), taken.recalled.memories.get(finding.ref)
    if before is None or memory is None or before.outcome is not finding.outcome:
        return True
    if finding.outcome is Outcome.SNOOZED and memory.snooze and memory.snooze.at > before.outcome_since:
        return True
    if _was_lost(before.told_by, taken.past, now) or (before.warned_at is not None and memory.warned_at is None):
        return True
    anew = memory.held_since > before.held_since
    return anew and finding.outcome is not Outcome.NOT_STOPPING


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What the ledger took of a sweep's plan.

    Stops that could not be announced are withheld; memories and record are as they are kept now. ``trouble`` is why nothing
    was kept, if nothing was.
    """

    findings: tuple[Finding, ...]
    kept: Mapping[SessionRef, Memory]
    record: SweepRecord
    trouble: str | None = None


def announce(  # noqa: PLR0913 - what is said, to whom, and what it rests on
    ledger: Ledger,
    findings: Sequence[Finding],
    taken: TakenIn,
    record: SweepRecord,
    *,
    regretted: Collection[SessionRef],
    acts: bool,
    card: Callable[[Finding], Card | None] = lambda _finding: None,
) -> Announced:
    """Write what is known of every finding, and which sessions are about to be stopped, before the first one is.

    One request per 100 findings.
    """
    trouble = taken.recalled.trouble
    if trouble is not None:
        return Announced(findings=tuple(findings), kept={}, record=record, trouble=trouble)
    now = record.started_at
    kept = {
        finding.ref: replace(_told(memory, finding, record.run_id, now, acts=acts), card=card(finding))
        for finding in findings
        if (memory := taken.recalled.memories.get(finding.ref)) is not None
    }
    for ref in regretted:
        kept[ref] = replace(kept.get(ref, taken.before[ref]), regretted_at=now)
    try:
        lost = ledger.write(list(kept.values()), record)
    except LedgerError as error:
        why = f"nothing is stopped without the ledger: {error}"
        nothing = _withhold(findings, {finding.ref for finding in findings}, why)
        return Announced(findings=nothing, kept={}, record=record, trouble=why)
    kept = {ref: replace(memory, version=memory.version + 1) for ref, memory in kept.items() if ref not in lost}
    findings = _withhold(findings, lost, "another sweep, or a person, changed what is remembered of it just now")
    return Announced(findings=findings, kept=kept, record=replace(record, version=record.version + 1))


def _told(memory: Memory, finding: Finding, run_id: str, now: float, *, acts: bool) -> Memory:
    if acts and finding.allowed:
        return replace(memory, claim=Claim(run_id=run_id, at=now, policy=finding.verdict.policy or ""))
    memory = _with_outcome(memory, finding.outcome, now)
    if finding.news:
        memory = replace(memory, told_by=run_id, outcome_since=now)
    if finding.outcome is Outcome.WARNED and memory.warned_at is None:
        return replace(memory, warned_at=now, warned_by=run_id)
    return replace(memory, confirmed_at=now) if finding.outcome is Outcome.CONFIRMED else memory


def _with_outcome(memory: Memory, outcome: Outcome, now: float) -> Memory:
    return memory if memory.outcome is outcome else replace(memory, outcome=outcome, outcome_since=now)


def _withhold(findings: Sequence[Finding], refs: Collection[SessionRef], why: str) -> tuple[Finding, ...]:
    return tuple(
        replace(finding, outcome=Outcome.WITHHELD, detail=why, allowed=False)
        if finding.allowed and finding.ref in refs
        else finding
        for finding in findings
    )


def kept_meanwhile(ledger: Ledger, ref: SessionRef, now: float) -> tuple[Outcome, str] | None:
    """What keeps a session whose stop was announced: a snooze asked for since, or a ledger that cannot tell.

    One request, right before each stop: whoever answered a warning in the last second is heard.
    """
    try:
        memory = ledger.recall([ref]).get(ref)
    except LedgerError as error:
        return Outcome.WITHHELD, f"whether it was snoozed just now could not be read: {error}"
    if isinstance(memory, Unreadable):
        return Outcome.WITHHELD, f"what the ledger remembers of it cannot be read: {memory.reason}"
    if memory is not None and memory.snooze is not None and now < memory.snooze.until:
        return (
            Outcome.SNOOZED,
            f"snoozed by {memory.snooze.by} until {moment(memory.snooze.until)}, just before the stop",
        )
    return None


def mark_told(ledger: Ledger, record: SweepRecord) -> tuple[str, ...]:
    """Write that what the sweep had to tell has left the program. Returns notes for people."""
    try:
        ledger.write((), replace(record, told=True))
    except LedgerError as error:
        return (f"the next sweep may tell the same again: {error}",)
    return ()


def settle(
    ledger: Ledger,
    done: Mapping[SessionRef, Finding],
    kept: Mapping[SessionRef, Memory],
    record: SweepRecord,
    now: float,
) -> tuple[str, ...]:
    """Write what became of every announced stop, and that the sweep is finished. Returns notes for people."""
    due = {ref: settled(kept[ref], finding, now) for ref, finding in done.items() if ref in kept}
    try:
        lost = ledger.write(list(due.values()), record)
        for _ in range(_ATTEMPTS):
            if not lost:
                return ()
            # Somebody snoozed it meanwhile, say: what we did has to be remembered beside that.
            current = ledger.recall(sorted(lost, key=str))
            merged = [settled(memory, done[ref], now) for ref, memory in current.items() if isinstance(memory, Memory)]
            lost = ledger.write(merged)
    except LedgerError as error:
        return (f"what became of {len(due)} announced stops is not in the ledger: {error}",)
    return (f"what became of {', '.join(sorted(ref.id for ref in lost))} is not in the ledger: it kept changing",)


def settled(memory: Memory, finding: Finding, now: float) -> Memory:
    """``memory`` once its announced stop became ``finding``: a spared session's grace begins anew."""
    memory = replace(_with_outcome(memory, finding.outcome, now), claim=None)
    if finding.outcome is Outcome.STOPPED:
        return replace(memory, stopped_at=now, stopped_by=finding.verdict.policy, confirmed_at=None)
    if finding.outcome is Outcome.SPARED:
        return replace(memory, held_since=now, warned_at=None)
    return memory


def counts_before(past: Past) -> tuple[PolicyCount, ...]:
    """The stops and regrets counted up to the latest sweep that was finished."""
    return next((record.counts for record in past.records if record.finished_at is not None), ())
