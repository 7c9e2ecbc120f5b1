"""A provider whose world is a list of scripted sessions: what a sweep does with it is all recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reaper.core.facts import NOT_ASKED, Fact, Facts
from reaper.core.session import Phase, Scope, ScopeKey, Session, SessionRef
from reaper.providers.calls import Calls
from reaper.sweep.ports import Listing, ProviderError, StopResult


@dataclass
class Scripted:
    """One session: what it truly is, which facts cost a call, and what it turns into before it is read afresh."""

    truth: Session
    hidden: frozenset[str] = frozenset()
    """Fields the list call does not tell."""
    later: Facts | None = None
    """What it is by the time it is read afresh; the same as before when ``None``."""
    vanishes: bool = False
    reread_error: ProviderError | None = None
    stop_error: ProviderError | None = None
    stop_result: StopResult = StopResult.ACCEPTED


def as_listed(facts: Facts, hidden: frozenset[str]) -> Facts:
    return replace(facts, **dict.fromkeys(hidden, NOT_ASKED)) if hidden else facts


@dataclass
class FakeProvider:
    """Implements the port over ``sessions``; ``broken`` scopes fail after what they yield. Counts every call."""

    sessions: list[Scripted]
    key: ScopeKey = field(default_factory=lambda: ScopeKey("glue", "111122223333", "eu-central-1"))
    broken: Mapping[Scope, Exception] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    stops: list[SessionRef] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    on_stop: Callable[[SessionRef], None] = lambda _ref: None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._reread: set[str] = set()
        self._rechecking = False

    stops_idle_only = False

    def for_recheck(self) -> FakeProvider:
        self._rechecking = True
        return self

    def discover(self) -> Listing:
        return Listing((), self._root)

    def _root(self) -> Iterator[Session | Listing]:
        scopes = dict.fromkeys([*(one.truth.ref.scope for one in self.sessions), *self.broken])
        for scope in scopes:
            yield Listing(scope, lambda scope=scope: self._read(scope))

    def _read(self, scope: Scope) -> Iterator[Session | Listing]:
        self.calls.count(f"{self.key.service}:List")
        for one in self.sessions:
            if one.truth.ref.scope == scope:
                yield Session(one.truth.ref, as_listed(one.truth.facts, one.hidden))
        if scope in self.broken:
            raise self.broken[scope]

    def source_of(self, wanted: frozenset[str]) -> str | None:
        for source, fields in SOURCES.items():
            if fields & wanted:
                return source
        return None

    def observe(self, session: Session, source: str) -> Facts:
        with self._lock:
            self.asked.append((session.ref.id, source))
            fresh = self._rechecking or session.ref.id in self._reread
        self.calls.count(f"{self.key.service}:{source}")
        one = self._script(session.ref)
        truth = one.later if fresh and one.later is not None else one.truth.facts
        found: dict[str, Fact[object]] = {name: getattr(truth, name) for name in SOURCES[source]}
        return session.facts.with_(**found)

    def reread(self, ref: SessionRef) -> Session | None:
        self.calls.count(f"{self.key.service}:Get")
        one = self._script(ref)
        if one.reread_error:
            raise one.reread_error
        if one.vanishes:
            return None
        with self._lock:
            self._reread.add(ref.id)
        return Session(ref, as_listed(one.later or one.truth.facts, one.hidden))

    def stop(self, ref: SessionRef) -> StopResult:
        self.calls.count(f"{self.key.service}:Stop")
        with self._lock:
            self.stops.append(ref)
        self.on_stop(ref)
        one = self._script(ref)
        if one.stop_error:
            raise one.stop_error
        return one.stop_result

    def _script(self, ref: SessionRef) -> Scripted:
        return next(one for one in self.sessions if one.truth.ref == ref)

    def truth_at_stop(self, ref: SessionRef) -> Facts:
        one = self._script(ref)
        return one.later or one.truth.facts


SOURCES = {
    "Statements": frozenset({"phase", "idle_since"}),
    "Config": frozenset({"idle_timeout"}),
    "Tags": frozenset({"tags"}),
}

IN_USE_STATES = (Phase.BUSY, Phase.STARTING, Phase.STOPPING, Phase.UNHEALTHY)
