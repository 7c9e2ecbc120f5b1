"""Reads listings with a pool of threads until none is left, or until there is no time to begin another."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from reaper.core.report import Blind, Unfinished
from reaper.core.session import Phase, Scope, ScopeKey, Session, SessionRef
from reaper.sweep.ports import Listing, NotOfferedError, Progress, Provider, ProviderError

THREADS: Final = 16
"""Measured: more only costs (a CA bundle is loaded for every new TLS connection)."""

BACKLOG: Final = 1000
"""Sessions that wait for a further call. With this many, who lists them makes one of the calls before listing another."""


def silent(_line: str) -> None:
    """No progress is shown."""


class Walk:
    """Goes through every listing and shows each session once.

    ``open_still`` sees a session in the thread that lists it; where it says true, ``close`` follows in any thread.
    """

    def __init__(
        self,
        open_still: Callable[[Provider, Session], bool],
        close: Callable[[Provider, Session], None],
        *,
        progress: Progress = silent,
        threads: int = THREADS,
        in_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._open_still = open_still
        self._close = close
        self._progress = progress
        self._threads = threads
        self._in_time = in_time
        self._wanted: frozenset[tuple[ScopeKey, Scope]] | None = None
        self._change = threading.Condition()
        self._running = 0
        self._left_listings: list[tuple[ScopeKey, Scope]] = []
        self._left_sessions: list[SessionRef] = []
        self.blind: list[Blind] = []
        self.absent: list[str] = []
        """Services that are not there at all, a sentence each: nothing of them is missed."""
        self.live: Counter[ScopeKey] = Counter()
        self.seen = 0

    def over(self, providers: Iterable[Provider], resume: Unfinished | None = None) -> None:
        """Walk through all ``providers``, or through what ``resume`` left over of them."""
        self._wanted = None if resume is None else frozenset(resume.listings)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="survey") as pool:
            try:
                # Whoever works already hands on nothing before all is handed out: one thread goes the same way every time.
                with self._change:
                    for provider in providers:
                        self._begin(pool, provider, resume)
                    self._change.wait_for(lambda: self._running == 0)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self.absent.sort()
        self.blind.sort(key=lambda blind: (str(blind.key), blind.scope))

    def _begin(self, pool: ThreadPoolExecutor, provider: Provider, resume: Unfinished | None) -> None:
        if self._wanted is None or any(key == provider.key for key, _ in self._wanted):
            self._submit(pool, self._list, pool, provider, provider.discover())
        for ref in () if resume is None else resume.sessions:
            if ref.key == provider.key:
                self._submit(pool, self._retake, provider, ref)

    def unfinished(self) -> Unfinished:
        """What was not begun for want of time."""
        return Unfinished(
            listings=tuple(sorted(self._left_listings, key=str)), sessions=tuple(sorted(self._left_sessions, key=str))
        )

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[..., None], *arguments: object) -> None:
        with self._change:
            self._running += 1

        def run() -> None:
            try:
                work(*arguments)
            finally:
                with self._change:
                    self._running -= 1
                    self._change.notify_all()

        pool.submit(run)

    def _list(self, pool: ThreadPoolExecutor, provider: Provider, listing: Listing) -> None:
        """One scope: counts and visits what it yields, follows what it leads to, and is blind where it fails."""
        taking = self._takes(provider.key, listing.scope)
        if not taking and not self._leads_on(provider.key, listing.scope):
            return
        if not self._in_time():
            with self._change:
                self._left_listings += self._left_of(provider.key, listing.scope)
            return
        # Service, account and region are the same for all; whole refs would cost a sweep of 100,000 a tenth of its time.
        ids: set[tuple[Scope, str]] = set()
        live, error = 0, None
        try:
            for found in listing.read():
                if isinstance(found, Listing):
                    self._submit(pool, self._list, pool, provider, found)
                elif taking:
                    known = len(ids)
                    ids.add((found.ref.scope, found.ref.id))
                    if len(ids) == known:
                        continue
                    live += found.facts.phase is not Phase.ENDED
                    if self._open_still(provider, found):
                        self._hand_on(pool, provider, found)
        except Exception as failure:  # noqa: BLE001 - a fault in reading one scope must neither hide it nor the others
            error = self._failure(failure, certain=not listing.scope and not ids)
        with self._change:
            self.seen += len(ids)
            self.live[provider.key] += live
        self._say(provider.key, listing.scope, len(ids), error)

    def _failure(self, failure: Exception, *, certain: bool) -> str | None:
        """Why a scope is blind; nothing where the service is not there at all, of which what was seen would be no proof."""
        if isinstance(failure, NotOfferedError) and certain:
            with self._change:
                self.absent.append(str(failure))
            return None
        return str(failure) if isinstance(failure, ProviderError) else f"reading it failed: {failure!r}"

    def _hand_on(self, pool: ThreadPoolExecutor, provider: Provider, session: Session) -> None:
        """Has the session finished by any thread; by this one where a page of a thousand would fill memory faster."""
        if self._running > BACKLOG:
            self._finish(provider, session)
        else:
            self._submit(pool, self._finish, provider, session)

    def _finish(self, provider: Provider, session: Session) -> None:
        if self._in_time():
            self._close(provider, session)
        else:
            with self._change:
                self._left_sessions.append(session.ref)

    def _retake(self, provider: Provider, ref: SessionRef) -> None:
        """A session that was listed and counted before, and is still to be judged."""
        if not self._in_time():
            with self._change:
                self._left_sessions.append(ref)
            return
        try:
            session = provider.reread(ref)
            if session is not None and self._open_still(provider, session):
                self._close(provider, session)
        except Exception as failure:  # noqa: BLE001 - what could not be read is blind, and hides nothing else
            self._say(provider.key, (*ref.scope, ("session", ref.id)), 0, str(failure) or repr(failure))

    def _takes(self, key: ScopeKey, scope: Scope) -> bool:
        """True when sessions of ``scope`` are to be looked at."""
        return self._wanted is None or any(key == where and scope[: len(part)] == part for where, part in self._wanted)

    def _leads_on(self, key: ScopeKey, scope: Scope) -> bool:
        """True when ``scope`` is on the way to one that is to be looked at."""
        return self._wanted is not None and any(
            key == where and part[: len(scope)] == scope for where, part in self._wanted
        )

    def _left_of(self, key: ScopeKey, scope: Scope) -> list[tuple[ScopeKey, Scope]]:
        if self._wanted is None or self._takes(key, scope):
            return [(key, scope)]
        return [(where, part) for where, part in self._wanted if where == key and part[: len(scope)] == scope]

    def _say(self, key: ScopeKey, scope: Scope, count: int, error: str | None) -> None:
        if error is not None:
            with self._change:
                self.blind.append(Blind(key, scope, error))
        where = " ".join([str(key), *(f"{part}={value}" for part, value in scope)])
        self._progress(f"{where}: {error or f'{count} sessions'}")
