"""How the walk keeps its memory small."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from reaper.core.session import Session
from reaper.sweep.ports import Listing, NotOfferedError
from reaper.sweep.walk import BACKLOG, Walk
from tests.support.providers import FakeProvider
from tests.support.sessions import session

SESSIONS = 5 * BACKLOG


class Watched(FakeProvider):
    """Lists ever more sessions, and knows how many of them nobody has closed yet."""

    def discover(self) -> Listing:
        self.waiting, self.most, self.closed, self.lock = 0, 0, set(), threading.Lock()
        return Listing((), self.read)

    def read(self) -> Iterator[Session | Listing]:
        for number in range(SESSIONS):
            with self.lock:
                self.waiting += 1
                self.most = max(self.most, self.waiting)
            yield session(f"s-{number}")

    def close(self, _provider: object, done: Session) -> None:
        with self.lock:
            self.waiting -= 1
            self.closed.add(done.ref.id)


def test_a_listing_that_outruns_its_further_calls_never_has_more_than_a_backlog_waiting():
    provider = Watched(sessions=[])
    # The other thread closes nothing until everything is listed, as one that waits for an answer would not.
    listed = threading.Event()

    def close(of: object, one: Session) -> None:
        if threading.current_thread() is not lister[0]:
            listed.wait(60)
        provider.close(of, one)

    lister: list[threading.Thread] = []

    def open_still(_provider: object, one: Session) -> bool:
        lister[:] = [threading.current_thread()]
        if one.ref.id == f"s-{SESSIONS - 1}":
            listed.set()
        return True

    Walk(open_still, close, threads=2).over([provider])

    # The one being listed, and the one that is shown at that moment.
    assert provider.most <= BACKLOG + 2
    assert len(provider.closed) == SESSIONS


class Nowhere(FakeProvider):
    """A service that is not there at all; or, it says so after it listed something, or of a part of it."""

    def discover(self) -> Listing:
        def refuse() -> Iterator[Session | Listing]:
            yield from self.before
            raise NotOfferedError("Deadline Cloud is not offered in eu-north-1: leave out one of them")

        return Listing(self.scope, refuse)

    before: tuple[Session, ...] = ()
    scope: tuple[tuple[str, str], ...] = ()


def walked(provider: FakeProvider) -> Walk:
    walk = Walk(lambda *_: False, lambda *_: None)
    walk.over([provider])
    return walk


def test_a_service_that_is_not_there_at_all_is_told_and_not_blind():
    walk = walked(Nowhere(sessions=[]))
    assert walk.absent == ["Deadline Cloud is not offered in eu-north-1: leave out one of them"]
    assert walk.blind == []


def test_what_was_seen_of_a_service_proves_that_it_is_there():
    provider = Nowhere(sessions=[])
    provider.before = (session("s"),)
    part = Nowhere(sessions=[])
    part.scope = (("farm", "f"),)
    for one in (provider, part):
        walk = walked(one)
        assert walk.absent == []
        assert [blind.scope for blind in walk.blind] == [one.scope]
