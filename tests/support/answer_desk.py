"""The function behind the links with a ledger in memory: what it is asked, what it answers, and what it records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from reaper.core.links import Key, Link, Purpose, key_of, sign
from reaper.core.memory import Card, Memory, Unreadable
from reaper.core.names import session_name
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.session import ScopeKey, SessionRef
from reaper.handlers.answering import Given, Wish
from reaper.handlers.front import Needs, route
from reaper.handlers.keyring import Keep
from reaper.handlers.web import Reply, Request, problem_reply
from reaper.notifiers.events import EventPublisher
from reaper.pages.problems import Problem
from tests.support.ledgers import T0, MemoryLedger, memory

KEY = key_of("the current key of the links")
CARD = Card(
    name="nightly-report",
    owner="ana",
    team="data",
    state="READY",
    idle_since=T0 - 8100,
    evidence="statement 7 completed 2026-03-01T09:45:00Z",
    hourly_cost=2.2,
    detail="nobody has used it for half an hour",
    due=T0 + 2700,
    snooze_max=28_800.0,
    snooze_times=3,
    timezone="Europe/Berlin",
    acts=True,
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


class CountingLedger(MemoryLedger):
    """Counts what is written; refuses to write while ``read_only``, and calls ``before_write`` once before a write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.read_only = False
        self.before_write: Callable[[], object] | None = None

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        assert not self.read_only, "nothing may be written"
        if self.before_write is not None:
            meanwhile, self.before_write = self.before_write, None
            meanwhile()
        self.writes += 1
        return super().write(memories, sweep, scopes)


class FakeBus:
    """EventBridge, as far as it is asked to take events; ``trouble`` is what it refuses each with."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.trouble: str | None = None

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        entries = request["Entries"]
        if self.trouble:
            refused = [{"ErrorCode": self.trouble, "ErrorMessage": "no"} for _ in entries]
            return {"FailedEntryCount": len(entries), "Entries": refused}
        self.entries += entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in entries]}


class Desk:
    """Asks it things at ``now``. What it recorded is in ``answered``, ``refused`` and ``failed``."""

    def __init__(self) -> None:
        self.ledger = CountingLedger()
        self.bus = FakeBus()
        self.now = T0
        self.keys: tuple[Key, ...] = (KEY,)
        self.pages: dict[str, str] = {}
        self.asked_for: list[str] = []
        self.has_bus = True
        self.slack: Callable[[Request], Reply] = lambda _: problem_reply(Problem.NOT_FOUND)
        self.taken: list[tuple[Wish, Given]] = []
        self.refusals: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[str] = []
        self.read_keys: Callable[[], tuple[Key, ...]] = lambda: self.keys
        self.needs = Needs(
            keyring=Keep(self._keys, lambda: self.now),
            ledger=lambda: self.ledger,
            publisher=lambda: EventPublisher(self.bus, "default", sleep=lambda _: None) if self.has_bus else None,
            page=self._page,
            journal=self,
            clock=lambda: self.now,
            slack=self._slack,
        )

    def remember(self, **changes: Any) -> Memory:
        """A session that was warned about, with its card; ``changes`` are of the memory."""
        kept = replace(memory(), card=CARD, idle_cost=4.95, **changes)
        self.ledger.write([kept])
        self.ledger.writes = 0
        return self.kept(kept.ref)

    def kept(self, ref: SessionRef) -> Memory:
        found = self.ledger.recall([ref])[ref]
        assert not isinstance(found, Unreadable)
        return found

    def token(self, ref: SessionRef, *, to: str = "data@example.com", expires: float = T0 + 604_800) -> str:
        return sign(Link(Purpose.SESSION, session_name(ref), to, expires), KEY)

    def ask(self, method: str, path: str, *, query: str = "", body: bytes = b"", **headers: str) -> Reply:
        return route(Request(method, path, query, headers, body), self.needs)

    def get(self, token: str, query: str = "") -> Reply:
        return self.ask("GET", f"/s/{token}", query=query)

    def post(self, token: str, answer: str, seen: int | str = 0) -> Reply:
        body = urlencode({"answer": answer, "seen": seen}).encode()
        return route(Request("POST", f"/s/{token}", "", FORM, body), self.needs)

    def answered(self, wish: Wish, given: Given) -> None:
        self.taken.append((wish, given))

    def refused(self, why: str, **about: Any) -> None:
        self.refusals.append((why, about))

    def failed(self, why: str) -> None:
        self.failures.append(why)

    def _keys(self) -> tuple[Key, ...]:
        return self.read_keys()

    def _slack(self, request: Request) -> Reply:
        return self.slack(request)

    def _page(self, name: str) -> str | None:
        self.asked_for.append(name)
        return self.pages.get(name)
