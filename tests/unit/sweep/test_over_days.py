"""Days of sweeps over a world in use: sweeps lost, doubled, overlapping and killed between any two steps.

The machine knows what truly happened. Every stop is checked against it at the moment it takes effect.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reaper.core.facts import ABSENT, IN_USE, Facts
from reaper.core.memory import CLAIM_LASTS, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.pin import KEEP_UNTIL
from reaper.core.policy.model import Compare, Guards, Operator
from reaper.core.report import Mode, rfc3339
from reaper.core.session import Phase, ScopeKey, Session
from reaper.providers.calls import Calls
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import LedgerError, Listing, ProviderError, StopResult, Trouble
from reaper.sweep.run import run
from tests.support.ledgers import MemoryLedger
from tests.support.sessions import HOUR, MINUTE, NOW, book, policy, ref

KEY = ScopeKey("glue", "111122223333", "eu-central-1")
IDLE = 10 * MINUTE
GRACE = 30 * MINUTE
POLICY = policy("stop", Compare("idle_for", Operator.AT_LEAST, IDLE), name="idle", grace=GRACE)
BOOK = book(POLICY, guards=Guards(max_stops=100, max_stop_share=1.0, min_age=0.0))
STEPS = ("sweeps", "recall", "announce", "reread", "before stop", "after stop", "settle", "tell", "mark told")


class Killed(BaseException):
    """The Lambda ends here, without another word."""


@dataclass
class Truth:
    """One session as it really is."""

    created: float
    last_used: float
    busy: bool = False
    ended: bool = False
    stubborn: bool = False
    pinned_until: float = 0.0
    stops: int = 0
    stopped_at: float = 0.0
    warnings: list[float] = field(default_factory=list)


def _nothing(_step: str) -> None:
    """Between two steps, nothing happens."""


class World:
    """The truth, and a provider's view of it."""

    def __init__(self, kept: MemoryLedger) -> None:
        self.now, self.kept = NOW, kept
        self.sessions: dict[str, Truth] = {}
        self.blind = False
        self.step: Callable[[str], None] = _nothing
        self.snoozed: dict[str, float] = {}
        self.broken_promises: list[str] = []
        self.key = KEY

    def facts(self, truth: Truth) -> Facts:
        phase = Phase.ENDED if truth.ended else Phase.BUSY if truth.busy else Phase.IDLE
        tags = {KEEP_UNTIL: rfc3339(truth.pinned_until)} if truth.pinned_until else {}
        since = ABSENT if truth.ended else IN_USE if truth.busy else truth.last_used
        return Facts(
            state="READY", phase=phase, created_at=truth.created, idle_since=since, idle_timeout=ABSENT, tags=tags
        )

    stops_idle_only = False

    def for_recheck(self):
        return self

    def discover(self):
        def read():
            if self.blind:
                raise ProviderError(Trouble.DENIED, "denied")
            for name, truth in list(self.sessions.items()):
                yield Session(ref(name), self.facts(truth))

        return Listing((), read)

    def source_of(self, wanted):  # noqa: ARG002 - as the port names it
        return None

    def observe(self, session, source):  # noqa: ARG002 - as the port names it
        return session.facts

    def reread(self, ref):
        self.step("reread")
        truth = self.sessions.get(ref.id)
        return Session(ref, self.facts(truth)) if truth else None

    def stop(self, ref):
        self.step("before stop")
        truth = self.sessions[ref.id]
        if truth.ended:
            return StopResult.ALREADY_GONE
        self._check(ref.id, truth)
        truth.stops += 1
        truth.stopped_at = self.now
        truth.ended = not truth.stubborn
        self.step("after stop")
        return StopResult.ACCEPTED

    def _check(self, name: str, truth: Truth) -> None:
        def promise(kept: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
            if not kept:
                self.broken_promises.append(f"{name} was stopped {what}")

        promise(not truth.busy, "while in use")
        promise(self.now - truth.last_used >= IDLE, "before it had been idle for long enough")
        promise(self.now >= truth.pinned_until, "while it was protected")
        promise(self.now >= self.snoozed.get(name, 0.0), "while it was snoozed")
        memory = self.kept.recall([ref(name)]).get(ref(name))
        known = isinstance(memory, Memory) and (memory.stopped_at or 0.0) > truth.created
        # A sweep that was killed before it could write down that its stop was taken leaves its claim; only once that is
        # old, and the session still there, is it told to stop again.
        promise(not truth.stops or (not known and self.now - truth.stopped_at >= CLAIM_LASTS), "twice")
        heard = [at for at in truth.warnings if at <= self.now - GRACE and at >= truth.last_used]
        promise(bool(heard), "before anybody was warned for long enough")


class Fussy:
    """The ledger, with a step before each of its requests, and failing on demand."""

    def __init__(self, inner: MemoryLedger, world: World) -> None:
        self.inner, self.world, self.down, self.writes = inner, world, False, 0

    def _pass(self, step):
        self.world.step(step)
        if self.down:
            raise LedgerError("the table is throttled")

    def recall(self, refs):
        self._pass("recall")
        return self.inner.recall(refs)

    def sweeps(self, limit=20):
        return self.inner.sweeps(limit)

    def scopes(self, keys):
        self.writes = 0
        self._pass("sweeps")
        return self.inner.scopes(keys)

    def write(self, memories, sweep=None, scopes=()):
        self._pass(
            "mark told" if not memories and self.writes else ("announce", "settle", "settle")[min(self.writes, 2)]
        )
        self.writes += 1
        return self.inner.write(memories, sweep, scopes)


names = st.sampled_from(["a", "b"])


class Days(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.kept = MemoryLedger()
        self.world = World(self.kept)
        self.ledger = Fussy(self.kept, self.world)
        self.runs = 0
        self.told: dict[str, Outcome] = {}
        self.changed: set[str] = set()
        self.orderly = True
        """Whether every sweep so far was one after the other and came to its end."""

    @initialize(stubborn=st.booleans())
    def begin(self, stubborn):
        for name in "ab":
            self.world.sessions[name] = Truth(NOW - 5 * HOUR, NOW - 2 * HOUR)
        self.world.sessions["b"].stubborn = stubborn

    @rule(minutes=st.sampled_from([1, 9, 10, 11, 29, 30, 31, 600]))
    def time_passes(self, minutes):
        self.world.now += minutes * MINUTE
        for truth in self.world.sessions.values():
            if truth.busy:
                truth.last_used = self.world.now

    @rule(name=names)
    def somebody_uses(self, name):
        self.changed.add(name)
        truth = self.world.sessions.get(name)
        if truth and not truth.ended:
            truth.last_used = self.world.now

    @rule(name=names)
    def work_begins_or_ends(self, name):
        self.changed.add(name)
        truth = self.world.sessions.get(name)
        if truth and not truth.ended:
            truth.busy = not truth.busy
            truth.last_used = self.world.now

    @rule(name=names, hours=st.sampled_from([0.2, 1]))
    def somebody_pins(self, name, hours):
        self.changed.add(name)
        if name in self.world.sessions:
            # A pin is told in whole seconds.
            self.world.sessions[name].pinned_until = float(int(self.world.now + hours * HOUR))

    @rule(name=names, hours=st.sampled_from([0.5, 1, 4]))
    def somebody_snoozes(self, name, hours):
        self.changed.add(name)
        memory = self.kept.recall([ref(name)]).get(ref(name))
        if isinstance(memory, Memory):
            until = self.world.now + hours * HOUR
            snooze = Snooze(until=until, by="ana", at=self.world.now)
            if not self.kept.write([_replace(memory, snooze=snooze)]):
                self.world.snoozed[name] = until

    @rule(name=names)
    def a_session_is_made_anew(self, name):
        """Under the same id, as some clients do."""
        self.changed.add(name)
        if self.world.sessions[name].ended:
            self.world.sessions[name] = Truth(self.world.now, self.world.now)

    @rule(times=st.integers(1, 6))
    def sweeps_by_the_clock(self, times):
        for _ in range(times):
            self._sweep()
            self.time_passes(10)

    @rule()
    def a_sweep_at_once(self):
        self._sweep()

    @rule()
    def a_sweep_that_cannot_look(self):
        self.changed |= set(self.world.sessions)
        self.world.blind = True
        self._sweep()
        self.world.blind = False

    @rule()
    def a_sweep_without_its_ledger(self):
        before, self.orderly = self._stops(), False
        self.ledger.down = True
        self._sweep()
        self.ledger.down = False
        assert self._stops() == before, "something was stopped although the ledger was down"

    @rule(step=st.sampled_from(STEPS))
    def a_sweep_killed(self, step):
        def kill(name):
            if name == step:
                self.world.step = _nothing
                raise Killed

        self.world.step, self.orderly = kill, False
        with contextlib.suppress(Killed):
            self._sweep()
        self.world.step = _nothing

    @rule(step=st.sampled_from(STEPS))
    def a_sweep_overlapped_by_another(self, step):
        def overlap(name):
            if name == step:
                self.world.step = _nothing
                writes, self.ledger.writes = self.ledger.writes, 0
                self._sweep()
                self.ledger.writes = writes

        self.world.step, self.orderly = overlap, False
        self._sweep()
        self.world.step = _nothing

    def _stops(self):
        return sum(truth.stops for truth in self.world.sessions.values())

    def _sweep(self):
        self.runs += 1
        report = run(
            Sweep(
                run_id=f"r-{self.runs}",
                mode=Mode.ENFORCE,
                book=BOOK,
                providers=[self.world],
                counter=Calls(),
                clock=lambda: self.world.now,
                ledger=self.ledger,
                tell=self._tell,
                threads=1,
            )
        )

        for finding in report.findings if self.orderly else ():
            assert self.told.get(finding.ref.id) is finding.outcome, (
                f"nobody was told that {finding.ref.id} {finding.outcome}"
            )

    def _tell(self, report):
        self.world.step("tell")
        for finding in report.findings:
            name = finding.ref.id
            if finding.news:
                again = self.told.get(name) is finding.outcome and name not in self.changed
                assert not (self.orderly and again), f"people were told twice that {name} {finding.outcome}"
                self.told[name] = finding.outcome
                self.changed.discard(name)
            if finding.outcome is Outcome.WARNED and finding.news:
                self.world.sessions[finding.ref.id].warnings.append(self.world.now)
        return ()

    @invariant()
    def no_promise_is_broken(self):
        assert self.world.broken_promises == []

    @precondition(lambda self: any(truth.stops for truth in self.world.sessions.values()))
    @invariant()
    def every_stop_is_in_the_ledger(self):
        announced = {claim for record in self.kept.sweeps(1000) for claim in record.claims}
        for name, truth in self.world.sessions.items():
            assert not truth.stops or ref(name) in announced, f"{name} was stopped and no sweep had announced it"


def _replace(memory, **changes):
    from dataclasses import replace  # noqa: PLC0415 - used here only

    return replace(memory, **changes)


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
