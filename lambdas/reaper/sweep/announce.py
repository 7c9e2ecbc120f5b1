"""What a sweep writes into its ledger, in three steps around the stops and the telling.

``announce`` before the first stop, so that a sweep killed at any moment has said what it was about to do; ``settle`` when the
stops are made; ``mark_told`` once people have been told. What cannot be written is not acted on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reaper.core.memory import Card, Claim, Memory, Promise
from reaper.core.outcome import Outcome
from reaper.core.permission import warning
from reaper.core.plan import Finding
from reaper.core.policy.model import Stage
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.session import ScopeKey, SessionRef
from reaper.sweep.ports import Ledger, LedgerError
from reaper.sweep.remember import TakenIn, needs_promise

_ATTEMPTS: Final = 4

ScopeChange = Callable[[ScopeRecord], ScopeRecord]
"""What a sweep does to what is kept of a scope, whatever others did to it meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a sweep is about to do, and who is to hear of it: ``told_at`` is set where people are told as it is written.

    ``acts`` is true where allowed stops will be made, ``enforced`` where the sweep's mode stops sessions at all. ``now`` is
    the moment of writing, from which claims count; ``judged_at`` that of the judgement.
    """

    record: SweepRecord
    scopes: Mapping[ScopeKey, ScopeChange]
    regretted: Collection[SessionRef]
    acts: bool
    enforced: bool
    now: float
    judged_at: float
    told_at: float | None
    card: Callable[[Finding], Card | None] = lambda _finding: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What the ledger took of a sweep's plan.

    Stops that could not be announced are withheld; memories and record are as they are kept now. ``trouble`` is why nothing
    was kept, if nothing was.
    """

    findings: tuple[Finding, ...]
    kept: Mapping[SessionRef, Memory]
    record: SweepRecord
    scopes: Mapping[ScopeKey, ScopeRecord] = field(default_factory=dict[ScopeKey, ScopeRecord])
    trouble: str | None = None


def announce(ledger: Ledger, findings: Sequence[Finding], taken: TakenIn, announcement: Announcement) -> Announced:
    """Write what is known of every finding, and which sessions are about to be stopped, before the first one is.

    One request per 100 findings.
    """
    record, trouble = announcement.record, taken.recalled.trouble
    if trouble is not None:
        return Announced(findings=tuple(findings), kept={}, record=record, trouble=trouble)
    kept = {
        finding.ref: replace(_announced(memory, finding, announcement), card=announcement.card(finding))
        for finding in findings
        if (memory := taken.recalled.memories.get(finding.ref)) is not None
    }
    for ref in announcement.regretted:
        kept[ref] = replace(kept.get(ref, taken.before[ref]), regretted_at=announcement.now)
    asked = Announced(findings=tuple(findings), kept=kept, record=record, scopes=taken.past.scopes)
    try:
        written, lost = _write(ledger, asked, list(kept), _as_it_is, record, announcement.scopes)
    except LedgerError as error:
        why = f"nothing is stopped without the ledger: {error}"
        nothing = _withhold(findings, {finding.ref for finding in findings}, why)
        return Announced(findings=nothing, kept={}, record=record, trouble=why)
    left = {ref: memory for ref, memory in written.kept.items() if ref not in lost}
    why = "another sweep, or a person, changed what is remembered of it just now, or the ledger cannot hold it"
    findings = _withhold(findings, lost, why)
    return replace(written, findings=findings, kept=left)


def _announced(memory: Memory, finding: Finding, announcement: Announcement) -> Memory:
    run_id, now = announcement.record.run_id, announcement.now
    if announcement.acts and finding.allowed:
        return replace(memory, claim=Claim(run_id=run_id, at=now, policy=finding.verdict.policy or ""))
    memory = _with_outcome(memory, finding, run_id, now, told_at=announcement.told_at)
    if finding.outcome is Outcome.WARNED:
        memory = memory.read_of(finding.due, finding.verdict.stage)
    if finding.outcome is Outcome.WARNED and needs_promise(memory, finding, enforced=announcement.enforced):
        return memory.warned(_promise(finding, announcement))
    return replace(memory, confirmed_at=now) if finding.outcome is Outcome.CONFIRMED else memory


