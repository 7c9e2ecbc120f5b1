"""Finds one session by its id in a sweep that stops nothing, so that the guards' view of it is told too."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.render_rows import blind_lines
from reaper.cli.sweeping import sweep
from reaper.cli.text import clean, count, place
from reaper.core.session import Phase
from reaper.sweep.ports import Listing
from reaper.sweep.survey import ask
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref
from reaper.wire.from_sweep import blind_of

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.cli.options import Common
    from reaper.cli.policy_file import PolicyFile
    from reaper.core.facts import Facts
    from reaper.core.plan import Finding
    from reaper.core.report import Report
    from reaper.core.session import ScopeKey, Session, SessionRef
    from reaper.sweep.ports import Provider, StopResult

_SHOWN_MATCHES = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A session with every fact asked, the sweep it was found in, and that sweep's finding on it (if it has one)."""

    session: Session
    listed: Session
    """The same as the list calls told it."""
    report: Report
    live: int
    """How many live sessions there are in its service, account and region."""
    finding: Finding | None


def find(wanted: str, common: Common, policies: PolicyFile, opened: Opened) -> Found:
    """The one session whose id is ``wanted``, or begins with it.

    Raises:
        CommandError: there is none, or there are several; exit code 2 when it may be where nobody could look.
    """
    notes = _Notes(wanted)
    watched = tuple(_Watched(provider, notes) for provider in opened.providers)
    report = sweep(common, policies, replace(opened, providers=watched)).report
    provider, listed = _only(wanted, notes.matches, report)
    finding = next((one for one in report.findings if one.ref == listed.ref), None)
    session = listed if finding is None else finding.session
    while missing := session.facts.not_asked():
        session = ask(provider, session, missing)
    return Found(session, listed, report, notes.live[listed.ref.key], finding)


class _Notes:
    """What is noted while sessions are listed: those looked for, and how many are live in each scope."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._lock = threading.Lock()
        self.matches: dict[SessionRef, tuple[Provider, Session]] = {}
        self.live: Counter[ScopeKey] = Counter()

    def take(self, provider: Provider, session: Session) -> None:
        with self._lock:
            self.live[session.ref.key] += session.facts.phase is not Phase.ENDED
            if session.ref.id.startswith(self._wanted):
                self.matches[session.ref] = (provider, session)


class _Watched:
    """A provider that notes the sessions it lists, and stops none."""

    def __init__(self, provider: Provider, notes: _Notes) -> None:
        self._provider = provider
        self._notes = notes

    @property
    def key(self) -> ScopeKey:
        return self._provider.key

    @property
    def stops_idle_only(self) -> bool:
        return self._provider.stops_idle_only

    def for_recheck(self) -> Provider:
        return _Watched(self._provider.for_recheck(), self._notes)

    def discover(self) -> Listing:
        return self._noting(self._provider.discover())

    def _noting(self, listing: Listing) -> Listing:
        def read() -> Iterator[Session | Listing]:
            for found in listing.read():
                if isinstance(found, Listing):
                    yield self._noting(found)
                else:
                    self._notes.take(self._provider, found)
                    yield found

        return Listing(listing.scope, read)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        return self._provider.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        return self._provider.observe(session, source)

    def reread(self, ref: SessionRef) -> Session | None:
        return self._provider.reread(ref)

    def stop(self, ref: SessionRef) -> StopResult:
        raise AssertionError(f"explaining {ref} must not stop it")


def _only(wanted: str, matches: dict[SessionRef, tuple[Provider, Session]], report: Report) -> tuple[Provider, Session]:
    exact = {ref: match for ref, match in matches.items() if ref.id == wanted}
    chosen = exact or matches
    if len(chosen) == 1:
        return next(iter(chosen.values()))
    if chosen:
        refs = sorted(map(_named, chosen))
        lines = tuple(f"  {ref}" for ref in refs[:_SHOWN_MATCHES])
        more = f", the first {_SHOWN_MATCHES} of which are above" if len(refs) > _SHOWN_MATCHES else ""
        raise CommandError(
            f"{len(refs)} sessions match {clean(wanted)!r}{more}: give more of the id, or narrow it with --service"
            " and --region",
            lines=lines,
        )
    if report.blind:
        raise CommandError(
            f"no session {clean(wanted)!r} was found, and it may be where nothing could be read",
            lines=tuple(blind_lines([builtins_of(blind_of(one)) for one in report.blind]).splitlines()),
            code=ExitCode.LOOK,
        )
    raise CommandError(
        f"there is no session {clean(wanted)!r} in what was selected ({count(report.seen, 'session')} seen):"
        " reaper scan --all lists them; --service and --region look elsewhere"
    )


def _named(ref: SessionRef) -> str:
    return f"{place(builtins_of(Ref.of(ref)))} {clean(ref.id)}"
