"""What a stop avoided, in money: apart from what is made of it later, because each sweep says it."""

from __future__ import annotations

import math
from typing import Final

from reaper.catalog.services import longest_idle_of
from reaper.core import durations

HOUR: Final = 3600.0


def avoided_cost(
    hourly_cost: float | None,
    idle_since: float | None,
    idle_timeout: float | None,
    stopped_at: float,
    service: str,
) -> tuple[float, str] | None:
    """The estimated USD that a stop avoided, and in words what it compares with: the session's own idle timeout.

    That is ``hourly_cost`` times the time from ``stopped_at`` until the idle timeout would have ended the session. Never
    negative; 0 when it was due to end already. ``None`` where the price, the idleness or the timeout is not known: then
    nothing is claimed. Instants are epoch seconds, the timeout is in seconds.
    """
    known = (hourly_cost, idle_since, idle_timeout)
    if hourly_cost is None or idle_since is None or idle_timeout is None or idle_timeout <= 0 or hourly_cost < 0:
        return None
    if not all(map(math.isfinite, (*(one for one in known if one is not None), stopped_at))):
        return None
    longest = min(idle_timeout, longest_idle_of(service))
    basis = f"its own idle timeout of {durations.format(round(idle_timeout))}"
    if longest < idle_timeout:
        basis += f", of which {durations.format(round(longest))} are counted"
    left = min(max(0.0, idle_since + longest - stopped_at), longest)
    return hourly_cost * left / HOUR, basis
