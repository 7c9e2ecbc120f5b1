"""Limits on the stops of one sweep: a policy that suddenly matches everything is a mistake, not a mandate.

Each guard says yes, or why not in a sentence for people. They are on by default and hold for every way of stopping.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reaper.core import durations
from reaper.core.vocabulary import read_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reaper.core.policy.model import Guards, StopHours
    from reaper.core.session import ScopeKey, Session

_DAY_MINUTES = 24 * 60
_SYSTEMATIC = 2
"""One look-up that fails is about one session, which is protected by that alone; two are about the look-ups."""


def too_young(session: Session, guards: Guards, now: float) -> str | None:
    """Why ``min_age`` withholds this stop, or ``None``. A session that does not say how old it is counts as too young."""
    age = read_age(session, now)
    if not isinstance(age, float):
        return "min_age: how old it is cannot be known" if guards.min_age > 0 else None
    if age >= guards.min_age:
        return None
    return f"min_age: {durations.format(age)} old, and only sessions of {durations.format(guards.min_age)} or more are stopped"


def outside_hours(guards: Guards, now: float) -> str | None:
    """Why ``stop_hours`` withholds every stop at ``now`` (epoch seconds), or ``None``."""
    if not guards.stop_hours or any(is_open(window, now) for window in guards.stop_hours):
        return None
    return "stop_hours: outside the hours in which stops are allowed"


@dataclass(frozen=True, slots=True)
class Stops:
    """How many sessions of a scope would be stopped, and what their idleness has cost (USD), as far as that is known."""

    count: int = 0
    idle_cost: float = 0.0

    def and_one(self, idle_cost: float | None) -> Stops:
        """One more."""
        return self.plus(Stops(1, idle_cost or 0.0))

    def plus(self, others: Stops) -> Stops:
        """These and ``others``."""
        return Stops(self.count + others.count, self.idle_cost + others.idle_cost)


def over_the_cap(stops: Stops, live: int, scope: ScopeKey, guards: Guards) -> str | None:
    """Why all ``stops`` in ``scope``, of ``live`` sessions seen there, are withheld, or ``None``."""
    count = stops.count
    if count > guards.max_stops:
        return (
            f"max_stops: {count} sessions of {scope} would be stopped, and {guards.max_stops} are allowed in one sweep. "
            "If that is right, raise guards.max_stops"
        )
    if live >= guards.min_population and count > guards.max_stop_share * live:
        return (
            f"max_stop_share: {count} of the {live} live sessions of {scope} would be stopped, and "
            f"{guards.max_stop_share:.0%} are allowed in one sweep. If that is right, raise guards.max_stop_share"
        )
    if guards.max_idle_cost is not None and stops.idle_cost > guards.max_idle_cost:
        return (
            f"max_idle_cost: the sessions of {scope} that would be stopped have cost {stops.idle_cost:.2f} USD idle, and "
            f"{guards.max_idle_cost:.2f} are allowed in one sweep. If that is right, raise guards.max_idle_cost"
        )
    return None


def tags_untrusted(failed: int, asked: int, scope: ScopeKey, guards: Guards) -> str | None:
    """Why no stop in ``scope`` is trusted when ``failed`` of ``asked`` sessions' tags could not be read, or ``None``."""
    if failed < _SYSTEMATIC or failed <= guards.max_tag_failures * asked:
        return None
    return (
        f"max_tag_failures: the tags of {failed} of {asked} sessions of {scope} could not be read, so what protects the others "
        "is not trusted either. It is released by itself once tags can be read; otherwise raise guards.max_tag_failures"
    )


def evidence_untrusted(failed: int, asked: int, scope: ScopeKey, guards: Guards) -> str | None:
    """Why no stop in ``scope`` is trusted when the use of ``failed`` of ``asked`` sessions could not be read, or ``None``."""
    if failed < _SYSTEMATIC or failed <= guards.max_evidence_failures * asked:
        return None
    return (
        f"max_evidence_failures: whether {failed} of {asked} sessions of {scope} are in use could not be read, so what was read "
        "of the others is not trusted either. It is released by itself once it can be read; otherwise raise "
        "guards.max_evidence_failures"
    )


def is_open(window: StopHours, now: float) -> bool:
    """True when local time at ``now`` is within ``window``; one past midnight belongs to the day it began on."""
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(window.timezone))
    minute = local.hour * 60 + local.minute
    if window.start < window.end:
        return local.weekday() in window.days and window.start <= minute < window.end
    yesterday = (local - timedelta(days=1)).weekday()
    return (local.weekday() in window.days and minute >= window.start) or (
        yesterday in window.days and minute < window.end
    )


def describe_hours(windows: Sequence[StopHours]) -> str:
    """``mon-fri 08:00-18:00 Europe/Berlin``, for people."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return "; ".join(
        f"{','.join(names[day] for day in sorted(window.days))} "
        f"{_clock(window.start)}-{_clock(window.end)} {window.timezone}"
        for window in windows
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}" if minutes <= _DAY_MINUTES else str(minutes)
