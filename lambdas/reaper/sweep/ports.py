"""What a sweep needs of the outside world, as types. Providers implement them; tests do too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reaper.core.facts import Facts, Unread
from reaper.core.judge import Verdict
from reaper.core.memory import Memory, Unreadable
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.session import Scope, ScopeKey, Session, SessionRef


class Trouble(StrEnum):
    """Why a read or a stop did not work, in kinds a person treats differently."""

    DENIED = "denied"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NOT_OFFERED = "not offered"
    MISSING = "missing"
    SERVER = "server error"
    GARBLED = "garbled"
    REFUSED = "refused"


class ProviderError(Exception):
    """A call of a service failed for good (its retries are used up).

    ``str(error)`` is one sentence for a person: which call, on what, what went wrong, and what to do where that is
    known ("glue:ListSessions was denied in eu-central-1: grant it to the caller").
    """

    def __init__(self, trouble: Trouble, message: str, *, call: str = "") -> None:
        """Remember the kind of ``trouble`` and the ``call`` (``glue:ListSessions``); ``message`` is for people."""
        super().__init__(message)
        self.trouble = trouble
        self.call = call


class NotOfferedError(ProviderError):
    """The service is not there at all, for certain: nothing of it is missed. ``str(error)`` is one sentence, as above."""

    def __init__(self, message: str, *, call: str = "") -> None:
        super().__init__(Trouble.NOT_OFFERED, message, call=call)


def unread(error: ProviderError) -> Unread:
    """The fact that a failed call should have told."""
    return Unread(str(error), error.call, error.trouble.value)


@dataclass(frozen=True, slots=True)
class Listing:
    """One scope that can be read on its own, and fail on its own.

    ``read`` yields the sessions found there and the further listings it leads to (a farm's fleets). It may raise
    :class:`ProviderError` at any point, even after having yielded: what it yielded stays, and the scope is blind.
    """

    scope: Scope
    read: Callable[[], Iterator[Session | Listing]]


class StopResult(StrEnum):
    """What a service said to a stop it did not refuse."""

    ACCEPTED = "accepted"
    ALREADY_GONE = "already gone"


class Provider(Protocol):
    """One service in one account and region. Safe to call from several threads at once."""

    @property
    def key(self) -> ScopeKey:
        """Which service, account and region this is."""
        ...

    @property
    def stops_idle_only(self) -> bool:
        """True where a session is never stopped unless it is known to be idle, whatever a policy says."""
        ...

    def for_recheck(self) -> Provider:
        """The same service for the look right before a stop.

        Its reads give up after few attempts and in seconds, because evidence that took long to get is none; and what was
        read before, of parents too, is read anew.
        """
        ...

    def discover(self) -> Listing:
        """The root of all listings. Makes no call until it is read.

        Sessions carry every fact the list calls gave for nothing, and ``NOT_ASKED`` for those a further call could
        tell. Ended sessions are included, with phase ``ended``. An unknown state, an unknown field or an absent list is
        tolerated and surfaces as an undecidable phase.
        """
        ...

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """The cheapest source to ask next for ``wanted`` (``Facts`` field names); ``None`` if none can tell."""
        ...

    def observe(self, session: Session, source: str) -> Facts:
        """The session's facts with those that ``source`` tells added.

        A failed call makes those facts undecidable, with the reason; it never raises :class:`ProviderError` and leaves
        none of the source's facts ``NOT_ASKED``.
        """
        ...

    def reread(self, ref: SessionRef) -> Session | None:
        """The session as it is now, read afresh by its own id, facts as :meth:`discover` gives them; ``None`` if gone.

        Raises :class:`ProviderError` when that cannot be told; then nothing may be stopped.
        """
        ...

    def stop(self, ref: SessionRef) -> StopResult:
        """Ask the service, once, to stop the session.

        Raises :class:`ProviderError` when the service refused or the answer never came.
        """
        ...


class CallCounter(Protocol):
    """Counts calls, not retries, under ``service:Operation``."""

    def counts(self) -> dict[str, int]:
        """How often each operation was called so far."""
        ...


Progress = Callable[[str], None]
"""Told, in one short line, what is being read or stopped; a terminal shows it, a Lambda ignores it."""


class LedgerError(Exception):
    """The ledger could not be read or written. ``str(error)`` is one sentence. Then nothing is stopped."""


class Ledger(Protocol):
    """Remembers sessions and sweeps. Every write is conditional on the version that was read."""

    def recall(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Memory | Unreadable]:
        """What is remembered of ``refs``; those never written are missing. One request per 100.

        Raises:
            LedgerError: any of them could not be read.
        """
        ...

    def scopes(self, keys: Collection[ScopeKey]) -> Mapping[ScopeKey, ScopeRecord]:
        """What is kept of ``keys``; those never written are missing. One request per 100.

        Raises:
            LedgerError: any of them could not be read.
        """
        ...

    def sweeps(self, limit: int = 20) -> tuple[SweepRecord, ...]:
        """The latest sweeps, newest first. One request.

        Raises:
            LedgerError: they could not be read.
        """
        ...

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        """Write each memory, scope and the sweep at the version after its own, if its own is still the one kept.

        One request per 100 items. Returns the refs and scopes that were not written, because somebody else wrote them
        meanwhile, or because nothing can hold them: those are as they were left, the others are written. Nobody
        else writes this sweep's record, but where they did, theirs stays.

        Raises:
            LedgerError: it is not known whether everything was written; nothing may be stopped on the strength of it.
        """
        ...


class Bookkeeping(Protocol):
    """What else the ledger keeps, for people: who is snoozed, and what each audience was told last."""

    def snoozes(self) -> tuple[Memory | Unreadable, ...]:
        """Every session with a snooze on record, over or not. Reads the whole ledger: for people, not for sweeps.

        Raises:
            LedgerError: not all of it could be read.
        """
        ...

    def prints(self) -> Mapping[str, str]:
        """The fingerprint of what each audience was told last, by its key. One request.

        Raises:
            LedgerError: they could not be read.
        """
        ...

    def keep_prints(self, prints: Mapping[str, str]) -> None:
        """Remember what each of these audiences has just been told.

        Raises:
            LedgerError: it is not known whether that was kept; they may be told the same once more.
        """
        ...


class HistoryError(Exception):
    """What a sweep saw was not recorded. ``str(error)`` is one sentence; nothing else is wrong with the sweep."""


class SweepBegun(Protocol):
    """Which sweep it is, and when it began: a :class:`~reaper.core.report.Report` is one."""

    @property
    def run_id(self) -> str:
        """The sweep's own id."""
        ...

    @property
    def started_at(self) -> float:
        """The moment its sessions were judged at, epoch seconds."""
        ...


class HistoryRecorder(Protocol):
    """Keeps what one sweep saw, for policies to be tried on later."""

    def record(self, session: Session, verdict: Verdict) -> None:
        """Take in one live session as it was judged. Safe from any thread, and never raises: :meth:`close` tells."""
        ...

    def close(self, run: SweepBegun) -> None:
        """Keep the whole recording, once, after the last :meth:`record`.

        Raises:
            HistoryError: it could not be kept, all of it; a part of it is never passed off as the whole.
        """
        ...
