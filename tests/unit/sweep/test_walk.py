"""How the walk keeps its memory small."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from reaper.core.session import Session
from reaper.sweep.ports import Listing
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