def _promise(finding: Finding, announcement: Announcement) -> Promise:
    verdict = finding.verdict
    grace = verdict.grace or 0.0
    return Promise(
        policy=verdict.policy or "",
        stage=verdict.stage,
        enforced=announcement.enforced,
        by=announcement.record.run_id,
        at=announcement.judged_at,
        grace=grace,
        due_at=announcement.judged_at + grace if finding.due is None else finding.due,
        told_at=announcement.told_at,
    )


def _with_outcome(memory: Memory, finding: Finding, run_id: str, now: float, *, told_at: float | None) -> Memory:
    if memory.outcome is not finding.outcome:
        memory = replace(memory, outcome=finding.outcome, outcome_since=now)
    return replace(memory, told_by=run_id, told_at=told_at, outcome_since=now) if finding.news else memory


def _withhold(findings: Sequence[Finding], refs: Collection[SessionRef], why: str) -> tuple[Finding, ...]:
    return tuple(
        replace(finding, outcome=Outcome.WITHHELD, detail=why, allowed=False)
        if finding.allowed and finding.ref in refs
        else finding
        for finding in findings
    )


def settle(  # noqa: PLR0913, PLR0917 - what was done, and how it is to be remembered
    ledger: Ledger,
    done: Mapping[SessionRef, Finding],
    announced: Announced,
    record: SweepRecord,
    scopes: Mapping[ScopeKey, ScopeChange],
    told_at: float | None,
) -> tuple[Announced, tuple[str, ...]]:
    """Write what became of every announced stop, and that the sweep has acted. Returns what is kept now, and notes for people."""

    def change(memory: Memory) -> Memory:
        return settled(memory, done[memory.ref], record, told_at)

    due = [ref for ref in done if ref in announced.kept]
    try:
        written, lost = _insist(ledger, change, *_write(ledger, announced, due, change, record, scopes))
    except LedgerError as error:
        return announced, (f"what became of {len(due)} announced stops is not in the ledger: {error}",)
    if not lost:
        return written, ()
    return written, (
        f"what became of {', '.join(sorted(ref.id for ref in lost))} is not in the ledger: it kept changing",
    )


def settled(memory: Memory, finding: Finding, record: SweepRecord, told_at: float | None) -> Memory:
    """``memory`` once its announced stop became ``finding``: where it was spared, or not seen, its grace begins anew."""
    now = record.finished_at or record.started_at
    memory = replace(_with_outcome(memory, finding, record.run_id, now, told_at=told_at), claim=None)
    if finding.outcome is Outcome.STOPPED and finding.stop_sent_at is not None:
        return replace(memory, stopped_at=finding.stop_sent_at, stopped_by=finding.verdict.policy, confirmed_at=None)
    if finding.outcome in {Outcome.SPARED, Outcome.UNREAD}:
        return replace(memory, held_since=now, promise=None, hurry=None)
    return memory


def promised_now(findings: Sequence[Finding], announced: Announced, now: float) -> tuple[Finding, ...]:
    """``findings`` with the moments that people are about to read of the stops that are promised by this sweep."""

    def named(finding: Finding) -> Finding:
        memory = announced.kept.get(finding.ref)
        promise = memory.promise if memory else None
        if promise is None or promise.by != announced.record.run_id or finding.outcome is not Outcome.WARNED:
            return finding
        if promise.stage is not Stage.ENFORCE:
            return finding
        due = max(promise.due_at, now + promise.grace)
        return replace(finding, due=due, detail=warning(finding.verdict, due))

    return tuple(map(named, findings))


