"""A provider in whose world time passes with every call, and things happen while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from reaper.core.facts import IN_USE, NOT_ASKED, Facts, Unread
from reaper.core.report import Mode, Report
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.providers.calls import Calls
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble
from reaper.sweep.run import run
from tests.support.ledgers import MemoryLedger
from tests.support.sessions import NOW

KEY = ScopeKey("glue", "111122223333", "eu-central-1")
FIELDS = {"use": frozenset({"phase", "idle_since"}), "tags": frozenset({"tags"})}


class Clock:
    """Epoch seconds; ``at`` does something once a moment has come."""

    def __init__(self) -> None:
        self.now = NOW
        self._due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        self._due.append((moment, happens))

    def passes(self, seconds: float) -> None:
        self.now += seconds
        due = [happens for moment, happens in self._due if moment <= self.now]
        self._due = [(moment, happens) for moment, happens in self._due if moment > self.now]
        for happens in due:
            happens()


@dataclass
class MovingProvider:
    """Sessions of one scope whose use and tags cost a call each. ``takes`` is seconds by call: ``list get use tags stop``.

    ``fails`` has, by call, the errors that its next calls raise. What happens at a call happens before it is answered, but what
    it answers is what was so when it was asked.
    """

    clock: Clock
    sessions: dict[str, Facts]
    key: ScopeKey = KEY
    takes: dict[str, float] = field(default_factory=dict)
    fails: dict[str, list[ProviderError]] = field(default_factory=dict)
    stops: list[tuple[str, float]] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    counter: Calls = field(default_factory=Calls)
    stops_idle_only: bool = False
    rechecking: bool = False

    def for_recheck(self) -> MovingProvider:
        self.rechecking = True
        return self

    def discover(self) -> Listing:
        return Listing((), self._read)

    def _read(self) -> Iterator[Session]:
        listed = list(self.sessions.items())
        self._called("list")
        for name, facts in listed:
            yield Session(self.ref(name), _listed(facts))

    def source_of(self, wanted: frozenset[str]) -> str | None:
        return next((name for name, told in FIELDS.items() if told & wanted), None)

    def observe(self, session: Session, source: str) -> Facts:
        truth = self.sessions[session.ref.id]
        try:
            self._called(source)
        except ProviderError as error:
            doubt = Unread(str(error), f"glue:{source}", error.trouble.value)
            return session.facts.with_(**dict.fromkeys(FIELDS[source], doubt))
        return session.facts.with_(**{name: getattr(truth, name) for name in FIELDS[source]})

    def reread(self, ref: SessionRef) -> Session | None:
        truth = self.sessions.get(ref.id)
        self._called("get")
        return None if truth is None else Session(ref, _listed(truth))

    def stop(self, ref: SessionRef) -> StopResult:
        self._called("stop")
        truth = self.sessions[ref.id]
        if truth.phase is Phase.BUSY:
            self.killed.append(ref.id)
        self.stops.append((ref.id, self.clock.now))
        self.sessions[ref.id] = replace(truth, state="STOPPED", phase=Phase.ENDED)
        return StopResult.ACCEPTED

    def ref(self, name: str) -> SessionRef:
        return SessionRef(self.key.service, self.key.account, self.key.region, (), name)

    def begins_work(self, name: str) -> None:
        self.sessions[name] = replace(self.sessions[name], phase=Phase.BUSY, idle_since=IN_USE)

    def is_used(self, name: str) -> None:
        self.sessions[name] = replace(self.sessions[name], idle_since=self.clock.now)

    def _called(self, call: str) -> None:
        self.counter.count(f"glue:{call}")
        self.clock.passes(self.takes.get(call, 0.0))
        if self.fails.get(call):
            raise self.fails[call].pop(0)


def _listed(facts: Facts) -> Facts:
    if facts.phase is Phase.ENDED:
        return facts
    return replace(facts, phase=NOT_ASKED, idle_since=NOT_ASKED, tags=NOT_ASKED)


def idle(*, since: float = NOW - 9 * 3600.0, created: float = NOW - 10 * 3600.0, **more: object) -> Facts:
    facts = Facts(state="READY", phase=Phase.IDLE, created_at=created, idle_since=since, idle_timeout=28_800.0, tags={})
    return replace(facts, **more)  # type: ignore[arg-type]


def throttled(times: int) -> list[ProviderError]:
    return [ProviderError(Trouble.THROTTLED, "it was throttled") for _ in range(times)]


class Days:
    """Sweeps of one provider, or of several, on one ledger, in which time passes at every step. ``telling`` takes seconds."""

    def __init__(self, book, *providers: MovingProvider, clock: Clock, mode: Mode = Mode.ENFORCE) -> None:
        self.book, self.providers, self.clock, self.mode = book, providers, clock, mode
        self.ledger = MemoryLedger()
        self.telling = 0.0
        self.told: list[tuple[str, str]] = []
        self.due: dict[str, float | None] = {}
        self.runs = 0

    def sweep(self, *, after: float = 0.0, **more) -> Report:
        self.clock.passes(after)
        self.runs += 1
        providers = more.pop("providers", self.providers)
        return run(
            Sweep(
                run_id=f"r-{self.runs}",
                mode=more.pop("mode", self.mode),
                book=more.pop("book", self.book),
                providers=list(providers),
                counter=Calls(),
                clock=self.clock,
                ledger=self.ledger,
                tell=more.pop("tell", self._tell),
                pause=self.clock.passes,
                threads=1,
                **more,
            )
        )

    def outcomes(self, **more) -> dict[str, str]:
        return {finding.ref.id: finding.outcome.value for finding in self.sweep(**more).findings}

    def _tell(self, report: Report) -> tuple[str, ...]:
        self.clock.passes(self.telling)
        for finding in report.findings:
            if finding.news:
                self.told.append((finding.ref.id, finding.outcome.value))
                self.due[finding.ref.id] = finding.due
        return ()
