"""The function behind the links on a local port, as deployed but for its clock, its ledger in memory and its event bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from reaper.core.links import Key, Link, Purpose, key_of, sign
from reaper.core.memory import Memory
from reaper.core.names import session_name
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.session import ScopeKey, SessionRef
from reaper.handlers import answers
from reaper.handlers.front import Needs
from reaper.handlers.keyring import Keep
from reaper.handlers.web import Reply, Request, problem_reply
from reaper.notifiers.events import EventPublisher
from reaper.pages.problems import Problem
from reaper.settings import AnswersSettings
from tests.support.answerable import NOW, SESSIONS
from tests.support.deployed import REGION, Context
from tests.support.event_bus import EventBus
from tests.support.function_url import FunctionUrl
from tests.support.ledgers import MemoryLedger

if TYPE_CHECKING:
    import pytest

READER: Final = "ana@example.com"
PROBLEMS: Final = ("forged", "cut", "replaced", "expired", "unknown", "elsewhere", "no page")
"""Links that are not honoured, or lead nowhere."""

_KEY: Final = key_of("what links are signed with, these days")
_OLD: Final = key_of("what links were signed with, long ago")
_WEEK: Final = 7 * 86_400.0


class CountingLedger(MemoryLedger):
    """Counts what is written."""

    writes = 0

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        self.writes += 1
        return super().write(memories, sweep, scopes)


class AnswersServer(FunctionUrl):
    """Has every session of :data:`SESSIONS`. It is always :data:`NOW`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Takes the handler's needs from here until ``patch`` ends."""
        super().__init__(answers.handler, Context())
        settings = AnswersSettings(ledger_table="none", link_secret="none", event_bus="default")
        for name, value in {**settings.to_env(), "AWS_REGION": REGION}.items():
            patch.setenv(name, value)
        patch.setattr(answers, "_needs", lambda _settings: self._needs)
        self.pages: dict[str, str] = {}
        self.reset()
        self._needs = Needs(
            keyring=Keep(lambda: (_KEY,)),
            ledger=lambda: self.ledger,
            publisher=lambda: EventPublisher(self.bus, "default", sleep=lambda _seconds: None),
            page=self.pages.get,
            journal=answers._Journal(),
            clock=lambda: NOW,
            slack=_no_slack,
        )

    def reset(self) -> None:
        """As if nobody had ever answered."""
        self.bus, self.ledger = EventBus(), CountingLedger()
        self.ledger.write(list(SESSIONS.values()))
        self.ledger.writes = 0

    def link(self, name: str) -> str:
        """The link to a session of :data:`SESSIONS`, or one of :data:`PROBLEMS`."""
        good = self._signed(SESSIONS["warned"].ref)
        match name:
            case "forged":
                body, _, signature = good.rpartition(".")
                return f"{body}.{signature[:-2]}{'A' if signature[-2] != 'A' else 'B'}{signature[-1]}"
            case "cut":
                return good[: len(good) // 2]
            case "replaced":
                return self._signed(SESSIONS["warned"].ref, key=_OLD)
            case "expired":
                return self._signed(SESSIONS["warned"].ref, expires=NOW)
            case "unknown":
                return self._signed(SessionRef("glue", "123456789012", "eu-central-1", (), "nobody-knows-it"))
            case "elsewhere":
                return f"{self.url}favicon.ico"
            case "no page":
                return self.page_link("pages/2020-01-01.html")
            case _:
                return self._signed(SESSIONS[name].ref)

    def page_link(self, name: str) -> str:
        """The link to a kept page."""
        return f"{self.url}r/{sign(Link(Purpose.PAGE, name, READER, NOW + _WEEK), _KEY)}"

    def remembered(self, name: str) -> Memory:
        """What is remembered of a session of :data:`SESSIONS`, without how often that was written."""
        ref = SESSIONS[name].ref
        found = self.ledger.recall([ref])[ref]
        assert isinstance(found, Memory)
        return found

    @property
    def writes(self) -> int:
        """How often the ledger was written."""
        return self.ledger.writes

    @property
    def announced(self) -> list[dict[str, Any]]:
        """The events that the bus took."""
        return self.bus.taken

    def _signed(self, ref: SessionRef, *, key: Key = _KEY, expires: float = NOW + _WEEK) -> str:
        return f"{self.url}s/{sign(Link(Purpose.SESSION, session_name(ref), READER, expires), key)}"


def _no_slack(_request: Request) -> Reply:
    return problem_reply(Problem.NOT_FOUND)