def mark_told(ledger: Ledger, findings: Sequence[Finding], announced: Announced, told_at: float) -> tuple[str, ...]:
    """Write that what the sweep had to tell has left the program, and when. Returns notes for people."""
    told = {finding.ref: finding for finding in findings if finding.news and finding.ref in announced.kept}
    run_id = announced.record.run_id

    def change(memory: Memory) -> Memory:
        if memory.told_by == run_id:
            memory = replace(memory, told_at=told_at)
        promise = memory.promise
        if promise is None or promise.by != run_id:
            return memory
        # No earlier than what people have just read, which counts from before they were told.
        due = max(promise.due_at, told_at + promise.grace)
        card = memory.card
        if card is not None and card.due is not None and promise.stage is Stage.ENFORCE:
            card = replace(card, due=due)
        return replace(memory.warned(replace(promise, told_at=told_at, due_at=due)), card=card)

    record = replace(announced.record, told=True)
    try:
        _, lost = _insist(ledger, change, *_write(ledger, announced, list(told), change, record, {}))
    except LedgerError as error:
        return (f"the next sweep may tell the same again: {error}",)
    return (f"the next sweep may tell of {', '.join(sorted(ref.id for ref in lost))} again",) if lost else ()


def _as_it_is(memory: Memory) -> Memory:
    return memory


def _write(  # noqa: PLR0913, PLR0917 - what is to be changed, and how
    ledger: Ledger,
    before: Announced,
    refs: Sequence[SessionRef],
    change: Callable[[Memory], Memory],
    record: SweepRecord,
    scopes: Mapping[ScopeKey, ScopeChange],
) -> tuple[Announced, frozenset[SessionRef]]:
    """Change what is kept of ``refs`` and ``scopes``, and write ``record``.

    Returns what is kept now, and the sessions that others changed meanwhile: those are as they left them. Raises LedgerError.
    """
    memories = [change(before.kept[ref]) for ref in refs]
    changed = [alter(before.scopes.get(key) or ScopeRecord(key=key)) for key, alter in scopes.items()]
    lost = ledger.write(memories, record, changed)
    kept = {one.ref: replace(one, version=one.version + 1) for one in memories if one.ref not in lost}
    known = {one.key: replace(one, version=one.version + 1) for one in changed if one.key not in lost}
    known |= _alter_again(ledger, {key: scopes[key] for key in lost if isinstance(key, ScopeKey)})
    written = replace(
        before,
        kept={**before.kept, **kept},
        scopes={**before.scopes, **known},
        record=replace(record, version=record.version + 1),
    )
    return written, frozenset(ref for ref in lost if isinstance(ref, SessionRef))


def _insist(
    ledger: Ledger, change: Callable[[Memory], Memory], written: Announced, lost: frozenset[SessionRef]
) -> tuple[Announced, frozenset[SessionRef]]:
    """Change those that were ``lost`` as others left them (somebody snoozed it, say); a few times. Raises LedgerError."""
    kept = dict(written.kept)
    for _ in range(_ATTEMPTS):
        if not lost:
            break
        current = ledger.recall(sorted(lost, key=str))
        memories = [change(memory) for memory in current.values() if isinstance(memory, Memory)]
        lost = frozenset(ref for ref in ledger.write(memories) if isinstance(ref, SessionRef))
        kept |= {one.ref: replace(one, version=one.version + 1) for one in memories if one.ref not in lost}
    return replace(written, kept=kept), lost


def _alter_again(ledger: Ledger, scopes: Mapping[ScopeKey, ScopeChange]) -> dict[ScopeKey, ScopeRecord]:
    """The same for scopes; raises LedgerError where they keep being changed by others."""
    done: dict[ScopeKey, ScopeRecord] = {}
    left: dict[ScopeKey, ScopeChange] = dict(scopes)
    for _ in range(_ATTEMPTS):
        if not left:
            return done
        current = ledger.scopes(list(left))
        changed = [alter(current.get(key) or ScopeRecord(key=key)) for key, alter in left.items()]
        lost = ledger.write((), None, changed)
        done |= {one.key: replace(one, version=one.version + 1) for one in changed if one.key not in lost}
        left = {key: alter for key, alter in left.items() if key in lost}
    if left:
        raise LedgerError(f"what is kept of {', '.join(sorted(map(str, left)))} kept being changed by other sweeps")
    return done
