"""A world in use, whose clock moves at every call, and in which things happen while a sweep waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Facts, Undecidable, Unread
from reaper.core.memory import Memory, Unreadable
from reaper.core.pin import KEEP_UNTIL
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.report import rfc3339
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble
from tests.support.ledgers import MemoryLedger
from tests.support.sessions import NOW

HERE = ScopeKey("glue", "111122223333", "eu-central-1")
THERE = ScopeKey("athena", "111122223333", "eu-central-1")
TOLD_BY = {
    HERE: {"use": frozenset({"phase", "idle_since"}), "tags": frozenset({"tags"})},
    THERE: {"tags": frozenset({"tags"})},
}
"""What a further call tells, by service; all else is told by its list."""
NAMES = ("a", "b", "c")

_SLOW = (0.6, 2.5, 8.0, 40.0)
_PASSING = (Trouble.THROTTLED, Trouble.SERVER, Trouble.UNREACHABLE)


@dataclass(frozen=True)
class Told:
    """A warning that people have read: what it said, and when. ``means_it`` is false where it said that nothing is stopped."""

    policy: str
    due: float
    at: float
    judged_at: float
    means_it: bool


@dataclass
class Truth:
    """One session as it really is. Instants are epoch seconds; ``work`` holds when it was in use, each with its end."""

    created: float
    work: list[tuple[float, float]]
    busy_since: float | None = None
    ended: bool = False
    env: str = "dev"
    env_since: float = 0.0
    pinned_until: float = 0.0
    pinned_at: float = 0.0
    snoozed_until: float = 0.0
    snoozed_at: float = 0.0
    hurried_at: float | None = None
    told: list[Told] = field(default_factory=list)
    stops: list[tuple[float, str]] = field(default_factory=list)
    """When its service took a stop and said so, and from which run."""
    dies_slowly: bool = False

    def last_used(self, moment: float) -> float:
        """When it was in use last, by what had happened until ``moment``."""
        if self.busy_since is not None and self.busy_since <= moment:
            return moment
        return max((min(end, moment) for begin, end in self.work if begin <= moment), default=self.created)


@dataclass
class World:
    """The clock, the sessions, and how well its services answer. ``happens`` is called during each, told how long it takes."""

    random: Random
    now: float = NOW
    slowness: float = 0.0
    """The share of calls that take long."""
    misery: float = 0.0
    """The share of calls that fail; a quarter as many answers are garbled."""
    sessions: dict[SessionRef, Truth] = field(default_factory=dict)
    happens: Callable[[str, SessionRef | None, float], None] = lambda _call, _about, _takes: None

    def ref(self, key: ScopeKey, name: str) -> SessionRef:
        return SessionRef(key.service, key.account, key.region, (), name)

    def begin(self, ref: SessionRef, age: float = 0.0) -> None:
        """A session of that name, so old, used at some time since."""
        created = self.now - age
        used = self.now - self.random.random() * age
        self.sessions[ref] = Truth(created, [(created, used)], dies_slowly=self.random.random() < 0.1)

    def step(self, call: str, about: SessionRef | None = None) -> None:
        """Let a call take its time; one of a session is ``about`` it."""
        slow = self.random.random() < self.slowness
        takes = self.random.choice(_SLOW) if slow else self.random.uniform(0.01, 0.1)
        before = takes * self.random.random()
        self.now += before
        self.happens(call, about, takes)
        self.now += takes - before

    def passes(self, seconds: float) -> None:
        self.now += seconds

    def fails(self, call: str) -> ProviderError | None:
        if self.random.random() >= self.misery:
            return None
        trouble = Trouble.DENIED if self.random.random() < 0.1 else self.random.choice(_PASSING)
        return ProviderError(trouble, f"{call} was {trouble.value}", call=call)

    def garbles(self) -> bool:
        return self.random.random() < self.misery / 4


class SimulatedService:
    """One scope of the world, as its service tells of it.

    ``on_stop`` hears of each stop that takes effect: the session as it was when the stop was sent, when that was, and whether
    the answer comes. ``on_unread`` hears of a list that failed.
    """

    stops_idle_only = False

    def __init__(
        self,
        world: World,
        key: ScopeKey,
        on_stop: Callable[[SessionRef, Truth, float, bool], None],
        on_unread: Callable[[ScopeKey], None],
    ) -> None:
        self.world, self.key, self._on_stop, self._on_unread = world, key, on_stop, on_unread

    def for_recheck(self) -> SimulatedService:
        return self

    def discover(self) -> Listing:
        return Listing((), self._list)

    def _list(self) -> Iterator[Session]:
        mine = [(ref, self._facts(truth)) for ref, truth in self.world.sessions.items() if ref.key == self.key]
        self.world.step("list")
        if error := self.world.fails("list"):
            self._on_unread(self.key)
            raise error
        for ref, facts in mine:
            yield Session(ref, self._as_listed(facts))

    def source_of(self, wanted: frozenset[str]) -> str | None:
        return next((source for source, told in TOLD_BY[self.key].items() if told & wanted), None)

    def observe(self, session: Session, source: str) -> Facts:
        names = TOLD_BY[self.key][source]
        truth = self.world.sessions.get(session.ref)
        told = None if truth is None else self._facts(truth)
        self.world.step(source, session.ref)
        if error := self.world.fails(source):
            doubt = Unread(str(error), f"{self.key.service}:{source}", error.trouble.value)
            return session.facts.with_(**dict.fromkeys(names, doubt))
        if told is None:
            return session.facts.with_(**dict.fromkeys(names, Undecidable("it is not there")))
        return session.facts.with_(**{name: getattr(told, name) for name in names})

    def reread(self, ref: SessionRef) -> Session | None:
        truth = self.world.sessions.get(ref)
        told = None if truth is None else self._facts(truth)
        self.world.step("get", ref)
        if error := self.world.fails("get"):
            raise error
        return None if told is None else Session(ref, self._as_listed(told))

    def stop(self, ref: SessionRef) -> StopResult:
        sent_at, sent_to = self.world.now, deepcopy(self.world.sessions.get(ref))
        self.world.step("stop", ref)
        error = self.world.fails("stop")
        if error and error.trouble is not Trouble.UNREACHABLE:
            raise error
        truth = self.world.sessions.get(ref)
        if truth is None or sent_to is None or truth.ended:
            return StopResult.ALREADY_GONE
        sent_to.stops = truth.stops
        self._on_stop(ref, sent_to, sent_at, error is None)
        truth.ended = not truth.dies_slowly
        self.world.step("stopped", ref)
        if error:
            raise error
        return StopResult.ACCEPTED

    def _facts(self, truth: Truth) -> Facts:
        if truth.ended:
            return Facts(state="STOPPED", phase=Phase.ENDED, created_at=truth.created)
        busy = truth.busy_since is not None
        tags = {"env": truth.env}
        if truth.pinned_until:
            tags[KEEP_UNTIL] = rfc3339(truth.pinned_until)
        facts = Facts(
            state="BUSY" if busy else "READY",
            phase=Phase.BUSY if busy else Phase.IDLE,
            created_at=truth.created,
            idle_since=IN_USE if busy else truth.last_used(self.world.now),
            idle_timeout=ABSENT,
            tags=tags,
        )
        garbled = [name for name in ("phase", "idle_since", "tags", "created_at") if self.world.garbles()]
        return facts.with_(**dict.fromkeys(garbled, Undecidable("it makes no sense")))

    def _as_listed(self, facts: Facts) -> Facts:
        if facts.phase is Phase.ENDED:
            return facts
        hidden = frozenset().union(*TOLD_BY[self.key].values())
        return facts.with_(**dict.fromkeys(hidden, NOT_ASKED))


class SlowLedger:
    """``kept``, whose answers take their time."""

    def __init__(self, world: World, kept: MemoryLedger) -> None:
        self._world, self._kept = world, kept

    def recall(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Memory | Unreadable]:
        found = self._kept.recall(refs)
        self._world.step("recall", refs[0] if len(refs) == 1 else None)
        return found

    def scopes(self, keys: Collection[ScopeKey]) -> Mapping[ScopeKey, ScopeRecord]:
        found = self._kept.scopes(keys)
        self._world.step("scopes")
        return found

    def sweeps(self, limit: int = 20) -> tuple[SweepRecord, ...]:
        return self._kept.sweeps(limit)

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        self._world.step("write")
        lost = self._kept.write(memories, sweep, scopes)
        self._world.step("written")
        return lost
