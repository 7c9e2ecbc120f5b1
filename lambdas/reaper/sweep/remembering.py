"""A sweep with a ledger, from its plan to its last stop: announced before the stops, and settled after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reaper.core.memory import Card
from reaper.core.outcome import Outcome
from reaper.core.permission import Setting
from reaper.core.plan import Finding
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.report import Mode
from reaper.core.session import ScopeKey, SessionRef
from reaper.core.shown import card_of, shown
from reaper.core.trends import regret_rates, settled, swept
from reaper.core.vocabulary import read_owner
from reaper.sweep import aftermath, parts, remember
from reaper.sweep.announce import Announced, Announcement, ScopeChange, announce, settle
from reaper.sweep.instructions import Sweep
from reaper.sweep.planning import planned, setting_of, stopped
from reaper.sweep.ports import Ledger
from reaper.sweep.survey import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the sweep did: its findings, what it has to say beside them, and what the ledger took of it, if there is one."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    tripped: Mapping[ScopeKey, str] = field(default_factory=dict[ScopeKey, str])
    regrets: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    announced: Announced | None = None
    trouble: str | None = None
    """Why the ledger could not be used, if it could not."""


class Remembering:
    """A sweep from its plan to its last stop, with what is remembered."""

    def __init__(self, sweep: Sweep, ledger: Ledger, past: remember.Past, seen: Survey, now: float) -> None:
        self._sweep, self._ledger, self._past, self._seen, self._now = sweep, ledger, past, seen, now
        self._enforced = sweep.mode is Mode.ENFORCE
        self._began_at = sweep.earlier.began_at if sweep.earlier else now
        # All parts of a sweep are one moment to the next sweep, which asks whether a policy held in all of the last one.
        self._undecided = seen.unfinished.undecided()
        earlier_blind = sweep.earlier.blind if sweep.earlier else frozenset[ScopeKey]()
        self._blind = frozenset(one.key for one in seen.blind) | earlier_blind

    def carry_out(self, regrets: aftermath.Regrets) -> Done:
        """Plan, announce, act, settle."""
        sweep, now = self._sweep, self._now
        unseen = self._seen.unfinished.unseen()
        known = remember.Seen(
            judged=self._seen.judged,
            live={scope: live for scope, live in self._seen.live.items() if scope not in unseen},
            blind=self._blind | unseen,
            regrets=regrets.found(sweep.providers, sweep.book.lens),
        )
        taken = remember.take_in(self._ledger, self._past, known, sweep.book, now)
        setting = setting_of(sweep, self._seen, now, taken.recalled)
        findings = self._planned(taken, known, setting)
        tripped, trouble = taken.recalled.tripped, taken.recalled.trouble
        if sweep.forgetful:
            return Done(findings=findings, tripped=tripped, trouble=trouble)
        regretted = aftermath.new_regrets(taken, known)
        acts = self._enforced and any(finding.allowed for finding in findings)
        unconfirmed = [stop.ref for stop in aftermath.still_unconfirmed(taken, findings)]
        announcement = Announcement(
            record=self._record(findings, acts=acts),
            scopes={
                provider.key: self._sweeping(
                    provider.key,
                    unconfirmed,
                    [stop.policy for stop in regretted.values() if stop.ref.key == provider.key],
                )
                for provider in sweep.providers
                if provider.key not in self._undecided
            },
            regretted=regretted,
            acts=acts,
            enforced=self._enforced,
            now=sweep.clock(),
            judged_at=now,
            told_at=sweep.clock() if sweep.tell is None else None,
            card=lambda finding: _card(sweep, finding, now),
        )
        announced = announce(self._ledger, findings, taken, announcement)
        notes: tuple[str, ...] = ()
        findings = announced.findings
        if acts and announced.kept:
            findings, announced, notes = self._act_and_settle(announced, taken, setting)
        return Done(
            findings=findings,
            notes=notes,
            tripped=tripped,
            regrets=regret_rates([count for scope in announced.scopes.values() for count in scope.counts]),
            announced=announced if announced.trouble is None else None,
            trouble=announced.trouble,
        )

    def _planned(self, taken: remember.TakenIn, known: remember.Seen, setting: Setting) -> tuple[Finding, ...]:
        sweep, now = self._sweep, self._now
        keys = frozenset(provider.key for provider in sweep.providers)
        # What other parts looked at is not gone because this one does not see it.
        here = replace(known, blind=known.blind | parts.elsewhere(sweep.earlier, keys))
        confirmations = aftermath.confirm(taken, here, keys, now)
        memories = taken.recalled.memories
        findings = [
            shown(finding, memories.get(finding.ref), sweep.book, now, enforced=self._enforced)
            for finding in _merged(planned(sweep, self._seen, setting), confirmations)
        ]
        return remember.freshly(findings, taken, now, enforced=self._enforced)

    def _record(self, findings: Sequence[Finding], *, acts: bool) -> SweepRecord:
        sweep = self._sweep
        return SweepRecord(
            run_id=sweep.run_id,
            started_at=self._began_at,
            finished_at=None if acts else sweep.clock(),
            mode=sweep.mode.value,
            claims=tuple(finding.ref for finding in findings if finding.allowed) if acts else (),
            # What becomes of a stop is news that nobody knows yet.
            told=sweep.tell is None or not (acts or any(finding.news for finding in findings)),
        )

    def _sweeping(self, key: ScopeKey, unconfirmed: Sequence[SessionRef], regrets: Sequence[str]) -> ScopeChange:
        """What is kept of a scope once this sweep has looked at it."""
        live = None if key in self._blind else self._seen.live.get(key, 0)

        def change(scope: ScopeRecord) -> ScopeRecord:
            return settled(swept(scope, self._began_at, live, unconfirmed), self._now, stops=(), regrets=regrets)

        return change

    def _act_and_settle(
        self, announced: Announced, taken: remember.TakenIn, setting: Setting
    ) -> tuple[tuple[Finding, ...], Announced, tuple[str, ...]]:
        sweep = self._sweep
        acted = stopped(sweep, announced.findings, setting, self._ledger)
        # What is news is what became of a session, not what was planned for it.
        findings = remember.freshly(acted, taken, self._now, enforced=self._enforced)
        claimed = {before.ref for before in announced.findings if before.allowed}
        done = {finding.ref: finding for finding in findings if finding.ref in claimed}
        stops = aftermath.stops_taken(done.values(), announced.kept)
        record = replace(
            announced.record,
            finished_at=sweep.clock(),
            stops=stops,
            told=sweep.tell is None or not any(finding.news for finding in findings),
        )
        by_scope: dict[ScopeKey, ScopeChange] = {
            key: lambda scope, key=key: settled(scope, self._now, stops=[one for one in stops if one.ref.key == key])
            for key in {stop.ref.key for stop in stops}
        }
        told_at = sweep.clock() if sweep.tell is None else None
        announced, notes = settle(self._ledger, done, announced, record, by_scope, told_at)
        return findings, announced, notes


def _merged(planned: Sequence[Finding], confirmations: Sequence[Finding]) -> list[Finding]:
    """One finding per session: what is not stopping is not planned for, and one made anew is no longer the one that ended."""
    not_stopping = {finding.ref for finding in confirmations if finding.outcome is Outcome.NOT_STOPPING}
    findings = {finding.ref: finding for finding in planned if finding.ref not in not_stopping}
    return list({**{finding.ref: finding for finding in confirmations}, **findings}.values())


def _card(sweep: Sweep, finding: Finding, now: float) -> Card | None:
    owner = read_owner(finding.session, now, sweep.book.lens)
    reader = sweep.reader(owner if isinstance(owner, str) else None)
    enforces = sweep.mode is Mode.ENFORCE
    return card_of(finding, sweep.book.lens, now, team=reader.team, timezone=reader.timezone, enforces=enforces)
