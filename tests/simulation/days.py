"""Days of sweeps over a world in use: the laws change, sweeps are lost, killed, carried on, and run side by side.

Everything follows from one seed.
"""

from __future__ import annotations

import random as everybodys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random

from reaper.core.judge import CompiledBook
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Compare, Guards, Operator, Stage
from reaper.core.report import Mode, Report
from reaper.core.session import ScopeKey, SessionRef
from reaper.core.snooze import Refused
from reaper.providers.calls import Calls
from reaper.sweep import answer
from reaper.sweep.instructions import Sweep
from reaper.sweep.parts import carry_on
from reaper.sweep.ports import LedgerError
from reaper.sweep.run import run
from tests.simulation.oracle import Law, any_law, breaches
from tests.simulation.world import HERE, NAMES, THERE, SimulatedService, SlowLedger, Told, Truth, World
from tests.support.ledgers import MemoryLedger
from tests.support.sessions import HOUR, MINUTE, book, policy, protect_env

_PAUSES = (MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, HOUR)
_DEADLY = frozenset({"recall", "write", "written", "get", "stop", "stopped", "tell"})
_PARTS = 6


class Killed(BaseException):
    """The function ends here, without another word."""


@dataclass
class Run:
    """One part of a sweep that is under way."""

    id: str
    law: Law
    began: float
    stops: Counter[ScopeKey]
    unread: set[ScopeKey] = field(default_factory=set)
    """The scopes whose list failed."""
    killed: bool = False


@dataclass
class Tally:
    """What happened, and what must not have."""

    events: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)


