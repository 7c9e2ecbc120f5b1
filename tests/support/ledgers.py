"""A ledger in memory, one to fill tables with, and the fullest memory and sweep there can be."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reaper.core.memory import Card, Claim, Hurry, Memory, Promise, Snooze, Unreadable
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Stage
from reaper.core.records import PolicyCount, Population, ScopeRecord, StopTaken, SweepRecord
from reaper.core.session import ScopeKey, SessionRef
from reaper.sweep.ports import LedgerError

T0 = 1772366400.0  # 2026-03-01T12:00:00Z


class MemoryLedger:
    """Keeps the ledger in memory, as every ledger does. Safe to use from several threads.

    While ``trouble`` is set, every request fails with it.
    """

    def __init__(self) -> None:
        self.trouble: str | None = None
        self._memories: dict[SessionRef, Memory | Unreadable] = {}
        self._sweeps: dict[tuple[float, str], SweepRecord | None] = {}
        self._scopes: dict[ScopeKey, ScopeRecord | None] = {}
        self._prints: dict[str, str] = {}
        self._lock = threading.Lock()

    def recall(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Memory | Unreadable]:
        with self._lock:
            if refs:
                self._fail()
            return {ref: self._memories[ref] for ref in refs if ref in self._memories}

    def sweeps(self, limit: int = 20) -> tuple[SweepRecord, ...]:
        with self._lock:
            self._fail()
            latest = sorted(self._sweeps, reverse=True)[:limit]
            found = [self._sweeps[key] for key in latest]
            if None in found:
                raise LedgerError("the ledger has the record of a sweep that cannot be read")
            return tuple(sweep for sweep in found if sweep is not None)

    def scopes(self, keys: Collection[ScopeKey]) -> Mapping[ScopeKey, ScopeRecord]:
        with self._lock:
            if keys:
                self._fail()
            found = {key: self._scopes[key] for key in keys if key in self._scopes}
            if None in found.values():
                raise LedgerError("the ledger has the record of a scope that cannot be read")
            return {key: scope for key, scope in found.items() if scope is not None}

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        with self._lock:
            if memories or scopes or sweep is not None:
                self._fail()
            if len({memory.ref for memory in memories}) < len(memories):
                raise LedgerError("the ledger was told two things of one session at once")
            lost: set[SessionRef | ScopeKey] = set()
            for memory in memories:
                if _version(self._memories.get(memory.ref, 0)) == memory.version:
                    self._memories[memory.ref] = replace(memory, version=memory.version + 1)
                else:
                    lost.add(memory.ref)
            for scope in scopes:
                if _version(self._scopes.get(scope.key, 0)) == scope.version:
                    self._scopes[scope.key] = replace(scope, version=scope.version + 1)
                else:
                    lost.add(scope.key)
            if sweep is not None:
                key = (sweep.started_at, sweep.run_id)
                if _version(self._sweeps.get(key, 0)) == sweep.version:
                    self._sweeps[key] = replace(sweep, version=sweep.version + 1)
            return frozenset(lost)

    def snoozes(self) -> tuple[Memory | Unreadable, ...]:
        with self._lock:
            self._fail()
            return tuple(
                kept
                for kept in self._memories.values()
                if isinstance(kept, Unreadable) or (isinstance(kept, Memory) and kept.snooze is not None)
            )

    def prints(self) -> Mapping[str, str]:
        with self._lock:
            self._fail()
            return dict(self._prints)

    def keep_prints(self, prints: Mapping[str, str]) -> None:
        with self._lock:
            if prints:
                self._fail()
            self._prints.update(prints)

    def spoil(self, ref: SessionRef, reason: str) -> None:
        """Replace what is known of a session by something that cannot be read, for ``reason``."""
        with self._lock:
            self._memories[ref] = Unreadable(ref, reason)

    def spoil_scope(self, key: ScopeKey) -> None:
        """Replace what is kept of a scope by something that cannot be read."""
        with self._lock:
            self._scopes[key] = None

    def spoil_sweep(self, sweep: SweepRecord) -> None:
        """Replace a sweep by something that cannot be read."""
        with self._lock:
            self._sweeps[sweep.started_at, sweep.run_id] = None

    def _fail(self) -> None:
        if self.trouble is not None:
            raise LedgerError(self.trouble)


def _version(kept: Memory | Unreadable | SweepRecord | ScopeRecord | int | None) -> int | None:
    """The version of what is kept; ``None``, which nobody has read, of what cannot be read."""
    if isinstance(kept, int):
        return kept
    return kept.version if isinstance(kept, Memory | SweepRecord | ScopeRecord) else None


def ref(name: str = "nightly") -> SessionRef:
    return SessionRef("glue", "123456789012", "eu-central-1", (), name)


def memory(name: str = "nightly", *, version: int = 0, idle_cost: float = 0.0) -> Memory:
    """One that a sweep just took in for the first time."""
    return Memory(
        ref=ref(name),
        first_matched=T0,
        last_matched=T0,
        policy="glue-idle",
        held_since=T0,
        outcome=Outcome.WARNED,
        outcome_since=T0,
        idle_cost=idle_cost,
        version=version,
    )


FRAME = SessionRef(
    "deadline",
    "123456789012",
    "us-west-2",
    (("farm", "farm-1"), ("fleet", "fleet-0"), ("worker", "worker-3"), ("queue", "queue-2"), ("job", "job-4")),
    "session-9",
)
SCIENCE = SessionRef("athena", "123456789012", "eu-central-1", (("workgroup", "science"),), "8f1c")

FULL_MEMORY = Memory(
    ref=FRAME,
    first_matched=T0 - 7200.125,
    last_matched=T0 + 0.1,
    policy="render-idle",
    held_since=T0 - 3600.3,
    outcome=Outcome.NOT_STOPPING,
    outcome_since=T0 - 60,
    told_by="run-6",
    told_at=T0 - 59.5,
    promise=Promise(
        policy="render-idle",
        stage=Stage.ENFORCE,
        enforced=True,
        by="run-5",
        at=T0 - 3599.7,
        grace=900.0,
        due_at=T0 - 2699.5,
        told_at=T0 - 3599.5,
    ),
    not_before=T0 - 2699.25,
    snooze=Snooze(until=T0 + 86400, by="ada", at=T0 - 900.5, times=2),
    hurry=Hurry(at=T0 - 2.5, by="ana@example.com, by the link"),
    card=Card(
        name="Szene 7",
        owner="ada",
        team="render",
        state="STARTED",
        idle_since=T0 - 5400.5,
        evidence="its last action ended 2026-03-01T10:30:00Z",
        hourly_cost=0.44,
        detail="nobody renders",
        due=T0 + 900.25,
        snooze_max=7200.0,
        snooze_times=2,
        timezone="Europe/Berlin",
        acts=True,
    ),
    claim=Claim(run_id="run-7", at=T0 - 1.25, policy="render-idle"),
    stopped_at=T0 - 0.75,
    stopped_by="render-idle",
    confirmed_at=T0 - 0.5,
    regretted_at=T0 - 0.25,
    likeness="deadline 123456789012 us-west-2|farm=farm-1|ada|Söder",
    idle_cost=1.2345678901234567,
)

FULL_SWEEP = SweepRecord(
    run_id="run-7",
    started_at=T0 + 0.123456,
    finished_at=T0 + 12.5,
    mode="enforce",
    live={ScopeKey("glue", "123456789012", "eu-central-1"): 31, ScopeKey("athena", "unknown", "us-east-1"): 0},
    blind=frozenset({ScopeKey("deadline", "123456789012", "us-west-2")}),
    claims=(FRAME, SCIENCE),
    stops=(StopTaken(ref=SCIENCE, policy="athena-idle", at=T0 + 3.5, likeness="athena|science"),),
    unconfirmed=(
        StopTaken(ref=FRAME, policy="render-idle", at=T0 - 600.5, likeness="deadline|ada"),
        StopTaken(ref=SCIENCE, policy="athena-idle", at=T0 - 1200.5),
    ),
    counts=(
        PolicyCount(policy="render-idle", day="2026-02-28", stops=12, regrets=1),
        PolicyCount(policy="athena-idle", day="2026-03-01", stops=3, regrets=2),
    ),
    told=False,
)

FULL_SCOPE = ScopeRecord(
    key=ScopeKey("glue", "123456789012", "eu-central-1"),
    swept_at=T0 + 0.123456,
    populations=(Population(at=T0 + 0.123456, live=31), Population(at=T0 - 3600.5, live=0)),
    stops=(StopTaken(ref=ref(), policy="glue-idle", at=T0 - 600.5, likeness="glue|ana|Söder"),),
    counts=(PolicyCount(policy="glue-idle", day="2026-02-28", stops=12, regrets=1),),
)
