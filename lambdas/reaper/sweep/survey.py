"""Reads every scope there is, and judges each session as it is found. Changes nothing.

Listings are read by a pool of threads; each may lead to further ones, and each fails on its own: a scope that could not be
read is *blind*, never empty. A session is judged on what the list calls told for nothing; only if that does not decide is
a further call made, for just the facts the judgement still needs. Sessions to keep are counted and forgotten, so that a
hundred thousand of them fit a small Lambda.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reaper.core.facts import NOT_ASKED, Undecidable
from reaper.core.judge import CompiledBook, Needs, Verdict, VerdictKind, judge
from reaper.core.plan import Judged
from reaper.core.report import Blind
from reaper.core.session import Phase, Scope, ScopeKey, Session, SessionRef
from reaper.sweep.ports import Listing, Progress, Provider, ProviderError

THREADS = 16
"""Measured: more only costs (a CA bundle is loaded for every new TLS connection)."""


Witness = Callable[[Session, Verdict], None]


def silent(_line: str) -> None:
    """No progress is shown."""


@dataclass(slots=True)
class Survey:
    """What was seen. ``judged`` has every session with something to say about it, and those asked to be remembered."""

    judged: list[Judged] = field(default_factory=list[Judged])
    blind: list[Blind] = field(default_factory=list[Blind])
    live: Counter[ScopeKey] = field(default_factory=Counter[ScopeKey])
    seen: int = 0


def survey(  # noqa: PLR0913 - four of the seven have a default and are named
    providers: Iterable[Provider],
    book: CompiledBook,
    now: float,
    *,
    remember: frozenset[SessionRef] = frozenset(),
    witness: Witness = lambda _session, _verdict: None,
    progress: Progress = silent,
    threads: int = THREADS,
) -> Survey:
    """Every session of ``providers``, judged at ``now``; blind scopes named.

    Sessions in ``remember`` are in the result whatever the verdict. ``witness`` is shown every live session with its
    verdict, from any thread; what it raises is a fault in judging that session.
    """
    found: list[Judged] = []
    lock = threading.Lock()

    def settled(session: Session, verdict: Verdict) -> None:
        witness(session, verdict)
        if verdict.kind is not VerdictKind.KEEP or session.ref in remember:
            with lock:
                found.append(Judged(session, verdict))

    def open_still(_provider: Provider, session: Session) -> bool:
        """Judges on what the list told; true when that leaves it open."""
        if session.facts.phase is Phase.ENDED:
            return False
        verdict = judge(book, session, now)
        if isinstance(verdict, Needs):
            return True
        settled(session, verdict)
        return False

    def close(provider: Provider, session: Session) -> None:
        try:
            settled(*decide(provider, session, book, now))
        except Exception as error:  # noqa: BLE001 - a fault in judging one session must neither hide it nor the others
            failed = Verdict(VerdictKind.UNDETERMINED, None, f"judging it failed: {error!r}")
            with lock:
                found.append(Judged(session, failed))

    walk = _Walk(open_still, close, progress, threads)
    walk.over(providers)
    return Survey(sorted(found, key=_by_ref), walk.blind, walk.live, walk.seen)


def decide(provider: Provider, session: Session, book: CompiledBook, now: float) -> tuple[Session, Verdict]:
    """The verdict on one session, asking ``provider`` for the facts it needs and no others.

    Returns the session with the facts found. A fact nobody can tell becomes undecidable, so this always ends.
    """
    while isinstance(verdict := judge(book, session, now), Needs):
        session = ask(provider, session, verdict.fields)
    return session, verdict


def ask(provider: Provider, session: Session, wanted: frozenset[str]) -> Session:
    """The session after one further call; every fact the call should have told, or nobody can, is undecidable."""
    source = provider.source_of(wanted)
    if source is None:
        reason = Undecidable(f"{session.ref.service} has no way to tell it")
        return Session(session.ref, session.facts.with_(**dict.fromkeys(wanted, reason)))
    facts = provider.observe(session, source)
    if provider.source_of(frozenset(name for name in wanted if getattr(facts, name) is NOT_ASKED)) == source:
        untold = {
            name: Undecidable("the service did not tell it") for name in wanted if getattr(facts, name) is NOT_ASKED
        }
        facts = facts.with_(**untold)
    return Session(session.ref, facts)


def collect(
    providers: Iterable[Provider],
    *,
    include_ended: bool = False,
    progress: Progress = silent,
    threads: int = THREADS,
) -> tuple[list[Session], list[Blind]]:
    """Every live session with every fact asked, no policy: what ``scan`` shows. Ended ones on request, as listed."""
    found: list[Session] = []
    lock = threading.Lock()

    def open_still(_provider: Provider, session: Session) -> bool:
        if session.facts.phase is not Phase.ENDED:
            return True
        if include_ended:
            with lock:
                found.append(session)
        return False

    def close(provider: Provider, session: Session) -> None:
        try:
            while wanted := session.facts.not_asked():
                session = ask(provider, session, wanted)
        except Exception as error:  # noqa: BLE001 - shown as undecidable rather than hidden
            reason = Undecidable(f"reading it failed: {error!r}")
            session = Session(session.ref, session.facts.with_(**dict.fromkeys(session.facts.not_asked(), reason)))
        with lock:
            found.append(session)

    walk = _Walk(open_still, close, progress, threads)
    walk.over(providers)
    return sorted(found, key=lambda session: _order(session.ref)), walk.blind


def _by_ref(judged: Judged) -> tuple[str, ...]:
    return _order(judged.session.ref)


def _order(ref: SessionRef) -> tuple[str, ...]:
    return (ref.service, ref.account, ref.region, *(value for _, value in ref.scope), ref.id)


class _Walk:
    """Reads listings with a pool of threads until none is left.

    ``open_still`` sees each session once, in the thread that lists; where it says true, ``close`` follows in any thread.
    """

    def __init__(
        self,
        open_still: Callable[[Provider, Session], bool],
        close: Callable[[Provider, Session], None],
        progress: Progress,
        threads: int,
    ) -> None:
        self._open_still = open_still
        self._close = close
        self._progress = progress
        self._threads = threads
        self._change = threading.Condition()
        self._unfinished = 0
        self.blind: list[Blind] = []
        self.live: Counter[ScopeKey] = Counter()
        self.seen = 0

    def over(self, providers: Iterable[Provider]) -> None:
        with ThreadPoolExecutor(self._threads, thread_name_prefix="survey") as pool:
            try:
                for provider in providers:
                    self._submit(pool, self._list, pool, provider, provider.discover())
                with self._change:
                    self._change.wait_for(lambda: self._unfinished == 0)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self.blind.sort(key=lambda blind: (str(blind.key), blind.scope))

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[..., None], *arguments: object) -> None:
        with self._change:
            self._unfinished += 1

        def run() -> None:
            try:
                work(*arguments)
            finally:
                with self._change:
                    self._unfinished -= 1
                    self._change.notify_all()

        pool.submit(run)

    def _list(self, pool: ThreadPoolExecutor, provider: Provider, listing: Listing) -> None:
        """One scope: counts and visits what it yields, follows what it leads to, and is blind where it fails."""
        ids: set[SessionRef] = set()
        live, error = 0, None
        try:
            for found in listing.read():
                if isinstance(found, Listing):
                    self._submit(pool, self._list, pool, provider, found)
                elif found.ref not in ids:
                    ids.add(found.ref)
                    live += found.facts.phase is not Phase.ENDED
                    if self._open_still(provider, found):
                        self._submit(pool, self._close, provider, found)
        except ProviderError as failure:
            error = str(failure)
        except Exception as failure:  # noqa: BLE001 - a fault in reading one scope must neither hide it nor the others
            error = f"reading it failed: {failure!r}"
        with self._change:
            self.seen += len(ids)
            self.live[provider.key] += live
            if error is not None:
                self.blind.append(Blind(provider.key, listing.scope, error))
        self._tell(provider, listing.scope, len(ids), error)

    def _tell(self, provider: Provider, scope: Scope, count: int, error: str | None) -> None:
        where = " ".join([str(provider.key), *(f"{key}={value}" for key, value in scope)])
        self._progress(f"{where}: {error or f'{count} sessions'}")
