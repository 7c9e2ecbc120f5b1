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
from dataclasses import dataclass, field

from reaper.core.facts import ABSENT, NOT_ASKED, Facts, Undecidable, Unread
from reaper.core.judge import KEEP, CompiledBook, Needs, Verdict, VerdictKind, judge
from reaper.core.plan import Judged
from reaper.core.report import Blind, Unfinished
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.sweep.lookups import LookUps
from reaper.sweep.ports import Progress, Provider, ProviderError, Trouble
from reaper.sweep.walk import THREADS, Walk, silent

Witness = Callable[[Session, Verdict], None]


@dataclass(slots=True)
class Survey:
    """What was seen. ``judged`` has every session with something to say about it, and those asked to be remembered."""

    judged: list[Judged] = field(default_factory=list[Judged])
    blind: list[Blind] = field(default_factory=list[Blind])
    live: Counter[ScopeKey] = field(default_factory=Counter[ScopeKey])
    seen: int = 0
    unfinished: Unfinished = field(default_factory=Unfinished)
    lookups: LookUps = field(default_factory=LookUps)
    absent: list[str] = field(default_factory=list[str])
    """Services that are not there at all, a sentence each."""


def survey(  # noqa: PLR0913 - six of the nine have a default and are named
    providers: Iterable[Provider],
    book: CompiledBook,
    now: float,
    *,
    remember: frozenset[SessionRef] = frozenset(),
    witness: Witness = lambda _session, _verdict: None,
    progress: Progress = silent,
    threads: int = THREADS,
    in_time: Callable[[], bool] = lambda: True,
    resume: Unfinished | None = None,
    lookups: LookUps | None = None,
) -> Survey:
    """Every session of ``providers``, judged at ``now``; blind scopes named.

    Sessions in ``remember`` are in the result whatever the verdict. ``witness`` is shown every live session with its
    verdict, from any thread; what it raises is a fault in judging that session. Once ``in_time`` says no, nothing more is
    begun, and what was not is left over; with ``resume``, only what an earlier survey left over is looked at. ``lookups``
    counts on from those before.
    """
    counted = lookups or LookUps()
    found: list[Judged] = []
    lock = threading.Lock()

    def settled(session: Session, verdict: Verdict) -> None:
        witness(session, verdict)
        if verdict.kind is not VerdictKind.KEEP or (remember and session.ref in remember):
            with lock:
                found.append(Judged(session, verdict))

    def open_still(_provider: Provider, session: Session) -> bool:
        """Judges on what the list told; true when that leaves it open."""
        if session.facts.phase is Phase.ENDED:
            return False
        verdict = judge(book, session, now)
        if isinstance(verdict, Needs):
            return True
        counted.note(session, session)
        settled(session, verdict)
        return False

    def close(provider: Provider, session: Session) -> None:
        try:
            known, verdict = decide(provider, session, book, now)
            if known.facts.phase is not Phase.ENDED:
                counted.note(session, known)
                settled(known, verdict)
        except Exception as error:  # noqa: BLE001 - a fault in judging one session must neither hide it nor the others
            failed = Verdict(VerdictKind.UNDETERMINED, None, f"judging it failed: {error!r}")
            with lock:
                found.append(Judged(session, failed))

    walk = Walk(open_still, close, progress=progress, threads=threads, in_time=in_time)
    walk.over(providers, resume)
    return Survey(sorted(found, key=_by_ref), walk.blind, walk.live, walk.seen, walk.unfinished(), counted, walk.absent)


def decide(provider: Provider, session: Session, book: CompiledBook, now: float) -> tuple[Session, Verdict]:
    """The verdict on one session, asking ``provider`` for the facts it needs and no others.

    Returns the session with the facts found; with phase ``ended`` if it went while it was looked at. A fact nobody can tell
    becomes undecidable, so this always ends.
    """
    while isinstance(verdict := judge(book, session, now), Needs):
        session = ask(provider, session, verdict.fields)
        if _is_gone(provider, session):
            return Session(session.ref, session.facts.with_(phase=Phase.ENDED, idle_since=ABSENT)), KEEP
    return session, verdict


def _is_gone(provider: Provider, session: Session) -> bool:
    """True when a look-up did not find the session, and the service knows it no more."""
    if not _was_missing(session.facts):
        return False
    try:
        fresh = provider.reread(session.ref)
    except ProviderError:
        return False
    return fresh is None or fresh.facts.phase is Phase.ENDED


def _was_missing(facts: Facts) -> bool:
    told = (facts.phase, facts.idle_since, facts.tags, facts.idle_timeout, facts.dpus)
    return any(isinstance(fact, Unread) and fact.cause == Trouble.MISSING for fact in told)


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
) -> tuple[list[Session], list[Blind], list[str]]:
    """Every live session with every fact asked, no policy: what ``scan`` shows. Ended ones on request, as listed.

    The third are services that are not there at all, a sentence each.
    """
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

    walk = Walk(open_still, close, progress=progress, threads=threads)
    walk.over(providers)
    return sorted(found, key=lambda session: _order(session.ref)), walk.blind, walk.absent


def _by_ref(judged: Judged) -> tuple[str, ...]:
    return _order(judged.session.ref)


def _order(ref: SessionRef) -> tuple[str, ...]:
    return (ref.service, ref.account, ref.region, *(value for _, value in ref.scope), ref.id)
