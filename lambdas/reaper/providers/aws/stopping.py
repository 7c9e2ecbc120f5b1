"""The one way of stopping all services here share: ask once, and after an error look rather than guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reaper.core.session import Phase, Session, SessionRef
from reaper.sweep.ports import ProviderError, StopResult

if TYPE_CHECKING:
    from collections.abc import Callable


def stop_once(ask: Callable[[], object], reread: Callable[[SessionRef], Session | None], ref: SessionRef) -> StopResult:
    """``ACCEPTED`` if ``ask`` went through; ``ALREADY_GONE`` if it did not and the session is ended, ending or missing.

    ``ask`` has to send its request a single time. A retry comes seconds after the session was last looked at, and by
    then it may be in use.

    Raises:
        ProviderError: what ``ask`` raised, when the session is still there or that cannot be told.
    """
    try:
        ask()
    except ProviderError as refusal:
        try:
            session = reread(ref)
        except ProviderError:
            raise refusal from None
        if session is None or session.facts.phase in {Phase.ENDED, Phase.STOPPING}:
            return StopResult.ALREADY_GONE
        raise
    return StopResult.ACCEPTED
