"""Keeps a sweep within the time its function has: what was not reached in time is said to be so, not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from reaper.catalog.spec import ServiceSpec
from reaper.core.facts import NOT_ASKED, Facts, Unread
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.sweep.ports import Listing, Provider, ProviderError, StopResult, Trouble

NO_TIME = "the sweep ran out of time before it came to this: give it more (timeout_minutes), or less to look at"


@dataclass(frozen=True, slots=True)
class TimeLimited:
    """``provider``, for as long as ``in_time`` says so; then it reads nothing more, and stops nothing."""

    provider: Provider
    spec: ServiceSpec
    in_time: Callable[[], bool]

    @property
    def key(self) -> ScopeKey:
        """As the provider's."""
        return self.provider.key

    @property
    def stops_idle_only(self) -> bool:
        """As the provider's."""
        return self.provider.stops_idle_only

    def for_recheck(self) -> TimeLimited:
        """As the provider's, for as long."""
        return replace(self, provider=self.provider.for_recheck())

    def discover(self) -> Listing:
        """As the provider's; out of time, each listing fails and so is blind."""
        return self._limited(self.provider.discover())

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """As the provider's."""
        return self.provider.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        """As the provider's; out of time, what ``source`` could tell is undecidable."""
        if self.in_time():
            return self.provider.observe(session, source)
        told = next(one for one in self.spec.sources if one.name == source)
        doubt = Unread(NO_TIME, told.call, "out of time")
        unasked = {field: doubt for field in told.fields if getattr(session.facts, field) is NOT_ASKED}
        return replace(session.facts, **unasked)

    def reread(self, ref: SessionRef) -> Session | None:
        """As the provider's; out of time, an error, so that nothing is stopped."""
        self._insist()
        return self.provider.reread(ref)

    def stop(self, ref: SessionRef) -> StopResult:
        """As the provider's; out of time, an error."""
        self._insist()
        return self.provider.stop(ref)

    def _limited(self, listing: Listing) -> Listing:
        def read() -> Iterator[Session | Listing]:
            self._insist()
            for found in listing.read():
                yield self._limited(found) if isinstance(found, Listing) else found
                self._insist()

        return replace(listing, read=read)

    def _insist(self) -> None:
        if not self.in_time():
            raise ProviderError(Trouble.REFUSED, NO_TIME)