class Simulation:
    """A world of two services, its people, and the sweeps over it, all from ``seed``."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)  # noqa: S311 - no secret
        self.world = World(self.random, happens=self._happens)
        self.kept = MemoryLedger()
        self.ledger = SlowLedger(self.world, self.kept)
        self.law = any_law(self.random)
        self.tally = Tally()
        self._under_way: list[Run] = []
        self._runs = 0
        for key in (HERE, THERE):
            for name in NAMES:
                self.world.begin(self.world.ref(key, name), self.random.choice((MINUTE, HOUR, 5 * HOUR)))

    def go_on(self, hours: float) -> Tally:
        """Live through so many hours."""
        until = self.world.now + hours * HOUR
        everybodys.seed(self.seed)
        while self.world.now < until:
            self._between_sweeps()
            self._sweep()
        return self.tally

    def _between_sweeps(self) -> None:
        world, random = self.world, self.random
        if random.random() < 0.15:
            self.law = any_law(random)
        if random.random() < 0.2:
            world.slowness = random.choice((0.0, 0.0, 0.05, 0.3))
            world.misery = random.choice((0.0, 0.0, 0.05, 0.3))
        for _ in range(random.choice((0, 0, 1, 2))):
            self._somebody()
        world.passes(random.choice(_PAUSES))
        for ref, truth in list(world.sessions.items()):
            if truth.ended and random.random() < 0.5:
                world.begin(ref)
                self.tally.events["made anew"] += 1

    # What people do, at any moment.

    def _somebody(self, about: SessionRef | None = None) -> None:
        deeds: tuple[Callable[[SessionRef], None], ...] = (
            self._uses,
            self._works,
            self._works,
            self._tags,
            self._pins,
            self._answers,
            self._answers,
        )
        self.random.choice(deeds)(about or self.random.choice(list(self.world.sessions)))

    def _uses(self, ref: SessionRef) -> None:
        truth, now = self.world.sessions[ref], self.world.now
        if not truth.ended:
            truth.work.append((now, now))
            self.tally.events["used"] += 1

    def _works(self, ref: SessionRef) -> None:
        truth, now = self.world.sessions[ref], self.world.now
        if truth.ended:
            return
        self.tally.events["worked"] += 1
        if truth.busy_since is None:
            truth.busy_since = now
        else:
            truth.work.append((truth.busy_since, now))
            truth.busy_since = None

    def _tags(self, ref: SessionRef) -> None:
        truth = self.world.sessions[ref]
        truth.env, truth.env_since = self.random.choice(("dev", "dev", "prod")), self.world.now

    def _pins(self, ref: SessionRef) -> None:
        truth, now = self.world.sessions[ref], self.world.now
        truth.pinned_until, truth.pinned_at = now + self.random.choice((0.5, 3.0)) * HOUR // 1, now

    def _answers(self, ref: SessionRef) -> None:
        truth, now = self.world.sessions[ref], self.world.now
        with suppress(Refused, answer.Unknown, LedgerError):
            if self.random.random() < 0.5:
                until = now + self.random.choice((0.5, 2.0)) * HOUR
                answer.snooze(self.kept, ref, until=until, by="ana", now=now)
                truth.snoozed_until, truth.snoozed_at = until, self.world.now
            else:
                answer.hurry(self.kept, ref, by="ana", now=now)
                truth.snoozed_until, truth.hurried_at = 0.0, now
            self.tally.events["answered"] += 1

    # What befalls a sweep at any of its calls.

    def _happens(self, call: str, about: SessionRef | None, takes: float) -> None:
        if not self._under_way:
            return
        current, random = self._under_way[-1], self.random
        if current.killed:
            raise Killed
        if random.random() < min(0.5, 0.03 + takes / 20):
            self._somebody(about)
        if call in _DEADLY and random.random() < 0.004:
            current.killed = True
            self.tally.events["killed"] += 1
            raise Killed
        if len(self._under_way) == 1 and random.random() < 0.01:
            self.tally.events["overlapped"] += 1
            self._sweep()

    def _sweep(self) -> None:
        law, random = self.law, self.random
        if random.random() < 0.1:
            law = replace(law, only=frozenset(random.sample(NAMES, 2)))
            self.tally.events["planned"] += 1
        in_parts = random.random() < 0.2
        earlier, stops = None, Counter[ScopeKey]()
        for part in range(1, _PARTS + 1):
            self._runs += 1
            current = Run(f"r-{self._runs}", law, self.world.now, stops)
            last = not in_parts or part == _PARTS
            with self._running(current):
                report = run(self._instructions(current, earlier, looks=None if last else random.randint(1, 4)))
                self._check_told(current, report)
                if not report.unfinished:
                    return
                earlier = carry_on(report, earlier)
                self.tally.events["carried on"] += 1
            if current.killed:
                return

    @contextmanager
    def _running(self, current: Run) -> Iterator[None]:
        self._under_way.append(current)
        try:
            yield
        except Killed:
            if not current.killed:
                raise
        finally:
            self._under_way.remove(current)

    def _instructions(self, current: Run, earlier, looks: int | None) -> Sweep:
        left = [float("inf") if looks is None else looks]

        def in_time() -> bool:
            left[0] -= 1
            return left[0] >= 0

        refs = None
        if current.law.only is not None:
            refs = frozenset(ref for ref in self.world.sessions if ref.id in current.law.only)
        return Sweep(
            run_id=current.id,
            mode=Mode.ENFORCE if current.law.enforced else Mode.REPORT,
            book=_book(current.law),
            providers=[SimulatedService(self.world, key, self._stopping, current.unread.add) for key in (HERE, THERE)],
            counter=Calls(),
            clock=lambda: self.world.now,
            only=refs,
            ledger=self.ledger,
            tell=lambda report: self._tell(current, report),
            threads=1,
            in_time=in_time,
            stops_in_time=lambda: True,
            earlier=earlier,
            pause=self.world.passes,
        )

    def _stopping(self, ref: SessionRef, truth: Truth, sent_at: float, answered: bool) -> None:  # noqa: FBT001 - as it is called
        """A stop takes effect: was it right to send it?"""
        current = self._under_way[-1]
        wrong = breaches(current.law, ref.id, truth, sent_at, stopped_before=current.stops[ref.key], run=current.id)
        self.tally.breaches += [f"seed {self.seed}, {current.id}: {ref.service} {one}" for one in wrong]
        current.stops[ref.key] += 1
        if answered:
            self.world.sessions[ref].stops.append((self.world.now, current.id))
        self.tally.events["stopped"] += 1

    def _tell(self, current: Run, report: Report) -> tuple[str, ...]:
        self.world.step("tell")
        if self.random.random() < 0.05:
            self.world.passes(14 * MINUTE)
        if self.random.random() < 0.1:
            return ("nobody could be told",)
        for finding in report.findings:
            self.tally.events[finding.outcome.value] += 1
            if not finding.news or finding.outcome is not Outcome.WARNED or finding.due is None:
                continue
            means_it = current.law.enforced and finding.verdict.stage is Stage.ENFORCE
            truth = self.world.sessions[finding.ref]
            truth.told.append(
                Told(finding.verdict.policy or "", finding.due, self.world.now, report.started_at, means_it)
            )
        return ()

    def _check_told(self, current: Run, report: Report) -> None:
        """What could not be read is in the report."""
        hidden = current.unread - {blind.key for blind in report.blind}
        self.tally.events["unread lists"] += len(current.unread)
        self.tally.breaches += [
            f"seed {self.seed}, {report.run_id}: {key} was not read, and is not told" for key in hidden
        ]


def _book(law: Law) -> CompiledBook:
    stops = [
        policy(
            "stop",
            Compare("idle_for", Operator.AT_LEAST, rule.idle),
            name=rule.name,
            grace=rule.grace,
            stage=rule.stage,
        )
        for rule in law.rules
    ]
    protects = [protect_env(law.protected)] if law.protected else []
    guards = Guards(max_stops=law.max_stops, max_stop_share=1.0, min_age=law.min_age, max_regret_share=1.0)
    return book(*protects, *stops, guards=guards)
